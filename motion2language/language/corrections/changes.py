"""What correcting a text changes: which edits, how often and where first, and how many different words remain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from motion2language.language.corrections.compare import edits
from motion2language.language.vocabulary import SPECIALS, Vocabulary, tokenize


@dataclass(frozen=True)
class Changes:
    """The edits between two versions of the same lines.

    lines       lines that differ
    counts      "before -> after" -> how often
    first_line  "before -> after" -> the number of its first line, from 1
    """

    lines: int
    counts: Counter[str]
    first_line: dict[str, int]


def count_changes(before: Sequence[str], after: Sequence[str]) -> Changes:
    """The edits from each line to its corrected one."""
    counts: Counter[str] = Counter()
    first_line: dict[str, int] = {}
    lines = 0
    for number, (line, corrected) in enumerate(zip(before, after, strict=True), start=1):
        line_edits = edits(tokenize(line), tokenize(corrected))
        lines += bool(line_edits)
        for edit in line_edits:
            change = f"{' '.join(edit.before) or '(inserted)'} -> {' '.join(edit.after) or '(deleted)'}"
            counts[change] += 1
            first_line.setdefault(change, number)
    return Changes(lines, counts, first_line)


def count_words(lines: Sequence[str]) -> tuple[int, int]:
    """How many different words the lines contain, and how many of them a vocabulary would include."""
    different = {word for line in lines for word in tokenize(line)}
    return len(different), len(Vocabulary.build(lines)) - len(SPECIALS)
