"""m2l data compose, m2l data labels and m2l data statistics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from motion2language.cli.options import Input


def compose(
    *,
    clips: Path,
    out: Path,
    labels: Path | None = None,
    pattern: str | None = None,
    phrases: Path | None = None,
    train: int = 3000,
    val: int = 300,
    test: int = 300,
    seed: int = 11,
    rate: float = 10.0,
    source: Input = Input(),
) -> int:
    """Make a benchmark of labelled clips: a few joined to each motion, sentences, exact segments.

    Parameters
    ----------
    clips
        Folder of motion files, or an archive X.npz with X.json beside it.
    out
        The pair OUT.npz and OUT.json is written, which the corpus compose reads.
    labels
        CSV with the columns file and label and, if wanted, style and split.
    pattern
        Instead: labels from the files' names, as by '(?P<label>[a-z-]+)_[0-9]+'.
    phrases
        TOML file of what is said of each label, instead of the one that comes with the package.
    train
        Motions for training; no clip is in two splits.
    val
        Motions for validation.
    test
        Motions for testing.
    seed
        The same seed, clips and phrases give the same files.
    rate
        Frames a second of the motions.
    source
        What the files cannot say themselves.
    """
    from motion2language.data import composing
    from motion2language.data.clips import find_clips

    sizes = {"train": train, "val": val, "test": test}
    if min(sizes.values()) < 0 or sum(sizes.values()) == 0:
        raise ValueError(f"{train} + {val} + {test} motions; give at least one")
    if not 1 <= rate <= 1000:
        raise ValueError(f"--rate {rate}: give 1 to 1000 frames a second")
    written = composing.pair(out)
    if clips.resolve() in [path.resolve() for path in written]:
        raise ValueError(f"--out {out}: would replace the clips; name another")
    found = find_clips(clips, labels, pattern, lambda path, fps: replace(source, fps=fps or source.fps).read(path))
    said = composing.load_phrases(phrases)
    with _bar() as step:
        used = composing.write(out, found, said, composing.RECIPE, sizes, seed, rate, step)
    for split, size in sizes.items():
        if size:
            print(f"{split}: {size} motions of {used[split]} clips")
    print(*written, sep="\n")
    return 0


def labels(folder: Path, /, *, pattern: str, seed: int = 11) -> int:
    """Write labels.csv into a folder of clips: labels from the files' names, splits by label.

    Parameters
    ----------
    folder
        Folder of motion files.
    pattern
        Regular expression with a group named label and, if wanted, style and split: '(?P<label>[a-z-]+)_[0-9]+'.
    seed
        Of the splits.
    """
    from collections import Counter

    from motion2language.data import clips
    from motion2language.files import write_text

    found = clips.find_clips(folder, pattern=pattern)
    write_text(folder / clips.LABELS, clips.to_csv(clips.split_clips(found, seed)))
    counts = sorted(Counter(clip.label for clip in found).items())
    print(f"{folder / clips.LABELS}: {len(found)} clips, {', '.join(f'{label} {count}' for label, count in counts)}")
    return 0


def statistics(*roots: Path, dataset: str = "compose") -> int:
    """Show what corpora hold, side by side: motions, actions, durations, pauses, verbs, sentences.

    Parameters
    ----------
    roots
        Where the corpora lie on disk.
    dataset
        What kind of corpus they are.
    """
    from motion2language.data import corpora
    from motion2language.data.statistics import statistics as lay_out

    if not roots:
        raise ValueError("name at least one corpus")
    splits = ("train", "val", "test")
    columns = {
        root.stem: [sample for split in splits for sample in corpora.load(dataset, root, split)] for root in roots
    }
    if len(columns) < len(roots):
        raise ValueError("two corpora have the same name; rename one, names are the table's columns")
    empty = [name for name, samples in columns.items() if not samples]
    if empty:
        raise ValueError(f"{empty[0]}: holds no motions")
    print(lay_out(columns))
    return 0


@contextmanager
def _bar() -> Iterator:
    """A progress bar on standard error; the step to call before each thing done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict = {}

        def step(what: str, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.advance(tasks[what])

        yield step
