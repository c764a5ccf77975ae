"""Forward kinematics for readers: rotations about axes in any order, and joints down a tree, all frames at once.

Rotations are (..., T, 3, 3) for the callers. Inside, T comes last, since numpy is many times faster along a long last
axis than on small matrices.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def euler_rotation(axes: Sequence[int], angles: np.ndarray) -> np.ndarray:
    """The product (..., T, 3, 3) of rotations about `axes` in the given order by `angles` (N, ..., T) radians.

    axes  N of 0 (x), 1 (y) and 2 (z)
    """
    result = np.zeros((3, 3, *angles.shape[1:]))
    result[[0, 1, 2], [0, 1, 2]] = 1
    for turn, (axis, cosine, sine) in enumerate(zip(axes, np.cos(angles), np.sin(angles), strict=True)):
        first, second = (axis + 1) % 3, (axis + 2) % 3  # the columns that a turn about the axis mixes
        if turn == 0:
            result[first, first] = result[second, second] = cosine
            result[second, first] = sine
            np.negative(sine, out=result[first, second])
            continue
        mixed = result[:, second] * sine
        mixed += result[:, first] * cosine
        result[:, second] *= cosine
        result[:, second] -= result[:, first] * sine
        result[:, first] = mixed
    return np.moveaxis(result, (0, 1), (-2, -1))


def quaternion_rotation(quaternions: np.ndarray) -> np.ndarray:
    """Rotations (T, 3, 3) of unit quaternions (T, 4) x, y, z, w."""
    x, y, z, w = quaternions.T
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def forward(
    parents: Sequence[int], offsets: Sequence[np.ndarray], rotations: Sequence[np.ndarray | None]
) -> np.ndarray:
    """World positions (T, J, 3) of joints, parents before children.

    offsets    for each joint (3,) or (T, 3) in its parent's axes
    rotations  for each joint (T, 3, 3) relative to its parent, None for no rotation
    """
    frames = max((len(rotation) for rotation in rotations if rotation is not None), default=1)
    frames = max([frames, *(len(offset) for offset in offsets if offset.ndim == 2)])
    positions, world = np.empty((3, len(parents), frames)), np.empty((3, 3, len(parents), frames))
    for joint, (offset, rotation) in enumerate(zip(offsets, rotations, strict=True)):
        positions[:, joint] = offset.T if offset.ndim == 2 else offset[:, None]
        world[:, :, joint] = np.eye(3)[..., None] if rotation is None else rotation.transpose(1, 2, 0)
    return carry(parents, positions, world)


def carry(parents: Sequence[int], positions: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """As `forward` for offsets (3, J, T) and rotations (3, 3, J, T), in which it computes."""
    carrying = set(parents)
    for level in _levels(parents):
        joints = sorted(level, key=lambda joint: joint not in carrying)
        turning = [joint for joint in joints if joint in carrying]  # nothing hangs on the others, which come last
        above = [parents[joint] for joint in joints]
        outer = turns[:, :, above]
        positions[:, joints] = positions[:, above] + _product(outer, positions[:, None, joints])[:, 0]
        turns[:, :, turning] = _product(outer[:, :, : len(turning)], turns[:, :, turning])
    return positions.transpose(2, 1, 0)


def _levels(parents: Sequence[int]) -> list[list[int]]:
    """The joints below the root by their distance from it: those of a level depend on earlier levels alone."""
    depths = [0]
    levels: list[list[int]] = []
    for joint, parent in enumerate(parents[1:], start=1):
        depths.append(depths[parent] + 1)
        if depths[joint] > len(levels):
            levels.append([])
        levels[depths[joint] - 1].append(joint)
    return levels


def _product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Matrices (3, 3, N, T) times matrices (3, M, N, T)."""
    result = first[:, 0, None] * second[0]
    result += first[:, 1, None] * second[1]
    result += first[:, 2, None] * second[2]
    return result
