"""The left and right joints of any skeleton, its pelvis and head, and where it faces: for colours and camera."""

from __future__ import annotations

from typing import Any

import numpy as np

from motion2language.body.mapping import JointMap, map_joints
from motion2language.body.names import split_names
from motion2language.motion import Motion

_LETTERS = {"left": "l", "right": "r"}


def describe(motion: Motion) -> dict[str, Any]:
    """The page's data about a skeleton.

    sides        one letter per joint: l, r or m (middle)
    pelvis       index of the joint that moves with the body; the root if no human body is recognised
    head         index or None
    facing       radians from +Z to +X, in the first frame
    """
    try:
        mapped = map_joints(motion.skeleton, motion.positions)
    except ValueError:  # not a human body; joint names may still contain left and right
        mapped = None
    letters = _sides(motion, mapped)
    parts = {part: None if mapped is None else _single(mapped, part) for part in ("pelvis", "head")}
    return {
        "sides": "".join(letters),
        "pelvis": 0 if parts["pelvis"] is None else motion.skeleton.index(parts["pelvis"]),
        "head": None if parts["head"] is None else motion.skeleton.index(parts["head"]),
        "facing": _facing(motion, letters),
    }


def limb_ends(motion: Motion) -> dict[str, Any]:
    """The joints of the hands (one each) and of the feet (one or two each: ankle, toe); none of a body unlike people.

    A joint that the skeleton lacks is left out.
    """
    try:
        mapped = map_joints(motion.skeleton, motion.positions)
    except ValueError:
        return {"hands": [], "feet": []}

    def found(*parts: str) -> list[int]:
        names = [_single(mapped, part) for part in parts]
        return list(dict.fromkeys(motion.skeleton.index(name) for name in names if name is not None))

    feet = [found(f"{side}_ankle", f"{side}_toe") for side in _LETTERS]
    return {"hands": found("left_wrist", "right_wrist"), "feet": [foot for foot in feet if foot]}


def _sides(motion: Motion, mapped: JointMap | None) -> list[str]:
    """The side of each joint: from the canonical body, else from its name, else from its parent."""
    known = {joint: _LETTERS.get(side, "") for joint, (side, _) in split_names(motion.skeleton).items()}
    for rule in mapped.rules if mapped else ():
        side, _, part = rule.canonical.partition("_")
        source = _single(mapped, rule.canonical) if mapped else None
        if part and source is not None:
            known[source] = _LETTERS[side]
    letters: list[str] = []
    for joint, parent in zip(motion.skeleton.joints, motion.skeleton.parents, strict=True):
        inherited = letters[parent] if parent >= 0 else "m"
        letters.append(known[joint] or inherited)
    return letters


def _single(mapped: JointMap, canonical: str) -> str | None:
    """The joint mapped to a canonical joint; None for a mixture of joints."""
    rule = next(rule for rule in mapped.rules if rule.canonical == canonical)
    return rule.weights[0][0] if len(rule.weights) == 1 else None


def _facing(motion: Motion, letters: list[str]) -> float:
    """Forward in the first frame: left turned by -90 degrees about Y; 0 if left and right are unknown."""
    sides = np.array(letters)
    if not ((sides == "l").any() and (sides == "r").any()):
        return 0.0
    left = motion.positions[0, sides == "l"].mean(axis=0) - motion.positions[0, sides == "r"].mean(axis=0)
    return float(np.arctan2(-left[2], left[0]))
