"""Opening a store, or making it if it does not exist; also a table with one number per file of a corpus.

One run makes a store, in several processes if that is faster; other runs that need the same one wait. When a run dies
its lock is released, and the next run goes on from where it stopped. A store is NAME.partial until it is complete, then
NAME.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import pickle
import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from motion2language.data.progress import is_quiet, progress_bar
from motion2language.data.store.layout import ADVICE, VALUES, Header, Journal, Record, Store
from motion2language.data.store.location import PARTIAL, lock_path
from motion2language.files import Lock, write_text

File = TypeVar("File")

ALONE = 2.0  # seconds that one process reads before it starts others, which takes about 1 s; chosen
LARGE = 200e6  # bytes of a store whose size is told before it is made, with how to do without; chosen
CHUNK = 8  # motions that a process reads at a time; chosen


@dataclass(frozen=True)
class StoreSpec:
    """What goes into a store.

    name    of its folder; a store with another title, count or key is replaced
    title   its name in messages
    key     hash of everything that the motions depend on
    makers  one per motion, may be called in any process; a ValueError or OSError marks the motion as unreadable
    pack    turns what a maker returns into a record
    """

    name: str
    title: str
    key: str
    makers: Sequence[Callable[[], Any]]
    pack: Callable[[Any], Record]

    @property
    def header(self) -> Header:
        """The header that the store gets."""
        return Header(self.title, len(self.makers), self.key)


def open_or_make(directory: Path, spec: StoreSpec) -> Store:
    """The store in `directory`, made if it does not exist; one line on standard error reports which.

    ValueError when it cannot be written; the next call goes on from what was written.
    """
    folder = directory / spec.name
    store = _open_finished(folder, spec)
    if store is None:
        _make_directory(directory)
        try:
            lock = _acquire_lock(folder, spec)
        except OSError as error:
            raise _no_store_error(directory, error) from None
        try:
            store = _open_finished(folder, spec, report_damage=True)
            store = _make(folder, spec) if store is None else store
        finally:
            lock.release()
    return store


def _open_finished(folder: Path, spec: StoreSpec, *, report_damage: bool = False) -> Store | None:
    """The finished store; None when it does not exist, is damaged, or was made from something else."""
    try:
        store = Store(folder)
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as error:
        if report_damage:  # without the lock, another run may be writing it
            _report(f"{spec.title}: the store is damaged and is made again ({error})")
        return None
    if store.header != spec.header:
        return None
    _report(f"{spec.title}: {len(store):,} recordings in the store {folder}")
    return store


def _acquire_lock(folder: Path, spec: StoreSpec) -> Lock:
    """Lock a store; RuntimeError in a worker process that is still starting, whose parent holds the lock."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # the check of multiprocessing itself
        raise RuntimeError(
            "a worker process that helps to make a store runs the whole script again; put what the script does under "
            "if __name__ == '__main__':"
        )
    lock = Lock(lock_path(folder))
    if not lock.acquire(wait=False):
        _report(f"{spec.title}: another run is making the store {folder}; waiting for it")
        lock.acquire()
    return lock


def _make(folder: Path, spec: StoreSpec) -> Store:
    started, partial, count = time.monotonic(), folder.with_name(folder.name + PARTIAL), len(spec.makers)
    try:
        if folder.exists():  # outdated or damaged
            shutil.rmtree(folder)
        with Journal(partial, spec.header) as journal, progress_bar() as progress:
            first = len(journal)
            bar = progress.add_task(spec.title, total=count, completed=first)
            read = 0
            for number, record in enumerate(_records(spec, first), start=1):
                read += _count_bytes(record)
                if number == CHUNK and not first:
                    _announce(spec, folder, count * read / number)
                journal.add(record)
                progress.advance(bar)
        partial.rename(folder)
    except BrokenProcessPool:
        raise ValueError(
            f"{spec.title}: a process that read recordings was killed, perhaps for lack of memory; what was "
            "read is stored, and the same command goes on from there (a script of your own needs "
            "if __name__ == '__main__':)"
        ) from None
    resumed = f", {first:,} of them before" if first else ""
    size, seconds = (folder / VALUES).stat().st_size / 1e6, time.monotonic() - started
    _report(f"{spec.title}: {count:,} recordings stored in {folder} ({size:,.1f} MB, {seconds:.1f} s{resumed})")
    return Store(folder)


def _count_bytes(record: Record | None) -> int:
    if record is None:
        return 0
    return record.motion.positions.nbytes + (0 if record.motion.angles is None else record.motion.angles.nbytes)


def _announce(spec: StoreSpec, folder: Path, size: float) -> None:
    """Report the size, in bytes, that a large store will have, and how to do without it."""
    if size >= LARGE:
        _report(
            f"{spec.title}: the store will take about {size / 1e6:,.0f} MB in {folder.parent}; --no-store does without "
            "it, m2l data store --delete deletes it"
        )


def _records(spec: StoreSpec, first: int) -> Iterator[Record | None]:
    """What the makers give, in order from `first` on: here for ALONE seconds, then in one process per core."""
    started, workers, makers = time.monotonic(), _count_cores(), spec.makers
    for number in range(first, len(makers)):
        make = makers[number]
        if time.monotonic() - started > ALONE and workers > 1 and _can_pickle(make):
            yield from _records_from_processes(spec, number, workers)
            return
        yield _attempt(make, spec.pack)


def _records_from_processes(spec: StoreSpec, first: int, workers: int) -> Iterator[Record | None]:
    makers, count = spec.makers, len(spec.makers)
    chunks = (range(number, min(number + CHUNK, count)) for number in range(first, count, CHUNK))
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _ignore_interrupts)
    try:
        tasks = (pool.submit(_attempts, [makers[number] for number in chunk], spec.pack) for chunk in chunks)
        waiting = deque(
            itertools.islice(tasks, 2 * workers)
        )  # few at a time: records that are not written yet stay in memory
        while waiting:
            yield from waiting.popleft().result()
            waiting.extend(itertools.islice(tasks, 1))
    finally:
        pool.shutdown(cancel_futures=True)


def _attempts(makers: Sequence[Callable[[], Any]], pack: Callable[[Any], Record]) -> list[Record | None]:
    return [_attempt(make, pack) for make in makers]


def _attempt(make: Callable[[], Any], pack: Callable[[Any], Record]) -> Record | None:
    try:
        return pack(make())
    except (ValueError, OSError):  # reported to whoever asks for this recording
        return None


def _can_pickle(make: Callable[[], Any]) -> bool:
    """Whether a maker can be sent to another process."""
    try:
        pickle.dumps(make)
    except (TypeError, AttributeError, pickle.PicklingError):
        return False
    return True


def _count_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent process, which stops the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def open_or_count(path: Path, title: str, key: str, count: Callable[[File], int], files: Sequence[File]) -> list[int]:
    """`count` of each file, such as its frames, from the table at `path`; made if it is missing, damaged or outdated.

    title  its name in `m2l data store` and the progress bar
    key    hash of everything that the numbers depend on, taken before this call

    Runs that need the same table at once each count, and write it atomically. ValueError when it cannot be written.
    """
    numbers = _read_table(path, key, len(files))
    if numbers is None:
        _make_directory(path.parent)
        with progress_bar() as bar:
            numbers = [count(file) for file in bar.track(files, description=title)]
        try:
            write_text(path, json.dumps({"title": title, "key": key, "numbers": numbers}) + "\n")
        except ValueError as error:
            raise ValueError(f"{error}; {ADVICE}") from None
    return numbers


def _read_table(path: Path, key: str, length: int) -> list[int] | None:
    """The numbers of a complete table with this key, else None."""
    try:
        table = json.loads(path.read_bytes())
        numbers = table["numbers"] if table["key"] == key else []
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    complete = isinstance(numbers, list) and len(numbers) == length and all(type(number) is int for number in numbers)
    return numbers if complete else None


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_store_error(directory, error) from None


def _no_store_error(directory: Path, error: OSError) -> ValueError:
    return ValueError(f"{directory}: cannot hold a store ({error.strerror}); {ADVICE}")


def _report(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True, quiet=is_quiet()).print(f"m2l: {text}", markup=False)
