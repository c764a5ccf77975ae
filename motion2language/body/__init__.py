"""From any skeleton to the canonical body: which joint is which, in which unit, which way is up.

`detect_axes` finds unit and up axis of a file's positions, `Axes.apply` turns them into metres, Y up. `map_joints`
finds the joint for each of the 21 of `motion.CANONICAL`; `to_canonical` gives the recording on these joints.
"""

from __future__ import annotations

from motion2language.body.absent import canonical_tree, is_enough, name_absent, partial_stature
from motion2language.body.axes import PLAUSIBLE_HEIGHT, UNITS, Axes, detect_axes, stature
from motion2language.body.canonical import (
    POSSIBLE_HEIGHT,
    FeetWarning,
    PartialBodyWarning,
    body_height,
    describe,
    ensure_canonical,
    mirrored,
    to_canonical,
)
from motion2language.body.figure import figure_of
from motion2language.body.mapping import JointMap, JointRule, canonical_joints, load_joint_map, map_joints
from motion2language.body.names import plain_names

__all__ = [
    "PLAUSIBLE_HEIGHT",
    "POSSIBLE_HEIGHT",
    "UNITS",
    "Axes",
    "FeetWarning",
    "JointMap",
    "JointRule",
    "PartialBodyWarning",
    "body_height",
    "canonical_joints",
    "canonical_tree",
    "describe",
    "detect_axes",
    "ensure_canonical",
    "figure_of",
    "is_enough",
    "load_joint_map",
    "map_joints",
    "mirrored",
    "name_absent",
    "partial_stature",
    "plain_names",
    "stature",
    "to_canonical",
]
