"""Our own .npz: positions, fps, joints, parents and, where there are any, angles; metres, Y up. No pickles."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.files import write_atomically
from motion2language.formats.options import ReadOptions, Recording
from motion2language.motion import Motion, Skeleton

# What numpy and zipfile raise at damage; TypeError: a single array under this name.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, tokenize.TokenError, OSError, EOFError, TypeError
)  # fmt: skip
_KEYS = ("positions", "fps", "joints", "parents")


def read(path: Path, options: ReadOptions) -> Recording:
    """The motion that `write` wrote; ValueError for any other archive."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            data = {key: archive[key] for key in archive.files}
    except _DAMAGE:
        raise ValueError("not an .npz archive, or cut off") from None
    except ValueError:
        raise ValueError("holds pickled objects, which are not read; expected plain arrays only") from None
    missing = [key for key in _KEYS if key not in data]
    if missing:
        raise ValueError(
            f"lacks {', '.join(missing)}; expected {', '.join(_KEYS)}, found {', '.join(data) or 'nothing'}"
        )
    for key, kinds, dimensions in (("positions", "f", 3), ("fps", "fiu", 0), ("joints", "U", 1), ("parents", "iu", 1)):
        array = data[key]
        if array.dtype.kind not in kinds or array.ndim != dimensions:
            raise ValueError(
                f"{key!r} has type {array.dtype} and shape {array.shape}, expected {dimensions} dimensions"
            )
    skeleton = Skeleton(
        str(data.get("skeleton", "npz")), tuple(map(str, data["joints"])), tuple(int(p) for p in data["parents"])
    )
    fps = options.fps or float(data["fps"])
    return Recording(Motion(data["positions"], fps, skeleton, path.name, data.get("angles")), "m", "y")


def write(motion: Motion, path: str | Path) -> None:
    """Write a motion, whole or not at all."""
    arrays: dict[str, Any] = {
        "positions": motion.positions,
        "fps": np.float64(motion.fps),
        "joints": np.array(motion.skeleton.joints),
        "parents": np.array(motion.skeleton.parents),
        "skeleton": np.array(motion.skeleton.name),
    }
    if motion.angles is not None:
        arrays["angles"] = motion.angles
    write_atomically(path, lambda file: np.savez_compressed(file, **arrays))
