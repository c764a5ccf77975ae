"""Making labelled recordings (form.py) of a folder of motion files of any kind and a table of labels (table.py).

The table decides which files are read; what it does not name, and what cannot be used, is left out and counted.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from motion2language.body import FeetWarning, to_canonical
from motion2language.data.index import first_three
from motion2language.data.labelled.form import Span, write_source
from motion2language.data.labelled.motion_files import MotionFiles
from motion2language.data.labelled.selection import SHORTEST, names_who_acts
from motion2language.data.labelled.table import Described, find_recordings, read_table
from motion2language.files import one_line
from motion2language.motion import Motion

Read = Callable[[Path, float | None], Motion]
Step = Callable[[str, int], None]
_NUMBER = re.compile(r"\d+(\.\d+)?")  # reasons that differ in numbers alone are one


def collect(
    folder: Path,
    table: Path,
    out: Path,
    name: str,
    rate: float,
    read: Read,
    step: Step = lambda stage, total: None,
) -> Counter[str]:
    """Write out.npz and out.json of the files that the table describes; returns how many show each label.

    A folder of corrected transcripts that is its own table leads to its recordings.

    name  of the source
    rate  frames per second of what is written
    read  reads a motion file at the frame rate that the table gives, if any
    step  called before each file is read, with the stage and their number

    Files and rows without each other, and recordings that cannot be used, are left out with a warning that counts and
    names them. ValueError when nothing is left. Nothing is written before all is read.
    """
    files = find_recordings(folder, table)
    described = read_table(table, files)
    wanted = _named(folder, table, files, described)
    motions = _read_usable(folder, {key: files.paths[key] for key in wanted}, described, rate, read, step)
    if not motions:
        count = len(files.searched | {*wanted})
        raise ValueError(f"{folder}: nothing to collect: {count} recordings, {len(described)} described files")
    described |= _without_short_parts(table, {key: described[key] for key in motions}, rate)
    wordless = [key for key in motions if any(not names_who_acts(text) for text in described[key].sentences)]
    _note(
        table,
        '{} recordings have a sentence that does not begin with who acts ("a person ...") and is not used',
        wordless,
    )
    clips = [_clip(key, described[key]) for key in motions]
    write_source(out, {"source": name}, clips, _alike(folder, motions))
    return Counter(label for key in motions for label in described[key].labels)


def _named(folder: Path, table: Path, files: MotionFiles, described: Mapping[str, Described]) -> list[str]:
    """The names of the files that the table describes, in order; warns about rows and files without each other."""
    wanted = sorted(files.paths.keys() & described.keys())
    unclear = {key: files.find(key) for key in described.keys() - files.paths.keys()}
    lost = [key for key, names in unclear.items() if not names]
    _note(table, f"{{}} of {len(described)} described files are not in {folder}", lost)
    several = [f"{key} ({', '.join(sorted(names))})" for key, names in unclear.items() if names]
    _note(
        table,
        f"{{}} of {len(described)} described files exist in several formats and are left out; add the suffix of one",
        several,
    )
    meant = {*wanted, *(name for names in unclear.values() for name in names)}
    left = files.searched - meant - files.of_same_recordings(meant)
    _note(folder, f"{{}} of {len(files.searched | {*wanted})} recordings are not in {table.name}", left)
    return wanted


def _read_usable(
    folder: Path, paths: Mapping[str, Path], described: Mapping[str, Described], rate: float, read: Read, step: Step
) -> dict[str, Motion]:
    """The recordings that can be used, by name; warns about the others, with each reason once."""
    motions: dict[str, Motion] = {}
    faults: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, path in paths.items():
        step("reading", len(paths))
        try:
            motions[key] = _usable(read(path, described[key].fps), described[key], rate)
        except (ValueError, OSError) as error:
            reason = _reason(error, key, path)
            faults[_NUMBER.sub("#", reason)].append((key, reason))
    for alike in faults.values():
        _note(folder, f"{{}} of {len(paths)} recordings cannot be used ({alike[0][1]})", [key for key, _ in alike])
    return motions


def _reason(error: Exception, key: str, path: Path) -> str:
    """Why a recording cannot be used, without its name."""
    reason = one_line(error)
    for name in map(one_line, (str(path), path.name, key)):
        reason = reason.removeprefix(f"{name}: ")
    return reason


def _usable(motion: Motion, described: Described, rate: float) -> Motion:
    """The recording at the common rate; ValueError when it cannot be mapped or is shorter than its parts, or at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FeetWarning)
        to_canonical(motion)
    if motion.duration < SHORTEST:
        raise ValueError(f"it lasts {motion.duration:.2g} s, expected at least {SHORTEST} s")
    late = [span for span in described.spans if span.end > motion.duration + 0.1]
    if late:
        raise ValueError(f"a part ends at {late[0].end:g} s, the recording lasts {motion.duration:.3g} s")
    if described.spans and not described.sentences and not _long_parts(described, rate):
        raise ValueError(f"all its parts are shorter than a frame, 1/{rate:g} s")
    return motion.resample(rate)


def _long_parts(described: Described, rate: float) -> tuple[Span, ...]:
    """The parts that last a frame or longer, as far as bounds that are rounded can tell."""
    return tuple(span for span in described.spans if (span.end - span.start) * rate > 0.99)


def _without_short_parts(table: Path, described: Mapping[str, Described], rate: float) -> dict[str, Described]:
    """Descriptions without parts that are shorter than a frame, which are named in a warning."""
    kept = {key: _long_parts(each, rate) for key, each in described.items()}
    short = [
        f"{key} ({span.label}, {span.start:g} to {span.end:g} s)"
        for key, each in described.items()
        for span in each.spans
        if span not in kept[key]
    ]
    _note(table, f"{{}} parts are shorter than a frame, 1/{rate:g} s, and are left out", short)
    return {key: replace(each, spans=kept[key]) for key, each in described.items()}


def _alike(folder: Path, motions: Mapping[str, Motion]) -> list[Motion]:
    """The recordings unchanged when they share a skeleton, else on the canonical body."""
    trees = {(motion.skeleton.joints, motion.skeleton.parents) for motion in motions.values()}
    if len(trees) == 1:
        return list(motions.values())
    warnings.warn(f"{folder}: {len(trees)} different skeletons; all are written on the canonical body", stacklevel=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FeetWarning)
        return [to_canonical(motion) for motion in motions.values()]


def _clip(key: str, described: Described) -> dict[str, Any]:
    spans = [{"label": span.label, "start": span.start, "end": span.end} for span in described.spans]
    facts = {"subject": described.person, "sentences": list(described.sentences), "segments": spans}
    return {"id": key, "label": described.label or None} | {name: value for name, value in facts.items() if value}


def _note(where: Path, message: str, names: Collection[str]) -> None:
    if names:
        warnings.warn(f"{where}: {message.format(len(names))}: {first_three(sorted(names))}", stacklevel=3)
