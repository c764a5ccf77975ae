"""m2l data store."""

from __future__ import annotations

from pathlib import Path


def store(*, store: Path | None = None, delete: bool = False) -> int:
    """Say what of corpora is kept on disk so that it need not be read again, and how large it is; or delete it.

    Parameters
    ----------
    store
        The folder; without it MOTION2LANGUAGE_STORE, or motion2language in the user's cache folder.
    delete
        Delete all of it.
    """
    from rich.console import Console
    from rich.table import Table

    from motion2language.data import store as stores

    folder = store or stores.default_folder()
    if folder is None:
        raise ValueError(f"{stores.VARIABLE} says that there is no store; give its folder with --store")
    there = stores.kept(folder)
    table = Table("store", "of", "recordings", "MB", box=None)
    table.columns[0].overflow = "fold"  # a name is whole
    for one in there:
        unfinished = "" if one.motions == one.count else f" of {one.count:,}"
        table.add_row(one.folder.name, one.title, f"{one.motions:,}{unfinished}", f"{one.size / 1e6:,.1f}")
    console = Console(highlight=False)
    if there:
        console.print(table)
    if delete:
        stores.delete(there)
    did = "deleted" if delete else "kept"
    console.print(
        f"{folder}: {len(there)} stores {did}, {sum(one.size for one in there) / 1e6:,.1f} MB", soft_wrap=True
    )
    return 0
