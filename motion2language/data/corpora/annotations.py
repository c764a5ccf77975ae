"""Motion files with a JSON of sentences: KIT-ML, CMU and others in any format, such as BVH, AMC, NPZ or AMASS.

The JSON: name -> `path` (within the JSON's folder, with or without a suffix), `duration` in seconds, `annotations`
(each `text`, `start`, `end`), and `fps` and `layout` for files that do not specify them. Sentences from start to end,
or without times, are captions of the whole recording; others describe a part of it, which becomes its own sample,
`NAME@START-END`.

Splits: `split_train.txt`, `split_val.txt`, `split_test.txt` beside the JSON, one name per line; without them 80, 10 and
10 % of the recordings, always drawn the same way, with a recording and its mirror (M and its name) in the same split.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.data.clips import SPLITS
from motion2language.data.index import note, read_each, read_json, read_names, with_originals
from motion2language.data.samples import Sample, Samples
from motion2language.formats import FORMATS
from motion2language.formats.npy import LAYOUTS
from motion2language.formats.reading import read_motion
from motion2language.transcript import Caption

SEED = 11  # of the splits, if there are no lists
EXPECTED = "name -> path, duration, annotations (each text, start, end)"
SLACK = 0.1  # seconds that a sentence about the whole recording may leave at its ends; chosen


@dataclass(frozen=True)
class _Entry:
    """A recording of the JSON: its file and its sentences, by the part they describe (None: the whole)."""

    name: str
    file: Path
    fps: float | None
    layout: str | None
    parts: dict[tuple[float, float] | None, tuple[Caption, ...]]


def load(root: Path | None, split: str, _: Path | None = None) -> Samples[Sample]:
    """The samples of `split`, read when indexed; `root` is the JSON, or a folder with annotations.json.

    Recordings without a file or without a sentence are skipped with a warning that counts them.
    """
    if root is None:
        raise ValueError("corpus 'annotations' needs --root: a JSON of sentences beside the motion files")
    path = Path(root) / "annotations.json" if Path(root).is_dir() else Path(root)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected {EXPECTED}")
    entries = _entries(path)
    chosen = _split(path, split, sorted(entries))
    return Samples([partial(_sample, entries[name], part, split) for name in chosen for part in entries[name].parts])


def _sample(entry: _Entry, part: tuple[float, float] | None, split: str) -> Sample:
    motion = read_motion(entry.file, fps=entry.fps, layout=entry.layout)
    if part is None:
        return Sample(entry.name, motion, entry.parts[part], split)
    name = f"{entry.name}@{part[0]:g}-{part[1]:g}"
    return Sample(name, motion.clip(*part), entry.parts[part], split)


def _entries(path: Path) -> dict[str, _Entry]:
    data = read_json(path, EXPECTED)
    if not isinstance(data, dict):
        raise ValueError(f"{path}: contains {type(data).__name__}; expected {EXPECTED}")
    if not data:
        raise ValueError(f"{path}: contains no recordings; expected {EXPECTED}")
    parts = read_each("recordings", lambda name: _parts(f"{path}, {name}", data[name]), data)
    files = {name: _file(path.parent, data[name]["path"]) for name in data}
    missing = sorted(str(data[name]["path"]) for name, file in files.items() if file is None)
    silent = [name for name, captions in parts.items() if not captions]
    if len(missing) == len(data):
        raise FileNotFoundError(
            f"{path}: all of its {len(data)} motion files are missing; expected e.g. {path.parent / missing[0]} "
            f"with one of {', '.join(FORMATS)}"
        )
    note(path, f"of {len(data)} recordings {{}} motion files are missing and left out", missing)
    note(path, f"of {len(data)} recordings {{}} have no sentence and are left out", silent)
    return {
        name: _Entry(name, file, data[name].get("fps"), data[name].get("layout"), parts[name])
        for name, file in files.items()
        if file is not None and parts[name]
    }


def _parts(where: str, entry: Any) -> dict[tuple[float, float] | None, tuple[Caption, ...]]:
    """The sentences of a recording by the part they describe; the ValueError names what is missing or wrong."""
    try:
        duration, _ = float(entry["duration"]), Path(entry["path"])
        notes = [(note["text"].strip(), note.get("start"), note.get("end")) for note in entry["annotations"]]
        timed = [(text, float(start or 0.0), duration if end is None else float(end)) for text, start, end in notes]
        if not isinstance(entry.get("fps", 1.0), int | float | None) or entry.get("layout") not in (None, *LAYOUTS):
            raise TypeError
    except KeyError as error:
        raise ValueError(f"{where}: lacks {error.args[0]!r}; expected {EXPECTED}") from None
    except (TypeError, AttributeError, ValueError):
        raise ValueError(f"{where}: a value of the wrong kind; expected {EXPECTED}, optionally fps, layout") from None
    by_part: dict[tuple[float, float] | None, list[Caption]] = {}
    for text, start, end in timed:
        if not (0 <= start < min(end, duration)):
            raise ValueError(f"{where}: the sentence {text!r} goes from {start:g} to {end:g} s of {duration:g} s")
        whole = start <= SLACK and end >= duration - SLACK
        if text:
            by_part.setdefault(None if whole else (start, end), []).append(Caption(text))
    return {part: tuple(captions) for part, captions in by_part.items()}


def _file(folder: Path, path: str) -> Path | None:
    """The motion file of a path, which may lack its suffix."""
    stated = folder / path
    if stated.suffix.lower() in FORMATS and stated.is_file():
        return stated
    beside = (stated.with_name(stated.name + suffix) for suffix in FORMATS)
    return next((file for file in beside if file.is_file()), None)


def _split(path: Path, split: str, names: list[str]) -> list[str]:
    """The names of a split: from its list, or drawn."""
    lists = {name: path.with_name(f"split_{name}.txt") for name in SPLITS}
    if any(file.is_file() for file in lists.values()):
        return _listed(path, lists, split, names)
    families = sorted({name.removeprefix("M") for name in names})
    order = np.random.default_rng(SEED).permutation(len(families))
    tenth = len(families) // 10
    indices = {"val": order[:tenth], "test": order[tenth : 2 * tenth], "train": order[2 * tenth :]}[split]
    own = {families[index] for index in indices}
    return [name for name in names if name.removeprefix("M") in own]


def _listed(path: Path, lists: dict[str, Path], split: str, names: list[str]) -> list[str]:
    lacking = [str(file) for file in lists.values() if not file.is_file()]
    if lacking:
        raise FileNotFoundError(f"{', '.join(lacking)}: not found, but another split's list is; give all or none")
    listed: dict[str, str] = {}
    for name, file in lists.items():
        own = read_names(file)
        if both := sorted(set(own) & listed.keys()):
            other = lists[listed[both[0]]]
            raise ValueError(f"{file}: {len(both)} names are also in {other}, such as {both[0]}")
        listed |= dict.fromkeys(own, name)
    absent = [name for name, of in listed.items() if of == split and name not in names]
    note(lists[split], "{} names have no recording", absent)
    unlisted = set(names) - listed.keys()
    note(path.parent, "{} recordings are not in any split's list and are left out", unlisted)
    home = with_originals(listed, path.parent)
    return [name for name in names if home.get(name) == split]
