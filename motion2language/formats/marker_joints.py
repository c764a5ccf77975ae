"""From markers on the skin to the joints under it, by the rules of marker_rules.py.

Warnings and errors name what stays unknown: parts of the body without markers, gaps too long to be filled.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from motion2language.formats.marker_rules import RULES, USUAL, Path3, Rule
from motion2language.formats.markers import LONGEST_GAP, Markers, fill, labels_of, recognise
from motion2language.formats.reading import Recording
from motion2language.motion import CANONICAL, Motion, Skeleton

_LEAST_SEEN = 0.5  # of a recording's length, between the first and last time the whole body is seen; chosen
_LATER = 0.5  # seconds by which a better rule for a joint may start later, or end earlier, than another; chosen
_SHOWN = 30  # labels of a file shown in a message; chosen
_UNITS = {"m": "m", "meter": "m", "cm": "cm", "mm": "mm", "millimeter": "mm", "in": "inch", "inch": "inch"}
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254}
_LEGS = (0.2, 1.4)  # metres from hip to ankle, of infants to the tallest; chosen
_STANDING = 0.7  # least cosine between an axis and the way from feet to head; chosen, 45 degrees
#: Joints that a body must have (body/mapping.py); the others are made up from these.
REQUIRED = (
    "head",
    *(f"{side}_{part}" for part in "shoulder elbow wrist hip knee ankle".split() for side in ("left", "right")),
)


def recording(markers: Markers, name: str, subject: str | None = None) -> Recording:
    """The joints of the body that wears the markers, under canonical names, in the markers' unit and axes.

    A warning reports what was filled, held still and made up. ValueError names the parts of the body without markers,
    or the joints that are unknown and when.
    """
    if not (np.isfinite(markers.fps) and markers.fps > 0):
        raise ValueError(f"frame rate {markers.fps} is not a positive number; set the right one with --fps")
    paths = recognise(markers, subject)
    paths, filled = fill(paths, markers.fps)
    joints = _joints(paths, markers.fps)
    _require_all(joints, paths, markers.labels)
    straight = RULES["head"][-1].make(0.0, joints["pelvis"], joints["neck"])
    head_lost = np.array_equal(joints["head"], straight, equal_nan=True)
    joints, first, last = _hold_ends(joints)
    _require_seen({joint: path for joint, path in joints.items() if joint in REQUIRED}, markers.fps)
    whole = {joint: path for joint, path in joints.items() if np.isfinite(path).all()}
    notes = [f"{filled} marker positions in gaps of up to {LONGEST_GAP} s are filled"] if filled else []
    if last - first + 1 < len(markers.positions):
        start, end = first / markers.fps, (last + 1) / markers.fps
        notes.append(f"the whole body is seen from {start:.2f} to {end:.2f} s; it is held still before and after")
    if head_lost:
        some = any("head" in part for part in paths)
        notes.append(f"{'too few' if some else 'no'} markers on the head, which is placed in line with the trunk")
    if left_out := [joint for joint in joints if joint not in whole]:
        notes.append(f"{', '.join(left_out)} had too long gaps and were made up from their neighbours")
    if notes:
        warnings.warn(f"{name}: {'; '.join(notes)}", stacklevel=2)
    skeleton = _skeleton(whole)
    positions = np.stack([whole[joint] for joint in skeleton.joints], axis=1)
    return Recording(Motion(positions, markers.fps, skeleton, name), _unit(markers.unit, whole), _up(markers.up, whole))


def _joints(paths: dict[str, Path3], fps: float) -> dict[str, Path3]:
    """Canonical joint -> path, for the joints that the markers determine."""
    known, joints = dict(paths), dict[str, Path3]()
    for joint, rules in RULES.items():
        sides = (("left ", "right ", 1.0), ("right ", "left ", -1.0)) if "*" in joint else (("", "", 0.0),)
        paths_of = {joint.replace("*", own): _best(rules, known, own, other, sign, fps) for own, other, sign in sides}
        made = {part: path for part, path in paths_of.items() if path is not None}
        known |= made  # both sides at once, so that neither is made from the other
        joints |= {part.replace(" ", "_"): path for part, path in made.items()}
    return joints


def _best(
    rules: tuple[Rule, ...], known: dict[str, Path3], own: str, other: str, sign: float, fps: float
) -> Path3 | None:
    """The path by the first applicable rule, or by a later one that leaves fewer gaps.

    Gaps of up to _LATER at the recording's ends do not count: a person who walks in is not seen all at once.
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
    """The number of frames in which a path is not seen: between frames where it is, before them, after them."""
    seen = np.flatnonzero(np.isfinite(path[:, 0]))
    if not len(seen):
        return 0, len(path), 0
    before, after = int(seen[0]), len(path) - 1 - int(seen[-1])
    return len(path) - len(seen) - before - after, before, after


def _hold_ends(joints: dict[str, Path3]) -> tuple[dict[str, Path3], int, int]:
    """The joints, held still before the first and after the last frame in which all REQUIRED joints are seen.

    Also returns these two frames. Nothing is held when less than half of the recording lies between them.
    """
    seen = np.isfinite(np.stack([joints[joint][:, 0] for joint in REQUIRED])).all(axis=0)
    first, last = int(seen.argmax()), len(seen) - 1 - int(seen[::-1].argmax())
    if last - first + 1 < _LEAST_SEEN * len(seen) or not seen.any():
        return joints, 0, len(seen) - 1
    frames = np.arange(len(seen)).clip(first, last)
    return {joint: path[frames] for joint, path in joints.items()}, first, last


def _unit(declared: str, joints: dict[str, Path3]) -> str | None:
    """The declared unit; None, so that the body's size decides, where it makes the legs too long or too short."""
    unit = _UNITS.get(declared.lower().rstrip("s"))
    hip, knee, ankle = (joints[f"left_{part}"] for part in ("hip", "knee", "ankle"))
    length = np.median(np.linalg.norm(hip - knee, axis=1) + np.linalg.norm(knee - ankle, axis=1))
    return unit if unit and _LEGS[0] <= length * _METRES[unit] <= _LEGS[1] else None


def _up(declared: str | None, joints: dict[str, Path3]) -> str | None:
    """The declared up axis; None, so that the body decides, where the body stands along Y or Z.

    The declared axis is how a program first shows the file, often a default that nobody set. It decides for bodies
    that lie.
    """
    upwards = joints["head"] - (joints["left_ankle"] + joints["right_ankle"]) / 2
    upwards = np.median(upwards / np.maximum(np.linalg.norm(upwards, axis=1, keepdims=True), 1e-12), axis=0)
    return None if upwards[1:].max() >= _STANDING else declared


def _skeleton(joints: Iterable[str]) -> Skeleton:
    """The canonical tree of the given joints; each one's parent is the nearest given joint above it."""
    names = [joint for joint in CANONICAL.joints if joint in set(joints)]
    parents = []
    for joint in names:
        above = CANONICAL.parents[CANONICAL.index(joint)]
        while above >= 0 and CANONICAL.joints[above] not in names:
            above = CANONICAL.parents[above]
        parents.append(names.index(CANONICAL.joints[above]) if above >= 0 else -1)
    return Skeleton("markers", tuple(names), tuple(parents))


def _require_all(joints: dict[str, Path3], paths: dict[str, Path3], labels: list[str]) -> None:
    """ValueError that names the required joints no rule applies to, and the markers that would determine them."""
    lacking = [joint for joint in REQUIRED if joint not in joints]
    if not lacking:
        return
    wanted: dict[str, None] = {}
    for joint in lacking:
        side, _, bare = joint.rpartition("_")
        parts = (part.replace("*", f"{side} ") for part in USUAL[bare])
        known = paths.keys() | ({f"{side} middle forefoot"} if f"{side}_toe" in joints else set())
        wanted |= dict.fromkeys(labels_of(part) for part in parts if part not in known)
    shown = [label for label in labels if label]
    raise ValueError(
        f"no markers determine {_named(lacking)}; expected {' '.join(wanted)} or their names in other marker sets, "
        f"found {' '.join(shown[:_SHOWN]) or 'no labels'}{' …' * (len(shown) > _SHOWN)}"
    )


def _named(joints: list[str]) -> str:
    """Joint names for messages, both sides as one plural: `head, elbows, left knee`."""
    both = {f"{joint[5:]}s" for joint in joints if joint.startswith("left_") and f"right_{joint[5:]}" in joints}
    words = (joint.partition("_")[2] + "s" if joint.partition("_")[2] + "s" in both else joint for joint in joints)
    return ", ".join(dict.fromkeys(word.replace("_", " ") for word in words))


def _require_seen(joints: dict[str, Path3], fps: float) -> None:
    """ValueError when joints are unknown in some frames: in how many, and between which times."""
    unknown = []
    for joint, path in joints.items():
        missing = np.flatnonzero(np.isnan(path[:, 0]))
        if len(missing):
            first, last = missing[0] / fps, (missing[-1] + 1) / fps
            unknown.append(
                f"{joint.replace('_', ' ')} in {len(missing)} of {len(path)} frames, {first:.2f} to {last:.2f} s"
            )
    if unknown:
        raise ValueError(
            f"markers were not seen for longer than {LONGEST_GAP} s, which is too long to fill, so these are unknown: "
            f"{'; '.join(unknown[:4])}{f'; and {len(unknown) - 4} more' * (len(unknown) > 4)}; fill the gaps with the "
            "program that made the file, or cut these times"
        )
