"""m2l data check."""

from __future__ import annotations

from pathlib import Path


def check(name: str, /, *, root: Path | None = None) -> int:
    """Say what a corpus holds: recordings, sentences, words and seconds of each split; what is missing is noted.

    Parameters
    ----------
    name
        A corpus: annotations, compose, folder, humanml3d, kit, kit-augmented, kit-paper, synthetic.
    root
        Where the corpus lies on disk.
    """
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    from motion2language import datasets
    from motion2language.vocabulary import tokenize

    table = Table("split", "samples", "sentences", "words", "different", "seconds", "shortest", "longest", box=None)
    console = Console(stderr=True)
    faults = []
    for split in ("train", "val", "test"):
        samples = datasets.load(name, root, split)
        seconds, words, sentences = [], [], 0
        for number in track(
            range(len(samples)), split, console=console, transient=True, disable=not console.is_terminal
        ):
            try:
                sample = samples[number]
            except (ValueError, OSError) as error:
                faults.append(str(error))
                continue
            seconds.append(sample.motion.duration)
            sentences += len(sample.captions)
            words += [word for caption in sample.captions for word in tokenize(caption.text)]
        ends = [f"{end:.1f}" for end in (min(seconds), max(seconds))] if seconds else ["", ""]
        counts = (len(seconds), sentences, len(words), len(set(words)), round(sum(seconds)))
        table.add_row(split, *(f"{count:,}" for count in counts), *ends)
    Console(highlight=False).print(table)
    for fault in faults[:5]:
        console.print(f"m2l: {fault}", soft_wrap=True, highlight=False)
    if faults:
        console.print(f"m2l: {len(faults)} recordings cannot be read", highlight=False)
    return 1 if faults else 0
