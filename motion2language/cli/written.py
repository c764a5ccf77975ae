"""The last line of a command that writes: what was written, and where; and files that are not replaced unasked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from motion2language.files import one_line, remove_leftovers

LISTED = 2  # files named one by one; of more their number and folder are printed; chosen

#: --out of a command that must be told where to write, and of one that need not.
Out = Annotated[Path, Parameter(alias="-o")]
OptionalOut = Annotated[Path | None, Parameter(alias="-o")]

#: --overwrite.
Overwrite = Annotated[bool, Parameter(negative="", help="Replace files that are there already.")]


def show_written(written: Path | Sequence[Path], what: str = "") -> None:
    """Print what was written: one or two files by name, more of them by their number and the folder they share.

    Removes what a killed command left of these files.
    """
    paths = [written] if isinstance(written, Path) else list(written)
    remove_leftovers(path for path in paths if path.is_file())
    if not paths:
        return
    many = f"{len(paths)} files in {shared_folder(paths)}"
    named = " and ".join(map(str, paths)) if len(paths) <= LISTED else many
    print(f"wrote {named}" + (f": {one_line(what)}" if what else ""))


def shared_folder(paths: Sequence[Path]) -> Path:
    """The innermost folder that holds all of the files, written as they are.

    >>> shared_folder([Path("a/b/x.json"), Path("a/c/y.json")]).as_posix()
    'a'
    """
    folders = {path.parent for path in paths}
    if len(folders) == 1:
        return folders.pop()
    if len({path.is_absolute() for path in paths}) > 1:
        folders = {folder.absolute() for folder in folders}
    try:
        return Path(os.path.commonpath(folders) or ".")
    except ValueError:  # on different drives
        return min(folders)


def require_free(paths: Iterable[Path], overwrite: bool) -> None:
    """ValueError for a file that is there already, unless it may be replaced."""
    there = [] if overwrite else [path for path in paths if path.exists()]
    if there:
        others = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
        raise ValueError(f"{there[0]}: is there already{others}; --overwrite replaces it")
