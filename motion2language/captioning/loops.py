"""Steps on the spot, as games store walks and runs: a loop whose feet slide while they carry the body.

Models learn from people who travel. In such a loop a foot slides back low and comes forward high, and the feet take
turns. So they tell which way the body would go and how fast: as fast as they slide.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from motion2language.motion import CANONICAL, Motion

LONGEST = 3.0  # seconds of a loop; chosen: two strides of a slow walk
STRIDE = 0.4  # leg lengths that each foot moves along the way; chosen
STRAIGHT = 0.8  # share of the feet's movement over the ground that is along the way; chosen
TURNS = -0.5  # correlation of the feet's places along the way up to which they take turns; chosen
LIFTED = 0.03  # leg lengths by which a foot that comes forward is higher than one that slides back; chosen
_ANKLES = [CANONICAL.index("left_ankle"), CANONICAL.index("right_ankle")]
_LEGS = [[CANONICAL.index(f"{side}_{part}") for part in ("hip", "knee", "ankle")] for side in ("left", "right")]


def set_going(motion: Motion) -> Motion:
    """A canonical loop of steps on the spot as it would go, with a warning; any other motion as it is."""
    speed = find_speed(motion)
    if speed is None:
        return motion
    warnings.warn(
        f"{motion.label}: is a loop of steps on the spot; it is named as if it went as fast as its feet slide, "
        f"{np.hypot(*speed):.1f} m/s",
        stacklevel=2,
    )
    way = np.arange(motion.frames)[:, None] / motion.fps * np.array([speed[0], 0.0, speed[1]])
    return replace(motion, positions=motion.positions + way[:, None].astype(np.float32))


def find_speed(motion: Motion) -> np.ndarray | None:
    """The velocity (x, z) in m/s that the feet of a loop of steps on the spot show; None for any other motion."""
    if motion.skeleton.joints != CANONICAL.joints or motion.frames < 6 or motion.duration > LONGEST:
        return None
    positions = motion.positions.astype(np.float64)
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=2)
    if np.linalg.norm(positions[-1] - positions[0], axis=1).max() > steps.max():
        return None  # what follows the last pose is not the first one
    leg = np.linalg.norm(np.diff(positions[:, _LEGS], axis=2), axis=3).sum(axis=2).mean()
    feet = positions[:, _ANKLES]
    ground = (feet - feet.mean(axis=0))[..., [0, 2]]
    spread, axes = np.linalg.eigh(np.einsum("tsi,tsj->ij", ground, ground))
    along = ground @ axes[:, 1]  # (T, 2): each foot's place along the way, whichever end of it is ahead
    if np.ptp(along, axis=0).min() < STRIDE * leg or spread[1] < STRAIGHT * spread.sum():
        return None
    moves, heights = np.diff(along, axis=0), (feet[1:, :, 1] + feet[:-1, :, 1]) / 2
    lift = heights[moves > 0].mean() - heights[moves <= 0].mean()
    if np.corrcoef(along.T)[0, 1] > TURNS or abs(lift) < LIFTED * leg:
        return None
    slides = moves[moves * np.sign(lift) < 0] * motion.fps
    # The root of the mean square: in a run a foot slows down in the air before it carries the body.
    return np.asarray(np.sqrt((slides**2).mean()) * np.sign(lift) * axes[:, 1])
