"""Markers on the skin to the joints under it: each joint by the first of its rules that the markers serve.

All rules are shares of what is measured on the body itself, in its own axes: no unit, no up axis, no stature is
assumed, and whoever is measured in millimetres or lies on the floor gets the same joints. Where a constant is from
stands beside it; how far off the joints may be, in docs/guide/markers.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from motion2language.formats.markers import LONGEST_GAP, Markers, fill, labels_of, recognise
from motion2language.formats.options import Recording
from motion2language.motion import CANONICAL, Motion, Skeleton

# Hip: backwards, down, outwards of the middle of the ASIS, in their distance. Bell, Pedersen and Brand 1990, J Biomech
# 23, 617-621.
_HIP = (0.19, 0.30, 0.36)
# Shoulder: below the acromion, in the distance of both. Rab, Petuskey and Bagley 2002, Gait & Posture 15, 113-119.
_SHOULDER = 0.17
# Joint from the marker on its outer side: half the joint's breadth and a marker's radius of 7 mm, in the length from
# this joint to the next: knee 10 cm and ankle 7 cm broad of a shank of 41 cm, elbow 7 cm broad of a forearm of 25 cm.
# Chosen, breadths and lengths of a man of middle size.
_KNEE, _ANKLE, _ELBOW = 0.14, 0.10, 0.17
# The head's joint, where the skull sits on the neck, on the way from neck to the middle of the head and to its top.
# Chosen: heights of 0.835, 0.945 and 1 of a stature, and 0.89 for the joint (body/axes.py).
_HEAD, _TOP = 0.5, 0.33
# The head's joint without markers on the head: straight on from the way from pelvis (0.55 of a stature) to neck.
_ON = 1.19
# Spine on the way from pelvis to chest, so that it is where body/mapping.py has it on a straight back.
_SPINE = 0.63
_HINT = 0.3  # weight of the thumb's side beside the forearm's direction in telling where an elbow's axis is; chosen
_SHOWN = 30  # labels shown of a file in a message; chosen
_UNITS = {"m": "m", "meter": "m", "cm": "cm", "mm": "mm", "millimeter": "mm", "in": "inch", "inch": "inch"}
#: Joints without which a body is none (body/mapping.py); the others it makes up from these.
REQUIRED = (
    "head",
    *(f"{side}_{part}" for part in "shoulder elbow wrist hip knee ankle".split() for side in ("left", "right")),
)

Path3 = np.ndarray  # (T, 3)


@dataclass(frozen=True)
class Rule:
    """One way to a joint: parts (markers.SKIN, markers.CENTRES) and joints made before, * the side, and what of them.

    `make` is given the side's sign, 1 on the left and -1 on the right, and the paths (T, 3) of `needs`.
    """

    make: Callable[..., Path3]
    needs: tuple[str, ...]


def _mean(_: float, *paths: Path3) -> Path3:
    return np.mean(paths, axis=0)


def _between(share: float) -> Callable[..., Path3]:
    """The point on the way from the first path to the mean of the others."""
    return lambda _, start, *ends: start + share * (np.mean(ends, axis=0) - start)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _length(vectors: np.ndarray) -> float:
    """The usual length of what does not change its length."""
    lengths = np.linalg.norm(vectors, axis=1)
    seen = np.isfinite(lengths)
    return float(np.median(lengths[seen])) if seen.any() else float("nan")


def _hip(sign: float, left: Path3, right: Path3, *back: Path3) -> Path3:
    """From the ASIS and what is behind them: both PSIS or the sacrum."""
    middle, across, width = (left + right) / 2, _unit(left - right), _length(left - right)
    ahead = middle - np.mean(back, axis=0)
    ahead = _unit(ahead - (ahead * across).sum(1, keepdims=True) * across)
    backwards, down, outwards = _HIP
    return middle + width * (-backwards * ahead - down * np.cross(ahead, across) + sign * outwards * across)


def _pelvis(_: float, left: Path3, right: Path3, *markers: Path3) -> Path3:
    """Half-way from between the hips up to the middle of the pelvis' markers; chosen, about 3 cm above the hips."""
    return (left + right) / 4 + np.mean(markers, axis=0) / 2


def _shoulder(sign: float, own: Path3, other: Path3, pelvis: Path3) -> Path3:
    return own + _SHOULDER * _length(own - other) * _unit(pelvis - (own + other) / 2)


def _leg(share: float, at: int) -> Callable[..., Path3]:
    """Knee (at 0) or ankle (1) inwards of its outer marker, across shin and foot, and a little across the hips."""

    def make(sign: float, *paths: Path3) -> Path3:
        knee, ankle, heel, toe, left, right = paths
        across = np.cross(_unit(knee - ankle), _unit(toe - heel)) + 0.1 * _unit(left - right)
        return paths[at] - sign * share * _length(knee - ankle) * _unit(across)

    return make


def _elbow(sign: float, outer: Path3, shoulder: Path3, wrist: Path3, thumb: Path3, small: Path3) -> Path3:
    """Inwards of the outer marker along the axis the forearm bends about; a straight arm's thumb tells it."""
    length, elbow = _length(outer - wrist), outer
    for _ in range(3):  # the axis is better known the nearer the elbow is
        ahead = (wrist - elbow) / length + _HINT * _unit(thumb - small)
        elbow = outer - sign * _ELBOW * length * _unit(np.cross(_unit(shoulder - elbow), ahead))
    return elbow


_WAIST = ("left front waist", "right front waist")
_BACK = ("left back waist", "right back waist")
_FEET = ("*outer knee", "*outer ankle", "*heel", "*toe", "left hip", "right hip")

#: Joint -> ways to it, the best first; in an order in which each finds the joints it needs.
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
    "*knee": (Rule(_mean, ("*knee",)), Rule(_mean, ("*outer knee", "*inner knee")), Rule(_leg(_KNEE, 0), _FEET)),
    "*ankle": (Rule(_mean, ("*ankle",)), Rule(_mean, ("*outer ankle", "*inner ankle")), Rule(_leg(_ANKLE, 1), _FEET)),
    "*shoulder": (Rule(_mean, ("*shoulder",)), Rule(_shoulder, ("*shoulder top", "other shoulder top", "pelvis"))),
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
    ),
    "neck": (
        Rule(_mean, ("neck",)),
        Rule(_mean, ("C7", "collarbones")),
        Rule(_between(0.5), ("C7", "left shoulder", "right shoulder")),
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

#: The markers that tell a joint in most laboratories, for messages.
USUAL: dict[str, tuple[str, ...]] = {
    "hip": (*_WAIST, *_BACK),
    "knee": ("*outer knee", "*outer ankle", "*heel", "*middle forefoot"),
    "ankle": ("*outer ankle", "*heel", "*middle forefoot"),
    "shoulder": ("left shoulder top", "right shoulder top"),
    "elbow": ("*outer elbow", "*thumb wrist", "*small wrist"),
    "wrist": ("*thumb wrist", "*small wrist"),
    "head": ("C7", "collarbones", "left front head", "right front head", "left back head", "right back head"),
}


def recording(markers: Markers, name: str, subject: str | None = None) -> Recording:
    """The joints of the body that wears the markers, under canonical names, in the markers' unit and axes.

    Positions that were filled are counted in a warning. ValueError says which parts of a body have no markers, or
    which joints cannot be known when.
    """
    if not (np.isfinite(markers.fps) and markers.fps > 0):
        raise ValueError(f"frame rate {markers.fps} is not a positive number; say the right one with --fps")
    paths = recognise(markers, subject)
    paths, filled = fill(paths, markers.fps)
    joints = _joints(paths)
    _require_all(joints, paths, markers.labels)
    _require_seen({joint: path for joint, path in joints.items() if joint in REQUIRED}, markers.fps)
    whole = {joint: path for joint, path in joints.items() if np.isfinite(path).all()}
    notes = [f"{filled} positions of markers in gaps of up to {LONGEST_GAP} s are filled"] if filled else []
    if not any("head" in part for part in paths):
        notes.append("no markers on the head, which is put straight on from the trunk")
    if left_out := [joint for joint in joints if joint not in whole]:
        notes.append(f"{', '.join(left_out)} had gaps too long and were made up from their neighbours")
    if notes:
        warnings.warn(f"{name}: {'; '.join(notes)}", stacklevel=2)
    skeleton = _skeleton(whole)
    positions = np.stack([whole[joint] for joint in skeleton.joints], axis=1)
    unit = _UNITS.get(markers.unit.lower().rstrip("s"))
    return Recording(Motion(positions, markers.fps, skeleton, name), unit, None)


def _joints(paths: dict[str, Path3]) -> dict[str, Path3]:
    """Canonical joint -> path, of those that the markers tell."""
    known, joints = dict(paths), dict[str, Path3]()
    for joint, rules in RULES.items():
        sides = (("left ", "right ", 1.0), ("right ", "left ", -1.0)) if "*" in joint else (("", "", 0.0),)
        ways = {joint.replace("*", own): _best(rules, known, own, other, sign) for own, other, sign in sides}
        made = {part: path for part, path in ways.items() if path is not None}
        known |= made  # of both sides at once: none is made of the other
        joints |= {part.replace(" ", "_"): path for part, path in made.items()}
    return joints


def _best(rules: tuple[Rule, ...], known: dict[str, Path3], own: str, other: str, sign: float) -> Path3 | None:
    """What the first of the rules that can be followed gives, or a later one if that leaves fewer gaps."""
    best, fewest = None, np.inf
    for rule in rules:
        needs = [part.replace("*", own).replace("other ", other) for part in rule.needs]
        if fewest > 0 and all(part in known for part in needs):
            path = rule.make(sign, *(known[part] for part in needs))
            gaps = int(np.isnan(path[:, 0]).sum())
            if gaps < fewest:
                best, fewest = path, gaps
    return best


def _skeleton(joints: Iterable[str]) -> Skeleton:
    """The canonical tree of the joints there are: each hangs on the nearest above it."""
    names = [joint for joint in CANONICAL.joints if joint in set(joints)]
    parents = []
    for joint in names:
        above = CANONICAL.parents[CANONICAL.index(joint)]
        while above >= 0 and CANONICAL.joints[above] not in names:
            above = CANONICAL.parents[above]
        parents.append(names.index(CANONICAL.joints[above]) if above >= 0 else -1)
    return Skeleton("markers", tuple(names), tuple(parents))


def _require_all(joints: dict[str, Path3], paths: dict[str, Path3], labels: list[str]) -> None:
    """ValueError where a body needs joints that no rule gives: which, and which markers could."""
    lacking = [joint for joint in REQUIRED if joint not in joints]
    if not lacking:
        return
    wanted: dict[str, None] = {}
    for joint in lacking:
        side, _, bare = joint.rpartition("_")
        parts = (part.replace("*", f"{side} ") for part in USUAL[bare])
        known = paths.keys() | ({f"{side} middle forefoot"} if f"{side}_toe" in joints else set())
        wanted |= dict.fromkeys(labels_of(part) for part in parts if part not in known)
    found = [label for label in labels if label]
    raise ValueError(
        f"no markers tell {_named(lacking)}; expected {' '.join(wanted)} or what they are called elsewhere, "
        f"found {' '.join(found[:_SHOWN]) or 'no labels'}{' …' * (len(found) > _SHOWN)}"
    )


def _named(joints: list[str]) -> str:
    """Joints for people, both sides at once: `head, elbows, left knee`."""
    both = {f"{joint[5:]}s" for joint in joints if joint.startswith("left_") and f"right_{joint[5:]}" in joints}
    words = (joint.partition("_")[2] + "s" if joint.partition("_")[2] + "s" in both else joint for joint in joints)
    return ", ".join(dict.fromkeys(word.replace("_", " ") for word in words))


def _require_seen(joints: dict[str, Path3], fps: float) -> None:
    """ValueError where joints cannot be known in some frames: how many, from when to when at most."""
    said = []
    for joint, path in joints.items():
        missing = np.flatnonzero(np.isnan(path[:, 0]))
        if len(missing):
            first, last = missing[0] / fps, (missing[-1] + 1) / fps
            said.append(
                f"{joint.replace('_', ' ')} in {len(missing)} of {len(path)} frames, {first:.2f} to {last:.2f} s"
            )
    if said:
        raise ValueError(
            f"markers were not seen for longer than {LONGEST_GAP} s, which is not filled, so these cannot be known: "
            f"{'; '.join(said[:4])}{f'; and {len(said) - 4} more' * (len(said) > 4)}; fill the gaps where the file was "
            "made, or cut these times"
        )
