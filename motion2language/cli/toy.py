"""m2l data toy."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.written import show_written


def toy(folder: Path, /) -> int:
    """Make a small set of everything: labelled takes, sentences, a benchmark, transcripts and corrections.

    Every command of the guides can be tried on it: cd into the folder, and type them as they are printed.

    Parameters
    ----------
    folder
        The folder to make.
    """
    from motion2language.cli.caption import SAMPLES
    from motion2language.data.progress import show_progress
    from motion2language.data.synthesis.toy import write_toy

    with show_progress() as step:
        write_toy(folder, sorted(SAMPLES.glob("*.bvh")), step)
    show_written(folder, "30 takes, their labels and sentences, a benchmark, transcripts and corrections")
    return 0
