"""m2l data check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from motion2language.cli.options import CorpusName

if TYPE_CHECKING:
    from motion2language.data.check import SplitReport


def check(name: CorpusName, /, *, root: Path | None = None) -> int:
    """Count recordings, sentences, words and seconds of a corpus, per split, and report what is missing or damaged.

    Parameters
    ----------
    root
        Where the corpus is on disk.
    """
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    from motion2language.data import corpora
    from motion2language.data.check import check_split, problems

    columns = ("samples", "sentences", "words", "different", "segments", "seconds", "seconds each")
    table = Table("split", *columns, box=None)
    console = Console(stderr=True)
    reports: dict[str, SplitReport] = {}
    splits = {split: corpora.load(name, root, split) for split in ("train", "val", "test")}
    for split, samples in splits.items():
        bar = track(range(len(samples)), split, console=console, transient=True, disable=not console.is_terminal)
        reports[split] = check_split(samples, bar)
        table.add_row(split, *_cells(reports[split]))
    Console(highlight=False).print(table)
    lines = problems(reports)
    for line in lines:
        console.print(f"m2l: {line}", soft_wrap=True, highlight=False, markup=False)
    return int(bool(lines))


def _cells(report: SplitReport) -> list[str]:
    seconds = report.seconds
    counts = (len(seconds), report.sentences, report.words, report.vocabulary, report.segments, round(sum(seconds)))
    return [f"{count:,}" for count in counts] + [f"{min(seconds):.1f}–{max(seconds):.1f}" if seconds else ""]
