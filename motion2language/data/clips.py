"""Labelled clips: recordings of one action each, from a folder of motion files or one archive of arrays.

Labels come from a CSV (columns `file` and `label`; optionally `style`, `split`, `caption` and, for files that do not
specify it, `fps`; `file` is a path within the folder, with or without its suffix, or an array's name) or from files'
names by a pattern with named groups (`(?P<label>...)`, optionally `style` and `split`), searched in the path within the
folder, without its suffix.

An archive is a pair `X.npz` (arrays (T, J, 3)) and `X.json` (joints, parents, fps, unit, up, clips: name -> label or
content, style, split); its JSON labels the clips unless a CSV or a pattern is given.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.body import UNITS, Axes
from motion2language.data.index import note
from motion2language.files import reject_duplicates
from motion2language.formats import FORMATS, files_in
from motion2language.formats.reading import read_motion
from motion2language.motion import Motion, Skeleton

SPLITS = ("train", "val", "test")
_Read = Callable[[float | None], Motion]  # frames per second, or None for those of the file, -> the recording
LABELS = "labels.csv"  # in a folder of clips; the default


@dataclass(frozen=True, eq=False)
class Clip:
    """One recording of one action.

    name      unique among the clips: the path within the folder without suffix, or the array's name
    read      returns the recording, metres, Y up
    style     how the action is done, or ""
    split     train, val or test, or ""
    captions  sentences that people wrote about it
    """

    name: str
    label: str
    read: Callable[[], Motion]
    style: str = ""
    split: str = ""
    captions: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class _Facts:
    """What the CSV, the pattern or the archive specifies of a clip."""

    label: str
    style: str = ""
    split: str = ""
    captions: tuple[str, ...] = ()
    fps: float | None = None


def find_clips(
    root: Path,
    labels: Path | None = None,
    pattern: str | None = None,
    read: Callable[[Path, float | None], Motion] | None = None,
) -> list[Clip]:
    """The labelled clips in a folder or archive, in order of their names.

    labels   CSV; without it and `pattern`, labels.csv in the folder or the labels in the archive's JSON
    pattern  regular expression with a group named label
    read     reads a motion file, at the frame rate of its label, if it has one

    Files without a label, and labels without a file, are skipped with a warning that counts and names them.
    ValueError or FileNotFoundError when nothing is left, a name occurs twice, or something cannot be read.
    """
    root = Path(root)
    if labels is not None and pattern is not None:
        raise ValueError("labels from a CSV or from a pattern: give one of the two")
    readers, facts = _archive(root) if root.suffix == ".npz" else (_folder(root, read or _read), {})
    if pattern is not None:
        facts = _from_names(readers, pattern)
    elif labels is None and root.suffix == ".npz" and not facts:
        raise ValueError(
            f"{root.with_suffix('.json')}: does not list clips; expected clips: name -> label "
            "(if it lists samples, it is a corpus: compose)"
        )
    elif labels is not None or not facts:
        facts = _from_csv(labels or root / LABELS, readers)
    note(root, f"{{}} of {len(readers)} recordings have no label and are left out", readers.keys() - facts.keys())
    note(root, f"{{}} of {len(facts)} labelled clips were not found", facts.keys() - readers.keys())
    labelled = sorted(readers.keys() & facts.keys())
    if not labelled:
        raise ValueError(f"{root}: no label for any of {len(readers)} recordings; {len(facts)} labels were given")
    return [_clip(name, readers[name], facts[name]) for name in labelled]


def _clip(name: str, read: _Read, facts: _Facts) -> Clip:
    return Clip(name, facts.label, partial(read, facts.fps), facts.style, facts.split, facts.captions)


def _read(path: Path, fps: float | None) -> Motion:
    return read_motion(path, fps=fps)


def to_csv(splits: Mapping[str, Sequence[Clip]]) -> str:
    """A CSV of clips and their splits, as `find_clips` reads it."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("file", "label", "style", "split"))
    rows = ((clip.name, clip.label, clip.style, split) for split, clips in splits.items() for clip in clips)
    table.writerows(sorted(rows))
    return text.getvalue()


def add_to_csv(path: Path, splits: Mapping[str, Sequence[Clip]]) -> tuple[str, int]:
    """A CSV with the rows that a table has, as they are, and a row for each clip that it lacks; how many were kept.

    New rows have a split when the rows of the table have one. ValueError for a table that cannot be read.
    """
    known = _from_csv(path, {clip.name: None for clips in splits.values() for clip in clips})
    table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    rows = [dict(row) for row in table]
    divided = not rows or any((row.get("split") or "").strip() for row in rows)
    added = sorted(
        (clip.name, clip.label, clip.style, split if divided else "")
        for split, clips in splits.items()
        for clip in clips
        if clip.name not in known
    )
    new = [dict(zip(("file", "label", "style", "split"), values, strict=True)) for values in added]
    columns = [column for column in table.fieldnames or () if column]
    columns += [column for column in ("style", "split") if column not in columns and any(row[column] for row in new)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*rows, *new])
    return text.getvalue(), len(rows)


def split_clips(clips: Sequence[Clip], seed: int) -> dict[str, list[Clip]]:
    """The clips of each split: their own splits or, if no clip has one, 10 % of each label's to val and to test.

    A label with fewer than three clips is only in train. ValueError when some clips have a split and others do not.
    """
    assigned = [clip for clip in clips if clip.split]
    if assigned and len(assigned) < len(clips):
        raise ValueError(f"{len(assigned)} of {len(clips)} clips have a split; give it for all or for none")
    if assigned:
        return {split: [clip for clip in clips if clip.split == split] for split in SPLITS}
    random = np.random.default_rng([seed, len(SPLITS)])
    by_label: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        by_label[clip.label].append(clip)
    splits: dict[str, list[Clip]] = {split: [] for split in SPLITS}
    for label in sorted(by_label):
        shuffled = [by_label[label][index] for index in random.permutation(len(by_label[label]))]
        tenth = max(1, round(0.1 * len(shuffled))) if len(shuffled) >= 3 else 0
        splits["val"] += shuffled[:tenth]
        splits["test"] += shuffled[tenth : 2 * tenth]
        splits["train"] += shuffled[2 * tenth :]
    return splits


def _folder(root: Path, read: Callable[[Path, float | None], Motion]) -> dict[str, _Read]:
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected a folder of motion files or an archive X.npz")
    files = files_in(root)
    if not files:
        raise ValueError(f"{root}: contains no motion files ({', '.join(FORMATS)})")
    names = Counter(_name(path, root) for path in files)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise ValueError(f"{root}: {len(twice)} clips exist in two formats, such as {twice[0]}; keep one of each")
    return {_name(path, root): partial(read, path) for path in files}


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).with_suffix("").as_posix()


def _archive(root: Path) -> tuple[dict[str, _Read], dict[str, _Facts]]:
    """Readers and facts of X.npz and X.json. Each array is read when its reader is called."""
    index = root.with_suffix(".json")
    for path in (root, index):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: not found; an archive of clips is a pair X.npz and X.json")
    try:
        data = _read_index(index)
        skeleton = Skeleton(root.stem, tuple(data["joints"]), tuple(data["parents"]))
        axes = Axes(data["unit"], data["up"], UNITS[data["unit"]])
        archive = np.load(root, allow_pickle=False)
        make = partial(_array, archive, skeleton, axes, float(data["fps"]))
        facts = {
            name: _facts(entry.get("label") or entry["content"], entry, (), f"{index}, clip {name}")
            for name, entry in data.get("clips", {}).items()
        }
    except (KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{root} and {index.name}: not an archive of clips ({type(error).__name__}: {error})"
        ) from None
    return {name: partial(make, name) for name in archive.files}, facts


def _read_index(index: Path) -> Any:
    """The JSON of an archive; ValueError when it is not JSON or repeats a name."""
    try:
        return json.loads(index.read_text(encoding="utf-8-sig"), object_pairs_hook=reject_duplicates)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(
            f"{index}: not JSON in UTF-8 ({error}); expected joints, parents, fps, unit, up, clips"
        ) from None
    except ValueError as error:
        raise ValueError(f"{index}: {error}") from None


def _array(archive: Any, skeleton: Skeleton, axes: Axes, own: float, name: str, fps: float | None) -> Motion:
    try:
        values = archive[name]
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
        raise ValueError(f"clip {name}: its array is damaged ({error})") from None
    joints = len(skeleton.joints)
    if values.dtype.kind != "f" or values.shape[1:] not in ((joints, 3), (3 * joints,)):
        raise ValueError(f"clip {name}: has type {values.dtype} and shape {values.shape}, expected (T, {joints}, 3)")
    return Motion(axes.apply(values.reshape(len(values), joints, 3)), fps or own, skeleton, name)


def _from_names(names: Sequence[str] | dict[str, Any], pattern: str) -> dict[str, _Facts]:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"pattern {pattern!r}: not a regular expression ({error})") from None
    if "label" not in expression.groupindex:
        raise ValueError(f"pattern {pattern!r}: expected a group named label, such as (?P<label>[a-z]+)_[0-9]+")
    matches = {name: match.groupdict("") for name in names if (match := expression.search(name))}
    return {name: _facts(groups["label"], groups, (), f"clip {name}") for name, groups in matches.items()}


def _from_csv(path: Path, names: dict[str, Any]) -> dict[str, _Facts]:
    """The facts in a CSV, by the clips' names; several rows of the same file add captions."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; give the labels in a CSV (file,label), or write it from the files' names: "
            f"m2l data labels {path.parent} --pattern '(?P<label>[a-z]+)_[0-9]+'"
        )
    try:
        table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        columns = [column for column in table.fieldnames or () if column]
        rows = [(table.line_num, row) for row in table]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: not a CSV in UTF-8 ({error})") from None
    if not {"file", "label"} <= set(columns):
        raise ValueError(
            f"{path}: expected a table with the columns file and label, found {', '.join(columns) or 'nothing'}"
        )
    facts: dict[str, _Facts] = {}
    for number, row in rows:
        if None in row:
            raise ValueError(f"{path}, line {number}: more cells than columns; put a text with commas in quotes")
        name = _clip_name(row["file"] or "", names)
        caption = " ".join((row.get("caption") or "").split())
        new = _facts(row["label"] or "", row, (caption,) if caption else (), f"{path}, line {number}")
        old = facts.get(name)
        if old is not None and (old.label, old.style, old.split) != (new.label, new.style, new.split):
            raise ValueError(f"{path}, line {number}: {name} is labelled twice, {old.label!r} and {new.label!r}")
        captions = (old.captions if old else ()) + new.captions
        facts[name] = replace(new, captions=captions)
    return facts


def _clip_name(file: str, names: dict[str, Any]) -> str:
    """The name of the clip of a CSV's entry: unchanged, or without a suffix."""
    name = file.strip().replace("\\", "/").removeprefix("./")
    return name if name in names else Path(name).with_suffix("").as_posix()


def _facts(label: str, fields: dict[str, Any], captions: tuple[str, ...], where: str) -> _Facts:
    split = str(fields.get("split") or "").strip()
    if split and split not in SPLITS:
        raise ValueError(f"{where}: split {split!r}, expected {', '.join(SPLITS)}")
    if not str(label).strip():
        raise ValueError(f"{where}: no label")
    try:
        fps = float(fields.get("fps") or 0) or None
    except ValueError:
        raise ValueError(f"{where}: {fields['fps']!r} frames per second, expected a number") from None
    return _Facts(str(label).strip(), str(fields.get("style") or "").strip(), split, captions, fps)
