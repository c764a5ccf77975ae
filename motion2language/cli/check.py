"""m2l data check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from motion2language.cli.options import CorpusName

if TYPE_CHECKING:
    from motion2language.data.samples import Sample


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

    columns = ("samples", "sentences", "words", "different", "segments", "seconds", "seconds each")
    table = Table("split", *columns, box=None)
    console = Console(stderr=True)
    faults: dict[str, list[str]] = {}
    splits = {split: corpora.load(name, root, split) for split in ("train", "val", "test")}
    for split, samples in splits.items():
        held, faults[split] = [], []
        bar = track(range(len(samples)), split, console=console, transient=True, disable=not console.is_terminal)
        for number in bar:
            try:
                held.append(_of(samples[number]))
            except (ValueError, OSError) as error:
                faults[split].append(str(error))
        table.add_row(split, *_row(held))
    Console(highlight=False).print(table)
    wrong = [fault for some in faults.values() for fault in some]
    said = wrong[:5]
    if wrong:
        counts = ", ".join(f"{len(some)} of {len(splits[split])} of {split}" for split, some in faults.items() if some)
        said.append(f"{len(wrong)} samples are damaged: {counts}")
    empty = [split for split, samples in splits.items() if not samples]
    if empty:
        total = sum(map(len, splits.values()))
        need = "training needs train and val, scoring needs test"
        said.append(f"nothing in {', '.join(empty)}, of {total} samples that the corpus holds; {need}")
    for line in said:
        console.print(f"m2l: {line}", soft_wrap=True, highlight=False, markup=False)
    return int(bool(said))


def _of(sample: Sample) -> tuple[list[list[str]], int, float]:
    """Its tokenised sentences, how many segments it has, its seconds; ValueError for segments that lie outside."""
    from motion2language.language.vocabulary import tokenize
    from motion2language.transcript import Transcript

    duration = sample.motion.duration
    Transcript(sample.segments, duration, sample.name)
    return [tokenize(caption.text) for caption in sample.captions], len(sample.segments), duration


def _row(held: list[tuple[list[list[str]], int, float]]) -> list[str]:
    """The cells of a split."""
    sentences = [sentence for said, _, _ in held for sentence in said]
    words = [word for sentence in sentences for word in sentence]
    seconds = [duration for _, _, duration in held]
    segments = sum(count for _, count, _ in held)
    counts = (len(held), len(sentences), len(words), len(set(words)), segments, round(sum(seconds)))
    return [f"{count:,}" for count in counts] + [f"{min(seconds):.1f}–{max(seconds):.1f}" if seconds else ""]
