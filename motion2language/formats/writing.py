"""Motions written in any format that is written: the file's suffix decides."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from motion2language.body import detect_axes
from motion2language.formats import bvh, gltf_writing, npz, suffix_of, table_writing
from motion2language.motion import Motion

#: Suffix -> the function that writes a motion to a path, whole or not at all.
WRITERS: dict[str, Callable[[Motion, Path], None]] = {
    ".bvh": bvh.write,
    ".npz": npz.write,
    ".csv": table_writing.write,
    ".glb": gltf_writing.write,
}
#: Formats that mark frames in which a joint was not seen.
_MARKING = (".npz", ".csv")
#: Units in a metre of the formats whose files name neither unit nor up axis.
_UNNAMED = {".bvh": ("cm", 100.0), ".csv": ("m", 1.0)}


def write_motion(motion: Motion, path: str | Path) -> None:
    """Write a motion in the format of the path's suffix; ValueError for a suffix that is not written.

    A warning says what the reader of a .bvh or .csv file has to set, where the body does not show unit and up axis, and
    which joints a .bvh or .glb file shows although they were not seen.
    """
    require_written(path)
    suffix = suffix_of(Path(path))
    WRITERS[suffix](motion, Path(path))
    if suffix not in _MARKING and (unseen := _unseen(motion)):
        warnings.warn(
            f"{Path(path).name}: cannot mark what was not seen, and shows {unseen} all the time; "
            f"{' and '.join(_MARKING)} files mark it",
            stacklevel=2,
        )
    if suffix in _UNNAMED and not _shows_axes(motion, *_UNNAMED[suffix]):
        unit = _UNNAMED[suffix][0]
        warnings.warn(
            f"{Path(path).name}: the body does not show which way is up and how large it is, as when it lies or "
            f"crawls; read the file with --up y --unit {unit}",
            stacklevel=2,
        )


def _unseen(motion: Motion) -> str:
    """The joints of which some frames were not seen."""
    if motion.seen is None:
        return ""
    return ", ".join(joint for joint, seen in zip(motion.skeleton.joints, motion.seen.T, strict=True) if not seen.all())


def _shows_axes(motion: Motion, unit: str, scale: float) -> bool:
    """Whether Y up and the unit are found from the positions, `scale` units in a metre."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            axes = detect_axes(scale * motion.positions, motion.skeleton)
    except ValueError:
        return False
    return (axes.unit, axes.up) == (unit, "y")


def require_written(path: str | Path) -> None:
    """ValueError for a path whose suffix is not written."""
    suffix = suffix_of(Path(path))
    if suffix not in WRITERS:
        found = suffix or "files without a suffix"
        raise ValueError(f"{path}: motions are not written as {found}; expected {', '.join(WRITERS)}")
