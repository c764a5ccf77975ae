"""The table of labels that `collect` reads: what a CSV or a folder of corrected transcripts says about each recording.

The table is a CSV with a header. `file` is a path within the folder, with or without its suffix; `label` says what
happens in it. Optional columns: `start` and `end` in seconds, when the label is of that part alone (a row per part);
`person`; `sentence` (further rows of the same file add sentences); `phrase`, how an action that the table of actions
lacks is said after "a person"; `fps` of files that do not specify it.
"""

from __future__ import annotations

import csv
import io
import math
import unicodedata
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from motion2language.data.index import note
from motion2language.data.labelled.corrected import read_corrected, recordings_of
from motion2language.data.labelled.form import Span
from motion2language.data.labelled.motion_files import MotionFiles, find_motion_files
from motion2language.files import read_text

COLUMNS = ("file", "label", "start", "end", "person", "sentence", "phrase", "fps")
_JOINERS = "\u200c\u200d"  # cannot be shown alone, but belong to the spelling of Persian and others, and to emoji


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


def find_recordings(folder: Path, table: Path) -> MotionFiles:
    """The recordings that a table may name: those of a folder, or those its own corrected transcripts lead to."""
    return MotionFiles(recordings_of(table)) if folder == table else find_motion_files(folder, table)


def read_table(table: Path, files: MotionFiles) -> dict[str, Described]:
    """What a table says about each file, by its name in `files`, or as it is written where it means none or several.

    Instead of a CSV it may be a folder of corrected transcripts, whose checked segments are its rows. A part that is
    given twice is kept once, with a warning. ValueError names a wrong line.
    """
    rows = read_corrected(table, files.paths) if table.is_dir() else _rows(table)
    found: dict[str, Described] = {}
    repeated: list[str] = []
    for number, row in rows:
        where = f"{table}, line {number}"
        if not row["file"]:
            raise ValueError(f"{where}: no file")
        names = files.find(row["file"])
        key = names[0] if len(names) == 1 else row["file"]
        new = _described(_cleaned(row, where), number, where)
        if key in found and {*new.spans} & {*found[key].spans}:
            repeated.append(f"{key} (line {number})")
        found[key] = _joined(found.get(key), new, f"{where}: {key}")
    note(table, "{} parts are given twice; each is kept once", repeated)
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


def _cleaned(row: Mapping[str, str], where: str) -> dict[str, str]:
    """A row with single spaces; ValueError for characters that cannot be shown, such as those that steer a terminal."""
    clean = {key: value if key == "file" else " ".join(value.split()) for key, value in row.items()}
    for key in clean.keys() & {*COLUMNS} - {"file"}:
        bad = [letter for letter in clean[key] if not letter.isprintable() and letter not in _JOINERS]
        if bad:
            raise ValueError(
                f"{where}: the {key} {clean[key]!r} has a character that cannot be shown, {bad[0]!r}; remove it"
            )
    return clean | {"person": unicodedata.normalize("NFC", clean.get("person", ""))}


def _described(row: Mapping[str, str], number: int, where: str) -> Described:
    times = [_number(row.get(key, ""), key, where) for key in ("start", "end")]
    label, sentence, phrase = (row.get(key, "") for key in ("label", "sentence", "phrase"))
    fps = _number(row.get("fps", ""), "fps", where)
    if fps == 0:
        raise ValueError(f"{where}: fps is 0, expected frames per second, above 0")
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
    spans = tuple(dict.fromkeys((*old.spans, *new.spans)))
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
        raise ValueError(f"{where}: {what} is {text!r}, expected a number of 0 or above, with a point for decimals")
    return value
