"""Where stores lie, what is there, and deleting it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from motion2language.data.store.keys import digest
from motion2language.data.store.layout import INDEX, TABLE, read_index

VARIABLE = "MOTION2LANGUAGE_STORE"  # the folder, where no option says it; or
NONE = "none"  # ... no store
PARTIAL = ".partial"  # ends the name of a store that is not finished
LOCK = ".lock"
UNREADABLE = "not to be read"


@dataclass(frozen=True)
class Kept:
    """A store or table on disk: its place, what it is of, motions there and in all when finished, bytes."""

    folder: Path
    title: str
    motions: int
    count: int
    size: int


def default_folder() -> Path | None:
    """The folder of the environment variable (None for "none"), else `motion2language` in the user's cache folder."""
    said = os.environ.get(VARIABLE)
    if said:
        return None if said == NONE else Path(said)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "motion2language"


def store_name(title: str, root: Path | None) -> str:
    """What a store or table of the corpus at `root` is called on disk."""
    place = "" if root is None else str(Path(root).resolve())
    return f"{title.replace(', ', '-')}-{digest([place])[:8]}"


def kept(folder: Path) -> list[Kept]:
    """The stores in a folder, finished or not, then the tables; what is damaged or of another version holds 0."""
    found = []
    for path in sorted(folder.glob(f"*/{INDEX}")):
        place = path.parent
        size = sum(file.stat().st_size for file in place.iterdir())
        try:
            index = read_index(place)
            found.append(Kept(place, index.head.title, len(index.entries), index.head.count, size))
        except (ValueError, FileNotFoundError):
            found.append(Kept(place, UNREADABLE, 0, 0, size))
    return found + [_kept_table(path) for path in sorted(folder.glob(f"*{TABLE}"))]


def _kept_table(path: Path) -> Kept:
    size = path.stat().st_size
    try:
        said = json.loads(path.read_bytes())
        return Kept(path, str(said["title"]), len(said["numbers"]), len(said["numbers"]), size)
    except (ValueError, LookupError, TypeError, RecursionError):
        return Kept(path, UNREADABLE, 0, 0, size)


def delete(stores: Sequence[Kept]) -> None:
    """Delete stores; ValueError, with nothing deleted, when a run is making one of them."""
    with ExitStack() as held:
        for path in {place_of_lock(store.folder) for store in stores}:
            try:
                held.enter_context(FileLock(path, timeout=0))
            except Timeout:
                raise ValueError(f"{path.with_suffix('')}: a run is making this store; stop it first") from None
        for store in stores:
            if store.folder.is_dir():
                shutil.rmtree(store.folder)
            else:
                store.folder.unlink(missing_ok=True)


def place_of_lock(folder: Path) -> Path:
    """The file whose lock a run holds while it makes the store `folder`."""
    return folder.with_name(folder.name.removesuffix(PARTIAL) + LOCK)
