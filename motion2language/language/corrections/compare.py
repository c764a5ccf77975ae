"""Compare our corrections with somebody else's, on pairs of a sentence and their correction of it.

Both are compared as edits of the sentence's tokens. Each of their edits is
`made`    when ours is the same,
`other`   when ours changes the same words to something else,
`kept`    when ours leaves the words because the table lists them as kept,
`missed`  otherwise;
an edit that only we make is `added`.
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
    """Tokens of a sentence from `start` on, before and after the edit."""

    start: int
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def end(self) -> int:
        """The index of the first token behind the edit."""
        return self.start + len(self.before)

    def meets(self, other: Edit) -> bool:
        """Whether both change the same tokens, or one inserts words where the other changes some."""
        return (self.start < other.end and other.start < self.end) or self.start == other.start


@dataclass(frozen=True)
class Comparison:
    """How often each (kind of edit, outcome) occurred, and examples by outcome: (before, theirs, ours) -> times."""

    sentences: int
    alike: int
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[str, Counter[tuple[str, str, str]]] = field(
        default_factory=lambda: {outcome: Counter() for outcome in OUTCOMES}
    )

    def add(self, outcome: str, theirs: Edit | None, ours: Edit | None, units: frozenset[str]) -> None:
        """Count an edit."""
        edit = theirs or ours
        assert edit is not None
        self.counts[kind_of(edit, units), outcome] += 1
        texts = ("" if side is None else " ".join(side.after) or "(deleted)" for side in (theirs, ours))
        self.examples[outcome][(" ".join(edit.before) or "(inserted)", *texts)] += 1  # type: ignore[index]

    def count(self, kind: str, outcome: str) -> int:
        """How often the outcome occurred for a kind of edit, or for all kinds ("all")."""
        return sum(self.counts[each, outcome] for each in (EDITS if kind == "all" else (kind,)))


def compare(pairs: Sequence[tuple[str, str]], corrections: Corrections) -> Comparison:
    """Our `paper` rules against `pairs` of a sentence and their correction."""
    rows = [(tokenize(text), tokenize(theirs), tokenize(corrections.paper(text))) for text, theirs in pairs]
    result = Comparison(len(rows), sum(theirs == ours for _, theirs, ours in rows))
    units = frozenset(corrections.units) | frozenset(corrections.units.values())
    for tokens, theirs, ours in rows:
        our_edits = edits(tokens, ours)
        met: set[Edit] = set()
        for edit in edits(tokens, theirs):
            touching = [our_edit for our_edit in our_edits if our_edit.meets(edit)]
            met.update(touching)
            if edit in touching:
                result.add("made", edit, edit, units)
            elif touching:
                result.add("other", edit, touching[0], units)
            elif set(edit.before) & corrections.kept:
                result.add("kept", edit, None, units)
            else:
                result.add("missed", edit, None, units)
        for our_edit in our_edits:
            if our_edit not in met:
                result.add("added", None, our_edit, units)
    return result


def edits(before: Sequence[str], after: Sequence[str]) -> list[Edit]:
    """The changes from one list of tokens to the other, word by word where both sides have as many."""
    changes = []
    for tag, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if end - start == last - first:
            changes += [Edit(start + n, (before[start + n],), (after[first + n],)) for n in range(end - start)]
        else:
            changes.append(Edit(start, tuple(before[start:end]), tuple(after[first:last])))
    return changes


def kind_of(edit: Edit, units: frozenset[str]) -> str:
    """The kind of correction that an edit is, one of EDITS."""
    words = {*edit.before, *edit.after}
    if " ".join(edit.before).replace("-", " ").split() == list(edit.after):
        return "hyphens"
    if {part for word in edit.before for part in word.split("-")} & NUMBERS.keys():
        return "numbers"
    if "degrees" in edit.after:
        return "degrees"
    if words & units:
        return "units"
    return "spelling" if len(edit.before) == 1 and edit.after else "wording"


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Read the pairs of a file of lines `sentence TAB corrected`; ValueError names a malformed line."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected a sentence, a tab and its correction on each line")
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise ValueError(
            f"{path}: not text in UTF-8; expected a sentence, a tab and its correction on each line"
        ) from None
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
        raise ValueError(f"{path}: contains no pairs; expected a sentence, a tab and its correction on each line")
    return pairs
