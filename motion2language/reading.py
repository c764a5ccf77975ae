"""read_motion: any motion file to a Motion in metres, Y up, right-handed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from motion2language.body import Axes, detect_axes
from motion2language.formats import ReadOptions, read
from motion2language.motion import Motion


def read_motion(
    path: str | Path,
    *,
    fps: float | None = None,
    layout: str | None = None,
    asf: str | Path | None = None,
    unit: str | None = None,
    up: str | None = None,
) -> Motion:
    """The recording in a .bvh, .amc, .npy, .npz or _mmm.xml file, in metres, Y up.

    fps     frames a second, for files that cannot say (.npy, .amc); for others it overrides
    layout  "humanml3d" or "kit", for .npy
    asf     the skeleton of an .amc file that does not lie beside it
    unit    m, cm, mm, inch, ft or cmu instead of what file or body tell
    up      x, y or z (or -x, -y, -z) instead of what file or stance tell

    FileNotFoundError or ValueError says what was found, what was expected and what to do.
    """
    return read_with_axes(path, fps=fps, layout=layout, asf=asf, unit=unit, up=up)[0]


def read_with_axes(
    path: str | Path,
    *,
    fps: float | None = None,
    layout: str | None = None,
    asf: str | Path | None = None,
    unit: str | None = None,
    up: str | None = None,
) -> tuple[Motion, Axes]:
    """As read_motion, with the unit and up axis that were said or found."""
    if fps is not None and not 0 < fps < float("inf"):
        raise ValueError(f"{path}: {fps} frames a second; give a positive number")
    recording = read(path, ReadOptions(fps, layout, None if asf is None else Path(asf)))
    motion = replace(recording.motion, name=recording.motion.name or Path(path).name)
    try:
        axes = detect_axes(motion.positions, motion.skeleton, unit or recording.unit, up or recording.up)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return replace(motion, positions=axes.apply(motion.positions)), axes
