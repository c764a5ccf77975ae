"""Motions written in any format that is written: the file's suffix decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from motion2language.formats import bvh, gltf_writing, npz, suffix_of, table_writing
from motion2language.motion import Motion

#: Suffix -> the function that writes a motion to a path, whole or not at all.
WRITERS: dict[str, Callable[[Motion, Path], None]] = {
    ".bvh": bvh.write,
    ".npz": npz.write,
    ".csv": table_writing.write,
    ".glb": gltf_writing.write,
}


def write_motion(motion: Motion, path: str | Path) -> None:
    """Write a motion in the format of the path's suffix; ValueError for a suffix that is not written."""
    require_written(path)
    WRITERS[suffix_of(Path(path))](motion, Path(path))


def require_written(path: str | Path) -> None:
    """ValueError for a path whose suffix is not written."""
    suffix = suffix_of(Path(path))
    if suffix not in WRITERS:
        found = suffix or "files without a suffix"
        raise ValueError(f"{path}: motions are not written as {found}; expected {', '.join(WRITERS)}")
