"""Motions as the text of a BVH file: centimetres, Y up.

Z-X-Y rotations point each bone at its child, and every joint has positions, so that the recording comes back exactly.
"""

from __future__ import annotations

import numpy as np

from motion2language.formats.bone_turns import BoneTurns, turn_bones
from motion2language.motion import Motion, Skeleton

_STEADY = 1e-5  # metres, by which an end may move in its joint's axes; chosen, what is written is rounded to 1e-7


def bvh_text(motion: Motion) -> str:
    """The text of a motion as BVH."""
    skeleton, bones = motion.skeleton, turn_bones(motion)
    children = [[c for c, parent in enumerate(skeleton.parents) if parent == j] for j in range(len(skeleton.joints))]
    sites = _sites(skeleton, children, bones)
    moved = [joint for joint in _depth_first(children) if joint not in sites]  # in the order of the hierarchy
    text = ["HIERARCHY", *_lines(skeleton, children, moved, 100 * bones.rest), "MOTION"]
    text += [f"Frames: {motion.frames}", f"Frame Time: {1 / motion.fps:.9g}"]
    angles = np.degrees(np.stack([_zxy(bones.turns[joint]) for joint in moved]))
    table = np.concatenate([100 * bones.offsets[moved], angles], axis=2).transpose(1, 0, 2).reshape(motion.frames, -1)
    text += [" ".join(f"{value:.5f}" for value in row) for row in table]
    return "\n".join(text) + "\n"


def _depth_first(children: list[list[int]]) -> list[int]:
    """The joints limb by limb."""
    order, waiting = list[int](), [0]
    while waiting:
        order.append(waiting.pop())
        waiting += reversed(children[order[-1]])
    return order


def _sites(skeleton: Skeleton, children: list[list[int]], bones: BoneTurns) -> set[int]:
    """The joints that are written as end sites: only children, named as `read` names these, at a place that stays."""
    steady = np.abs(bones.offsets - bones.rest[:, None]).max(axis=(1, 2)) < _STEADY
    return {
        joint for joint, parent in enumerate(skeleton.parents)
        if parent >= 0 and steady[joint] and not children[joint] and children[parent] == [joint]
        and skeleton.joints[joint] == f"{skeleton.joints[parent]}_end"
    }  # fmt: skip


def _lines(skeleton: Skeleton, children: list[list[int]], moved: list[int], rest: np.ndarray) -> list[str]:
    """The hierarchy of the joints `moved`, limb by limb; a leaf without an end site gets one 5 cm further on."""
    lines, depths = list[str](), {-1: -1}
    for joint, following in zip(moved, [*moved[1:], None], strict=True):
        depth = depths[joint] = depths[skeleton.parents[joint]] + 1
        pad = "  " * depth
        lines += [
            f"{pad}{'JOINT' if depth else 'ROOT'} {skeleton.joints[joint]}",
            f"{pad}{{",
            f"{pad}  OFFSET {_numbers(rest[joint])}",
            f"{pad}  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation",
        ]
        open_until = -1 if following is None else depths[skeleton.parents[following]]
        if open_until < depth:  # a leaf, whose only child may be an end site
            direction = rest[joint] / max(float(np.linalg.norm(rest[joint])), 1e-9)
            end = rest[children[joint][0]] if children[joint] else 5 * direction
            lines += [f"{pad}  End Site", f"{pad}  {{", f"{pad}    OFFSET {_numbers(end)}", f"{pad}  }}"]
        lines += [f"{'  ' * each}}}" for each in range(depth, open_until, -1)]
    return lines


def _numbers(values: np.ndarray) -> str:
    return " ".join(f"{value:.5f}" for value in values)


def _zxy(turns: np.ndarray) -> np.ndarray:
    """Angles (T, 3) about z, x, y whose product is `turns` (T, 3, 3), continuous in time."""
    x = np.arcsin(np.clip(turns[:, 2, 1], -1, 1))
    z = np.arctan2(-turns[:, 0, 1], turns[:, 1, 1])
    y = np.arctan2(-turns[:, 2, 0], turns[:, 2, 2])
    return np.unwrap(np.stack((z, x, y), axis=1), axis=0)
