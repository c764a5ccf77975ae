"""BNR-Compose: motions composed of real recorded clips, with sentences and exact segments.

A pair `X.npz` (one float16 array (T, 3 J) per sample, centimetres, Y up) and `X.json` (fps, unit, joints, parents,
verb_forms, samples: split, captions, segments in frames). Captions have no times; segments are only for scoring.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.data.clips import SPLITS
from motion2language.data.index import first_three, note, read_each, read_json
from motion2language.data.samples import Sample, Samples
from motion2language.motion import Motion, Skeleton
from motion2language.transcript import Caption, Segment

# What the code below raises for a file of another shape or a damaged one.
_DAMAGE = (KeyError, TypeError, AttributeError, ArithmeticError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}


def load(root: Path | None, split: str, store: Path | None = None) -> Samples[Sample]:
    """The samples of `split`; `root` is X.json or X.npz, both must exist.

    store  None reads all arrays at once; with a store each is read when indexed, and a damaged one is reported then
    """
    corpus = _corpus(root, split)
    makers = [partial(_read_sample, corpus.index, corpus.arrays, corpus.facts, *kept) for kept in corpus.kept]
    return Samples.of(make() for make in makers) if store is None else Samples(makers)


@dataclass(frozen=True)
class _Corpus:
    """Its two files; rate, unit and skeleton; name, entry and sentences of each sample of a split."""

    index: Path
    arrays: Path
    facts: tuple[Any, str, Skeleton]
    kept: list[tuple[str, dict[str, Any], tuple[Caption, ...]]]


def _corpus(root: Path | None, split: str) -> _Corpus:
    if root is None:
        raise ValueError("corpus 'compose' needs --root X.json, with X.npz beside it")
    if Path(root).is_dir():
        names = first_three(sorted(path.name for path in Path(root).glob("*.json"))) or "none"
        raise ValueError(f"{root}: a folder; corpus 'compose' is a pair X.json and X.npz, give X.json (in it: {names})")
    index, arrays = Path(root).with_suffix(".json"), Path(root).with_suffix(".npz")
    for path in (index, arrays):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: not found; corpus 'compose' is a pair X.json and X.npz")
    if not zipfile.is_zipfile(arrays):
        raise ValueError(f"{arrays}: not an .npz archive, or cut off")
    data = read_json(index, "the index of a compose corpus: fps, unit, up, joints, parents, samples")
    with _explained(index):
        if data["up"] != "y" or data["unit"] not in _METRES:
            raise ValueError(f"unit {data['unit']!r}, up {data['up']!r}; expected m, cm or mm, and up y")
        skeleton = Skeleton("bandai", tuple(data["joints"]), tuple(data["parents"]))
        with np.load(arrays, allow_pickle=False) as archive:
            captions = _captions(index, data["samples"], arrays, set(archive.files))
        of_split = [name for name, entry in data["samples"].items() if entry["split"] == split and name in captions]
        kept = [(name, data["samples"][name], captions[name]) for name in of_split]
        return _Corpus(index, arrays, (data["fps"], data["unit"], skeleton), kept)


@contextmanager
def _explained(index: Path) -> Iterator[None]:
    """Turn whatever a damaged file raises into one ValueError that names the file."""
    try:
        yield
    except _DAMAGE as error:
        kind = (
            "" if type(error) is ValueError else "it lacks " if type(error) is KeyError else f"{type(error).__name__}: "
        )
        raise ValueError(f"{index}: not a compose corpus ({kind}{error})") from None


def _captions(
    index: Path, entries: dict[str, Any], arrays: Path, array_names: set[str]
) -> dict[str, tuple[Caption, ...]]:
    """The sentences of each sample that has sentences and an array; the ValueError counts damaged samples."""

    def read(name: str) -> tuple[Caption, ...]:
        texts, split = entries[name]["captions"], entries[name]["split"]
        if split not in SPLITS:
            raise ValueError(f"{name}: has split {split!r}; expected {', '.join(SPLITS)}")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"{name}: expected a list of captions, each a text")
        return tuple(Caption(text.strip()) for text in texts if text.strip())

    if not (isinstance(entries, dict) and all(isinstance(entry, dict) for entry in entries.values())):
        raise ValueError("expected samples: name -> captions, split")
    sentences = read_each("samples", read, entries)
    silent = [name for name, captions in sentences.items() if not captions]
    note(
        index,
        f"of {len(entries)} samples {{}} have no array in {arrays.name} and are left out",
        entries.keys() - array_names,
    )
    note(index, f"of {len(entries)} samples {{}} have no sentence and are left out", silent)
    note(arrays, f"{{}} arrays belong to no sample in {index.name} and are left out", array_names - entries.keys())
    kept = {name: captions for name, captions in sentences.items() if captions and name in array_names}
    if not kept:
        raise ValueError("no sample has both an array and a sentence")
    return kept


def _read_sample(
    index: Path,
    arrays: Path,
    facts: tuple[Any, str, Skeleton],
    name: str,
    entry: dict[str, Any],
    captions: tuple[Caption, ...],
) -> Sample:
    with _explained(index):
        return _sample(name, entry, captions, _archive(arrays, arrays.stat().st_mtime_ns)[name], facts)


@lru_cache(maxsize=1)
def _archive(arrays: Path, changed: int) -> Any:
    """The open archive, cached: reading its list of thousands of arrays for each sample would take most of the time."""
    return np.load(arrays, allow_pickle=False)


def _sample(
    name: str,
    entry: dict[str, Any],
    captions: tuple[Caption, ...],
    values: np.ndarray,
    facts: tuple[Any, str, Skeleton],
) -> Sample:
    rate, unit, skeleton = facts
    fps = float(rate)
    positions = values.astype(np.float32).reshape(len(values), -1, 3) * _METRES[unit]
    segments = tuple(Segment(part["start"] / fps, part["end"] / fps, part["verb"]) for part in entry["segments"])
    return Sample(name, Motion(positions, fps, skeleton, name), captions, entry["split"], segments)
