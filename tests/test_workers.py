"""What a worker process gives to its parent: MemoryError where memory is short, else an error with its own words."""

from collections.abc import Callable

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
