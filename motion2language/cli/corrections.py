"""m2l data corrections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from motion2language.cli.written import OptionalOut, show_written

if TYPE_CHECKING:
    from motion2language.language.corrections import Corrections


def corrections(
    text: Path | None = None,
    /,
    *,
    rules: Literal["spelling", "paper"] = "spelling",
    out: OptionalOut = None,
    pairs: Path | None = None,
    rows: Literal["all", "odd", "even"] = "all",
    table: Path | None = None,
    examples: int = 10,
) -> int:
    """Show what would be corrected in a file of sentences, or compare our corrections with somebody else's.

    Parameters
    ----------
    text
        File of sentences, one per line.
    rules
        For sentences: only spelling, or also the paper's notation (digits, degrees, units, no hyphens).
    out
        File to write the corrected sentences to.
    pairs
        Instead of sentences: a file of lines `sentence TAB corrected`, to compare their corrections with ours.
    rows
        For pairs: all, or every other one.
    table
        Table of corrections instead of the packaged one, in the same form.
    examples
        Examples shown of each kind, the most frequent first.
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
        return _show_changes(text, known, rules, out, examples)
    assert pairs is not None
    if out is not None or rules != "spelling":
        raise ValueError("--out and --rules are for a file of sentences; pairs are compared in the paper's notation")
    return _show_comparison(pairs, known, rows, examples)


def _show_changes(path: Path, known: Corrections, rules: str, out: Path | None, examples: int) -> int:
    """Print what changes in a file of sentences, most frequent first, and how many different words remain."""
    from motion2language.files import write_text
    from motion2language.language.corrections.changes import count_changes, count_words

    lines = _read_sentences(path)
    correct = known.spelling if rules == "spelling" else known.paper
    corrected = [correct(line) for line in lines]
    changes = count_changes(lines, corrected)
    if out is not None:
        write_text(out, "".join(f"{line}\n" for line in corrected))
    for change, count in changes.counts.most_common(examples):
        print(f"{count:6,}  {change}  (line {changes.first_line[change]})")
    if len(changes.counts) > examples:
        print(f"        and {len(changes.counts) - examples:,} more")
    words, frequent = zip(count_words(lines), count_words(corrected), strict=True)
    print(f"{changes.lines:,} of {len(lines):,} lines changed, {changes.counts.total():,} changes")
    print(f"different words {words[0]:,} -> {words[1]:,}, seen 3 times or more {frequent[0]:,} -> {frequent[1]:,}")
    if out is not None:
        show_written(out)
    return 0


def _show_comparison(path: Path, known: Corrections, rows: str, examples: int) -> int:
    """Print a table of outcomes by kind of edit, and examples of the edits that differ."""
    from rich.console import Console
    from rich.table import Table

    from motion2language.language.corrections.compare import EDITS, OUTCOMES, compare, read_pairs

    pairs = read_pairs(path)
    if rows != "all":
        pairs = pairs[rows == "even" :: 2]
    comparison = compare(pairs, known)
    table = Table("", "theirs", *OUTCOMES, box=None)
    for kind in (*EDITS, "all"):
        counts = {outcome: comparison.count(kind, outcome) for outcome in OUTCOMES}
        table.add_row(kind, *(f"{count:,}" for count in (sum(counts.values()) - counts["added"], *counts.values())))
    Console(highlight=False).print(table)
    print(f"{comparison.alike:,} of {comparison.sentences:,} sentences word for word as theirs")
    for outcome, legend in (("other", "theirs, ours"), ("kept", "theirs"), ("missed", "theirs"), ("added", "ours")):
        frequent = comparison.examples[outcome].most_common(examples)
        if frequent:
            texts = [f"{before} -> {', '.join(filter(None, after))} ({count})" for (before, *after), count in frequent]
            print(f"{outcome} ({legend}): {'; '.join(texts)}")
    return 0


def _read_sentences(path: Path) -> list[str]:
    """The sentences of a file; ValueError when it is empty or not text."""
    from motion2language.files import read_text

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected sentences, one per line")
    lines = read_text(path, "sentences, one per line").splitlines()
    if not any(line.strip() for line in lines):
        raise ValueError(f"{path}: contains no sentence; expected one per line")
    return lines
