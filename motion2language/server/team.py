"""Team: processes that read and describe the recordings of requests for threads that wait, one or several at a time.

A recording is of a stranger. A process that takes too long for what it was given, or too much memory, is ended with all
that it holds, and another takes its place, so that no core is lost.
"""

from __future__ import annotations

import queue
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from motion2language.captioning.workers import Worker, WorkerDiedError, WorkerLateError
from motion2language.server.describe import Answer, Describer, DescribeRequest

STARTING = 60.0  # seconds in which a process must start; chosen


class Team:
    """Called as `describer` is, by at most as many threads at a time as it has processes."""

    def __init__(self, describer: Describer, processes: int) -> None:
        self.describer, self.limits = describer, describer.limits
        self._members = [_Member(describer) for _ in range(processes)]
        self._idle: queue.SimpleQueue[_Member] = queue.SimpleQueue()
        for member in self._members:
            member.start()
            self._idle.put(member)

    def __call__(self, model: str, request: DescribeRequest) -> dict[str, Any]:
        """The answer to a request.

        ValueError when it takes too long or too much memory; WorkerDiedError when the process dies.
        """
        member = self._idle.get()
        try:
            (answer,) = member.describe(model, [request])
            if isinstance(answer, Exception):
                raise answer
            return answer
        except WorkerLateError:
            member.stop()
            raise ValueError(
                f"{request.label}: not described in {self.limits.seconds:g} s; cut the recording, or use m2l caption"
            ) from None
        except MemoryError:
            member.stop()
            raise ValueError(
                f"{request.label}: needs more than {self.limits.gigabytes:g} GB of memory; cut the recording, or use "
                "m2l caption"
            ) from None
        except WorkerDiedError:
            member.stop()
            raise
        finally:
            self._idle.put(member)

    def describe_all(self, asked: Sequence[tuple[str, DescribeRequest]]) -> list[Answer]:
        """The answer to each of several requests to one model, or its error; any error when they fail together."""
        member = self._idle.get()
        try:
            return member.describe(asked[0][0], [request for _, request in asked])
        except BaseException:
            member.stop()
            raise
        finally:
            self._idle.put(member)

    def close(self) -> None:
        """End all processes."""
        for member in self._members:
            member.stop()


class _Member:
    """A process, started when it is missing, and the folder of its temporary files, which goes with it."""

    def __init__(self, describer: Describer) -> None:
        self.describer = describer
        self.worker: Worker | None = None
        self.ready = False
        self.folder = ""

    def start(self) -> Worker:
        if self.worker is None:
            self.folder = tempfile.mkdtemp(prefix="m2l-")
            self.worker = Worker(
                partial(_in_folder, self.describer, self.folder), int(1e9 * self.describer.limits.gigabytes)
            )
            self.worker.begin()
            self.ready = False
        return self.worker

    def describe(self, model: str, requests: Sequence[DescribeRequest]) -> list[Answer]:
        worker = self.start()
        if not self.ready:  # a busy machine's time to start a process is not the recording's
            worker.result(STARTING)
            self.ready = True
        worker.begin(model, requests)
        answers: list[Answer] = worker.result(self.describer.limits.seconds)
        return answers

    def stop(self) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.stop()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)  # what a killed process could not remove itself


def _in_folder(describer: Describer, folder: str) -> Callable[[str, Sequence[DescribeRequest]], list[Answer]]:
    """What describes requests, in a process whose temporary files are in a folder."""
    tempfile.tempdir = folder
    return describer.describe_all
