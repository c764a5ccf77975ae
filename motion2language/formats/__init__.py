"""Motion files: one module a kind, `read(path, options) -> Recording`; the module's name is the file's suffix.

KIT-ML's `_mmm.xml` files are read by `mmm`. Readers leave unit and axes as they are in the file (reading.py converts
them) and check everything else: the values returned are finite and of the shape promised.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

#: File suffix -> module; markers last: where a recording is there in several kinds, joints come before them.
FORMATS = {
    ".amc": "amc", ".bvh": "bvh", ".npy": "npy", ".npz": "npz", ".xml": "mmm", ".c3d": "c3d", ".trc": "trc",
}  # fmt: skip
_RANKS = {suffix: {".c3d": 1, ".trc": 2}.get(suffix, 0) for suffix in FORMATS}


def every_file(folder: Path) -> Iterator[Path]:
    """Each file in a folder and those within, also those that are links, once; hidden ones left out.

    A link to a folder that holds this one leads nowhere.
    """
    root, waiting, seen = folder.resolve(), [folder], set[Path]()
    for start in waiting:  # links come after all that is there itself
        for place, folders, files in os.walk(start):
            here = Path(place).resolve()
            if here in seen or (here != root and root.is_relative_to(here)):
                folders.clear()
                continue
            seen.add(here)
            waiting += [Path(place, name) for name in sorted(folders) if Path(place, name).is_symlink()]
            yield from (Path(place, name) for name in files if not name.startswith("."))


def files_in(folder: Path) -> list[Path]:
    """The motion files in a folder and those within, sorted; hidden ones, such as ._take.bvh of macOS, are none.

    Markers of a recording that is there as joints, or as C3D, are none either: take.c3d beside take.bvh, KIT's
    00001_raw.c3d beside 00001_mmm.xml, take.trc beside take.c3d.
    """
    found = sorted(path for path in every_file(folder) if path.suffix.lower() in FORMATS and path.is_file())
    rank = {path: _RANKS[path.suffix.lower()] for path in found}
    best: dict[Path, int] = {}
    for path in found:
        best[_take(path)] = min(rank[path], best.get(_take(path), rank[path]))
    return [path for path in found if rank[path] == best[_take(path)]]


def _take(path: Path) -> Path:
    """What files of one recording have in common."""
    return path.with_name(re.sub("_(raw|mmm)$", "", path.stem))
