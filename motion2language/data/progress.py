"""The progress bar of long work: describing folders, making stores, composing benchmarks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

QUIET = "MOTION2LANGUAGE_QUIET"  # environment variable that --quiet sets, for worker processes as well


def is_quiet() -> bool:
    """Whether errors alone are to be printed."""
    return os.environ.get(QUIET) == "1"


def progress_bar() -> Progress:
    """A bar on standard error that disappears when it is full; hidden unless standard error is a terminal.

    Lines printed meanwhile stand above it; where standard output is a file or a pipe, they go there as they are.
    """
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        disable=not console.is_terminal,
    )


@contextmanager
def show_progress() -> Iterator[Callable[[str, int], None]]:
    """A progress bar per stage; call what it gives, with stage and total, at each item."""
    with progress_bar() as progress:
        tasks: dict[str, TaskID] = {}

        def advance(stage: str, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.advance(tasks[stage])

        yield advance
