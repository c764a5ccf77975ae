"""m2l data store."""

from __future__ import annotations

from pathlib import Path


def store(*, store: Path | None = None, delete: bool = False) -> int:
    """List cached corpora and their sizes, or delete them.

    Parameters
    ----------
    store
        The cache folder. Default: MOTION2LANGUAGE_STORE, else motion2language in the user's cache folder.
    delete
        Delete everything in it.
    """
    from rich.console import Console
    from rich.table import Table

    from motion2language.data import store as stores

    folder = store or stores.default_folder()
    if folder is None:
        raise ValueError(f"{stores.VARIABLE} turns the store off; give its folder with --store")
    entries = stores.list_stores(folder)
    table = Table("store", "of", "recordings", "MB", box=None)
    table.columns[0].overflow = "fold"  # names are never shortened
    for entry in entries:
        unfinished = "" if entry.motions == entry.count else f" of {entry.count:,}"
        table.add_row(entry.path.name, entry.title, f"{entry.motions:,}{unfinished}", f"{entry.size / 1e6:,.1f}")
    console = Console(highlight=False)
    if entries:
        console.print(table)
    if delete:
        stores.delete(entries)
    done = "deleted" if delete else "kept"
    size = sum(entry.size for entry in entries) / 1e6
    console.print(f"{folder}: {len(entries)} stores {done}, {size:,.1f} MB", soft_wrap=True)
    return 0
