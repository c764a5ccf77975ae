"""Markers on the skin to the recording of the joints under it, by the rules of marker_rules.py.

What cannot be known is said: parts of a body without markers, gaps too long to be filled.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from motion2language.formats.marker_rules import RULES, USUAL, Path3, Rule
from motion2language.formats.markers import LONGEST_GAP, Markers, fill, labels_of, recognise
from motion2language.formats.reading import Recording
from motion2language.motion import CANONICAL, Motion, Skeleton

_LEAST_SEEN = 0.5  # of a recording's length, between the first and last time the body is seen whole; chosen
_LATER = 0.5  # seconds a better way to a joint may be seen later, or end earlier, than another; chosen
_SHOWN = 30  # labels shown of a file in a message; chosen
_UNITS = {"m": "m", "meter": "m", "cm": "cm", "mm": "mm", "millimeter": "mm", "in": "inch", "inch": "inch"}
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254}
_LEGS = (0.2, 1.4)  # metres from hip to ankle, of infants to the tallest; chosen
_STANDING = 0.7  # least cosine between an axis and the way from feet to head; chosen, 45 degrees
#: Joints without which a body is none (body/mapping.py); the others it makes up from these.
REQUIRED = (
    "head",
    *(f"{side}_{part}" for part in "shoulder elbow wrist hip knee ankle".split() for side in ("left", "right")),
)


def recording(markers: Markers, name: str, subject: str | None = None) -> Recording:
    """The joints of the body that wears the markers, under canonical names, in the markers' unit and axes.

    A warning says what was filled, held and left out. ValueError says which parts of a body have no markers, or which
    joints cannot be known when.
    """
    if not (np.isfinite(markers.fps) and markers.fps > 0):
        raise ValueError(f"frame rate {markers.fps} is not a positive number; say the right one with --fps")
    paths = recognise(markers, subject)
    paths, filled = fill(paths, markers.fps)
    joints = _joints(paths, markers.fps)
    _require_all(joints, paths, markers.labels)
    straight = RULES["head"][-1].make(0.0, joints["pelvis"], joints["neck"])
    head_lost = np.array_equal(joints["head"], straight, equal_nan=True)
    joints, first, last = _held(joints)
    _require_seen({joint: path for joint, path in joints.items() if joint in REQUIRED}, markers.fps)
    whole = {joint: path for joint, path in joints.items() if np.isfinite(path).all()}
    notes = [f"{filled} positions of markers in gaps of up to {LONGEST_GAP} s are filled"] if filled else []
    if last - first + 1 < len(markers.positions):
        start, end = first / markers.fps, (last + 1) / markers.fps
        notes.append(f"the whole body is seen from {start:.2f} to {end:.2f} s, and held still before and after")
    if head_lost:
        found = any("head" in part for part in paths)
        notes.append(f"{'too few' if found else 'no'} markers on the head, which is put straight on from the trunk")
    if left_out := [joint for joint in joints if joint not in whole]:
        notes.append(f"{', '.join(left_out)} had gaps too long and were made up from their neighbours")
    if notes:
        warnings.warn(f"{name}: {'; '.join(notes)}", stacklevel=2)
    skeleton = _skeleton(whole)
    positions = np.stack([whole[joint] for joint in skeleton.joints], axis=1)
    return Recording(Motion(positions, markers.fps, skeleton, name), _unit(markers.unit, whole), _up(markers.up, whole))


def _joints(paths: dict[str, Path3], fps: float) -> dict[str, Path3]:
    """Canonical joint -> path, of those that the markers tell."""
    known, joints = dict(paths), dict[str, Path3]()
    for joint, rules in RULES.items():
        sides = (("left ", "right ", 1.0), ("right ", "left ", -1.0)) if "*" in joint else (("", "", 0.0),)
        ways = {joint.replace("*", own): _best(rules, known, own, other, sign, fps) for own, other, sign in sides}
        made = {part: path for part, path in ways.items() if path is not None}
        known |= made  # of both sides at once: none is made of the other
        joints |= {part.replace(" ", "_"): path for part, path in made.items()}
    return joints


def _best(
    rules: tuple[Rule, ...], known: dict[str, Path3], own: str, other: str, sign: float, fps: float
) -> Path3 | None:
    """What the first of the rules that can be followed gives, or a later one if that leaves fewer gaps.

    Those of up to _LATER at the recording's ends do not count: who walks in is not seen all at once.
    """
    paths: list[Path3] = []
    for rule in rules:
        needs = [part.replace("*", own).replace("other ", other) for part in rule.needs]
        if all(part in known for part in needs):
            paths.append(rule.make(sign, *(known[part] for part in needs)))
            if np.isfinite(paths[-1]).all():
                break
    if not paths:
        return None
    gaps = np.array([_gaps(path) for path in paths])
    late = np.maximum(gaps[:, 1:] - gaps[:, 1:].min(axis=0) - _LATER * fps, 0)
    return paths[int(np.argmin(gaps[:, 0] + late.sum(axis=1)))]


def _gaps(path: Path3) -> tuple[int, int, int]:
    """How many frames of a path are not seen: between others, before them, after them."""
    seen = np.flatnonzero(np.isfinite(path[:, 0]))
    if not len(seen):
        return 0, len(path), 0
    before, after = int(seen[0]), len(path) - 1 - int(seen[-1])
    return len(path) - len(seen) - before - after, before, after


def _held(joints: dict[str, Path3]) -> tuple[dict[str, Path3], int, int]:
    """The joints with the poses of the first and of the last frame that has all REQUIRED held to the recording's ends.

    Also returns these frames. Where less than half of the recording lies between them, nothing is held.
    """
    seen = np.isfinite(np.stack([joints[joint][:, 0] for joint in REQUIRED])).all(axis=0)
    first, last = int(seen.argmax()), len(seen) - 1 - int(seen[::-1].argmax())
    if last - first + 1 < _LEAST_SEEN * len(seen) or not seen.any():
        return joints, 0, len(seen) - 1
    frames = np.arange(len(seen)).clip(first, last)
    return {joint: path[frames] for joint, path in joints.items()}, first, last


def _unit(said: str, joints: dict[str, Path3]) -> str | None:
    """The unit that the file says; None, for the body's size to tell, where no legs are as long as that makes them."""
    unit = _UNITS.get(said.lower().rstrip("s"))
    hip, knee, ankle = (joints[f"left_{part}"] for part in ("hip", "knee", "ankle"))
    length = np.median(np.linalg.norm(hip - knee, axis=1) + np.linalg.norm(knee - ankle, axis=1))
    return unit if unit and _LEGS[0] <= length * _METRES[unit] <= _LEGS[1] else None


def _up(said: str | None, joints: dict[str, Path3]) -> str | None:
    """The axis that the file says is up; None, for the body to tell, where it stands along Y or Z.

    A file says how it is shown at first, which is left at what programs write unasked; of those who lie it knows more.
    """
    way = joints["head"] - (joints["left_ankle"] + joints["right_ankle"]) / 2
    way = np.median(way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12), axis=0)
    return None if way[1:].max() >= _STANDING else said


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
