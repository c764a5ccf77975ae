"""Team: processes that describe the recordings of requests, one each at a time, for threads that wait for them."""

from __future__ import annotations

import queue
from functools import partial
from typing import Any

from motion2language.captioning.workers import Worker, WorkerDiedError
from motion2language.server.describe import Describer, DescribeRequest


class Team:
    """Called as `describer` is, by at most as many threads at a time as it has processes."""

    def __init__(self, describer: Describer, processes: int) -> None:
        self._make = partial(_itself, describer)
        self._workers = [Worker(self._make) for _ in range(processes)]
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def __call__(self, model: str, request: DescribeRequest) -> dict[str, Any]:
        """The answer to a request; WorkerDiedError when the process dies, in whose place another one begins."""
        worker = self._idle.get()
        try:
            worker.begin(model, request)
            answer: dict[str, Any] = worker.result()
            return answer
        except WorkerDiedError:
            worker.stop()
            self._workers.remove(worker)
            worker = Worker(self._make)
            self._workers.append(worker)
            raise
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.stop()


def _itself(describer: Describer) -> Describer:
    return describer
