"""Choosing labelled recordings: which sources, which recordings of them can be used, and what their labels mean.

`--root` is a folder of pairs X.npz, X.json, one pair, or a TOML file that chooses:

    folder = "people"                  # or one pair; relative to the TOML file
    sources = ["kard", "cmu_*"]        # only these; without it all
    without = ["irds"]                 # not these
    leave = ["drink", "letter pose"]   # actions whose recordings are left out
    actions = "mine.toml"              # rows and labels added to the table of actions
    val = 0.1                          # shares of the people of each source
    test = 0.1
"""

from __future__ import annotations

import json
import tomllib
import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from motion2language.body import FeetWarning, to_canonical
from motion2language.data.actions import Actions, Meaning, load_actions
from motion2language.data.index import first_three
from motion2language.data.labelled.form import Entry, Source, find_sources, read_motion, read_source
from motion2language.data.labelled.persons import why_no_split
from motion2language.data.rows import nearest
from motion2language.files import parse_toml, write_text
from motion2language.language.actions import SUBJECTS
from motion2language.language.vocabulary import tokenize

SHORTEST = 0.4  # seconds; shorter recordings are left out; chosen


class Selection(BaseModel):
    """What a TOML file of `--root` may say; see the top of this file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    sources: tuple[str, ...] = ("*",)
    without: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    actions: Path | None = None
    val: float = Field(0.1, ge=0, lt=1)
    test: float = Field(0.1, ge=0, lt=1)


@dataclass(frozen=True)
class Usable:
    """A recording that can be used: its entry, its file, and what its label (or each of its spans) means.

    meanings  of the label, in order; or, for a recording with spans, of each of them
    """

    entry: Entry
    arrays: Path
    fps: float
    meanings: tuple[Meaning, ...]


@dataclass(frozen=True)
class Chosen:
    """The usable recordings of the chosen sources, the table of actions, and what was left out.

    left_out  reason -> names of recordings
    notes     what a person should know, one line each
    """

    selection: Selection
    sources: tuple[Source, ...]
    recordings: tuple[Usable, ...]
    actions: Actions
    left_out: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


def read_selection(root: Path) -> Selection:
    """The selection that `--root` means; the ValueError names the key that is wrong."""
    root = Path(root)
    if root.suffix != ".toml":
        return Selection(folder=root)
    try:
        selection = Selection.model_validate(parse_toml(root.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{root}: not a TOML file: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{root}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    actions = selection.actions and root.parent / selection.actions
    return selection.model_copy(update={"folder": root.parent / selection.folder, "actions": actions})


def write_selection(path: Path, selection: Selection) -> Path:
    """Write a selection as the TOML file that `read_selection` reads; returns its absolute path."""
    values = selection.model_dump(mode="json", exclude_none=True)
    values |= {key: str(getattr(selection, key).resolve()) for key in ("folder", "actions") if key in values}
    write_text(path, "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items()))
    return path.resolve()


def names_who_acts(sentence: str) -> bool:
    """True when a sentence begins with a subject, "a person" or "someone", and goes on."""
    words = tokenize(sentence)
    begin = words[1:] if words[:1] in (["a"], ["an"], ["the"]) else words
    return len(begin) > 1 and begin[0] in SUBJECTS


def choose_cut(path: Path) -> list[Usable]:
    """The usable recordings at `path` (as of `--root`) with segments; ValueError if none has any."""
    recordings = choose(read_selection(path)).recordings
    cut = [each for each in recordings if each.entry.spans]
    if not cut:
        sources = first_three(list(dict.fromkeys(each.entry.source for each in recordings)))
        raise ValueError(
            f"{path}: none of its {len(recordings)} usable recordings ({sources}) has segments; expected takes whose "
            'actions people cut: "segments" with label, start and end'
        )
    return cut


def choose(selection: Selection) -> Chosen:
    """Read the chosen sources and sort their recordings into usable ones and those left out, each with its reason.

    Left out: labels that the table leaves out, labels that mean no action, recordings shorter than SHORTEST, with
    positions that are not finite, that cannot be mapped to the canonical body, that have left and right swapped, or
    that stand in another chosen source too. ValueError when nothing is usable.
    """
    paths = find_sources(selection.folder)
    own = [selection.actions] if selection.actions else []
    files = [*(each for path in paths for each in (path, path.with_suffix(".json"))), *own]
    return _choose(selection, tuple(path.stat().st_mtime_ns for path in files))


@lru_cache(maxsize=2)
def _choose(selection: Selection, changed: tuple[int, ...]) -> Chosen:
    """As `choose`; kept, since each split asks for it."""
    actions = load_actions(selection.actions)
    for name in selection.leave:
        if name not in actions.actions:
            raise ValueError(f"leave: no action {name!r} in the table; {nearest(name, actions.actions)}")
    sources = _sources(selection)
    left_out: dict[str, list[str]] = defaultdict(list)
    usable, seen, doubtful = [], defaultdict[str, list[Entry]](list), list[str]()
    for source in sources:
        for entry in source.entries:
            reason = _fault(source, entry) or _repeats(entry, seen[entry.id])
            meanings, problem = _meanings(actions, entry) if not reason else ((), "")
            if any(meaning.action in selection.leave for meaning in meanings):
                problem = "show an action that the selection leaves out"
            reason = reason or problem or _unmappable(source, entry, doubtful)
            if reason:
                left_out[reason].append(entry.name)
                continue
            seen[entry.id].append(entry)
            usable.append(Usable(entry, source.arrays, source.fps, meanings))
    if not usable:
        reasons = ", ".join(f"{len(names)} {reason}" for reason, names in left_out.items())
        raise ValueError(f"{selection.folder}: none of its recordings can be used: {reasons}")
    notes = [*_notes(usable), *([_doubt(doubtful)] if doubtful else [])]
    frozen = {reason: tuple(names) for reason, names in left_out.items()}
    return Chosen(selection, tuple(sources), tuple(usable), actions, frozen, tuple(notes))


def report(root: Path, chosen: Chosen) -> None:
    """Warn about what was left out, and about what a person should know."""
    total = len(chosen.recordings) + sum(map(len, chosen.left_out.values()))
    for reason, names in chosen.left_out.items():
        warnings.warn(f"{root}: {len(names)} of {total} recordings {reason}: {first_three(names)}", stacklevel=4)
    alone = why_no_split([each.entry for each in chosen.recordings])
    for note in (*chosen.notes, *([alone] if alone else [])):
        warnings.warn(f"{root}: {note}", stacklevel=4)


def _sources(selection: Selection) -> list[Source]:
    paths = find_sources(selection.folder)
    sources = [read_source(path) for path in paths]
    names = [source.name for source in sources]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{selection.folder}: two sources are called {twice[0]!r}; change `source` in one X.json")
    for pattern in (*selection.sources, *selection.without):
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ValueError(f"{selection.folder}: no source {pattern!r}; there are {', '.join(names)}")
    chosen = [
        source
        for source in sources
        if any(fnmatchcase(source.name, pattern) for pattern in selection.sources)
        and not any(fnmatchcase(source.name, pattern) for pattern in selection.without)
    ]
    if not chosen:
        raise ValueError(f"{selection.folder}: no source is left; there are {', '.join(names)}")
    return chosen


def _fault(source: Source, entry: Entry) -> str:
    if entry.number in source.damaged:
        return "hold positions that are not finite numbers"
    if entry.seconds < SHORTEST:
        return f"are shorter than {SHORTEST} s"
    return "" if entry.label or entry.spans or _described(entry) else "have neither a label nor a sentence"


def _described(entry: Entry) -> bool:
    """True when a recording has a sentence of its own."""
    return any(map(names_who_acts, entry.sentences))


def _repeats(entry: Entry, before: Sequence[Entry]) -> str:
    """Why a recording whose id was seen before stands in another source too; "" when it does not."""
    twin = any(other.source in entry.twins or entry.source in other.twins for other in before)
    return "stand in another source too" if twin else ""


def _meanings(actions: Actions, entry: Entry) -> tuple[tuple[Meaning, ...], str]:
    """What a recording shows, or why that is not known."""
    labels = [span.label for span in entry.spans] or [entry.label][: bool(entry.label)]
    try:
        found = [actions.meanings(entry.source, label) for label in labels]
    except ValueError as error:
        hint = str(error).removeprefix(f"{entry.source}: ")
        return (), "" if _described(entry) else f"have a label that means no action: {hint}"
    if entry.spans and any(len(each) != 1 for each in found):
        return (), "have a part whose label means no action, or several"
    meanings = tuple(meaning for each in found for meaning in each)
    return meanings, "" if meanings or _described(entry) else "have a label that the table leaves out"


def _unmappable(source: Source, entry: Entry, doubtful: list[str]) -> str:
    motion = read_motion(source.arrays, source.fps, entry.number, entry.name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FeetWarning)
        try:
            to_canonical(motion)
        except ValueError as error:
            text = str(error).removeprefix(f"{entry.name}: ")
            return f"cannot be mapped to the body: {text}"
    if any(issubclass(each.category, FeetWarning) for each in caught):
        doubtful.append(entry.name)
    return ""


def _doubt(names: Sequence[str]) -> str:
    return (
        f"the feet of {len(names)} recordings point the wrong way for most of the time, such as {names[0]}; "
        "left and right stay as named"
    )


def _notes(usable: Sequence[Usable]) -> list[str]:
    """Actions with one recording, labels that mean different things in two sources, and none at all."""
    counts = Counter(meaning.action for each in usable for meaning in each.meanings)
    single = sorted(action for action, count in counts.items() if count == 1)
    notes = []
    unknown = [each.entry.name for each in usable if not each.meanings]
    if unknown:
        notes.append(
            f"{len(unknown)} recordings have no label that means an action, such as {unknown[0]}; their own sentences "
            "are used, and nothing is composed of them"
        )
    if single:
        notes.append(f"{len(single)} of {len(counts)} actions have one recording only: {', '.join(single)}")
    meant: dict[str, dict[tuple[str, ...], str]] = defaultdict(dict)
    for each in usable:
        if each.meanings and not each.entry.spans:
            meant[each.entry.label].setdefault(tuple(m.action for m in each.meanings), each.entry.source)
    for label, by_meaning in sorted(meant.items()):
        if len(by_meaning) > 1:
            said = ", ".join(f"{' and '.join(found)!r} in {source}" for found, source in by_meaning.items())
            notes.append(f"the label {label!r} means {said}; sentences say each as its own source means it")
    return notes
