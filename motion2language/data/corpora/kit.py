"""KIT-ML as first released: `NNNNN_mmm.xml` and `NNNNN_annotations.json`, a folder or the zip itself, read in path.

Skipped with a warning that counts them: recordings over 30 s, those without a sentence, files without their partner,
and advertisements among the sentences. Split: the recordings sorted by name, then shuffled as by scikit-learn's shuffle
with random state 11; the first 10 % are the test split, 10 % of the rest the validation split. (That the test split
comes first is our reading: the paper's lists are not published.)
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from motion2language.data.index import AnyPath, first_three, note, read_each, read_json
from motion2language.data.samples import Sample, Samples
from motion2language.data.store import TABLE, open_or_count, store_name
from motion2language.data.store.keys import code, digest
from motion2language.formats import every_file, mmm
from motion2language.formats.reading import ReadOptions, in_metres
from motion2language.motion import Motion
from motion2language.transcript import Caption

LONGEST = 30.0  # seconds; as in the paper
RATE = 100.0  # frames per second
STATE = 11  # of the shuffle; as in the paper
WHERE = "get 2016-10-10.zip of the KIT Motion-Language Dataset: https://motion-annotation.humanoids.kit.edu/dataset"
_ADVERTISEMENT = re.compile(r"https?:|<a href|www\.", re.IGNORECASE)


def load(root: Path | None, split: str, store: Path | None = None) -> Samples[Sample]:
    """The samples of `split` at 100 frames per second, with joint angles, read when indexed.

    store  folder to cache the recordings' lengths in, so that they are counted only once
    """
    return Samples([partial(_sample, *entry, split) for entry in entries("kit", root, split, store)])


def entries(
    corpus: str, root: Path | None, split: str, store: Path | None
) -> list[tuple[AnyPath, tuple[Caption, ...]]]:
    """The recordings of a split with their sentences; `store` as in load."""
    if root is None:
        raise ValueError(f"corpus {corpus!r} needs --root: the folder or zip with NNNNN_mmm.xml; {WHERE}")
    motions, texts = _find_files(Path(root))
    sentences = read_each("files of sentences", lambda name: _captions(texts[name]), sorted(texts))
    skipped: dict[str, list[str]] = {}
    usable: dict[str, tuple[Caption, ...]] = {}
    for name in sorted(motions.keys() | texts.keys()):
        captions, advertisements = sentences.get(name, ((), 0))
        if advertisements:
            skipped.setdefault("advertisements among the sentences", []).extend([name] * advertisements)
        if name not in motions:
            skipped.setdefault("sentences without a recording", []).append(name)
        elif name not in texts:
            skipped.setdefault("recordings without a file of sentences", []).append(name)
        elif not captions:
            skipped.setdefault("recordings without a sentence", []).append(name)
        else:
            usable[name] = captions
    frames = _count_frames(Path(root), [motions[name] for name in usable], store)
    too_long = {name for name, count in zip(usable, frames, strict=True) if count > LONGEST * RATE}
    skipped[f"recordings over {LONGEST:g} s"] = sorted(too_long)
    kept = [(motions[name], captions) for name, captions in usable.items() if name not in too_long]
    for what, names in skipped.items():
        note(root, f"{{}} {what} left out", names)
    order = np.arange(len(kept))
    np.random.RandomState(STATE).shuffle(order)
    test = len(kept) // 10
    validation = (len(kept) - test) // 10
    bounds = {"test": (0, test), "val": (test, test + validation), "train": (test + validation, len(kept))}
    return [kept[number] for number in order[slice(*bounds[split])]]


def read(path: AnyPath) -> Motion:
    """A recording in metres, at the frame rate of its file."""
    try:
        return in_metres(mmm.read(path, ReadOptions()))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def name_of(path: AnyPath) -> str:
    """NNNNN of NNNNN_mmm.xml."""
    return path.name.removesuffix("_mmm.xml")


def _count_frames(root: Path, files: list[AnyPath], store: Path | None) -> list[int]:
    """The frames of each recording; with a `store`, from a table in it, which is made if it does not exist.

    Files that keys.py cannot hash are counted each time.
    """
    title = "kit, frames"
    try:
        key = None if store is None else digest([*code("data"), *files])
    except TypeError:
        key = None
    if store is None or key is None:
        return [_frames(file) for file in files]
    return open_or_count(store / (store_name(title, root) + TABLE), title, key, _frames, files)


def _frames(path: AnyPath) -> int:
    """The frames of a recording; ValueError when the zip is damaged there."""
    try:
        return path.read_bytes().count(b"<MotionFrame>")
    except (zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: the zip is damaged ({error}); {WHERE}") from None


def _sample(path: AnyPath, captions: tuple[Caption, ...], split: str) -> Sample:
    return Sample(name_of(path), read(path), captions, split)


def _find_files(root: Path) -> tuple[dict[str, AnyPath], dict[str, AnyPath]]:
    """Recordings and files of sentences by name."""
    if not root.exists():
        raise FileNotFoundError(f"{root}: not found; {WHERE}")
    if root.is_dir():
        files: list[AnyPath] = list(every_file(root))
    else:
        try:
            archive = zipfile.ZipFile(root)
        except (zipfile.BadZipFile, OSError):
            raise ValueError(f"{root}: neither a folder nor a complete zip; {WHERE}") from None
        files = [zipfile.Path(archive, name) for name in archive.namelist()]
    motions = _by_name(root, "recordings", "_mmm.xml", files)
    if not motions:
        raise FileNotFoundError(f"{root}: contains no NNNNN_mmm.xml; {WHERE}")
    return motions, _by_name(root, "files of sentences", "_annotations.json", files)


def _by_name(root: Path, what: str, suffix: str, files: list[AnyPath]) -> dict[str, AnyPath]:
    """NNNNN -> its file, without hidden ones (._NNNNN of macOS); ValueError for a name that occurs twice."""
    visible = [file for file in files if file.name.endswith(suffix) and not file.name.startswith(".")]
    by_name = {file.name.removesuffix(suffix): file for file in visible}
    if len(by_name) < len(visible):
        names = Counter(file.name.removesuffix(suffix) for file in visible)
        twice = sorted(name for name, count in names.items() if count > 1)
        raise ValueError(
            f"{root}: {len(twice)} {what} occur twice: {first_three(twice)}; give the folder of one release"
        )
    return by_name


def _captions(path: AnyPath) -> tuple[tuple[Caption, ...], int]:
    """The sentences of a file, and how many advertisements were among them."""
    sentences = read_json(path, "a list of sentences")
    if not isinstance(sentences, list) or not all(isinstance(text, str) for text in sentences):
        raise ValueError(f"{path}: expected a list of sentences")
    kept = [text.strip() for text in sentences if not _ADVERTISEMENT.search(text)]
    return tuple(Caption(text) for text in kept if text), len(sentences) - len(kept)
