"""A number for each file of a corpus, such as its frames: found by reading them once, then kept beside the stores.

Runs that want the same table at once each read the files and write it, whole; whichever stays is right.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from motion2language.data.store.filling import progress
from motion2language.data.store.layout import ADVICE
from motion2language.files import write_text

File = TypeVar("File")


def open_or_count(path: Path, title: str, key: str, count: Callable[[File], int], files: Sequence[File]) -> list[int]:
    """`count` of each file, from the table at `path`; made when it is not there, damaged, or of another key.

    title  what `m2l data store` and the progress bar call it
    key    hash of all that the numbers depend on, taken before this is called

    ValueError when it cannot be written.
    """
    found = _there(path, key, len(files))
    if found is None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"{path.parent}: cannot hold a store ({error.strerror}); {ADVICE}") from None
        with progress() as bar:
            found = [count(file) for file in bar.track(files, description=title)]
        try:
            write_text(path, json.dumps({"title": title, "key": key, "numbers": found}) + "\n")
        except ValueError as error:
            raise ValueError(f"{error}; {ADVICE}") from None
    return found


def _there(path: Path, key: str, length: int) -> list[int] | None:
    """The numbers of a whole table of this key; None when there is none."""
    try:
        said = json.loads(path.read_bytes())
        numbers = said["numbers"] if said["key"] == key else []
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    whole = isinstance(numbers, list) and len(numbers) == length and all(type(number) is int for number in numbers)
    return numbers if whole else None
