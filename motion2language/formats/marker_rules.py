"""From markers to joints, as a table: each joint's rules, the best first, and the geometry they use.

All lengths are shares of what is measured on the body itself, in its own axes. No unit, up axis or stature is assumed,
so a body measured in millimetres or lying on the floor gets the same joints. Each constant has its source beside it;
docs/guide/markers.md lists how far off the joints may be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Hip: backwards, down, outwards from the middle of the ASIS, in shares of their distance. Bell, Pedersen and Brand
# 1990, J Biomech 23, 617-621.
_HIP = (0.19, 0.30, 0.36)
# Shoulder: below the acromion, in shares of the distance between both. Rab, Petuskey and Bagley 2002, Gait & Posture
# 15, 113-119.
_SHOULDER = 0.17
# Joint from the marker on its outer side: half the joint's breadth and a marker's radius of 7 mm, as a share of the
# length from this joint to the next. Knee 10 cm and ankle 7 cm broad for a shank of 41 cm, elbow 7 cm broad for a
# forearm of 25 cm. Chosen, breadths and lengths of a man of average size.
_KNEE, _ANKLE, _ELBOW = 0.14, 0.10, 0.17
# The head's joint, where the skull meets the neck: its share of the way from neck to the middle of the head, and to
# the top of the head.
# Chosen: heights of 0.835, 0.945 and 1 of a stature, and 0.89 for the joint (body/axes.py).
_HEAD, _TOP = 0.5, 0.33
# The head's joint without markers on the head: the line from pelvis (0.55 of a stature) to neck, extended.
_ON = 1.19
# Spine on the way from pelvis to chest: on a straight back the place that body/mapping.py gives it.
_SPINE = 0.63
_HINT = 0.3  # weight of the thumb's side against the forearm's direction for an elbow's axis; chosen

Path3 = np.ndarray  # (T, 3)


@dataclass(frozen=True)
class Rule:
    """One way to compute a joint: from parts (markers.SKIN, markers.CENTRES) and earlier joints; `*` is the side.

    `make` gets the side's sign, 1 on the left and -1 on the right, and the paths (T, 3) of `needs`.
    """

    make: Callable[..., Path3]
    needs: tuple[str, ...]


def _mean(_: float, *paths: Path3) -> Path3:
    return np.mean(paths, axis=0)


def _between(share: float) -> Callable[..., Path3]:
    """The point on the way from the first path to the mean of the others."""
    return lambda _, start, *ends: start + share * (np.mean(ends, axis=0) - start)


def _lengths(vectors: np.ndarray) -> np.ndarray:
    """The lengths (T,) of vectors (T, 3); by component, since numpy is slow along an axis of three."""
    x, y, z = vectors.T
    return np.sqrt(x * x + y * y + z * z)


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The cross products (T, 3) of vectors (T, 3), by component."""
    (a, b, c), (x, y, z) = first.T, second.T
    return np.stack([b * z - c * y, c * x - a * z, a * y - b * x], axis=1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(_lengths(vectors), 1e-12)[:, None]


def _length(vectors: np.ndarray) -> float:
    """The median length of vectors whose length should not change."""
    lengths = _lengths(vectors)
    seen = np.isfinite(lengths)
    return float(np.median(lengths[seen])) if seen.any() else float("nan")


def _hip(sign: float, left: Path3, right: Path3, *back: Path3) -> Path3:
    """From both ASIS and the markers behind them: both PSIS or the sacrum."""
    middle, across, width = (left + right) / 2, _unit(left - right), _length(left - right)
    ahead = middle - np.mean(back, axis=0)
    ahead = _unit(ahead - (ahead * across).sum(1, keepdims=True) * across)
    backwards, down, outwards = _HIP
    return middle + width * (-backwards * ahead - down * _cross(ahead, across) + sign * outwards * across)


def _pelvis(_: float, left: Path3, right: Path3, *markers: Path3) -> Path3:
    """Half-way from the middle of the hips to the middle of the pelvis' markers; chosen, about 3 cm above the hips."""
    return (left + right) / 4 + np.mean(markers, axis=0) / 2


def _shoulder(sign: float, own: Path3, other: Path3, pelvis: Path3) -> Path3:
    return own + _SHOULDER * _length(own - other) * _unit(pelvis - (own + other) / 2)


def _between_sides(sign: float, *paths: Path3) -> Path3:
    """The shoulder under markers on its front and back; both of this side, both of the other, the pelvis."""
    return _shoulder(sign, (paths[0] + paths[1]) / 2, (paths[2] + paths[3]) / 2, paths[4])


def _across_hips(share: float, at: int) -> Callable[..., Path3]:
    """As _leg, across the hips alone, where no marker shows which way the foot points."""

    def make(sign: float, knee: Path3, ankle: Path3, left: Path3, right: Path3) -> Path3:
        return (knee, ankle)[at] - sign * share * _length(knee - ankle) * _unit(left - right)

    return make


def _leg(share: float, at: int) -> Callable[..., Path3]:
    """Knee (at 0) or ankle (1): inwards from its outer marker, across shin and foot, and a little across the hips."""

    def make(sign: float, *paths: Path3) -> Path3:
        knee, ankle, heel, toe, left, right = paths
        across = _cross(_unit(knee - ankle), _unit(toe - heel)) + 0.1 * _unit(left - right)
        return paths[at] - sign * share * _length(knee - ankle) * _unit(across)

    return make


def _elbow(sign: float, outer: Path3, shoulder: Path3, wrist: Path3, thumb: Path3, small: Path3) -> Path3:
    """Inwards from the outer marker along the forearm's bending axis; for a straight arm the thumb determines it."""
    length, elbow = _length(outer - wrist), outer
    for _ in range(3):  # each step knows the elbow better, and so its axis
        ahead = (wrist - elbow) / length + _HINT * _unit(thumb - small)
        elbow = outer - sign * _ELBOW * length * _unit(_cross(_unit(shoulder - elbow), ahead))
    return elbow


_WAIST = ("left front waist", "right front waist")
_BACK = ("left back waist", "right back waist")
_HIPS = ("*outer knee", "*outer ankle", "left hip", "right hip")
_FEET = ("*outer knee", "*outer ankle", "*heel", "*toe", "left hip", "right hip")

#: Joint -> its rules, the best first; the order of joints is such that each rule finds the joints it needs.
RULES: dict[str, tuple[Rule, ...]] = {
    "*hip": (Rule(_mean, ("*hip",)), Rule(_hip, _WAIST + _BACK), Rule(_hip, (*_WAIST, "sacrum"))),
    "pelvis": (
        Rule(_pelvis, ("left hip", "right hip", *_WAIST, *_BACK)),
        Rule(_pelvis, ("left hip", "right hip", *_WAIST, "sacrum", "sacrum")),
        Rule(_mean, ("pelvis",)),
        Rule(_mean, ("left hip", "right hip")),
    ),
    "*toe": (
        Rule(_mean, ("*inner forefoot", "*outer forefoot")),
        Rule(_mean, ("*middle forefoot",)),
        Rule(_mean, ("*outer forefoot",)),
        Rule(_mean, ("*toe tip",)),
        Rule(_mean, ("*toe",)),
    ),
    "*knee": (
        Rule(_mean, ("*knee",)),
        Rule(_mean, ("*outer knee", "*inner knee")),
        Rule(_leg(_KNEE, 0), _FEET),
        Rule(_across_hips(_KNEE, 0), _HIPS),
    ),
    "*ankle": (
        Rule(_mean, ("*ankle",)),
        Rule(_mean, ("*outer ankle", "*inner ankle")),
        Rule(_leg(_ANKLE, 1), _FEET),
        Rule(_across_hips(_ANKLE, 1), _HIPS),
    ),
    "*shoulder": (
        Rule(_mean, ("*shoulder",)),
        Rule(_shoulder, ("*shoulder top", "other shoulder top", "pelvis")),
        Rule(
            _between_sides,
            ("*front shoulder", "*back shoulder", "other front shoulder", "other back shoulder", "pelvis"),
        ),
        Rule(_shoulder, ("*shoulder top", "other shoulder top", "breastbone")),
        Rule(_mean, ("*shoulder top",)),
    ),
    "*wrist": (
        Rule(_mean, ("*wrist",)),
        Rule(_mean, ("*thumb wrist", "*small wrist")),
        Rule(_mean, ("*single wrist",)),
        Rule(_mean, ("*thumb wrist",)),
        Rule(_mean, ("*small wrist",)),
    ),
    "*elbow": (
        Rule(_mean, ("*elbow",)),
        Rule(_mean, ("*outer elbow", "*inner elbow")),
        Rule(_elbow, ("*outer elbow", "*shoulder", "*wrist", "*thumb wrist", "*small wrist")),
        Rule(_elbow, ("*outer elbow", "*shoulder", "*wrist", "*front waist", "*back waist")),
        Rule(_elbow, ("*outer elbow", "*shoulder", "*wrist", "*front waist", "sacrum")),
        Rule(_mean, ("*outer elbow",)),
    ),
    "neck": (
        Rule(_mean, ("neck",)),
        Rule(_mean, ("C7", "collarbones")),
        Rule(_between(0.5), ("C7", "left shoulder", "right shoulder")),
        Rule(_mean, ("left shoulder top", "right shoulder top")),
        Rule(_mean, ("left shoulder", "right shoulder")),
    ),
    "chest": (Rule(_mean, ("T10", "breastbone")),),
    "spine": (Rule(_between(_SPINE), ("pelvis", "chest")),),
    "head": (
        Rule(_between(_HEAD), ("neck", "left front head", "right front head", "left back head", "right back head")),
        Rule(_between(_HEAD), ("neck", "left side head", "right side head", "front head")),
        Rule(_between(_HEAD), ("neck", "left side head", "right side head")),
        Rule(_between(_HEAD), ("neck", "left front head", "right front head")),
        Rule(_between(_TOP), ("neck", "top head")),
        Rule(_between(_HEAD), ("neck", "middle head")),
        Rule(_between(_ON), ("pelvis", "neck")),
    ),
}

#: The markers that determine a joint in most laboratories, for messages.
USUAL: dict[str, tuple[str, ...]] = {
    "hip": (*_WAIST, *_BACK),
    "knee": ("*outer knee", "*outer ankle", "*heel", "*middle forefoot"),
    "ankle": ("*outer ankle", "*heel", "*middle forefoot"),
    "shoulder": ("left shoulder top", "right shoulder top"),
    "elbow": ("*outer elbow", "*thumb wrist", "*small wrist"),
    "wrist": ("*thumb wrist", "*small wrist"),
    "head": ("C7", "collarbones", "left front head", "right front head", "left back head", "right back head"),
}
