"""Unit and up axis of a recording, detected from the body, and the conversion to metres, Y up, right-handed.

Files rarely specify their unit, but a body reveals it: the bones along head, spine and legs add up to most of a
stature, whatever the pose, and any number is a plausible stature in at most one of the units below. The up axis is the
one along which the head stays above the feet. That is wrong for a recording in which the person rarely stands or sits
(lying, crawling, handstands): set `up` there.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from motion2language.body.absent import UPWARDS, partial_stature
from motion2language.body.mapping import map_joints
from motion2language.body.median import median
from motion2language.motion import CANONICAL, Skeleton

#: Metres in one unit. `cmu` is the unit of CMU's ASF/AMC files and of BVH files made from them: one inch / 0.45.
UNITS: dict[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "ft": 0.3048, "cmu": 0.0254 / 0.45}

#: Plausible statures in metres. As wide as possible such that any number fits at most one of UNITS; chosen.
PLAUSIBLE_HEIGHT = (1.0, 2.2)

#: Statures of children and of cartoon characters: where no unit is plausible, the metric one that gives such a stature
#: is assumed, with a warning. Chosen, so that at most one does.
UNUSUAL_HEIGHT = (0.6, 3.0)

#: For each up axis: which source axis, with which sign, becomes x, y, z. Each is a rotation: nothing is mirrored.
_TURNS: dict[str, tuple[tuple[int, int], ...]] = {
    "y": ((0, 1), (1, 1), (2, 1)),
    "z": ((0, 1), (2, 1), (1, -1)),
    "x": ((1, -1), (0, 1), (2, 1)),
    "-y": ((0, 1), (1, -1), (2, -1)),
    "-z": ((0, 1), (2, -1), (1, 1)),
    "-x": ((1, 1), (0, -1), (2, 1)),
}

# Shares of the stature. Ankle: Drillis and Contini 1966, as in Winter, Biomechanics and Motor Control of Human
# Movement, fig. 4.1. Head joint (top of the neck): chosen, between chin (0.870) and eyes (0.936) of that figure.
_ANKLE_SHARE, _HEAD_SHARE = 0.039, 0.89

# The joints whose bones make up the stature: from the head down to above the hips, and the legs.
_BONES = [
    [CANONICAL.index(joint) for joint in joints]
    for joints in (
        ("head", "neck", "chest", "spine"),
        ("left_hip", "left_knee", "left_ankle"),
        ("right_hip", "right_knee", "right_ankle"),
    )
]

# Least cosine between an axis and the direction from feet to head: 45 degrees, so that only one axis can reach it.
_LEAST_ALIGNMENT = float(np.sqrt(0.5))


@dataclass(frozen=True)
class Axes:
    """How a recording is measured: unit (a key of UNITS or a number), up axis (`x y z`, or with a minus), metres."""

    unit: str
    up: str
    scale: float

    def __post_init__(self) -> None:
        metres_in(self.unit)
        _require_choice("up", self.up, tuple(_TURNS))
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"scale {self.scale} is not a positive number of metres")

    def apply(self, positions: np.ndarray) -> np.ndarray:
        """Positions (..., 3) of the file -> float32 metres, Y up, right-handed when the file is."""
        turned = np.empty(positions.shape, np.float32)
        for column, (axis, sign) in enumerate(_TURNS[self.up]):
            np.multiply(positions[..., axis], sign * self.scale, out=turned[..., column], casting="unsafe")
        return turned


def detect_axes(
    positions: np.ndarray,
    skeleton: Skeleton,
    unit: str | None = None,
    up: str | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Axes:
    """Unit and up axis of positions (T, J, 3); `unit` and `up` are used as given, else detected.

    unit  a key of UNITS, or the metres in one unit as text
    up    x, y or z with or without a sign

    overrides  as in map_joints
    ValueError, naming --unit or --up, when the size fits no unit or the head is not clearly above the feet. A
    skeleton that cannot be mapped to a body is measured by its bounding box and needs `up`; with `overrides` it is an
    error.
    """
    if unit is not None:
        metres_in(unit)
    up = None if up is None else up.removeprefix("+")
    _require_choice("up", up, tuple(_TURNS))
    if unit is not None and up is not None:
        return Axes(unit, up, metres_in(unit))
    try:
        body = map_joints(skeleton, positions, overrides).apply_known(positions)
    except ValueError:
        if up is None or overrides:
            raise
        size = _box_size(positions)
    else:
        size = stature(body)
        up = up or _detect_up(body)
    unit = unit or _detect_unit(size)
    return Axes(unit, up, metres_in(unit))


def metres_in(unit: str) -> float:
    """Metres in a unit: of UNITS, or given as a number; ValueError for anything else.

    >>> metres_in("mm"), metres_in("0.3048")
    (0.001, 0.3048)
    """
    if unit in UNITS:
        return UNITS[unit]
    try:
        metres = float(unit)
    except ValueError:
        metres = 0.0
    if not 0 < metres < float("inf"):
        raise ValueError(f"unknown unit {unit!r}; --unit takes {', '.join(UNITS)}, or a number of metres above zero")
    return metres


def stature(body: np.ndarray) -> float:
    """Standing height of a canonical body (T, 21, 3), in its own unit, whatever the pose.

    The bones from head joint to ankles, each at its median length, are assumed to be the same share of every stature:
    the estimate for a body with a long back is too tall. Where joints are absent (NaN), legs or else arms decide.
    """
    trunk, left, right = (body[:, columns] for columns in _BONES)
    points = np.concatenate([trunk, _point(body, "hips")[:, None], left, right], axis=1)
    lengths = median(np.linalg.norm(np.diff(points, axis=1), axis=2))  # head to hips, left leg, right leg
    if not np.isfinite(lengths).all():
        return partial_stature(body)
    return float((lengths[:4].sum() + (lengths[5:7].sum() + lengths[8:].sum()) / 2) / (_HEAD_SHARE - _ANKLE_SHARE))


def _point(body: np.ndarray, joint: str) -> np.ndarray:
    """One canonical joint (T, 3); `hips` and `ankles` are the middle of left and right."""
    names = [f"left_{joint[:-1]}", f"right_{joint[:-1]}"] if joint in ("hips", "ankles") else [joint]
    return body[:, [CANONICAL.index(name) for name in names]].astype(np.float64).mean(axis=1)


def _box_size(positions: np.ndarray) -> float:
    """Longest side of the bounding box of all joints, the median over time."""
    return float(median(np.ptp(positions, axis=1).max(axis=1)))


def _detect_unit(height: float) -> str:
    low, high = PLAUSIBLE_HEIGHT
    fitting = [unit for unit, scale in UNITS.items() if low <= height * scale <= high]
    if not fitting:
        least, most = UNUSUAL_HEIGHT
        fitting = [unit for unit in ("m", "cm", "mm") if least <= height * UNITS[unit] <= most]
        if fitting:
            warnings.warn(
                f"the body is {height * UNITS[fitting[0]]:.2f} m tall if its unit is {fitting[0]}, which is assumed; "
                "set another one with --unit",
                stacklevel=3,
            )
    if len(fitting) != 1:
        raise ValueError(
            f"the body is {height:.4g} units tall, expected a person of {low} to {high} m in one of "
            f"{', '.join(UNITS)}; set the unit with --unit"
        )
    return fitting[0]


def _detect_up(body: np.ndarray) -> str:
    """The axis along which the upper joints stay above the lower ones; NaN are absent joints."""
    finite = np.isfinite(body).all(axis=(0, 2))
    known = {joint for joint, is_known in zip(CANONICAL.joints, finite, strict=True) if is_known}
    ends = next(((low, high) for low, high in UPWARDS if known.issuperset(low + high)), None)
    if ends is None:
        raise ValueError("neither head nor feet show which way is up; set the up axis with --up x, y or z")
    low, high = (body[:, list(map(CANONICAL.index, joints))].astype(np.float64).mean(axis=1) for joints in ends)
    upwards = high - low
    upwards /= np.maximum(np.linalg.norm(upwards, axis=1, keepdims=True), 1e-12)
    direction = median(upwards)
    axis = int(np.argmax(np.abs(direction)))
    if direction[axis] < _LEAST_ALIGNMENT:
        found = ", ".join(f"{value:+.2f} along {name}" for name, value in zip("xyz", direction, strict=True))
        plural = {"left_ankle": "feet", "left_hip": "hips", "left_shoulder": "shoulders"}
        names = [plural.get(joints[0], joints[0]) for joints in ends]
        raise ValueError(
            f"the direction from {names[0]} to {names[1]} is {found} (median over time); expected an axis on which the "
            f"{names[1]} stays above the {names[0]}; set the up axis with --up x, y or z, or -y where the axis points "
            "down"
        )
    return "xyz"[axis]


def _require_choice(what: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise ValueError(f"unknown {what} {value!r}; --{what} takes {', '.join(choices)}")
