"""Making labelled recordings (form.py) of a folder of motion files of any kind and a table of what they show.

The table is a CSV with a header. `file` is a path within the folder, with or without its suffix; `label` says what
happens in it. Optional columns: `start` and `end` in seconds, when the label is of that part alone (a row per part);
`person`; `sentence` (further rows of the same file add sentences); `phrase`, how an action that the table of actions
lacks is said after "a person"; `fps` of files that do not specify it.
"""

from __future__ import annotations

import csv
import io
import math
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from motion2language.body import FeetWarning, to_canonical
from motion2language.data.index import first_three
from motion2language.data.labelled.corrected import read_corrected, recordings_of
from motion2language.data.labelled.form import Span, write_source
from motion2language.data.labelled.selection import SHORTEST, names_who_acts
from motion2language.files import one_line, read_text
from motion2language.formats import FORMATS, files_in
from motion2language.motion import Motion

COLUMNS = ("file", "label", "start", "end", "person", "sentence", "phrase", "fps")
Read = Callable[[Path, float | None], Motion]
Step = Callable[[str, int], None]


@dataclass(frozen=True)
class Described:
    """What the table says about one file.

    phrases  (label, phrase) of each row that has a phrase
    """

    label: str = ""
    person: str = ""
    fps: float | None = None
    sentences: tuple[str, ...] = ()
    spans: tuple[Span, ...] = field(default=())
    phrases: tuple[tuple[str, str], ...] = ()
    line: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """Of its parts, or of all of it."""
        return tuple(span.label for span in self.spans) or ((self.label,) if self.label else ())


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
    files = recordings_of(table) if folder == table else _files(folder)
    described = read_table(table, files)
    _note(table, f"{{}} of {len(described)} described files are not in {folder}", described.keys() - files.keys())
    _note(folder, f"{{}} of {len(files)} recordings are not in {table.name}", files.keys() - described.keys())
    motions: dict[str, Motion] = {}
    faults: dict[str, str] = {}
    wanted = sorted(files.keys() & described.keys())
    for key in wanted:
        step("reading", len(wanted))
        try:
            motions[key] = _usable(read(files[key], described[key].fps), described[key], rate)
        except (ValueError, OSError) as error:
            faults[key] = one_line(error)
    if faults:
        first = next(iter(faults))
        reason = faults[first].removeprefix(f"{first}: ")
        _note(folder, f"{{}} of {len(wanted)} recordings cannot be used ({reason})", faults)
    if not motions:
        raise ValueError(f"{folder}: nothing to collect: {len(files)} recordings, {len(described)} described files")
    wordless = [key for key in motions if any(not names_who_acts(text) for text in described[key].sentences)]
    _note(
        table,
        '{} recordings have a sentence that does not begin with who acts ("a person ...") and is not used',
        wordless,
    )
    clips = [_clip(key, described[key]) for key in motions]
    write_source(out, {"source": name}, clips, _alike(folder, motions))
    return Counter(label for key in motions for label in described[key].labels)


def described_by(folder: Path, table: Path) -> dict[str, Described]:
    """What a CSV says about each file of a folder, as `read_table`."""
    return read_table(table, recordings_of(table) if folder == table else _files(folder))


def read_table(table: Path, files: Mapping[str, Path]) -> dict[str, Described]:
    """What a CSV says about each file, by its name in `files` or as it is written; ValueError names a wrong line.

    Instead of a CSV it may be a folder of corrected transcripts, whose checked segments are its rows.
    """
    rows = read_corrected(table, files) if table.is_dir() else _rows(table)
    found: dict[str, Described] = {}
    for number, row in rows:
        where = f"{table}, line {number}"
        key = _key(row["file"], files)
        if not key:
            raise ValueError(f"{where}: no file")
        found[key] = _joined(found.get(key), _described(row, number, where), f"{where}: {key}")
    for key, each in found.items():
        if not (each.label or each.spans or each.sentences):
            raise ValueError(f"{table}, line {each.line}: {key} has neither a label nor a sentence")
    return found


def _rows(table: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        reader = csv.DictReader(io.StringIO(read_text(table, "a table in CSV: file,label")), skipinitialspace=True)
        columns = [column.strip() for column in reader.fieldnames or () if column]
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise ValueError(f"{table}: not a CSV ({error})") from None
    if "file" not in columns or not {"label", "sentence"} & set(columns):
        found = ", ".join(columns) or "nothing"
        raise ValueError(f"{table}: expected a table with the columns file and label, found {found}")
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise ValueError(f"{table}: there are several columns {', '.join(twice)}; keep one of each")
    unknown = [column for column in columns if column not in COLUMNS]
    if unknown:
        warnings.warn(
            f"{table}: the columns {', '.join(unknown)} are not used; there are {', '.join(COLUMNS)}", stacklevel=4
        )
    for number, row in rows:
        if None in row:
            raise ValueError(f"{table}, line {number}: more cells than columns; put a text with commas in quotes")
    kept = [
        (number, {(key or "").strip(): (value or "").strip() for key, value in row.items()}) for number, row in rows
    ]
    return [(number, row) for number, row in kept if any(row.values())]


def _described(row: Mapping[str, str], number: int, where: str) -> Described:
    times = [_number(row.get(key, ""), key, where) for key in ("start", "end")]
    label, sentence = row.get("label", ""), " ".join(row.get("sentence", "").split())
    fps = _number(row.get("fps", ""), "fps", where)
    if fps == 0:
        raise ValueError(f"{where}: fps is 0, expected frames per second, above 0")
    phrase = " ".join(row.get("phrase", "").split())
    if phrase and not label:
        raise ValueError(f"{where}: the phrase {phrase!r} without a label")
    common = Described(
        person=row.get("person", ""),
        fps=fps,
        sentences=(sentence,) if sentence else (),
        phrases=((label, phrase),) if phrase else (),
        line=number,
    )
    if times == [None, None]:
        return replace(common, label=label)
    start, end = times
    if start is None or end is None or not 0 <= start < end:
        given = [row.get(key) or "nothing" for key in ("start", "end")]
        raise ValueError(f"{where}: from {given[0]} to {given[1]} s; give start < end")
    if not label:
        raise ValueError(f"{where}: a part without a label")
    return replace(common, spans=(Span(label, start, end),))


def _joined(old: Described | None, new: Described, where: str) -> Described:
    """Two rows of one file; ValueError when they contradict each other."""
    if old is None:
        return new
    for what in ("label", "person", "fps"):
        values = [value for value in (getattr(old, what), getattr(new, what)) if value]
        if len(set(values)) > 1:
            raise ValueError(
                f"{where} has the {what} {values[1]!r} here, and {values[0]!r} before; give parts start and end"
            )
    spans = (*old.spans, *new.spans)
    if (old.label or new.label) and spans:
        raise ValueError(f"{where} has a label of all of it and labels of parts; give start and end to all")
    return Described(
        old.label or new.label,
        old.person or new.person,
        old.fps or new.fps,
        tuple(dict.fromkeys((*old.sentences, *new.sentences))),
        spans,
        tuple(dict.fromkeys((*old.phrases, *new.phrases))),
        old.line,
    )


def _number(text: str, what: str, where: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{where}: {what} is {text!r}, expected a number, with a point for decimals")
    return value


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; expected a folder of motion files")
    files = files_in(folder)
    if not files:
        raise ValueError(f"{folder}: contains no motion files ({', '.join(FORMATS)})")
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in files]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(
            f"{folder}: {len(twice)} recordings exist in two formats, such as {twice[0]}; keep one of each"
        )
    return dict(zip(names, files, strict=True))


def _key(file: str, files: Mapping[str, Path]) -> str:
    name = file.replace("\\", "/").removeprefix("./")
    return name if name in files else Path(name).with_suffix("").as_posix() if name else ""


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
    return motion.resample(rate)


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


def _note(where: Path, message: str, names: Sequence[str] | set[str] | Mapping[str, Any]) -> None:
    if names:
        warnings.warn(f"{where}: {message.format(len(names))}: {first_three(sorted(names))}", stacklevel=3)
