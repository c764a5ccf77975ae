"""Bodies of which a recording shows only a part: what may be absent, how it is named, and what stands in for it.

A lower body (both legs), an upper body (both arms) or more is enough. A joint that is absent stands where it would on
a person at rest, who is upright, turned as the body is and of its size: words about it may then be wrong, but features
of the other joints are those of the whole body. Below a chest that is bent far, an absent trunk bends with it.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from motion2language.motion import CANONICAL, Skeleton

#: Parts of the body that a recording may lack, and their joints that cannot be derived from others.
PARTS: dict[str, tuple[str, ...]] = {
    "head": ("head",),
    **{
        f"{side} arm": tuple(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist"))
        for side in ("left", "right")
    },
    **{f"{side} leg": tuple(f"{side}_{joint}" for joint in ("hip", "knee", "ankle")) for side in ("left", "right")},
}
_JOINTS = CANONICAL.joints
# Standing at rest, in shares of the stature: (left, up, forward) from the floor between the feet. Heights: Drillis and
# Contini 1966, as in Winter, Biomechanics and Motor Control of Human Movement, fig. 4.1 (ankle 0.039, knee 0.285, hip
# 0.530, shoulder 0.818, upper arm 0.186, forearm 0.146) and body/axes.py (head 0.89). Distances from the middle and
# ahead, and heights of the trunk's other joints: chosen, a narrow stance with hanging arms.
_TRUNK = {"pelvis": 0.55, "spine": 0.62, "chest": 0.70, "neck": 0.835, "head": 0.89}
_SIDE = {
    "collar": (0.03, 0.82, 0.0), "shoulder": (0.11, 0.818, 0.0), "elbow": (0.125, 0.632, 0.0),
    "wrist": (0.13, 0.486, 0.02), "hip": (0.05, 0.53, 0.0), "knee": (0.05, 0.285, 0.0), "ankle": (0.05, 0.039, 0.0),
    "toe": (0.06, 0.01, 0.08),
}  # fmt: skip
#: (21, 3): where each canonical joint stands at rest.
REST = np.array(
    [
        (0.0, _TRUNK[joint], 0.0)
        if joint in _TRUNK
        else np.array(_SIDE[joint.partition("_")[2]]) * (1 if joint.startswith("left") else -1, 1, 1)
        for joint in _JOINTS
    ]
)
#: Degrees between the vertical and the line from chest to neck, up to which the trunk below it is upright; the rest it
#: leans. Chosen: on 29 recordings, absent pelvises are 2.8 cm from the real ones, upright ones 3.3 cm; in a bow 2, 10.
_BENT = 20.0
#: Share of the usual height of the neck over the chest from which their line shows how the chest is bent: a Kinect's
#: chest is above the middle of its shoulders, and some bodies' neck is far ahead of it.
_CLEAR = 0.5  # chosen
#: Bones by which a part of a body is measured, as shares of the stature; the same figure: thigh and shank, both arms.
_MEASURES = ((("hip", "knee", "ankle"), 0.491), (("shoulder", "elbow", "wrist"), 0.332))
#: From the lower joint to the upper one, the first pair that is there gives the direction upwards.
UPWARDS = (
    (("left_ankle", "right_ankle"), ("head",)), (("left_ankle", "right_ankle"), ("pelvis",)), (("pelvis",), ("head",)),
    (("pelvis",), ("neck",)), (("spine",), ("head",)), (("chest",), ("head",)), (("spine",), ("neck",)),
    (("chest",), ("neck",)),
    (("left_ankle", "right_ankle"), ("left_hip", "right_hip")), (("left_shoulder", "right_shoulder"), ("head",)),
)  # fmt: skip


def canonical_tree(name: str, joints: Collection[str]) -> Skeleton:
    """The skeleton of some canonical joints; each one's parent is the nearest joint above it that is there.

    Where none is, as for arms without a trunk, the first joint is the parent.
    """
    names = [joint for joint in _JOINTS if joint in joints]
    parents: list[int] = []
    for joint in names:
        above = CANONICAL.parents[CANONICAL.index(joint)]
        while above >= 0 and _JOINTS[above] not in names:
            above = CANONICAL.parents[above]
        parents.append(names.index(_JOINTS[above]) if above >= 0 else min(0, len(parents) - 1))
    return Skeleton(name, tuple(names), tuple(parents))


def is_enough(found: set[str]) -> bool:
    """Whether canonical joints make a body that can be described: both legs or both arms."""
    return any({*PARTS[f"left {limb}"], *PARTS[f"right {limb}"]} <= found for limb in ("leg", "arm"))


def name_absent(absent: set[str]) -> str:
    """The absent joints that cannot be derived from others, for people: `arms, head` or `left wrist`."""
    names = ["pelvis"] if "pelvis" in absent else []
    for part, joints in PARTS.items():
        lost = [joint for joint in joints if joint in absent]
        names += [part] if len(lost) == len(joints) else [joint.replace("_", " ") for joint in lost]
    for limb in ("arm", "leg"):
        if {f"left {limb}", f"right {limb}"} <= set(names):
            names[names.index(f"left {limb}")] = f"{limb}s"
            names.remove(f"right {limb}")
    return ", ".join(names)


def partial_stature(body: np.ndarray) -> float:
    """The stature of a canonical body (T, 21, 3) with NaN for absent joints, from its legs or else its arms."""
    for joints, share in _MEASURES:
        columns = [[_JOINTS.index(f"{side}_{joint}") for joint in joints] for side in ("left", "right")]
        bones = np.linalg.norm(np.diff(body[:, columns].astype(np.float64), axis=2), axis=3)  # (T, sides, 2)
        lengths = np.median(bones, axis=0).sum(axis=1)
        if np.isfinite(lengths).any():
            return float(np.nanmean(lengths) / share)
    return float("nan")


def stand_in(body: np.ndarray) -> np.ndarray:
    """A canonical body (T, 21, 3), Y up, in which joints that are NaN stand as on a person at rest.

    Each is placed from a joint that is there: the nearest above it in the tree, or in the trunk the nearest below.
    """
    known = np.isfinite(body).all(axis=(0, 2))
    if known.all():
        return body
    offsets = REST * partial_stature(body)
    left, trunk = _left(body, known), _lean(body, known, offsets)
    forward = np.stack([-left[:, 2], np.zeros(len(left)), left[:, 0]], axis=1)
    filled = body.astype(np.float64)
    for joint, origin in _order(known):
        across, up, ahead = offsets[joint] - offsets[origin]
        upwards = (
            trunk if _JOINTS[joint] in ("pelvis", "spine") and _JOINTS[origin] in ("spine", "chest") else (0, 1, 0)
        )
        filled[:, joint] = filled[:, origin] + across * left + up * np.asarray(upwards) + ahead * forward
    return filled.astype(body.dtype)


def _order(known: np.ndarray) -> list[tuple[int, int]]:
    """Each absent joint and the joint that it is placed from, in an order in which that one is there already."""
    placed = {joint for joint, here in enumerate(known) if here}
    steps = []
    for _ in _JOINTS:  # each round places at least one, if any is there
        for joint, parent in enumerate(CANONICAL.parents):
            below = [child for child, above in enumerate(CANONICAL.parents) if above == joint and child in placed]
            origin = parent if parent in placed else below[0] if below else None
            if joint not in placed and origin is not None:
                steps.append((joint, origin))
                placed.add(joint)
    return steps


def _left(body: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The body's left (T, 3), level, of length 1: across the hips and the shoulders that are there, else +X."""
    left = np.zeros((len(body), 3))
    for part in ("hip", "shoulder"):
        ends = [_JOINTS.index(f"{side}_{part}") for side in ("left", "right")]
        if known[ends].all():
            left += body[:, ends[0]] - body[:, ends[1]]
    left[:, 1] = 0
    length = np.linalg.norm(left, axis=1, keepdims=True)
    return np.where(length > 1e-9, left / np.maximum(length, 1e-9), (1.0, 0.0, 0.0))


def _lean(body: np.ndarray, known: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The direction (T, 3) in which an absent trunk below the chest rises: upright, or leaning as the chest is bent.

    A frame alone, as of a stream, does not show what is usual; there it is upright.
    offsets  (21, 3) where each joint of this body stands at rest
    """
    chest, neck = _JOINTS.index("chest"), _JOINTS.index("neck")
    line = body[:, neck].astype(np.float64) - body[:, chest]
    usual = float(offsets[neck, 1] - offsets[chest, 1])
    if not (len(body) > 1 and known[[chest, neck]].all() and np.median(line[:, 1]) >= _CLEAR * usual):
        return np.tile((0.0, 1.0, 0.0), (len(body), 1))
    aside = line * (1, 0, 1)
    across = np.linalg.norm(aside, axis=1, keepdims=True)
    angle = np.maximum(np.arctan2(across, line[:, 1:2]) - np.radians(_BENT), 0)
    return np.cos(angle) * (0, 1, 0) + np.sin(angle) * aside / np.maximum(across, 1e-9)
