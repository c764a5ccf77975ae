"""Forward kinematics for readers: rotations about axes in any order, and joints down a tree, all frames at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def axis_rotation(axis: int, angle: np.ndarray) -> np.ndarray:
    """Rotations (T, 3, 3) about an axis (0 x, 1 y, 2 z) by `angle` (T,) radians."""
    first, second = [(1, 2), (2, 0), (0, 1)][axis]
    result = np.zeros((len(angle), 3, 3))
    result[:, axis, axis] = 1
    result[:, first, first] = result[:, second, second] = np.cos(angle)
    result[:, second, first] = np.sin(angle)
    result[:, first, second] = -result[:, second, first]
    return result


def euler_rotation(axes: Sequence[int], angles: np.ndarray) -> np.ndarray:
    """The product (T, 3, 3) of rotations about `axes` in the given order by `angles` (T, N) radians."""
    result = np.broadcast_to(np.eye(3), (len(angles), 3, 3))
    for number, axis in enumerate(axes):
        turn = axis_rotation(axis, angles[:, number])
        result = turn if number == 0 else result @ turn
    return result


def forward(
    parents: Sequence[int], offsets: Sequence[np.ndarray], rotations: Sequence[np.ndarray | None]
) -> np.ndarray:
    """World positions (T, J, 3) of joints, parents before children.

    offsets    for each joint (3,) or (T, 3) in its parent's axes
    rotations  for each joint (T, 3, 3) relative to its parent, None for no rotation
    """
    frames = max((len(rotation) for rotation in rotations if rotation is not None), default=1)
    frames = max([frames, *(len(offset) for offset in offsets if offset.ndim == 2)])
    positions = np.zeros((frames, len(parents), 3))
    frames_of: list[np.ndarray | None] = []
    for joint, parent in enumerate(parents):
        above = frames_of[parent] if parent >= 0 else None
        base = positions[:, parent] if parent >= 0 else 0.0
        offset = offsets[joint]
        if above is not None:
            offset = (above @ offset[..., None])[..., 0]
        positions[:, joint] = base + offset
        turn = rotations[joint]
        frames_of.append(above if turn is None else turn if above is None else above @ turn)
    return positions
