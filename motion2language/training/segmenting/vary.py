"""Takes varied as other bodies and sensors would show them: what was done, and when, stays.

The two sides swapped; joints displaced in the body's axes, as sensors disagree where a joint is; noise in each frame,
and slow drift; a tilt; legs, or one joint, kept in the pose of one frame, as by a sensor that loses them.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from motion2language.motion import CANONICAL

_JOINTS = CANONICAL.joints
_SWAPPED = [_JOINTS.index(name.replace("left", "?").replace("right", "left").replace("?", "right")) for name in _JOINTS]
_ALIKE = [min(joint, swapped) for joint, swapped in enumerate(_SWAPPED)]
_SIDE = np.array([-1 if name.startswith("right") else 1 for name in _JOINTS])
_HIPS = _JOINTS.index("left_hip"), _JOINTS.index("right_hip")
_LEGS = [joint for joint, name in enumerate(_JOINTS) if name.endswith(("knee", "ankle", "toe"))]
_KNOT = 5  # frames between two independent displacements of a drifting joint; chosen


class Variation(BaseModel):
    """How far takes are varied; all chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mirror: float = Field(0.5, ge=0, le=1)  # probability
    offsets: float = Field(0.025, ge=0)  # metres, standard deviation
    noise: float = Field(0.012, ge=0)  # metres, largest standard deviation in each frame
    drift: float = Field(0.03, ge=0)  # metres, largest standard deviation of slow displacements
    tilt: float = Field(6.0, ge=0, le=90)  # degrees, twice the standard deviation about each level axis
    lost_legs: float = Field(0.08, ge=0, le=1)  # probability
    lost_joint: float = Field(0.08, ge=0, le=1)  # probability


def vary(positions: np.ndarray, config: Variation, random: np.random.Generator) -> np.ndarray:
    """A varied take, (T, 21, 3) float32."""
    positions = positions.copy()
    if random.random() < config.mirror:
        positions = positions[:, _SWAPPED] * np.array([-1, 1, 1], np.float32)
    for chance, joints in ((config.lost_legs, _LEGS), (config.lost_joint, [int(random.integers(1, len(_JOINTS)))])):
        if random.random() < chance:
            still = positions[int(random.integers(len(positions)))]
            positions[:, joints] = positions[:, :1] + still[joints] - still[0]
    positions = positions + _in_body_axes(random.normal(0, config.offsets, (len(_JOINTS), 3))[_ALIKE], positions)
    noise, drift = config.noise * random.random() ** 2, config.drift * random.random() ** 2
    positions = positions + noise * random.standard_normal(positions.shape) + drift * _wander(positions, random)
    return np.asarray(positions @ _tilt(config.tilt, random).T, dtype=np.float32)


def _in_body_axes(shifts: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Displacements (J, 3) outward, up and forward of the hips, as world vectors in each frame, (T, J, 3)."""
    left = positions[:, _HIPS[0], ::2] - positions[:, _HIPS[1], ::2]
    x, z = (left / np.maximum(np.hypot(*left.T), 1e-6)[:, None]).T[..., None]
    outward, up, forward = (shifts * np.stack([_SIDE, np.ones_like(_SIDE), np.ones_like(_SIDE)], 1)).T
    return np.stack(
        [x * outward - z * forward, np.broadcast_to(up, (len(x), len(up))), z * outward + x * forward], axis=-1
    )


def _wander(positions: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Displacements of standard deviation 1 at knots, and between them in proportion."""
    frames = len(positions)
    knots = random.standard_normal((frames // _KNOT + 2, *positions.shape[1:]))
    clock = np.arange(frames) / _KNOT
    low = clock.astype(int)
    share = (clock - low)[:, None, None]
    return np.asarray(knots[low] * (1 - share) + knots[low + 1] * share)


def _tilt(degrees: float, random: np.random.Generator) -> np.ndarray:
    """A rotation by small angles about the two level axes."""
    (a, b), one = np.radians(random.normal(0, degrees / 2, 2)), np.eye(3)
    about_x, about_z = one.copy(), one.copy()
    about_x[1:, 1:] = [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]
    about_z[:2, :2] = [[np.cos(b), -np.sin(b)], [np.sin(b), np.cos(b)]]
    return np.asarray(about_x @ about_z)
