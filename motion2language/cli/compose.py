"""m2l data compose and m2l data labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from motion2language.cli.options import Input

if TYPE_CHECKING:
    from rich.progress import TaskID


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
    """Make a benchmark from labelled clips: each motion joins a few, with sentences and exact segments.

    Parameters
    ----------
    clips
        Folder of motion files, or an archive X.npz with X.json beside it.
    out
        OUT.npz and OUT.json are written, the pair that the corpus compose reads.
    labels
        CSV with the columns file and label, and optionally style and split.
    pattern
        Take labels from the files' names instead, e.g. `(?P<label>[a-z-]+)_[0-9]+`.
    phrases
        TOML file of phrases for each label, instead of the packaged one.
    train
        Motions for training. No clip is in two splits.
    val
        Motions for validation.
    test
        Motions for testing.
    seed
        The same seed, clips and phrases give the same files.
    rate
        Frame rate of the motions.
    source
        What the files do not specify themselves.
    """
    from motion2language.data import composing
    from motion2language.data.clips import find_clips

    sizes = {"train": train, "val": val, "test": test}
    if min(sizes.values()) < 0 or sum(sizes.values()) == 0:
        raise ValueError(f"{train} + {val} + {test} motions; give at least one")
    if not 1 <= rate <= 1000:
        raise ValueError(f"--rate {rate}: give 1 to 1000 frames per second")
    targets = composing.pair(out)
    if clips.resolve() in [path.resolve() for path in targets]:
        raise ValueError(f"--out {out}: would replace the clips; name another")
    labelled = find_clips(clips, labels, pattern, lambda path, fps: replace(source, fps=fps or source.fps).read(path))
    with _show_progress() as advance:
        used = composing.write(
            out, labelled, composing.load_phrases(phrases), composing.RECIPE, sizes, seed, rate, advance
        )
    for split, size in sizes.items():
        if size:
            print(f"{split}: {size} motions of {used[split]} clips")
    print(*targets, sep="\n")
    return 0


def labels(folder: Path, /, *, pattern: str, seed: int = 11) -> int:
    """Write labels.csv into a folder of clips: labels from the files' names, splits by label.

    Parameters
    ----------
    folder
        Folder of motion files.
    pattern
        Regular expression with a group named label, and optionally style and split: `(?P<label>[a-z-]+)_[0-9]+`.
    seed
        Of the splits.
    """
    from collections import Counter

    from motion2language.data import clips
    from motion2language.files import write_text

    labelled = clips.find_clips(folder, pattern=pattern)
    write_text(folder / clips.LABELS, clips.to_csv(clips.split_clips(labelled, seed)))
    counts = sorted(Counter(clip.label for clip in labelled).items())
    print(f"{folder / clips.LABELS}: {len(labelled)} clips, {', '.join(f'{label} {count}' for label, count in counts)}")
    return 0


@contextmanager
def _show_progress() -> Iterator[Callable[[str, int], None]]:
    """A progress bar per stage on standard error; call what it gives, with stage and total, before each item."""
    from motion2language.data.progress import progress_bar

    with progress_bar() as progress:
        tasks: dict[str, TaskID] = {}

        def advance(stage: str, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.advance(tasks[stage])

        yield advance
