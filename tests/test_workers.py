"""What a worker process gives to its parent, MemoryError where memory is short; and how it ends when asked to."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from motion2language.captioning.workers import Worker


class TwoWordsError(Exception):
    """Cannot be pickled: it is made of two words and says one."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} {other}")


def raises(error: str) -> None:
    if error == "two words":
        raise TwoWordsError("two", "words")
    if error == "memory":
        raise MemoryError("no room")
    if error == "value":
        raise ValueError("3 frames")
    raise ImportError(error)


def make() -> Callable[[str], None]:
    return raises


class Removed:
    """Its removal, a callback of Python's own, marks that it began and takes a minute."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __del__(self) -> None:
        self.mark.touch()
        time.sleep(60)


def make_removed() -> Callable[[Path], None]:
    return lambda mark: Removed(mark) and None


@pytest.fixture(scope="module")
def worker():
    own = Worker(make)
    yield own
    own.stop()


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("memory", MemoryError, ""),
        ("/lib/_rust.abi3.so: failed to map segment from shared object", MemoryError, ""),
        ("cannot import name 'load'", ImportError, "cannot import name 'load'"),
        ("value", ValueError, "3 frames"),
        ("two words", RuntimeError, "TwoWordsError: two words"),
    ],
)
def test_an_error_of_a_task_comes_to_the_caller(error, kind, words, worker):
    worker.begin(error)
    with pytest.raises(kind) as raised:
        worker.result(60)
    assert type(raised.value) is kind
    assert str(raised.value) == words


@pytest.mark.skipif(sys.platform == "win32", reason="a process is ended there without being asked")
def test_a_process_asked_to_end_within_a_callback_ends_and_prints_nothing(tmp_path, capfd):
    own = Worker(make_removed)
    own.begin(tmp_path / "mark")
    while not (tmp_path / "mark").exists():
        assert own._process.is_alive()
        time.sleep(0.01)
    own.stop()
    assert own._process.exitcode == 0
    assert capfd.readouterr().err == ""
