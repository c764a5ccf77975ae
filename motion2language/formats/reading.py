"""read_motion: any motion file to a Motion in metres, Y up, right-handed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from motion2language.body import Axes, detect_axes
from motion2language.formats import ReadOptions, Recording, read
from motion2language.motion import Motion

#: Frames a second a recording may have. Chosen: slower shows no movement, faster no camera is.
RATES = (1.0, 10_000.0)
FARTHEST = 1e5  # metres from the origin; chosen: there single precision steps by a centimetre


def read_motion(  # noqa: PLR0913 - a parameter is what a file may not say
    path: str | Path,
    *,
    fps: float | None = None,
    layout: str | None = None,
    asf: str | Path | None = None,
    unit: str | None = None,
    up: str | None = None,
    joint_map: Mapping[str, str] | None = None,
    body_models: str | Path | None = None,
    subject: str | None = None,
) -> Motion:
    """The recording in a .bvh, .amc, .npy, .npz, _mmm.xml, .c3d or .trc file, in metres, Y up.

    fps        frames a second, for files that cannot say (.npy, .amc); for others it overrides
    layout     "humanml3d" or "kit", for .npy
    asf        the skeleton of an .amc file that does not lie beside it
    unit       m, cm, mm, inch, ft or cmu instead of what file or body tell
    up         x, y or z (or -x, -y, -z) instead of what file or stance tell
    joint_map  canonical joint -> joint of the file, for skeletons with unknown names
    body_models  folder of SMPL body models, for .npz of AMASS
    subject    whose markers are meant, for .c3d and .trc of several people

    FileNotFoundError or ValueError says what was found, what was expected and what to do.
    """
    skeleton, models = (None if given is None else Path(given) for given in (asf, body_models))
    options = ReadOptions(fps, layout, skeleton, models, subject)
    return read_with_axes(path, options, unit=unit, up=up, joint_map=joint_map)[0]


def read_with_axes(
    path: str | Path,
    options: ReadOptions | None = None,
    *,
    unit: str | None = None,
    up: str | None = None,
    joint_map: Mapping[str, str] | None = None,
) -> tuple[Motion, Axes]:
    """As read_motion, with the unit and up axis that were said or found."""
    options = options or ReadOptions()
    if options.fps is not None:
        _require_rate(path, options.fps)
    recording = read(path, options)
    _require_rate(path, recording.motion.fps)
    motion = replace(recording.motion, name=recording.motion.name or Path(path).name)
    try:
        axes = detect_axes(motion.positions, motion.skeleton, unit or recording.unit, up or recording.up, joint_map)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    positions = axes.apply(motion.positions)
    distances = np.abs(positions).reshape(len(positions), -1).max(axis=1)
    if distances.max() > FARTHEST:
        raise ValueError(
            f"{path}: frame {int(distances.argmax())} is {distances.max():.3g} m from the origin, expected at most "
            f"{FARTHEST:.0e} m; is the file damaged, or its unit another (--unit)?"
        )
    return replace(motion, positions=positions), axes


def in_metres(recording: Recording) -> Motion:
    """A reader's recording whose unit and up axis its format declares, in metres, Y up."""
    motion = recording.motion
    axes = detect_axes(motion.positions, motion.skeleton, recording.unit, recording.up)
    return replace(motion, positions=axes.apply(motion.positions))


def _require_rate(path: str | Path, fps: float) -> None:
    lowest, highest = RATES
    if not lowest <= fps <= highest:
        raise ValueError(
            f"{path}: {fps:g} frames a second, expected {lowest:g} to {highest:,.0f}; say the right rate with --fps"
        )
