"""What the contents of a store depend on, as a hash: files by path, size and time of change; values; our own code.

Files are not read for it: that would take as long as making the store. One that became another while its size and its
time of change, to the nanosecond, stayed as they were is not noticed; delete the store then. Code is hashed whole, so
that no reader can change and be forgotten here.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import types
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def digest(parts: Iterable[object]) -> str:
    """A hash of values (as `described` takes them), alike in every process."""
    found = hashlib.sha256()
    for part in parts:
        for word in described(part):
            found.update(word.encode("utf-8") + b"\0")
    return found.hexdigest()[:32]


def described(value: object) -> Iterator[str]:
    """All that a value consists of. TypeError for what it cannot know all of, such as a folder or an open file."""
    if value is None or isinstance(value, str | int | float | bool | bytes):
        yield f"{type(value).__name__} {value!r}"
    elif isinstance(value, Path):
        yield from _file(value)
    elif isinstance(value, zipfile.Path):
        yield from _file(Path(str(value.root.filename)))
        yield value.at
    elif isinstance(value, functools.partial):
        yield from described((value.func, value.args, value.keywords))
    elif isinstance(value, types.FunctionType | type) and "<" not in value.__qualname__:  # no lambda, nothing local
        yield f"{value.__module__}.{value.__qualname__}"
    elif isinstance(value, dict):
        yield from described(tuple(value.items()))
    elif isinstance(value, tuple | list):
        yield f"{type(value).__name__} {len(value)}"
        for part in value:
            yield from described(part)
    elif dataclasses.is_dataclass(value):
        yield from described(type(value))
        for field in dataclasses.fields(value):
            yield from described(getattr(value, field.name))
    else:
        raise TypeError(f"a {type(value).__name__}")


def code(*units: str) -> tuple[str, ...]:
    """Hashes of units of the package: of their modules and of the tables beside them."""
    files = (file for unit in units for file in sorted(_files(unit)))
    return tuple(f"{file.relative_to(PACKAGE)} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files)


def _files(unit: str) -> list[Path]:
    folder = PACKAGE / unit
    if not folder.is_dir():
        return [folder.with_suffix(".py")]
    return [file for file in folder.rglob("*") if file.suffix in (".py", ".toml", ".csv", ".json")]


def _file(path: Path) -> Iterator[str]:
    yield str(path)
    if path.is_dir():
        raise TypeError("a folder")
    files = [path, *sorted(path.parent.glob("*.asf"))] if path.suffix.lower() == ".amc" else [path]  # its skeleton
    for file in files:
        if file.exists():
            state = file.stat()
            yield f"{file.name} {state.st_size} {state.st_mtime_ns}"
