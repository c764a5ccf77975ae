"""A recording on the canonical body, its height, and the table that `m2l inspect` prints."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace

from motion2language.body.absent import name_absent
from motion2language.body.axes import Axes, stature
from motion2language.body.mapping import JointMap, map_joints
from motion2language.body.names import helper_kind
from motion2language.body.sides import Sides, measure_sides
from motion2language.motion import CANONICAL, CONTACTS, Motion

#: Statures in metres that to_canonical accepts: from small children and toys to giants of games. Chosen.
POSSIBLE_HEIGHT = (0.4, 4.0)


class FeetWarning(UserWarning):
    """A recording's feet point the wrong way, though not so clearly that left and right must be swapped."""


class PartialBodyWarning(UserWarning):
    """A recording shows only a part of a body; the rest is a stand-in."""


def to_canonical(motion: Motion, overrides: Mapping[str, str] | None = None) -> Motion:
    """The same recording on `motion.CANONICAL`; rate, name, angles and what was seen are kept.

    motion     metres, Y up (detect_axes brings other files there)
    overrides  canonical joint -> source joint, as in map_joints

    ValueError when joints are missing, the body is not of human size in metres, or left and right are swapped; a
    warning when the feet point the wrong way, though not so clearly that they prove it, and one that names the parts of
    the body that the recording lacks.
    """
    try:
        joint_map = map_joints(motion.skeleton, motion.positions, overrides)
    except ValueError as error:
        raise ValueError(f"{motion.label}: {error}") from None
    positions = joint_map.apply(motion.positions)
    seen = joint_map.apply_seen(motion.seen, motion.frames)
    body = replace(motion, positions=positions, skeleton=CANONICAL, seen=seen)
    height = body_height(body)
    low, high = POSSIBLE_HEIGHT
    if not low <= height <= high:
        raise ValueError(
            f"{motion.label}: the body is {height:.3g} m tall, expected {low} to {high}; set the unit with --unit"
        )
    sides = measure_sides(positions)
    if sides.swapped:
        raise ValueError(
            f"{motion.label}: its feet are on the wrong sides: either the file has left-handed coordinates "
            "(read it with --mirror, or without it if you gave it) or its joint names are swapped "
            "(swap them with --joint-map FILE)"
        )
    if sides.doubtful:
        warnings.warn(
            f"{motion.label}: its feet point the wrong way in {sides.wrong:.0%} of the frames; "
            "left and right stay as named",
            FeetWarning,
            stacklevel=2,
        )
    if lost := name_absent(set(joint_map.absent)):
        warnings.warn(
            f"{motion.label}: shows no {lost}; what is absent stands at rest here", PartialBodyWarning, stacklevel=2
        )
    return body


def ensure_canonical(motion: Motion) -> Motion:
    """The motion itself when it is already on the canonical body, else mapped by to_canonical.

    >>> import numpy as np
    >>> standing = Motion(np.zeros((1, 21, 3)), fps=30, skeleton=CANONICAL)
    >>> ensure_canonical(standing) is standing
    True
    """
    return motion if motion.skeleton.joints == CANONICAL.joints else to_canonical(motion)


def body_height(motion: Motion) -> float:
    """Standing height in metres of a canonical motion, estimated from bone lengths, so whatever the pose."""
    return stature(motion.positions)


def mirrored(motion: Motion) -> bool:
    """True when a canonical motion has its left side on the right beyond doubt (sides.py)."""
    return measure_sides(motion.positions).swapped


def describe(
    motion: Motion, axes: Axes | None = None, overrides: Mapping[str, str] | None = None
) -> list[tuple[str, str | float | int]]:
    """Facts about a recording in metres, Y up: (label, value) rows, then one row per canonical joint.

    axes  the file's unit and up axis, which are only reported
    A skeleton that cannot be mapped gets one row with the reason instead.
    """
    rows: list[tuple[str, str | float | int]] = [
        ("skeleton", motion.skeleton.name),
        ("joints", len(motion.skeleton.joints)),
        ("frames", motion.frames),
        ("frames per second", motion.fps),
        ("seconds", motion.duration),
    ]
    if axes is not None:
        rows += [("unit", axes.unit), ("metres per unit", axes.scale), ("up axis", axes.up)]
    try:
        joint_map = map_joints(motion.skeleton, motion.positions, overrides)
    except ValueError as error:
        return [*rows, ("body", f"not found: {error}")]
    body = replace(motion, positions=joint_map.apply(motion.positions), skeleton=CANONICAL, seen=None)
    rows += [
        ("body height in metres", body_height(body)),
        ("left and right", _describe_sides(measure_sides(body.positions))),
    ]
    if lost := name_absent(set(joint_map.absent)):
        rows.append(("absent", lost))
    rows += _describe_gaps(motion) + _describe_contacts(motion)
    rows += joint_map.rows()
    if ignored := _ignored(joint_map):
        rows.append(("ignored", ignored))
    return rows


def _describe_gaps(motion: Motion) -> list[tuple[str, str | float | int]]:
    """A row with the joints that are not seen for some time, and in which share of the frames."""
    if motion.seen is None:
        return []
    shares = zip(motion.skeleton.joints, 1 - motion.seen.mean(axis=0), strict=True)
    return [("not seen", ", ".join(f"{joint} {share:.0%}" for joint, share in shares if share > 0))]


def _describe_contacts(motion: Motion) -> list[tuple[str, str | float | int]]:
    """A row with the share of the frames in which the file says that a part of a foot is on the ground."""
    if motion.contacts is None:
        return []
    shares = zip(CONTACTS, motion.contacts.mean(axis=0), strict=True)
    return [("on the ground", ", ".join(f"{part.replace('_', ' ')} {share:.0%}" for part, share in shares))]


def _ignored(joint_map: JointMap) -> str:
    """Joints that steer or hang on the body and are no part of it, by kind."""
    used = {joint for rule in joint_map.rules for joint, _ in rule.weights}
    kinds: dict[str, list[str]] = {}
    for joint in joint_map.skeleton.joints:
        kind = helper_kind(joint)
        if kind and joint not in used:
            kinds.setdefault(kind, []).append(joint)
    listed = (f"{kind}: {', '.join(found[:12])}{' …' * (len(found) > 12)}" for kind, found in kinds.items())
    return "; ".join(listed)


def _describe_sides(sides: Sides) -> str:
    if sides.swapped:
        return "swapped"
    return f"as named; feet point the wrong way in {sides.wrong:.0%} of the frames" if sides.doubtful else "as named"
