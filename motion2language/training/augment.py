"""Vary a training recording of the canonical body so that its sentence stays true.

Mirroring swaps the body's sides and the words of sides and of rotation with them; other proportions, another speed,
sensor noise and offsets of where a skeleton puts its joints make a model robust to unseen bodies and
skeletons.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from motion2language.motion import CANONICAL, Motion

_SWAPPED = [
    CANONICAL.index(joint.replace("left", "?").replace("right", "left").replace("?", "right"))
    for joint in CANONICAL.joints
]
#: One random factor per bone, the same on both sides: each joint's row in that table of factors.
_BONES = [min(joint, swapped) for joint, swapped in enumerate(_SWAPPED)]
#: Turns positions (J, 3) into vectors from each joint's parent (the root's from the origin), and back: (J, J).
_TO_BONES = np.eye(len(CANONICAL.joints)) - np.equal.outer(CANONICAL.parents, range(len(CANONICAL.joints)))
_SUMS = np.linalg.inv(_TO_BONES)
_SIDE = np.array([-1 if joint.startswith("right") else 1 for joint in CANONICAL.joints])
_SIDES = {"left": "right", "right": "left"}
#: Words of a side or a sense of rotation; a right angle stays right in a mirror.
_SIDED = re.compile(
    r"\b(left|right(?! angle))(?=(?:wards?)?\b)|\b((?:counter|anti)[ -]?)?clockwise\b", flags=re.IGNORECASE
)


class AugmentConfig(BaseModel):
    """How far a training recording may be varied; every value chosen, all off by default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mirror: float = Field(0.0, ge=0, le=1)  # probability of swapping the sides
    speed: float = Field(0.0, ge=0, lt=1)  # largest relative change of tempo
    bones: float = Field(0.0, ge=0)  # standard deviation of each bone's log length
    offsets: float = Field(0.0, ge=0)  # metres, standard deviation of a joint's constant displacement, body axes
    noise: float = Field(0.0, ge=0)  # metres, standard deviation of each coordinate in each frame


def vary(motion: Motion, text: str, config: AugmentConfig, random: np.random.Generator) -> tuple[Motion, str]:
    """A variation of a canonical motion, and its sentence. Time changes only with `speed`."""
    if config.mirror and random.random() < config.mirror:
        motion, text = mirror(motion, text)
    if config.speed:
        factor = 1 + config.speed * random.uniform(-1, 1)
        motion = replace(motion, fps=motion.fps * factor).resample(motion.fps)
    positions = motion.positions
    if config.bones or config.offsets:
        positions = _change_body(positions, config, random)
    if config.noise:
        positions = positions + random.normal(0, config.noise, positions.shape)
    return replace(motion, positions=positions), text


def mirror(motion: Motion, text: str) -> tuple[Motion, str]:
    """The mirrored recording, and its sentence with left and right and the senses of rotation exchanged."""
    if motion.skeleton.joints != CANONICAL.joints:
        raise ValueError(f"{motion.label}: only the canonical body can be mirrored, found {motion.skeleton.name!r}")
    positions = motion.positions.take(_SWAPPED, axis=1)
    positions[..., 0] *= -1
    return replace(motion, positions=positions), _SIDED.sub(_swap_side, text)


def _swap_side(match: re.Match[str]) -> str:
    if match[1]:
        return _SIDES[match[1].lower()]
    return "clockwise" if match[2] else "counterclockwise"


def _change_body(positions: np.ndarray, config: AugmentConfig, random: np.random.Generator) -> np.ndarray:
    """Positions with other bone lengths, and with joints displaced by a constant in body axes."""
    factors = np.exp(random.normal(0, config.bones, len(_BONES)))[_BONES]
    factors[0] = 1  # no bone leads to the root
    across = (_SUMS * factors @ _TO_BONES).astype(positions.dtype)
    result = np.tensordot(positions, across, (1, 1)).transpose(0, 2, 1)
    if config.offsets:
        shifts = random.normal(0, config.offsets, (len(_BONES), 3))[_BONES]
        shifts[:, 0] *= _SIDE
        result = result + _from_body_axes(shifts.astype(positions.dtype), positions)
    return result


def _from_body_axes(shifts: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Displacements (J, 3) to the left, up and forward of the hips, as world vectors in each frame, (T, J, 3)."""
    left = positions[:, CANONICAL.index("left_hip"), ::2] - positions[:, CANONICAL.index("right_hip"), ::2]
    x, z = (left / np.maximum(np.hypot(*left.T), 1e-6)[:, None]).T[..., None]
    to_left, up, forward = shifts.T
    result = np.empty_like(positions)
    result[..., 0], result[..., 1], result[..., 2] = x * to_left - z * forward, up, z * to_left + x * forward
    return result
