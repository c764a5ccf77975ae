"""Motion files: one module per kind, `read(path, options) -> Recording`; the module's name is the file's suffix.

KIT-ML's `_mmm.xml` files are read by `mmm`. Kinds with several takes in a file also have `takes(path, options)`.
Readers keep the file's unit and axes (reading.py converts them) and check everything else: the
values they return are finite and have the promised shape.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

#: File suffix -> module; markers come last: when a recording exists in several formats, joints are preferred.
FORMATS = {
    ".amc": "amc", ".bvh": "bvh", ".fbx": "fbx", ".glb": "gltf", ".gltf": "gltf", ".vrm": "gltf", ".vrma": "gltf",
    ".mvnx": "mvnx", ".npy": "npy", ".npz": "npz", ".xml": "mmm", ".skeleton": "skeleton", ".parquet": "table",
    ".csv": "table", ".tsv": "table", ".json": "pose_json", ".c3d": "c3d", ".trc": "trc",
}  # fmt: skip
#: Seconds, the longest gap in a joint's path that is crossed unless --gap says otherwise: about a stride, chosen.
GAP = 1.0
#: Suffixes that other files also have: these are read when named, and not looked for in folders.
NAMED = frozenset((".csv", ".json", ".parquet", ".tsv"))
_RANKS = {suffix: {".c3d": 1, ".trc": 2}.get(suffix, 0) for suffix in FORMATS}


def suffix_of(path: Path) -> str:
    """A file's suffix in lower case, also of one that is named by it alone, such as `.bvh`."""
    return (path.suffix or (path.name if path.name.startswith(".") else "")).lower()


def every_file(folder: Path) -> Iterator[Path]:
    """Every file in a folder and its subfolders, once, including links; hidden files are skipped.

    A link to a folder that contains this one is not followed.
    """
    root, waiting, seen = folder.resolve(), [folder], set[Path]()
    for start in waiting:  # links come after the folder's own files
        for parent, folders, files in os.walk(start):
            here = Path(parent).resolve()
            if here in seen or (here != root and root.is_relative_to(here)):
                folders.clear()
                continue
            seen.add(here)
            waiting += [Path(parent, name) for name in sorted(folders) if Path(parent, name).is_symlink()]
            yield from (Path(parent, name) for name in files if not name.startswith("."))


def files_in(folder: Path) -> list[Path]:
    """The motion files in a folder and its subfolders, sorted; hidden files, such as ._take.bvh of macOS, are skipped.

    Tables and JSON files are also skipped: these may be anything.
    Markers are also skipped when the same recording exists as joints or as C3D: take.c3d beside take.bvh, KIT's
    00001_raw.c3d beside 00001_mmm.xml, take.trc beside take.c3d.
    """
    paths = sorted(
        path for path in every_file(folder) if path.suffix.lower() in FORMATS.keys() - NAMED and path.is_file()
    )
    rank = {path: _RANKS[path.suffix.lower()] for path in paths}
    best: dict[Path, int] = {}
    for path in paths:
        best[_without_kind(path)] = min(rank[path], best.get(_without_kind(path), rank[path]))
    return [path for path in paths if rank[path] == best[_without_kind(path)]]


def _without_kind(path: Path) -> Path:
    """The path that all files of one recording share, such as `00001` of 00001_raw.c3d and 00001_mmm.xml."""
    return path.with_name(re.sub("_(raw|mmm)$", "", path.stem))
