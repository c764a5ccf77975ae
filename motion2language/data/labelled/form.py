"""The form of labelled recordings: a source is a pair X.npz and X.json, positions in metres, Y up, right-handed.

X.npz   `positions` (frames of all recordings one after the other, J, 3) of any floating-point type; `offsets`
        (clips + 1), where each begins and the last ends; `joint_names` (J); `parents` (J), -1 for the root, each
        before its child
X.json  `source`, a short name; `fps`; `clips`, one per recording in the same order: `id`, unique in the source;
        `label`, or null; and where known `subject` (the person), `sentences`, `segments` (label, start, end in
        seconds), `points` (label, time: an instant that a person marked for each repetition), `same_trial_in` (other
        sources that hold the same take). Anything else (licence, about, age, ...) is kept and not needed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from motion2language.data.index import read_json
from motion2language.files import read_arrays, write_atomically, write_text
from motion2language.motion import Motion, Skeleton

ARRAYS = ("positions", "offsets", "joint_names", "parents")
_KINDS = {"positions": ("f", 3), "offsets": ("iu", 1), "joint_names": ("U", 1), "parents": ("iu", 1)}
_EXPECTED = "source, fps, clips: a list of id, label, subject, segments"


@dataclass(frozen=True)
class Span:
    """A labelled stretch of a recording, seconds; of a marked instant, start and end are the same."""

    label: str
    start: float
    end: float


@dataclass(frozen=True)
class Entry:
    """What a source says about one recording.

    number    its place in the source
    label     of all of it, or ""
    person    or ""
    spans     labelled stretches, in order of time
    points    marked instants, one per repetition
    twins     sources that hold the same take
    marks     everything else that the JSON says: correct, group, ...
    """

    source: str
    number: int
    id: str
    seconds: float
    label: str = ""
    person: str = ""
    sentences: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    points: tuple[Span, ...] = ()
    twins: tuple[str, ...] = ()
    marks: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """SOURCE/ID, unique among sources of different names."""
        return f"{self.source}/{self.id}"


@dataclass(frozen=True)
class Source:
    """A pair of files: its name, what it says about itself (licence, about, ...), and its recordings.

    damaged  entry number -> what is wrong with its positions
    """

    arrays: Path
    name: str
    fps: float
    about: Mapping[str, Any]
    entries: tuple[Entry, ...]
    damaged: Mapping[int, str]


def find_sources(root: Path) -> list[Path]:
    """The X.npz of each source: `root` itself (or its X.json), or those in the folder that have an X.json beside them.

    FileNotFoundError or ValueError without any.
    """
    root = Path(root)
    if root.suffix in (".npz", ".json"):
        pair = root.with_suffix(".npz"), root.with_suffix(".json")
        for path in pair:
            if not path.is_file():
                raise FileNotFoundError(f"{path}: not found; labelled recordings are a pair X.npz and X.json")
        return [pair[0]]
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; labelled recordings are pairs X.npz and X.json in a folder")
    found = [path for path in sorted(root.glob("*.npz")) if path.with_suffix(".json").is_file()]
    if not found:
        raise ValueError(f"{root}: holds no pair X.npz and X.json; make one with m2l data collect")
    return found


def read_source(arrays: Path) -> Source:
    """The source of X.npz and its X.json; ValueError names what is wrong with the files."""
    index = arrays.with_suffix(".json")
    data = read_json(index, _EXPECTED)
    if not isinstance(data, dict) or not isinstance(data.get("clips"), list):
        raise ValueError(f"{index}: not labelled recordings; expected {_EXPECTED}")
    fps = data.get("fps")
    if not isinstance(fps, int | float) or isinstance(fps, bool) or not 1 <= fps <= 1000:
        raise ValueError(f"{index}: fps is {fps!r}, expected 1 to 1000 frames per second")
    name = data.get("source") or arrays.stem
    values = _arrays(arrays)
    lengths = np.diff(values["offsets"])
    if len(lengths) != len(data["clips"]):
        raise ValueError(f"{arrays}: holds {len(lengths)} recordings, {index.name} describes {len(data['clips'])}")
    entries = tuple(
        _entry(clip, str(name), number, lengths[number] / fps, index) for number, clip in enumerate(data["clips"])
    )
    ids = [entry.id for entry in entries]
    if len(set(ids)) < len(ids):
        twice = next(each for each in ids if ids.count(each) > 1)
        raise ValueError(f"{index}: the id {twice!r} occurs twice; each recording needs its own")
    about = {key: value for key, value in data.items() if key != "clips"}
    return Source(arrays, str(name), float(fps), about, entries, _damaged(values))


def read_motion(arrays: Path, fps: float, number: int, name: str) -> Motion:
    """The recording with that place in a source, on the source's own skeleton."""
    values = _arrays(arrays)
    first, end = values["offsets"][number : number + 2]
    return Motion(values["positions"][first:end], fps, skeleton(arrays), name)


def write_source(
    out: Path, about: Mapping[str, Any], clips: Sequence[Mapping[str, Any]], motions: Sequence[Motion]
) -> None:
    """Write out.npz and out.json, both or neither: a full disk leaves what was there before.

    about    source, licence, ...; fps is that of the motions
    clips    per motion its id, label, subject, ...
    motions  all on one skeleton, at one rate
    """
    arrays, index = out.with_suffix(".npz"), out.with_suffix(".json")
    first = motions[0]
    columns: dict[str, Any] = {
        "positions": np.concatenate([motion.positions for motion in motions]).astype(np.float32),
        "offsets": np.cumsum([0, *(motion.frames for motion in motions)]),
        "joint_names": np.array(first.skeleton.joints),
        "parents": np.array(first.skeleton.parents),
    }
    described = [
        {"id": clip["id"], "seconds": round(motion.duration, 3)} | dict(clip)
        for clip, motion in zip(clips, motions, strict=True)
    ]
    text = json.dumps({**about, "fps": first.fps, "clips": described}, ensure_ascii=False, indent=1) + "\n"

    def write_both(file: BinaryIO) -> None:
        np.savez_compressed(file, **columns)
        file.flush()
        os.fsync(file.fileno())  # a full disk shows here at the latest, before the index is replaced
        write_text(index, text)

    write_atomically(arrays, write_both)


def skeleton(arrays: Path) -> Skeleton:
    """The skeleton of a source."""
    values = _arrays(arrays)
    return Skeleton(arrays.stem, tuple(values["joint_names"].tolist()), tuple(values["parents"].tolist()))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    return _read_arrays(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _read_arrays(path: Path, changed: int) -> dict[str, np.ndarray]:
    """The checked arrays of a source, kept: recordings are cut out of one array, which must be read whole."""
    try:
        values = read_arrays(path, ARRAYS)
        missing = [key for key in ARRAYS if key not in values]
        if missing:
            raise ValueError(f"lacks {', '.join(missing)}; expected {', '.join(ARRAYS)}")
        for key, (kinds, dimensions) in _KINDS.items():
            array = values[key]
            if array.dtype.kind not in kinds or array.ndim != dimensions:
                raise ValueError(f"{key!r} has type {array.dtype} and shape {array.shape}")
        joints, offsets = values["positions"].shape[1], values["offsets"]
        if values["positions"].shape[2] != 3 or len(values["joint_names"]) != joints:
            shape, names = values["positions"].shape, len(values["joint_names"])
            raise ValueError(f"positions have shape {shape}, expected (frames, {names} joints, 3)")
        if (
            not len(offsets)
            or offsets[0] != 0
            or offsets[-1] != len(values["positions"])
            or (np.diff(offsets) < 1).any()
        ):
            raise ValueError(f"offsets must rise from 0 to {len(values['positions'])}, the number of frames")
        Skeleton(path.stem, tuple(values["joint_names"].tolist()), tuple(values["parents"].tolist()))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return values


def _damaged(values: Mapping[str, np.ndarray]) -> dict[int, str]:
    """Recordings with positions that are not finite numbers."""
    bad = np.flatnonzero(~np.isfinite(values["positions"]).all(axis=(1, 2)))
    numbers = np.searchsorted(values["offsets"], bad, side="right") - 1
    return {
        int(number): f"{int((numbers == number).sum())} frames hold a position that is not a finite number"
        for number in np.unique(numbers)
    }


def _entry(clip: Any, source: str, number: int, seconds: float, index: Path) -> Entry:
    where = f"{index}, clip {number}"
    if not isinstance(clip, dict):
        raise ValueError(f"{where}: expected a table of id, label, ..., found {type(clip).__name__}")
    known = ("id", "label", "subject", "sentences", "segments", "points", "same_trial_in", "seconds")
    name, label, person = (clip.get(key) for key in ("id", "label", "subject"))
    if not isinstance(name, str | int) or isinstance(name, bool) or not str(name).strip():
        raise ValueError(f"{where}: has the id {name!r}, expected a name")
    if not isinstance(label, str | None):
        raise ValueError(f"{where}: has the label {label!r}, expected a text or null")
    texts = clip.get("sentences") or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{where}: has sentences {texts!r}, expected a list of texts")
    spans = _spans(clip.get("segments"), ("start", "end"), seconds, where)
    return Entry(
        source,
        number,
        str(name).strip(),
        seconds,
        (label or "").strip(),
        "" if person is None else str(person).strip(),
        tuple(text.strip() for text in texts if text.strip()),
        spans,
        _spans(clip.get("points"), ("time", "time"), seconds, where),
        tuple(map(str, clip.get("same_trial_in") or ())),
        {key: value for key, value in clip.items() if key not in known},
    )


def _spans(values: Any, keys: Sequence[str], seconds: float, where: str) -> tuple[Span, ...]:
    """Segments or points in order of time; those that end up to a frame after the recording are cut there."""
    try:
        spans = [Span(str(each["label"]), *(float(each[key]) for key in keys)) for each in values or ()]
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{where}: expected each of its {'segments' if 'end' in keys else 'points'} to have label, "
                         f"{', '.join(dict.fromkeys(keys))}") from None  # fmt: skip
    for span in spans:
        if not 0 <= span.start <= span.end <= seconds + 0.1 or not span.label.strip():
            raise ValueError(f"{where}: {span.label!r} lasts from {span.start:g} to {span.end:g} s of {seconds:g} s")
    cut = [Span(span.label.strip(), min(span.start, seconds), min(span.end, seconds)) for span in spans]
    return tuple(sorted(cut, key=lambda span: (span.start, span.end)))
