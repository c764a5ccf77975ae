"""Making a store, or opening the one that is there; the same for a table with a number for each file of a corpus.

One run makes it, in several processes where that pays; others that want the same one wait. One that died holds nobody
up: its lock ends with it, and the next goes on where it was. A store is NAME.partial until it is whole, then NAME.
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

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from motion2language.data.store.layout import ADVICE, VALUES, Head, Journal, Made, Store
from motion2language.data.store.place import PARTIAL, place_of_lock
from motion2language.files import write_text

File = TypeVar("File")

ALONE = 2.0  # seconds that one process reads before it starts others, which takes about one; chosen
CHUNK = 8  # motions that a process reads at a time; chosen


@dataclass(frozen=True)
class Contents:
    """What a store is to hold.

    name    of its folder; the store of other contents that lies there is replaced
    title   what messages call it
    key     hash of all that the motions depend on
    makers  one for each motion, to be called in any process; ValueError or OSError leaves it out
    pack    what is to be stored of what a maker gives
    """

    name: str
    title: str
    key: str
    makers: Sequence[Callable[[], Any]]
    pack: Callable[[Any], Made]

    @property
    def head(self) -> Head:
        """What the store says of itself."""
        return Head(self.title, len(self.makers), self.key)


def open_or_make(directory: Path, contents: Contents) -> Store:
    """The store of these contents in `directory`, made if it is not there; one line on standard error says which.

    ValueError when it cannot be written; what was written by then is kept and gone on from.
    """
    folder = directory / contents.name
    found = _there(folder, contents)
    if found is None:
        _make_directory(directory)
        try:
            lock = _locked(folder, contents)
        except OSError as error:
            raise _cannot_hold(directory, error) from None
        try:
            found = _there(folder, contents, say_damage=True)
            found = _make(folder, contents) if found is None else found
        finally:
            lock.release()
    return found


def _there(folder: Path, contents: Contents, *, say_damage: bool = False) -> Store | None:
    """The finished store of these contents; None when there is none, or another, or a damaged one."""
    try:
        store = Store(folder)
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as error:
        if say_damage:  # only who holds the lock knows that nobody is at it
            _tell(f"{contents.title}: the store is damaged and is made again ({error})")
        return None
    if store.head != contents.head:
        return None
    _tell(f"{contents.title}: {len(store):,} recordings in the store {folder}")
    return store


def _locked(folder: Path, contents: Contents) -> FileLock:
    """The lock of a store, held; RuntimeError in a process that is only being started by the one that holds it."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # as multiprocessing itself finds out
        raise RuntimeError(
            "a process that is to help making a store runs the whole script again; put what the script does under "
            "if __name__ == '__main__':"
        )
    lock = FileLock(place_of_lock(folder))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _tell(f"{contents.title}: another run is making the store {folder}; waiting for it")
        lock.acquire()
    return lock


def _make(folder: Path, contents: Contents) -> Store:
    started, partial, count = time.monotonic(), folder.with_name(folder.name + PARTIAL), len(contents.makers)
    try:
        if folder.exists():  # outdated or damaged
            shutil.rmtree(folder)
        with Journal(partial, contents.head) as journal, _progress() as shown:
            first = len(journal)
            bar = shown.add_task(contents.title, total=count, completed=first)
            for made in _made(contents, first):
                journal.add(made)
                shown.advance(bar)
        partial.rename(folder)
    except BrokenProcessPool:
        raise ValueError(
            f"{contents.title}: a process that read recordings was killed, for want of memory perhaps; what was "
            "read is stored, and the same command goes on from there (a script of your own needs "
            "if __name__ == '__main__':)"
        ) from None
    resumed = f", {first:,} of them before" if first else ""
    size, seconds = (folder / VALUES).stat().st_size / 1e6, time.monotonic() - started
    _tell(f"{contents.title}: {count:,} recordings stored in {folder} ({size:,.1f} MB, {seconds:.1f} s{resumed})")
    return Store(folder)


def _made(contents: Contents, first: int) -> Iterator[Made | None]:
    """What the makers make, in order: alone as long as that is quick, then in a process for each core."""
    started, workers, makers = time.monotonic(), _cores(), contents.makers
    for number in range(first, len(makers)):
        make = makers[number]
        if time.monotonic() - started > ALONE and workers > 1 and _can_travel(make):
            yield from _in_processes(contents, number, workers)
            return
        yield _attempt(make, contents.pack)


def _in_processes(contents: Contents, first: int, workers: int) -> Iterator[Made | None]:
    makers, count = contents.makers, len(contents.makers)
    chunks = (range(number, min(number + CHUNK, count)) for number in range(first, count, CHUNK))
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _leave_stopping_to_the_first)
    try:
        tasks = (pool.submit(_attempts, [makers[number] for number in chunk], contents.pack) for chunk in chunks)
        waiting = deque(itertools.islice(tasks, 2 * workers))  # few at a time: what is made but not written is held
        while waiting:
            yield from waiting.popleft().result()
            waiting.extend(itertools.islice(tasks, 1))
    finally:
        pool.shutdown(cancel_futures=True)


def _attempts(makers: Sequence[Callable[[], Any]], pack: Callable[[Any], Made]) -> list[Made | None]:
    return [_attempt(make, pack) for make in makers]


def _attempt(make: Callable[[], Any], pack: Callable[[Any], Made]) -> Made | None:
    try:
        return pack(make())
    except (ValueError, OSError):  # said by who asks for this recording
        return None


def _can_travel(make: Callable[[], Any]) -> bool:
    """Whether a maker can be sent to another process."""
    try:
        pickle.dumps(make)
    except (TypeError, AttributeError, pickle.PicklingError):
        return False
    return True


def _cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _leave_stopping_to_the_first() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def open_or_count(path: Path, title: str, key: str, count: Callable[[File], int], files: Sequence[File]) -> list[int]:
    """`count` of each file, such as its frames, from the table at `path`; made if it is missing, damaged or outdated.

    title  what `m2l data store` and the progress bar call it
    key    hash of all that the numbers depend on, taken before this is called

    Runs that want the same table at once each count, and write it whole. ValueError when it cannot be written.
    """
    numbers = _read_table(path, key, len(files))
    if numbers is None:
        _make_directory(path.parent)
        with _progress() as bar:
            numbers = [count(file) for file in bar.track(files, description=title)]
        try:
            write_text(path, json.dumps({"title": title, "key": key, "numbers": numbers}) + "\n")
        except ValueError as error:
            raise ValueError(f"{error}; {ADVICE}") from None
    return numbers


def _read_table(path: Path, key: str, length: int) -> list[int] | None:
    """The numbers of a whole table of this key, else None."""
    try:
        table = json.loads(path.read_bytes())
        numbers = table["numbers"] if table["key"] == key else []
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    whole = isinstance(numbers, list) and len(numbers) == length and all(type(number) is int for number in numbers)
    return numbers if whole else None


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_hold(directory, error) from None


def _cannot_hold(directory: Path, error: OSError) -> ValueError:
    return ValueError(f"{directory}: cannot hold a store ({error.strerror}); {ADVICE}")


def _progress() -> Progress:
    """A bar on standard error that goes when it is full; none where that is no terminal."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _tell(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"m2l: {text}", markup=False)
