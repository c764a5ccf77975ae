"""Recordings of keys with times (FBX, glTF): at which rate they are sampled, and their poses a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from motion2language.formats.limits import clean_name, most_values, require_near, require_values
from motion2language.formats.scene import Body

USUAL_RATE = 30.0  # frames per second where neither file nor keys say; chosen, the most common rate of animations
_BLOCK = 200_000  # nodes times frames posed at once; chosen: about 50 MB
_ROUNDED = 3e-4  # a share of the rate by which a whole rate may be missed; chosen, below the 1e-3 from 29.97 to 30
_SLOWEST, _FASTEST = 12.0, 1000.0  # frames per second that the distance of keys may mean; chosen


def frame_times(start: float, stop: float, fps: float, nodes: int, size: int) -> np.ndarray:
    """The times of the frames from `start` to `stop`, both included, seconds; ValueError for too long a recording.

    nodes  posed in each frame
    size   of the file, bytes
    """
    if not (np.isfinite(stop - start) and stop >= start):
        raise ValueError(f"its animation goes from {start:g} to {stop:g} s; is the file damaged?")
    frames = int(min((stop - start) * fps + 1e-3, 1e15)) + 1
    what = f"an animation of {stop - start:,.0f} s at {fps:g} frames per second"
    require_values(what, frames, nodes, 3, most=most_values(size))
    return start + np.arange(frames) / fps


def key_rate(keys: Sequence[np.ndarray]) -> float | None:
    """Frames per second of the curve with the most keys, if they are even; None where the keys do not tell."""
    times = max(keys, key=len)
    steps = np.diff(times)
    if len(steps) < 2 or steps.min() <= 0:
        return None
    mean = float(times[-1] - times[0]) / len(steps)
    if steps.max() > 1.5 * mean or not _SLOWEST <= 1 / mean <= _FASTEST:
        return None
    rate = 1 / mean
    return float(round(rate)) if abs(rate - round(rate)) < _ROUNDED * rate else rate


def name_takes(names: Sequence[str]) -> tuple[str, ...]:
    """A name for each take, all different, without the `Armature|` that Blender puts before it."""
    cleaned = [clean_name(name) for name in names]
    short = [name.rpartition("|")[2].strip() or name for name in cleaned]
    if len(set(short)) == len(set(cleaned)):
        cleaned = short
    taken = dict[str, None]()
    for number, name in enumerate(cleaned, start=1):
        base = candidate = name or f"take {number}"
        while candidate in taken:
            candidate = f"{base} ({number})"
            base += "'"
        taken[candidate] = None
    return tuple(taken)


def pose_in_blocks(body: Body, times: np.ndarray, pose: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Positions (T, J, 3) of a body's joints; `pose` gives those of its nodes (B, N, 3) at some times (B,).

    ValueError for a joint that is not at a finite place, or farther away than limits.FARTHEST.
    """
    positions = np.empty((len(times), len(body.joints), 3), np.float32)
    step = max(1, _BLOCK // len(body.nodes))
    for first in range(0, len(times), step):
        block = pose(times[first : first + step])[:, body.joints]
        require_near("a joint's coordinate", block)
        positions[first : first + step] = block
    return positions
