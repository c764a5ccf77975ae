"""Exit statuses of the command line, and errors that have one of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from motion2language.files import one_line

FAILED = 1  # some recordings failed, or the command did
WRONG_USE = 2  # found before anything was read
NOTHING_DONE = 3  # no recording was described
STOPPED = 130  # by Ctrl-C


class CommandError(ValueError):
    """An error in one line, with an exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def exit_status(status: int) -> Iterator[None]:
    """What a user can cause in this block ends the command with this status."""
    try:
        yield
    except (CommandError, BrokenPipeError):
        raise
    except (ValueError, OSError) as error:
        raise CommandError(one_line(error), status) from None
