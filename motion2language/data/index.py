"""Reading the files that list a corpus' contents, JSON and lists of names, and reporting what is wrong with them.

Nothing is skipped silently: a warning counts what cannot be used, and a damaged file is an error that also counts the
other damaged files.
"""

from __future__ import annotations

import json
import warnings
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from motion2language.files import read_text, reject_duplicates

AnyPath = Path | zipfile.Path
Read = TypeVar("Read")


def first_three(names: Sequence[str]) -> str:
    """The first three names, to show in a message."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def note(where: Path, message: str, names: Collection[str]) -> None:
    """Warn about names in `where` that are skipped; `{}` in the message is their count. No names, no warning."""
    if names:
        warnings.warn(f"{where}: {message.format(len(names))}: {first_three(sorted(set(names)))}", stacklevel=4)


def read_json(path: AnyPath, expected: str) -> Any:
    """The contents of a JSON file; ValueError unless it is JSON in UTF-8 whose objects repeat no name."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not JSON in UTF-8 (byte {error.start}); expected {expected}") from None
    except (zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: the zip is damaged ({error}); expected {expected}") from None
    try:
        return json.loads(text, object_pairs_hook=reject_duplicates)
    except json.JSONDecodeError as error:
        fault = "it is empty" if not text.strip() else f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise ValueError(f"{path}: not JSON in UTF-8 ({fault}); expected {expected}") from None
    except RecursionError:
        raise ValueError(f"{path}: not JSON in UTF-8 (too deep); expected {expected}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def read_names(path: Path) -> list[str]:
    """The names in a file, one per line, without empty lines; ValueError when it is not text."""
    return [name for line in read_text(path, "one name per line").splitlines() if (name := line.strip())]


def read_each(what: str, read: Callable[[str], Read], names: Iterable[str]) -> dict[str, Read]:
    """The result of `read` for each name; ValueError with the first fault and how many of `what` are damaged."""
    results: dict[str, Read] = {}
    faults: dict[str, str] = {}
    for name in names:
        try:
            results[name] = read(name)
        except ValueError as error:
            faults[name] = str(error)
    if faults:
        more = f" ({len(faults)} of {len(results) + len(faults)} {what} are damaged: {first_three(list(faults))})"
        raise ValueError(next(iter(faults.values())) + more)
    return results


def with_originals(listed: Mapping[str, str], where: Path) -> dict[str, str]:
    """Name -> split, with each mirrored recording (M and its name) moved to its original's split, with a warning."""
    moved = {
        name: listed[name[1:]]
        for name in listed
        if name[:1] == "M" and listed.get(name[1:], listed[name]) != listed[name]
    }
    note(where, "{} mirrored recordings were in another split than their original and are moved to it", moved)
    return {**listed, **moved}
