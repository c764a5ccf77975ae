"""read_motion: any motion file to a Motion in metres, Y up, right-handed; and what a user may set for a file.

A format's module reads the file as it is (`read`); this file converts its unit and axes (`read_with_axes`).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motion2language.body import Axes, detect_axes
from motion2language.formats import FORMATS
from motion2language.motion import Motion

LARGEST = 2**30  # bytes; chosen: an hour of 120 Hz BVH is about 300 MB
#: Frames per second a recording may have. Chosen: below, no movement is visible; above, no camera records.
RATES = (1.0, 10_000.0)
FARTHEST = 1e5  # metres from the origin; chosen: there single precision steps by a centimetre


@dataclass(frozen=True)
class ReadOptions:
    """What a user may set for a file, mostly because the file does not specify it: the keywords of read_motion."""

    fps: float | None = None
    layout: str | None = None
    asf: Path | None = None
    unit: str | None = None
    up: str | None = None
    joint_map: Mapping[str, str] | None = None
    body_models: Path | None = None
    subject: str | None = None


@dataclass(frozen=True, eq=False)
class Recording:
    """A file's motion in the file's own unit and axes, as a reader returns it.

    unit, up  what the format declares ("m", "cm", "mm", "cmu"; "y", "z"), None where it does not
    """

    motion: Motion
    unit: str | None
    up: str | None


def read_motion(  # noqa: PLR0913 - a parameter is what a user may set for a file
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

    fps        frame rate, for files that do not specify it (.npy, .amc); for others it overrides
    layout     "humanml3d" or "kit", for .npy
    asf        the skeleton of an .amc file, if it is not beside it
    unit       m, cm, mm, inch, ft or cmu, instead of the file's unit or the one detected from the body's size
    up         x, y or z (or -x, -y, -z), instead of the file's up axis or the one detected from the stance
    joint_map  canonical joint -> joint of the file, for skeletons with unknown names
    body_models  folder of SMPL body models, for .npz of AMASS
    subject    name of the subject, for .c3d and .trc files of several people

    FileNotFoundError or ValueError states what was found, what was expected and what to do.

    >>> motion = read_motion("motion2language/samples/2_walk_bow.bvh")
    >>> motion.frames, motion.fps, len(motion.skeleton.joints)
    (285, 30.0, 26)
    """
    skeleton, models = (None if given is None else Path(given) for given in (asf, body_models))
    return read_with_axes(path, ReadOptions(fps, layout, skeleton, unit, up, joint_map, models, subject))[0]


def read_with_axes(path: str | Path, options: ReadOptions = ReadOptions()) -> tuple[Motion, Axes]:
    """As read_motion, with the unit and the up axis that were set or detected."""
    if options.fps is not None:
        _require_rate(path, options.fps)
    recording = read(path, options)
    _require_rate(path, recording.motion.fps)
    motion = replace(recording.motion, name=recording.motion.name or Path(path).name)
    unit, up = options.unit or recording.unit, options.up or recording.up
    try:
        axes = detect_axes(motion.positions, motion.skeleton, unit, up, options.joint_map)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    positions = axes.apply(motion.positions)
    distances = np.abs(positions).reshape(len(positions), -1).max(axis=1)
    if distances.max() > FARTHEST:
        raise ValueError(
            f"{path}: frame {int(distances.argmax())} is {distances.max():.3g} m from the origin, expected at most "
            f"{FARTHEST:.0e} m; is the file damaged or its unit wrong (--unit)?"
        )
    return replace(motion, positions=positions), axes


def read(path: str | Path, options: ReadOptions = ReadOptions()) -> Recording:
    """The recording in a motion file as it is; FileNotFoundError or ValueError names the file and the problem."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if not path.is_file():
        found = "a folder" if path.is_dir() else "not a regular file"
        raise ValueError(f"{path}: {found}, expected a motion file ({', '.join(FORMATS)})")
    module = FORMATS.get(path.suffix.lower())
    if module is None:
        raise ValueError(f"{path}: unsupported file type {path.suffix!r}; expected {', '.join(FORMATS)}")
    size = path.stat().st_size
    if size == 0:
        raise ValueError(f"{path}: the file is empty")
    if size > LARGEST:
        raise ValueError(
            f"{path}: {size / 2**30:.1f} GiB, expected at most {LARGEST / 2**30:.0f} GiB; cut the recording"
        )
    reader = importlib.import_module(f"motion2language.formats.{module}")
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # Motion reports frames that are not finite
            recording: Recording = reader.read(path, options)
    except PermissionError:
        raise ValueError(f"{path}: cannot be read; check its permissions") from None
    except MemoryError:
        raise ValueError(f"{path}: declares more data than fits in memory; is it damaged?") from None
    except ValueError as error:
        raise ValueError(f"{path}: {str(error).removeprefix(f'{path.name}: ')}") from None
    return recording


def in_metres(recording: Recording) -> Motion:
    """A reader's recording whose unit and up axis its format declares, in metres, Y up."""
    motion = recording.motion
    axes = detect_axes(motion.positions, motion.skeleton, recording.unit, recording.up)
    return replace(motion, positions=axes.apply(motion.positions))


def _require_rate(path: str | Path, fps: float) -> None:
    lowest, highest = RATES
    if not lowest <= fps <= highest:
        raise ValueError(f"{path}: {fps:g} frames per second, expected {lowest:g} to {highest:,.0f}; set it with --fps")
