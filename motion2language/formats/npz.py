"""Our own .npz: positions, fps, joints, parents, and where known angles, what was seen and foot contacts; metres, Y up.

No pickles.

An .npz of AMASS is recognised by its arrays and read by amass.py.
"""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.files import ArrayHeader, read_arrays, write_atomically
from motion2language.formats import amass, loose_npz
from motion2language.formats.limits import (
    most_values,
    require_joints,
    require_recording,
    require_values,
)
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.motion import Motion, Skeleton

_KEYS = ("positions", "fps", "joints", "parents")
_ALSO = ("angles", "skeleton", "seen", "contacts")
_EXPECTED = (
    ("positions", "f", 3, "floating-point numbers (T, J, 3)"),
    ("fps", "fiu", 0, "a single number"),
    ("joints", "U", 1, "J names"),
    ("parents", "iu", 1, "J integers"),
)


def read(path: Path, options: ReadOptions) -> Recording:
    """The motion in an archive from `write` or AMASS, or of one array of joints (loose_npz.py); else ValueError."""
    data = read_arrays(path, (*_KEYS, *_ALSO, *amass.KEYS), partial(_require_possible, path.stat().st_size))
    if amass.belongs(data):
        return amass.recording(data, path, options)
    missing = [key for key in _KEYS if key not in data and not (key == "fps" and options.fps)]
    if missing:
        if missing != ["fps"] and (found := loose_npz.find(path, options)) is not None:
            return found
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()[:40]]
        if {"positions", "offsets", "joint_names"} <= set(names):
            raise ValueError(
                "contains many labelled recordings one after another; the corpus `people` reads it, as in "
                "m2l data check people --root FILE; expected one recording"
            )
        there = ", ".join(names) or "nothing"
        raise ValueError(f"lacks {', '.join(missing)}; expected {', '.join(_KEYS)}, found {there}")
    for key, kinds, dimensions, expected in _EXPECTED:
        if key not in data:  # fps, which was set
            continue
        array = data[key]
        if array.dtype.kind not in kinds or array.ndim != dimensions:
            raise ValueError(f"{key!r} has type {array.dtype} and shape {array.shape}, expected {expected}")
    for key, shape in (("seen", "(T, J)"), ("contacts", "(T, 4)")):
        if key in data and data[key].dtype.kind != "b":
            raise ValueError(f"{key!r} has type {data[key].dtype}, expected true or false {shape}")
    if "angles" in data and data["angles"].dtype.kind != "f":
        raise ValueError(f"'angles' has type {data['angles'].dtype}, expected floating-point numbers (T, angles)")
    skeleton = Skeleton(
        str(data.get("skeleton", "npz")), tuple(map(str, data["joints"])), tuple(int(p) for p in data["parents"])
    )
    fps = options.fps or float(data["fps"])
    angles, seen, contacts = (data.get(key) for key in ("angles", "seen", "contacts"))
    motion = Motion(data["positions"], fps, skeleton, path.name, angles, seen, contacts)
    return Recording(motion, "m", "y")


def _require_possible(size: int, key: str, header: ArrayHeader) -> None:
    """ValueError for an array that a file of `size` bytes should not unpack to, before it is unpacked."""
    if key == "positions" and len(header.shape) == 3:
        require_recording(header.shape[0], header.shape[1], size)
    elif key in ("joints", "parents") and len(header.shape) < 2:
        require_joints(header.count)
    require_values(f"{key!r}", header.count, max(1, header.dtype.itemsize // 8), most=most_values(size))


def write(motion: Motion, path: str | Path) -> None:
    """Write a motion, whole or not at all."""
    arrays: dict[str, Any] = {
        "positions": motion.positions,
        "fps": np.float64(motion.fps),
        "joints": np.array(motion.skeleton.joints),
        "parents": np.array(motion.skeleton.parents),
        "skeleton": np.array(motion.skeleton.name),
    }
    known = {"angles": motion.angles, "seen": motion.seen, "contacts": motion.contacts}
    arrays |= {key: values for key, values in known.items() if values is not None}
    write_atomically(path, lambda file: np.savez_compressed(file, **arrays))
