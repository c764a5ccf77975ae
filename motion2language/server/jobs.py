"""JobQueue: threads do the jobs; clients take turns, so that a client with many files does not starve another.

A client's jobs begin in their order. A job that is cancelled before its turn is never done.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from motion2language.server.guard import RefusedError


@dataclass(eq=False)
class Job:
    """Work for a client; `result` is set when it is done. `size` is the bytes that it holds until then."""

    client: str
    work: Callable[[], Any]
    size: int = 0
    result: Future[Any] = field(default_factory=Future)


class JobQueue:
    """Jobs waiting for one of the threads that do them, at most `most`, together at most `most_bytes`."""

    def __init__(self, most: int, most_bytes: float, threads: int = 1) -> None:
        self.most, self.most_bytes = most, most_bytes
        self._clients: OrderedDict[str, deque[Job]] = OrderedDict()  # the next turn first
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._run, name="m2l-serve", daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def put(self, job: Job) -> None:
        """Queue a job; RefusedError when the queue is full."""
        with self._changed:
            self.require_room(job.size)
            self._clients.setdefault(job.client, deque()).append(job)
            self._changed.notify()

    def require_room(self, size: int) -> None:
        """RefusedError when a job of `size` bytes finds the queue full."""
        with self._changed:
            held = sum(waiting.size for jobs in self._clients.values() for waiting in jobs)
            if len(self) >= self.most or held + size > self.most_bytes:
                raise RefusedError(503, f"{len(self)} recordings are already waiting; try again later")

    def cancel(self, job: Job) -> None:
        """Remove a job from the queue; one that has begun is finished and its result dropped."""
        with self._changed:
            jobs = self._clients.get(job.client)
            if jobs is not None and job in jobs:
                jobs.remove(job)
                if not jobs:
                    del self._clients[job.client]
        job.result.cancel()

    def jobs_ahead(self, job: Job) -> int:
        """The number of jobs to be done before this one, as of now; 0 once it has begun."""
        with self._changed:
            jobs = self._clients.get(job.client)
            if jobs is None or job not in jobs:
                return 0
            rank, turn = list(jobs).index(job), list(self._clients).index(job.client)
            others = (
                min(len(queue), rank + (1 if position < turn else 0))
                for position, (client, queue) in enumerate(self._clients.items())
                if client != job.client
            )
            return rank + sum(others)

    def __len__(self) -> int:
        return sum(map(len, self._clients.values()))

    def close(self) -> None:
        """Stop the threads; waiting jobs are cancelled."""
        with self._changed:
            self._closed = True
            for jobs in self._clients.values():
                for job in jobs:
                    job.result.cancel()
            self._clients.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=30)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            if not job.result.set_running_or_notify_cancel():
                continue
            try:
                job.result.set_result(job.work())
            except BaseException as error:  # passed on to the job's client
                job.result.set_exception(error)

    def _next(self) -> Job | None:
        with self._changed:
            while not self._clients and not self._closed:
                self._changed.wait()
            if self._closed:
                return None
            client, jobs = self._clients.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._clients[client] = jobs  # behind all other clients
            return job
