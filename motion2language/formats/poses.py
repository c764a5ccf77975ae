"""From named points to a recording: what all readers of pose estimators and tables share.

Points get the canonical names where their own names are known. Pelvis, neck and head are made from hips, shoulders
and ears or nose where they are missing; points that are no joints are left out. Points below the layout's visibility
are unseen, and gaps are crossed or leave the joint absent (gaps.py).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from motion2language.body import canonical_joints, canonical_tree, plain_names
from motion2language.formats.gaps import cross_gaps
from motion2language.formats.limits import FARTHEST_UNITS, require_near
from motion2language.formats.pose_layouts import PoseLayout
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.motion import Motion, Skeleton

_UPRIGHT = 0.7  # least cosine between an axis and the way from feet to head; chosen, 45 degrees
#: Joints that are the middle of others, where the points lack them; the first row that is there counts.
_MADE = (
    ("pelvis", ("left_hip", "right_hip")),
    ("neck", ("left_shoulder", "right_shoulder")),
    ("head", ("left_ear", "right_ear")),
    ("head", ("left_eye", "right_eye")),
    ("head", ("nose",)),
)


def recording_of(
    points: np.ndarray,
    confidence: np.ndarray | None,
    layout: PoseLayout,
    fps: float,
    name: str,
    options: ReadOptions,
) -> Recording:
    """The body of points (T, K, 3), NaN where unseen, in the layout's unit and axes.

    confidence  (T, K) or None
    ValueError for points of one plane, for less than both legs or both arms, and for 0 frames per second.
    """
    if not fps > 0:
        raise ValueError(f"{fps:g} frames per second, expected more than 0; set the frame rate with --fps")
    points = points.astype(np.float64)
    known = np.isfinite(points)
    require_near("a coordinate", points[known], FARTHEST_UNITS)
    points[~known.all(axis=2)] = np.nan
    if confidence is not None:
        points[~(confidence >= layout.least)] = np.nan
    points[(points == 0).all(axis=2)] = np.nan  # three zeros mean unseen, but not for a root at the origin
    points = _restore_root(points, known, confidence, layout)
    _require_depth(points)
    paths = _paths(points, layout.names)
    skeleton = canonical_tree("poses", paths)
    positions = np.stack([paths[joint] for joint in skeleton.joints], axis=1)
    crossed = cross_gaps(positions, skeleton.joints, skeleton.parents, fps, options.gap)
    notes = list(crossed.notes)
    if "pelvis" in paths and len(points) > 1 and np.abs(crossed.positions[:, skeleton.index("pelvis")]).max() < 1e-3:
        notes.append("positions are relative to the pelvis, so where the person goes is not known")
    if notes:
        warnings.warn("; ".join(notes), stacklevel=2)
    motion = Motion(crossed.positions, fps, skeleton, name, seen=crossed.seen)
    return Recording(motion, layout.unit, layout.up or _up(crossed.positions, skeleton))


def _restore_root(
    points: np.ndarray, known: np.ndarray, confidence: np.ndarray | None, layout: PoseLayout
) -> np.ndarray:
    """The points, with the root back at the origin where it is there in every frame: its zeros are a position."""
    if "pelvis" not in layout.names:
        return points
    root = layout.names.index("pelvis")
    lost = np.isnan(points[:, root]).all(axis=1)
    if lost.all() and known[:, root].all() and (confidence is None or (confidence[:, root] >= layout.least).all()):
        others = np.isfinite(np.delete(points, root, axis=1)).all(axis=2).any(axis=1)
        points[others, root] = 0.0
    return points


def _require_depth(points: np.ndarray) -> None:
    """ValueError for points of one plane."""
    seen = points[np.isfinite(points).all(axis=2)]
    if not len(seen):
        raise ValueError("no point is seen in any frame")
    spread = np.ptp(seen, axis=0)
    if spread.min() <= 1e-9 * spread.max():
        raise ValueError("the points are 2-D: all have one coordinate in common; expected 3-D positions")
    if ((seen[:, 2] >= 0) & (seen[:, 2] <= 1)).all() and spread[:2].min() > 20:
        raise ValueError("the points are 2-D, in pixels, with a confidence; expected 3-D positions")


def _paths(points: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Canonical joint -> path (T, 3), of points that are seen at least once."""
    seen = {name: points[:, column] for column, name in enumerate(names) if np.isfinite(points[:, column]).any()}
    sources = canonical_joints(tuple(seen)) if seen else {}
    paths = {joint: seen[source] for joint, source in sources.items()}
    others = {plain: seen[name] for name, plain in plain_names(tuple(seen)).items()}
    for joint, parts in _MADE:
        if joint not in paths:
            found = [paths.get(part, others.get(part)) for part in parts]
            ends = [path for path in found if path is not None]
            if len(ends) == len(parts):
                made = np.mean(ends, axis=0)
                paths |= {joint: made} if np.isfinite(made).any() else {}
    if not paths:
        shown = ", ".join(names[:20])
        raise ValueError(f"none of the points is a known joint: {shown}; expected names such as left_knee or LeftLeg")
    return paths


def _up(positions: np.ndarray, skeleton: Skeleton) -> str | None:
    """The axis, with its sign, along which a person who mostly stands has the head above the feet; None otherwise."""
    low = [skeleton.index(joint) for joint in skeleton.joints if joint.endswith("ankle")] or [0]
    if "head" not in skeleton.joints:
        return None
    upwards = positions[:, skeleton.index("head")] - positions[:, low].mean(axis=1)
    upwards /= np.maximum(np.linalg.norm(upwards, axis=1, keepdims=True), 1e-12)
    direction = np.median(upwards, axis=0)
    axis = int(np.argmax(np.abs(direction)))
    if abs(direction[axis]) < _UPRIGHT:
        return None
    return ("-" if direction[axis] < 0 else "") + "xyz"[axis]
