"""Our corrections beside somebody else's, on pairs of a sentence and what they made of it: made, missed, added.

Both sides are compared as edits of the sentence's tokens. An edit of theirs is
`made`    when ours is the same,
`other`   when ours changes the same words to something else,
`kept`    when ours leaves the words because the table says so,
`missed`  otherwise;
an edit of ours where they have none is `added`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from motion2language.language.corrections import NUMBERS, Corrections
from motion2language.language.vocabulary import tokenize

OUTCOMES = ("made", "other", "kept", "missed", "added")
EDITS = ("spelling", "numbers", "degrees", "units", "hyphens", "wording")


class Edit(NamedTuple):
    """Tokens from start to end of a sentence, and what stands there afterwards."""

    start: int
    said: tuple[str, ...]
    meant: tuple[str, ...]

    @property
    def end(self) -> int:
        """The first token after it."""
        return self.start + len(self.said)

    def meets(self, other: Edit) -> bool:
        """Whether the two change the same tokens, or one puts words in where the other changes some."""
        return (self.start < other.end and other.start < self.end) or self.start == other.start


@dataclass(frozen=True)
class Comparison:
    """How often, of each kind of edit, each outcome came; and what was edited: (said, theirs, ours) -> times."""

    sentences: int
    alike: int
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[str, Counter[tuple[str, str, str]]] = field(
        default_factory=lambda: {one: Counter() for one in OUTCOMES}
    )

    def add(self, outcome: str, theirs: Edit | None, ours: Edit | None, units: frozenset[str]) -> None:
        """Count an edit."""
        edit = theirs or ours
        assert edit is not None
        self.counts[kind_of(edit, units), outcome] += 1
        texts = ("" if one is None else " ".join(one.meant) or "(left out)" for one in (theirs, ours))
        self.examples[outcome][(" ".join(edit.said) or "(put in)", *texts)] += 1  # type: ignore[index]


def compare(pairs: Sequence[tuple[str, str]], corrections: Corrections) -> Comparison:
    """Our paper's notation against `pairs` of a sentence and theirs."""
    found = [(tokenize(said), tokenize(theirs), tokenize(corrections.paper(said))) for said, theirs in pairs]
    result = Comparison(len(found), sum(theirs == ours for _, theirs, ours in found))
    units = frozenset(corrections.units) | frozenset(corrections.units.values())
    for said, theirs, ours in found:
        mine = edits(said, ours)
        met: set[Edit] = set()
        for edit in edits(said, theirs):
            touching = [one for one in mine if one.meets(edit)]
            met.update(touching)
            if edit in touching:
                result.add("made", edit, edit, units)
            elif touching:
                result.add("other", edit, touching[0], units)
            elif set(edit.said) & corrections.kept:
                result.add("kept", edit, None, units)
            else:
                result.add("missed", edit, None, units)
        for one in mine:
            if one not in met:
                result.add("added", None, one, units)
    return result


def edits(before: Sequence[str], after: Sequence[str]) -> list[Edit]:
    """What changed from one list of tokens to the other, word by word where as many stand on both sides."""
    found = []
    for tag, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if end - start == last - first:
            found += [
                Edit(start + place, (before[start + place],), (after[first + place],)) for place in range(end - start)
            ]
        else:
            found.append(Edit(start, tuple(before[start:end]), tuple(after[first:last])))
    return found


def kind_of(edit: Edit, units: frozenset[str]) -> str:
    """What kind of correction an edit is."""
    words = {*edit.said, *edit.meant}
    if " ".join(edit.said).replace("-", " ").split() == list(edit.meant):
        return "hyphens"
    if {part for word in edit.said for part in word.split("-")} & NUMBERS.keys():
        return "numbers"
    if "degrees" in edit.meant:
        return "degrees"
    if words & units:
        return "units"
    return "spelling" if len(edit.said) == 1 and edit.meant else "wording"


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """The pairs of a file of lines `sentence TAB corrected`; ValueError names the line that is none."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected a sentence, a tab and its correction a line")
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8; expected a sentence, a tab and its correction a line") from None
    pairs = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        columns = line.split("\t")
        if len(columns) != 2:
            raise ValueError(
                f"{path}, line {number}: {len(columns)} columns, expected 2: a sentence, a tab and its correction"
            )
        pairs.append((columns[0].strip(), columns[1].strip()))
    if not pairs:
        raise ValueError(f"{path}: holds no pair; expected a sentence, a tab and its correction a line")
    return pairs
