"""Markers on the skin: recognised by their labels, and gaps in their paths filled.

The part before a colon is the subject; other words before the label (`Q_`, `Walk01_`) are ignored unless they tell
people apart. Points with unknown labels or none, and points that are not positions (`Angle_LKnee`), are skipped. A
marker set is added by adding its labels to marker_sets.toml; where a joint lies among its markers is in
marker_rules.py; marker_joints.py applies these rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from motion2language.formats.limits import FARTHEST_UNITS, clean_name, require_joints, require_near
from motion2language.formats.marker_labels import COMPUTED, forms, known_labels

LONGEST_GAP = 0.25  # seconds, the longest gap that is filled in a marker's path; chosen, a quarter of a stride
_LEAST_SUBJECT = 8  # markers that make a subject rather than a tool or box; chosen
#: Markers that keep their distances: a missing one is found from three others.
RIGID = (
    ("left front waist", "right front waist", "left back waist", "right back waist", "sacrum"),
    ("left front head", "right front head", "left back head", "right back head"),
)


@dataclass(frozen=True, eq=False)
class Markers:
    """The content of a file of markers.

    positions  (T, M, 3) in the file's unit and axes, NaN where a marker was not seen
    unit       as the file writes it, empty where it is not specified
    up         `x y z` or with a minus, None where the file does not specify it
    """

    positions: np.ndarray
    labels: list[str]
    fps: float
    unit: str = ""
    up: str | None = None

    def __post_init__(self) -> None:
        require_joints(len(self.labels))
        require_near("a marker's coordinate", self.positions, FARTHEST_UNITS, missing=True)


def printable(text: str) -> str:
    """A label without characters that would break a line or a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def recognise(markers: Markers, subject: str | None, own: Mapping[str, str] | None = None) -> dict[str, np.ndarray]:
    """Part of the body -> path (T, 3): the known markers of one subject that are seen in at least one frame.

    own  a user's table of labels (marker_labels.py)
    ValueError names the subjects when there are several and `subject` is None, or is not one of them.
    """
    markers = _without_key_points(markers)
    subjects = _by_subject(markers, known_labels("skin", "centres", own=own))
    if not any("left front waist" in parts for parts in subjects.values()):
        joints = _by_subject(markers, known_labels("joints", own=own))
        if max(map(len, joints.values()), default=0) >= max(map(len, subjects.values()), default=0):
            subjects = joints
    if not subjects:
        return {}
    if subject is None:
        people = [name for name, parts in subjects.items() if len(parts) >= _LEAST_SUBJECT]
        if len(people) > 1:
            raise ValueError(f"contains {len(people)} subjects, {_listed(people)}; choose one with --subject NAME")
        subject = max(subjects, key=lambda name: len(subjects[name]))
    if subject not in subjects:
        raise ValueError(f"contains no subject {clean_name(subject)!r}; expected {_listed(subjects)}")
    return subjects[subject]


def _without_key_points(markers: Markers) -> Markers:
    """The markers that were computed from key points of videos, without these; all where none was computed."""
    kept = [n for n, label in enumerate(markers.labels) if label.upper().endswith(f"_{COMPUTED}")]
    if len(kept) < _LEAST_SUBJECT:
        return markers
    return replace(markers, positions=markers.positions[:, kept], labels=[markers.labels[n] for n in kept])


def never_seen(markers: Markers, own: Mapping[str, str] | None = None) -> list[str]:
    """The labels of known markers that are in no frame of the file."""
    parts = known_labels("skin", "centres", own=own)
    empty = ~np.isfinite(markers.positions).any(axis=(0, 2))
    names = [label for label, lost in zip(markers.labels, empty, strict=True) if lost]
    return [label for label in names if any(form in parts for _, form in forms(label.rpartition(":")[2]))]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(clean_name(name) or "(no name)" for name in list(names)[:40])


def _by_subject(markers: Markers, parts: Mapping[str, str]) -> dict[str, dict[str, np.ndarray]]:
    """Subject -> part of the body -> path (T, 3), by the labels' meanings."""
    groups: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for column, label in enumerate(markers.labels):
        subject, _, name = label.rpartition(":")
        before, part = next(((words, parts[form]) for words, form in forms(name) if form in parts), ("", ""))
        if part and np.isfinite(markers.positions[:, column]).any():
            groups.setdefault((subject.strip(), before), {}).setdefault(part, markers.positions[:, column])
    return _people(groups)


def _people(groups: dict[tuple[str, str], dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """Parts by subject, from parts by subject and words before the label.

    The words become part of a subject's name when at least _LEAST_SUBJECT of their parts also appear with other words.
    """
    times = Counter((subject, part) for (subject, _), parts in groups.items() for part in parts)
    people: dict[str, dict[str, np.ndarray]] = {}
    for (subject, before), parts in groups.items():
        several = sum(times[subject, part] > 1 for part in parts) >= _LEAST_SUBJECT
        name = f"{subject}:{before}".strip(":") if several else subject
        people[name] = parts | people.get(name, {})
    return people


def fill(paths: dict[str, np.ndarray], fps: float) -> tuple[dict[str, np.ndarray], int]:
    """The paths with short gaps filled, and the number of filled positions.

    A missing marker of the pelvis or the head is placed by three others of the same part. A gap of up to LONGEST_GAP
    seconds in any marker's path is crossed in a straight line; at the recording's ends the marker stays in place.
    """
    filled = {part: path.copy() for part, path in paths.items()}
    for group in RIGID:
        parts = [part for part in group if part in filled]
        if len(parts) > 3:
            points = _fill_rigid(np.stack([filled[part] for part in parts], axis=1))
            filled |= {part: points[:, column] for column, part in enumerate(parts)}
    for part, path in filled.items():
        filled[part] = _fill_short(path, int(LONGEST_GAP * fps))
    count = sum(int(np.isnan(paths[part][:, 0]).sum() - np.isnan(filled[part][:, 0]).sum()) for part in paths)
    return filled, count


def _fill_short(path: np.ndarray, longest: int) -> np.ndarray:
    """A path (T, 3) with gaps of up to `longest` frames filled."""
    missing = np.isnan(path[:, 0])
    if not missing.any() or missing.all():
        return path
    edges = np.flatnonzero(np.diff(np.concatenate(([0], missing.view("i1"), [0]))))
    long = np.zeros(len(path), bool)
    for start, end in edges.reshape(-1, 2):
        long[start:end] = end - start > longest
    frames, seen = np.arange(len(path)), ~missing
    filled = np.stack([np.interp(frames, frames[seen], path[seen, axis]) for axis in range(3)], axis=1)
    filled[long] = np.nan
    return filled


def _fill_rigid(points: np.ndarray) -> np.ndarray:
    """Points (T, K, 3) of a rigid body; missing ones are placed by a fit to the others where at least three are seen.

    The body's shape is taken from the nearest frame with all points; least-squares rotation (Kabsch 1976).
    """
    seen = np.isfinite(points[..., 0])
    whole = np.flatnonzero(seen.all(axis=1))
    incomplete = np.flatnonzero(~seen.all(axis=1) & (seen.sum(axis=1) >= 3))
    if not len(whole) or not len(incomplete):
        return points
    after = np.searchsorted(whole, incomplete).clip(max=len(whole) - 1)
    before = (after - 1).clip(min=0)
    nearest = whole[np.where(incomplete - whole[before] < np.abs(whole[after] - incomplete), before, after)]
    shape, target, weight = (
        points[nearest],
        np.nan_to_num(points[incomplete]),
        seen[incomplete][..., None].astype(float),
    )
    centres = [(array * weight).sum(1, keepdims=True) / weight.sum(1, keepdims=True) for array in (shape, target)]
    shape, target = shape - centres[0], target - centres[1]
    u, _, v = np.linalg.svd(np.swapaxes(target * weight, 1, 2) @ shape)
    sign = np.ones((len(u), 3))
    sign[:, 2] = np.linalg.det(u @ v)
    fitted = shape @ np.swapaxes((u * sign[:, None]) @ v, 1, 2) + centres[1]
    result = points.copy()
    result[incomplete] = np.where(weight > 0, points[incomplete], fitted)
    return result
