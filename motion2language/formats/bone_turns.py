"""Rotations for formats that need them: how each joint turns its bones, found from positions alone.

A bone has a direction and no turn about itself; the joint above settles that. Offsets are kept for each frame, so that
bones that change their length, as of markers and pose estimators, come back exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion2language.motion import Motion


@dataclass(frozen=True, eq=False)
class BoneTurns:
    """A motion as rotations; rotating and adding the offsets down the tree gives its positions.

    rest     (J, 3) metres: each joint from its parent in the rest pose, the root at the origin
    turns    (J, T, 3, 3): rotation of each joint relative to its parent
    offsets  (J, T, 3) metres: each joint from its parent, in the parent's axes
    """

    rest: np.ndarray
    turns: np.ndarray
    offsets: np.ndarray


def turn_bones(motion: Motion) -> BoneTurns:
    """The rotations of a motion. The rest pose has the middle frame's bones, stretched to their median length."""
    parents = motion.skeleton.parents
    bones = motion.positions.transpose(1, 0, 2).astype(np.float64)
    bones[1:] -= motion.positions.transpose(1, 0, 2)[list(parents[1:])]
    middle = bones[:, motion.frames // 2]
    lengths = np.median(np.linalg.norm(bones, axis=2), axis=1, keepdims=True)
    rest = middle * (lengths / np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-9))
    rest[0] = 0
    world, local = np.empty((2, len(parents), motion.frames, 3, 3))
    offsets = np.empty_like(bones)
    for joint, parent in enumerate(parents):
        above = world[parent] if parent >= 0 else np.broadcast_to(np.eye(3), (motion.frames, 3, 3))
        children = [child for child, its in enumerate(parents) if its == joint]
        world[joint] = _fit(rest[children], bones[children].transpose(1, 0, 2), above)
        local[joint] = np.swapaxes(above, 1, 2) @ world[joint]
        offsets[joint] = (np.swapaxes(above, 1, 2) @ bones[joint, :, :, None])[..., 0]
    return BoneTurns(rest, local, offsets)


def _fit(rest: np.ndarray, bones: np.ndarray, above: np.ndarray) -> np.ndarray:
    """World rotations (T, 3, 3) that turn rest bones (C, 3) onto bones (T, C, 3), close to the parent's `above`.

    The least-squares rotation (Kabsch 1976); the parent's orientation, weighted lightly, settles what few bones
    leave open, such as the turn about a single bone.
    """
    if not len(rest):
        return above
    unit = rest / np.maximum(np.linalg.norm(rest, axis=-1, keepdims=True), 1e-9)
    seen = bones / np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9)
    covariance = np.einsum("tci,cj->tij", seen, unit) + 1e-3 * above
    u, _, v = np.linalg.svd(covariance)
    sign = np.ones((len(u), 3))
    sign[:, 2] = np.linalg.det(u @ v)
    return (u * sign[:, None]) @ v
