"""Blends: movements that nobody made and no label fits, half one recording and half another.

Each bone points where the mean of the two says; lengths, way and turn are those of the first. A model is asked about
blends to learn what it does not know: they move as plausibly as the recordings, on the same bodies and sensors.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motion2language.motion import CANONICAL, Motion

LONGEST = 100  # frames of a blend; chosen
_PARENTS = np.maximum(CANONICAL.parents, 0)
_HIPS = CANONICAL.index("left_hip"), CANONICAL.index("right_hip")


def blend(first: Motion, second: Motion) -> Motion:
    """Half the one and half the other canonical motion, of the frame rate of the first and their mean length."""
    frames = int(np.clip(round(float(np.sqrt(first.frames * second.frames))), 2, LONGEST))
    one, other = (_stretched(motion.positions.astype(np.float64), frames) for motion in (first, second))
    other = _turned(other, _heading(one) - _heading(other))
    bones = one - one[:, _PARENTS]
    lengths = np.median(np.linalg.norm(bones, axis=2), axis=0)[:, None]
    directions = _unit(_unit(bones) + _unit(other - other[:, _PARENTS])) * lengths
    positions = np.zeros_like(one)
    positions[:, 0] = one[:, 0]
    for joint in range(1, len(CANONICAL.joints)):
        positions[:, joint] = positions[:, _PARENTS[joint]] + directions[:, joint]
    return replace(first, positions=positions.astype(np.float32), seen=None, name=f"{first.name} + {second.name}")


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def _stretched(positions: np.ndarray, frames: int) -> np.ndarray:
    """The positions (T, J, 3) in so many frames, interpolated."""
    times = np.linspace(0, len(positions) - 1, frames)
    before = times.astype(int)
    after, share = np.minimum(before + 1, len(positions) - 1), (times - before)[:, None, None]
    return np.asarray(positions[before] * (1 - share) + positions[after] * share)


def _heading(positions: np.ndarray) -> float:
    """Where the body faces on average, radians about Y."""
    left = (positions[:, _HIPS[0]] - positions[:, _HIPS[1]]).mean(axis=0)
    return float(np.arctan2(-left[2], left[0]))


def _turned(positions: np.ndarray, angle: float) -> np.ndarray:
    """The positions turned about Y, positive to the left."""
    x, y, z = np.moveaxis(positions, -1, 0)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * x + sin * z, y, cos * z - sin * x], axis=-1)
