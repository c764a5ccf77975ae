"""The files that say what a corpus holds: their JSON and lists of names; what is wrong with them, counted and named.

Nothing is left out in silence: what cannot be used is noted with its count, and a damaged file stops the reading with
a message that says how many others are damaged.
"""

from __future__ import annotations

import json
import warnings
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from motion2language.files import each_once, read_text

Place = Path | zipfile.Path
Read = TypeVar("Read")


def first_three(names: Sequence[str]) -> str:
    """The first three names, to show in a message."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def note(where: Path, message: str, names: Collection[str]) -> None:
    """Warn about names in `where` that are skipped; `{}` in the message is their count. No names, no warning."""
    if names:
        warnings.warn(f"{where}: {message.format(len(names))}: {first_three(sorted(set(names)))}", stacklevel=4)


def read_json(place: Place, expected: str) -> Any:
    """What a file of JSON holds; ValueError when it is none in UTF-8, or a name stands twice in one of its objects."""
    try:
        text = place.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{place}: not JSON in UTF-8 (byte {error.start}); expected {expected}") from None
    except (zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{place}: the zip is damaged ({error}); expected {expected}") from None
    try:
        return json.loads(text, object_pairs_hook=each_once)
    except json.JSONDecodeError as error:
        fault = "it is empty" if not text.strip() else f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise ValueError(f"{place}: not JSON in UTF-8 ({fault}); expected {expected}") from None
    except RecursionError:
        raise ValueError(f"{place}: not JSON in UTF-8 (too deep); expected {expected}") from None
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


def read_names(path: Path) -> list[str]:
    """The names of a split's list; ValueError when it is not text."""
    return [name for line in read_text(path, "one name per line").splitlines() if (name := line.strip())]


def read_each(what: str, read: Callable[[str], Read], names: Iterable[str]) -> dict[str, Read]:
    """What `read` gives for each name; ValueError with the first fault, and how many of `what` are damaged."""
    found: dict[str, Read] = {}
    faults: dict[str, str] = {}
    for name in names:
        try:
            found[name] = read(name)
        except ValueError as error:
            faults[name] = str(error)
    if faults:
        more = f" ({len(faults)} of {len(found) + len(faults)} {what} are damaged: {first_three(list(faults))})"
        raise ValueError(next(iter(faults.values())) + more)
    return found


def with_originals(listed: Mapping[str, str], where: Path) -> dict[str, str]:
    """Name -> split, a mirrored recording (its name after an M) in its original's, whatever the lists say; noted."""
    moved = {
        name: listed[name[1:]]
        for name in listed
        if name[:1] == "M" and listed.get(name[1:], listed[name]) != listed[name]
    }
    note(where, "{} mirrored recordings stood in another split than their original and go with it", moved)
    return {**listed, **moved}
