"""Hashes of what a store depends on: files by path, size and modification time; values; our own code.

Files are not read for it, because that would take as long as making the store. A file that changes while its size and
its modification time, to the nanosecond, stay the same goes unnoticed; delete the store then. Whole modules are hashed,
so that no change of a reader is missed.

What goes into a key is decided where a store is opened: data/corpora/__init__.py for a corpus, corpora/kit.py for its
table of frames, training/prepare.py for recordings as a model reads them. A store with another key is replaced
(filling.py).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import types
import zipfile
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).parents[2]


def digest(parts: Iterable[object]) -> str:
    """A hash of values, the same in every process; TypeError for one it cannot hash fully: a folder, an open file."""
    result, known = hashlib.sha256(), dict[int, tuple[object, str]]()
    for part in parts:
        words: list[str] = []
        _describe(part, words, known)
        result.update("\0".join([*words, ""]).encode("utf-8"))
    return result.hexdigest()[:32]


def _describe(value: object, words: list[str], known: dict[int, tuple[object, str]]) -> None:
    """Append everything that identifies a value to `words`; `known` are files and dataclasses described before."""
    if value is None or isinstance(value, str | int | float | bool | bytes):
        words.append(f"{type(value).__name__} {value!r}")
    elif isinstance(value, tuple | list):
        words.append(f"{type(value).__name__} {len(value)}")
        for part in value:
            _describe(part, words, known)
    elif isinstance(value, dict):
        _describe([part for pair in value.items() for part in pair], words, known)
    elif isinstance(value, functools.partial):
        _describe((value.func, value.args, value.keywords), words, known)
    elif isinstance(value, types.FunctionType | type) and "<" not in value.__qualname__:  # no lambda, nothing local
        words.append(f"{value.__module__}.{value.__qualname__}")
    elif id(value) in known:
        words.append(known[id(value)][1])
    else:
        own = _file(value) if isinstance(value, Path | zipfile.Path) else _fields(value, known)
        known[id(value)] = value, "\0".join(own)  # keep the value, so that no other gets its id
        words += own


def _fields(value: object, known: dict[int, tuple[object, str]]) -> list[str]:
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"a {type(value).__name__}")
    words = [f"{type(value).__module__}.{type(value).__qualname__}"]
    for field in dataclasses.fields(value):
        _describe(getattr(value, field.name), words, known)
    return words


def code(*units: str) -> tuple[str, ...]:
    """Hashes of units of the package: their modules and the tables beside them."""
    files = (file for unit in units for file in sorted(_files(unit)))
    return tuple(f"{file.relative_to(PACKAGE)} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files)


def _files(unit: str) -> list[Path]:
    folder = PACKAGE / unit
    if not folder.is_dir():
        return [folder.with_suffix(".py")]
    return [file for file in folder.rglob("*") if file.suffix in (".py", ".toml", ".tsv")]


def _file(path: Path | zipfile.Path) -> list[str]:
    if isinstance(path, zipfile.Path):
        return [*_file(Path(str(path.root.filename))), path.at]
    if path.is_dir():
        raise TypeError("a folder")
    files = [path, *sorted(path.parent.glob("*.asf"))] if path.suffix.lower() == ".amc" else [path]  # its skeleton
    states = [(file.name, file.stat()) for file in files if file.exists()]
    return [str(path.absolute()), *(f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in states)]
