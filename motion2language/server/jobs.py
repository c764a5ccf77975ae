"""JobQueue: threads do the jobs; clients take turns, so that a client with many files does not starve another.

A client's jobs begin in their order. A job that is cancelled before its turn is never done. While many wait, a thread
takes several that are alike at once, which takes less time; where they fail together, each is done by itself.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from motion2language.server.guard import RefusedError

TOGETHER = 8  # jobs done together at most; chosen: more of them take hardly less time each


@dataclass(eq=False)
class Job:
    """Work for a client; `result` is set when it is done.

    size    bytes that it holds until then
    kind    jobs of one kind may be done together; None: this one is done by itself
    asked   what is to be done, for a function that does several together
    """

    client: str
    work: Callable[[], Any]
    size: int = 0
    kind: Hashable = None
    asked: Any = None
    result: Future[Any] = field(default_factory=Future)


class JobQueue:
    """Jobs waiting for one of the threads that do them, at most `most`, together at most `most_bytes`.

    together  from what is asked of several jobs of one kind, the result or the error of each; None: no job is done
              together with others
    """

    def __init__(
        self,
        most: int,
        most_bytes: float,
        threads: int = 1,
        together: Callable[[Sequence[Any]], Sequence[Any]] | None = None,
    ) -> None:
        self.most, self.most_bytes, self.together = most, most_bytes, together
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
        while (taken := self._next()) is not None:
            jobs = [job for job in taken if job.result.set_running_or_notify_cancel()]
            if len(jobs) < 2 or not self._do_together(jobs):
                for job in jobs:
                    _do_alone(job)

    def _do_together(self, jobs: Sequence[Job]) -> bool:
        """Do jobs of one kind together; whether that went well."""
        try:
            results = self.together([job.asked for job in jobs]) if self.together else []
        except BaseException:  # whatever one of them did, the others must not suffer from it
            return False
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, Exception):
                job.result.set_exception(result)
            else:
                job.result.set_result(result)
        return True

    def _next(self) -> list[Job] | None:
        """The next job, with those of its kind whose turn is next; a fair share of all that wait."""
        with self._changed:
            while not self._clients and not self._closed:
                self._changed.wait()
            if self._closed:
                return None
            most = min(TOGETHER, -(-len(self) // len(self._threads)))
            taken = [self._take()]
            while self.together and taken[0].kind is not None and len(taken) < most and self._clients:
                if next(iter(self._clients.values()))[0].kind != taken[0].kind:
                    break
                taken.append(self._take())
            return taken

    def _take(self) -> Job:
        client, jobs = self._clients.popitem(last=False)
        job = jobs.popleft()
        if jobs:
            self._clients[client] = jobs  # behind all other clients
        return job


def _do_alone(job: Job) -> None:
    try:
        job.result.set_result(job.work())
    except BaseException as error:  # passed on to the job's client
        job.result.set_exception(error)
