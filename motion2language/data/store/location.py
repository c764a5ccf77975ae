"""Where stores are on disk; listing and deleting them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from motion2language.data.store.keys import digest
from motion2language.data.store.layout import INDEX, TABLE, read_index
from motion2language.files import Lock

VARIABLE = "MOTION2LANGUAGE_STORE"  # the folder, unless --store gives it; or
NONE = "none"  # ... no store
PARTIAL = ".partial"  # suffix of an unfinished store
LOCK = ".lock"
UNREADABLE = "cannot be read"


@dataclass(frozen=True)
class StoreInfo:
    """A store or table on disk: its path, its title, motions so far and when finished, bytes."""

    path: Path
    title: str
    motions: int
    count: int
    size: int


def default_folder() -> Path | None:
    """The folder of the environment variable (None for "none"), else `motion2language` in the user's cache folder."""
    setting = os.environ.get(VARIABLE)
    if setting:
        return None if setting == NONE else Path(setting)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "motion2language"


def store_name(title: str, root: Path | None) -> str:
    """The name on disk of a store or table of the corpus at `root`."""
    absolute = "" if root is None else str(Path(root).resolve())
    return f"{title.replace(', ', '-')}-{digest([absolute])[:8]}"


def list_stores(folder: Path) -> list[StoreInfo]:
    """The stores in a folder, finished or not, then the tables; a damaged or outdated one counts as 0 motions."""
    stores = [_describe_store(path.parent) for path in sorted(folder.glob(f"*/{INDEX}"))]
    return stores + [_describe_table(path) for path in sorted(folder.glob(f"*{TABLE}"))]


def _describe_store(path: Path) -> StoreInfo:
    size = sum(file.stat().st_size for file in path.iterdir())
    try:
        index = read_index(path)
        return StoreInfo(path, index.header.title, len(index.entries), index.header.count, size)
    except (ValueError, FileNotFoundError):
        return StoreInfo(path, UNREADABLE, 0, 0, size)


def _describe_table(path: Path) -> StoreInfo:
    size = path.stat().st_size
    try:
        table = json.loads(path.read_bytes())
        return StoreInfo(path, str(table["title"]), len(table["numbers"]), len(table["numbers"]), size)
    except (ValueError, LookupError, TypeError, RecursionError):
        return StoreInfo(path, UNREADABLE, 0, 0, size)


def delete(stores: Sequence[StoreInfo]) -> None:
    """Delete stores; ValueError, with nothing deleted, when a run is making one of them."""
    with ExitStack() as locks:
        for path in {lock_path(store.path) for store in stores}:
            lock = Lock(path)
            if not lock.acquire(wait=False):
                raise ValueError(f"{path.with_suffix('')}: a run is making this store; stop it first")
            locks.callback(lock.release)
        for store in stores:
            if store.path.is_dir():
                shutil.rmtree(store.path)
            else:
                store.path.unlink(missing_ok=True)


def lock_path(folder: Path) -> Path:
    """The file that a run locks while it makes the store `folder`."""
    return folder.with_name(folder.name.removesuffix(PARTIAL) + LOCK)
