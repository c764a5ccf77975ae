"""From markers on the skin to the joints under it, by the rules of marker_rules.py.

Part of a body is enough: both legs or both arms. Warnings and errors name what stays unknown: parts of the body without
markers, and gaps.
"""

from __future__ import annotations

import warnings

import numpy as np

from motion2language.body import canonical_tree, is_enough, partial_stature
from motion2language.formats.gaps import cross_gaps, longest_gap
from motion2language.formats.limits import clean_name
from motion2language.formats.marker_labels import labels_of
from motion2language.formats.marker_rules import RULES, USUAL, Path3, Rule
from motion2language.formats.markers import LONGEST_GAP, Markers, fill, never_seen, recognise
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.motion import CANONICAL, Motion

_LEAST_SEEN = 0.5  # of a recording's length, between the first and last time the whole body is seen; chosen
_LATER = 0.5  # seconds by which a better rule for a joint may start later, or end earlier, than another; chosen
_SHOWN = 30  # labels of a file shown in a message; chosen
_UNITS = {"m": "m", "meter": "m", "cm": "cm", "mm": "mm", "millimeter": "mm", "in": "inch", "inch": "inch"}
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254}
_STATURES = (0.4, 2.9)  # metres, of infants to the tallest; chosen
_STANDING = 0.7  # least cosine between an axis and the way from feet to head; chosen, 45 degrees
#: Joints that only markers determine (body/mapping.py); the others are made up from these.
REQUIRED = (
    "head",
    *(f"{side}_{part}" for part in "shoulder elbow wrist hip knee ankle".split() for side in ("left", "right")),
)


def recording(markers: Markers, name: str, options: ReadOptions) -> Recording:
    """The joints of the body that wears the markers, under canonical names, in the markers' unit and axes.

    A warning reports what was filled, held still, left absent and made up. ValueError names the parts of the body
    without markers when neither both legs nor both arms are there.
    """
    if not (np.isfinite(markers.fps) and markers.fps > 0):
        raise ValueError(f"frame rate {markers.fps} is not a positive number; set the right one with --fps")
    paths = recognise(markers, options.subject, options.markers)
    paths, filled = fill(paths, markers.fps)
    joints = {joint: path for joint, path in _joints(paths, markers.fps).items() if np.isfinite(path).any()}
    lost = never_seen(markers, options.markers)
    _require_enough(joints, paths, markers.labels, lost)
    notes = [f"{filled} marker positions in gaps of up to {LONGEST_GAP} s are filled"] if filled else []
    if lost and not set(REQUIRED) <= set(joints):
        notes.append(
            f"markers labelled and never seen: {' '.join(map(clean_name, lost[:_SHOWN]))}{' …' * (len(lost) > _SHOWN)}"
        )
    straight = _straight_head(joints)
    head_lost = straight is not None and np.array_equal(joints["head"], straight, equal_nan=True)
    joints, first, last = _hold_ends(joints)
    if last - first + 1 < len(markers.positions):
        start, end = first / markers.fps, (last + 1) / markers.fps
        notes.append(f"the whole body is seen from {start:.2f} to {end:.2f} s; it is held still before and after")
    if head_lost:
        some = any("head" in part for part in paths)
        notes.append(f"{'too few' if some else 'no'} markers on the head, which is placed in line with the trunk")
    kept = _keep(joints, options.gap * markers.fps)
    if left_out := [joint for joint in joints if joint not in kept]:
        notes.append(f"{', '.join(left_out)} had too long gaps and were made up from their neighbours")
    skeleton = canonical_tree("markers", kept)
    positions = np.stack([joints[joint] for joint in skeleton.joints], axis=1)
    crossed = cross_gaps(positions, skeleton.joints, skeleton.parents, markers.fps, options.gap)
    if notes := [*notes, *crossed.notes]:
        warnings.warn(f"{name}: {'; '.join(notes)}", stacklevel=2)
    motion = Motion(crossed.positions, markers.fps, skeleton, name, seen=crossed.seen)
    whole = {joint: crossed.positions[:, column] for column, joint in enumerate(skeleton.joints)}
    return Recording(motion, _unit(markers.unit, whole), _up(markers.up, whole))


def _keep(joints: dict[str, Path3], most: float) -> set[str]:
    """REQUIRED joints, and those others that lack no more than `most` frames on end while all REQUIRED are seen."""
    missing = {joint: np.isnan(path[:, 0]) for joint, path in joints.items()}
    lost = np.any([missing[joint] for joint in joints if joint in REQUIRED], axis=0)
    return {joint for joint in joints if joint in REQUIRED or longest_gap(missing[joint] & ~lost) <= most}


def _straight_head(joints: dict[str, Path3]) -> Path3 | None:
    """Where the head is when no marker on it is used; None when trunk or head are unknown."""
    if not {"pelvis", "neck", "head"} <= joints.keys():
        return None
    return RULES["head"][-1].make(0.0, joints["pelvis"], joints["neck"])


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
    if len(paths) < 2:
        return paths[0] if paths else None
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
    seen = np.isfinite(np.stack([path[:, 0] for joint, path in joints.items() if joint in REQUIRED])).all(axis=0)
    first, last = int(seen.argmax()), len(seen) - 1 - int(seen[::-1].argmax())
    if seen.all() or last - first + 1 < _LEAST_SEEN * len(seen) or not seen.any():
        return joints, 0, len(seen) - 1
    frames = np.arange(len(seen)).clip(first, last)
    return {joint: path[frames] for joint, path in joints.items()}, first, last


def _unit(declared: str, joints: dict[str, Path3]) -> str | None:
    """The declared unit; None, so that the body's size decides, where it makes the body too large or too small."""
    unit = _UNITS.get(declared.lower().rstrip("s"))
    body = np.full((len(next(iter(joints.values()))), len(CANONICAL.joints), 3), np.nan)
    for joint, path in joints.items():
        body[:, CANONICAL.index(joint)] = path
    height = partial_stature(body)
    return unit if unit and _STATURES[0] <= height * _METRES[unit] <= _STATURES[1] else None


def _up(declared: str | None, joints: dict[str, Path3]) -> str | None:
    """The declared up axis; None, so that the body decides, where the body stands along Y or Z.

    The declared axis is how a program first shows the file, often a default that nobody set. It decides for bodies
    that lie.
    """
    low = [path for joint, path in joints.items() if joint.endswith("ankle")]
    low = low or [path for joint, path in joints.items() if joint == "pelvis"]
    high = joints.get("head", joints.get("pelvis"))
    if high is None or not low:
        return declared
    upwards = high - np.mean(low, axis=0)
    upwards = np.median(upwards / np.maximum(np.linalg.norm(upwards, axis=1, keepdims=True), 1e-12), axis=0)
    return None if upwards[1:].max() >= _STANDING else declared


def _require_enough(joints: dict[str, Path3], paths: dict[str, Path3], labels: list[str], lost: list[str]) -> None:
    """ValueError for less than both legs or both arms: the joints no rule applies to, and markers that would do."""
    lacking = [joint for joint in REQUIRED if joint not in joints]
    if is_enough(set(joints)):
        return
    wanted: dict[str, None] = {}
    for joint in lacking:
        side, _, bare = joint.rpartition("_")
        parts = (part.replace("*", f"{side} ") for part in USUAL[bare])
        known = paths.keys() | ({f"{side} middle forefoot"} if f"{side}_toe" in joints else set())
        wanted |= dict.fromkeys(labels_of(part) for part in parts if part not in known)
    shown = [label for label in labels if label and label not in lost]
    never = f"; labelled and never seen: {' '.join(map(clean_name, lost[:_SHOWN]))}" if lost else ""
    raise ValueError(
        f"no markers determine {_named(lacking)}; expected both legs or both arms, that is {' '.join(wanted)} or their "
        "names in other marker sets (--markers FILE adds a set), "
        f"found {' '.join(map(clean_name, shown[:_SHOWN])) or 'no labels'}"
        f"{' …' * (len(shown) > _SHOWN)}{never}"
    )


def _named(joints: list[str]) -> str:
    """Joint names for messages, both sides as one plural: `head, elbows, left knee`."""
    both = {f"{joint[5:]}s" for joint in joints if joint.startswith("left_") and f"right_{joint[5:]}" in joints}
    words = (joint.partition("_")[2] + "s" if joint.partition("_")[2] + "s" in both else joint for joint in joints)
    return ", ".join(dict.fromkeys(word.replace("_", " ") for word in words))
