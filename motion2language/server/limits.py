"""Limits: how much the web app takes on; and RefusedError, what a request is told when it is not served."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much the app takes on; all chosen, all options of `m2l serve`."""

    megabytes: float = 64.0  # of one request
    minutes: float = 10.0  # of one recording
    waiting: int = 1000  # recordings in line, of all clients together
    waiting_megabytes: float = 512.0  # of these together

    def __post_init__(self) -> None:
        if not (self.megabytes > 0 and self.minutes > 0 and self.waiting >= 1 and self.waiting_megabytes > 0):
            raise ValueError(f"{self}: every limit must be above zero")


class RefusedError(Exception):
    """A request that is not served: an HTTP status and one sentence that says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
