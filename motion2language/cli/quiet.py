"""--quiet, an option of every command: errors alone are printed; files and the exit status tell the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

FLAGS = ("--quiet", "-q")
_TERMINAL = "TTY_COMPATIBLE"  # rich reads it: 0 means that nobody watches, so that no progress bar is drawn


def is_quiet(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for errors alone."""
    return not set(FLAGS).isdisjoint(arguments)


@contextmanager
def output_of(arguments: Sequence[str]) -> Iterator[list[str]]:
    """The arguments without --quiet; with it nothing reaches standard output, and no bar is drawn, in the block."""
    words = [word for word in arguments if word not in FLAGS]
    if not is_quiet(arguments):
        yield words
        return
    before = os.environ.get(_TERMINAL)
    os.environ[_TERMINAL] = "0"
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            yield words
    finally:
        if before is None:
            del os.environ[_TERMINAL]
        else:
            os.environ[_TERMINAL] = before
