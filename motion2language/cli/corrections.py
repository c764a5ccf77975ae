"""m2l data corrections."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from motion2language.language.corrections import Corrections
    from motion2language.language.corrections.compare import Comparison


def corrections(
    text: Path | None = None,
    /,
    *,
    rules: Literal["spelling", "paper"] = "spelling",
    out: Path | None = None,
    pairs: Path | None = None,
    rows: Literal["all", "odd", "even"] = "all",
    table: Path | None = None,
    examples: int = 10,
) -> int:
    """Show what would be corrected in a file of sentences, or compare our corrections with somebody else's.

    Parameters
    ----------
    text
        File of sentences, one a line.
    rules
        For sentences: spelling alone, or the paper's notation, too (digits, degrees, units, no hyphens).
    out
        File to write the corrected sentences to.
    pairs
        Instead of sentences: a file of lines `sentence TAB corrected`, to count theirs made, missed, and ours added.
    rows
        Of the pairs: all, or every other one.
    table
        Table of corrections instead of the shipped one, in the same form.
    examples
        Lines shown of each kind, the most frequent first.
    """
    from motion2language.language.corrections import Corrections, shipped

    if (text is None) == (pairs is None):
        raise ValueError("name a file of sentences, or give --pairs; one of the two")
    if examples < 0:
        raise ValueError(f"--examples {examples}: give 0 or more")
    known = shipped() if table is None else Corrections.load(table)
    if text is not None:
        if rows != "all":
            raise ValueError("--rows is for --pairs; leave it out")
        return _sentences(text, known, rules, out, examples)
    assert pairs is not None
    if out is not None or rules != "spelling":
        raise ValueError("--out and --rules are for a file of sentences; pairs are compared in the paper's notation")
    return _pairs(pairs, known, rows, examples)


def _sentences(path: Path, known: Corrections, rules: str, out: Path | None, examples: int) -> int:
    """What is changed in a file of sentences, most frequent first, and what that does to its words."""
    from motion2language.files import write_text
    from motion2language.language.corrections.compare import edits
    from motion2language.language.vocabulary import Vocabulary, tokenize

    lines = _lines(path)
    correct = known.spelling if rules == "spelling" else known.paper
    after = [correct(line) for line in lines]
    changes: Counter[str] = Counter()
    first: dict[str, int] = {}
    changed = 0
    for number, (line, corrected) in enumerate(zip(lines, after, strict=True), start=1):
        found = edits(tokenize(line), tokenize(corrected))
        changed += bool(found)
        for edit in found:
            change = f"{' '.join(edit.before) or '(inserted)'} -> {' '.join(edit.after) or '(deleted)'}"
            changes[change] += 1
            first.setdefault(change, number)
    if out is not None:
        write_text(out, "".join(f"{line}\n" for line in after))
    for change, count in changes.most_common(examples):
        print(f"{count:6,}  {change}  (line {first[change]})")
    if len(changes) > examples:
        print(f"        and {len(changes) - examples:,} more")
    words = [len({word for line in some for word in tokenize(line)}) for some in (lines, after)]
    often = [len(Vocabulary.build(some)) - 4 for some in (lines, after)]
    print(f"{changed:,} of {len(lines):,} lines changed, {changes.total():,} changes")
    print(f"different words {words[0]:,} -> {words[1]:,}, seen 3 times or more {often[0]:,} -> {often[1]:,}")
    return 0


def _pairs(path: Path, known: Corrections, rows: str, examples: int) -> int:
    """A table of outcomes by kind of edit, and examples of those that are not theirs."""
    from rich.console import Console
    from rich.table import Table

    from motion2language.language.corrections.compare import EDITS, OUTCOMES, compare, read_pairs

    pairs = read_pairs(path)
    if rows != "all":
        pairs = pairs[rows == "even" :: 2]
    found = compare(pairs, known)
    shown = Table("", "theirs", *OUTCOMES, box=None)
    for kind in (*EDITS, "all"):
        counts = {one: _count(found, kind, one) for one in OUTCOMES}
        shown.add_row(kind, *(f"{count:,}" for count in (sum(counts.values()) - counts["added"], *counts.values())))
    console = Console(highlight=False)
    console.print(shown)
    print(f"{found.alike:,} of {found.sentences:,} sentences word for word as theirs")
    for outcome, legend in (("other", "theirs, ours"), ("kept", "theirs"), ("missed", "theirs"), ("added", "ours")):
        some = found.examples[outcome].most_common(examples)
        if some:
            texts = [f"{said} -> {', '.join(each for each in made if each)} ({count})" for (said, *made), count in some]
            print(f"{outcome} ({legend}): {'; '.join(texts)}")
    return 0


def _count(found: Comparison, kind: str, outcome: str) -> int:
    if kind == "all":
        return sum(count for (_, one), count in found.counts.items() if one == outcome)
    return found.counts[kind, outcome]


def _lines(path: Path) -> list[str]:
    """The sentences of a file; ValueError when it is empty or not text."""
    from motion2language.files import read_text

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected sentences, one per line")
    lines = read_text(path, "sentences, one per line").splitlines()
    if not any(line.strip() for line in lines):
        raise ValueError(f"{path}: holds no sentence; expected one per line")
    return lines
