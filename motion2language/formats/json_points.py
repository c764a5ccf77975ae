"""The points of a frame of JSON: of the first person, with the names that the file gives them.

Points are rows of x, y, z and maybe a confidence, objects with `x`, `y`, `z` (or a `position`) and maybe `visibility`
and a `name`, an object of points by their names, or one flat row of x, y, z, confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motion2language.formats.limits import MOST_JOINTS, clean_name, require_joints, require_recording

PEOPLE = ("people", "instances", "persons", "bodies", "pose", "predictions")
POINTS = (
    "pose_keypoints_3d", "pose_world_landmarks", "poseWorldLandmarks", "world_landmarks", "worldLandmarks",
    "keypoints_3d", "keypoints3D", "keypoints3d", "joints_3d", "joints", "positions", "pose_landmarks", "poseLandmarks",
    "landmarks", "keypoints", "landmark", "pose_keypoints_2d",
)  # fmt: skip
EXPECTED = "expected a list of frames, each with points of x, y, z"
_CONFIDENCES = ("visibility", "confidence", "score", "presence")
_PLACES = ("position", "pos", "location", "translation", "coordinates")
_NAMES = ("name", "joint", "label", "part", "bone")
_IN_ORDER = ("x", "y", "z", "confidence")
_LEAST = 6  # points by their names that make a body: both hips, knees and ankles


@dataclass(frozen=True, eq=False)
class Points:
    """Points (K, 3 or 4), and their names where the file has them."""

    values: np.ndarray
    names: tuple[str, ...] | None


def points_of(frame: Any) -> Points | None:
    """The points of a frame's first person; None for a frame without one."""
    scores = None
    for _ in range(6):  # levels of objects around the points; chosen
        if isinstance(frame, dict):
            inner = next((frame[key] for key in (*POINTS, *PEOPLE) if frame.get(key)), None)
            own = next((frame[key] for key in ("keypoint_scores", "scores") if isinstance(frame.get(key), list)), None)
            scores, frame = scores or own, _by_name(frame) if inner is None else inner
        elif isinstance(frame, list) and frame and _is_person(frame[0]):
            frame = frame[0]
    if not isinstance(frame, list) or not frame:
        return None
    points = _array(frame)
    if scores is not None and len(scores) == len(points) and points.shape[1] == 3:
        points = np.concatenate([points, np.array([[_number(score)] for score in scores])], axis=1)
    return Points(points, _names(frame))


def stack_points(frames: Sequence[Points | None], names: Sequence[str] | None, size: int) -> Points:
    """Points (T, K, 3 or 4) of frames; NaN for a frame without a person, and for a named point that a frame lacks.

    names  of all points, where the file lists them once
    size   of the files, bytes
    """
    found = [frame for frame in frames if frame is not None]
    if all(frame.names is not None for frame in found):
        names = tuple(dict.fromkeys(name for frame in found for name in frame.names or ()))
        require_joints(len(names))
        width = min(frame.values.shape[1] for frame in found)
        require_recording(len(frames), len(names), size)
        column = {name: place for place, name in enumerate(names)}
        values = np.full((len(frames), len(names), width), np.nan)
        for number, frame in enumerate(frames):
            if frame is not None:
                values[number, [column[name] for name in frame.names or ()]] = frame.values[:, :width]
        return Points(values, names)
    shapes = {frame.values.shape for frame in found}
    if len(shapes) > 1:
        raise ValueError(
            f"frames with different numbers of points: {', '.join(str(shape) for shape in sorted(shapes))}"
        )
    (shape,) = shapes
    require_recording(len(frames), shape[0], size)
    values = np.stack([np.full(shape, np.nan) if frame is None else frame.values for frame in frames])
    return Points(values, tuple(names) if names is not None and len(names) == shape[0] else None)


def frames_of_series(content: dict[str, Any]) -> list[Any] | None:
    """Frames of an object in which each name has the point of every frame, or each number has a frame; else None."""
    if content and all(key.isdecimal() and len(key) < 10 for key in content):
        return [content[key] for key in sorted(content, key=int)]
    series = {key: value for key, value in content.items() if isinstance(value, list) and value and _is_point(value[0])}
    if len(series) < _LEAST:
        return None
    frames = min(map(len, series.values()))
    return [{key: value[number] for key, value in series.items()} for number in range(frames)]


def _by_name(frame: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The points of an object that has them by their names, each with its name; None for another object."""
    rows = []
    for name, point in frame.items():
        if _is_point(point):
            row = dict(zip(_IN_ORDER, point, strict=False)) if isinstance(point, list) else _flat(point)
            rows.append(row | {"name": name})
    return rows if len(rows) >= _LEAST else None


def _is_point(value: Any) -> bool:
    if isinstance(value, dict):
        return {"x", "y"} <= value.keys() or any(_is_point(value.get(key)) for key in _PLACES)
    return isinstance(value, list) and 2 <= len(value) <= 4 and all(isinstance(part, int | float) for part in value)


def _flat(point: dict[str, Any]) -> dict[str, Any]:
    """A point with x, y and z in it, where a part of it has them."""
    place = next((point[key] for key in _PLACES if _is_point(point.get(key))), None)
    if isinstance(place, list):
        return point | dict(zip("xyz", place, strict=False))
    return point | place if isinstance(place, dict) else point


def _names(rows: list[Any]) -> tuple[str, ...] | None:
    """The names of points that are objects; None where one has no name, or two have the same."""
    key = next((key for key in _NAMES if isinstance(rows[0], dict) and isinstance(rows[0].get(key), str)), None)
    if key is None or not all(isinstance(row, dict) and isinstance(row.get(key), str) for row in rows):
        return None
    names = tuple(clean_name(row[key]) for row in rows)
    return names if len(set(names)) == len(names) else None


def _is_person(value: Any) -> bool:
    """Whether an item of a list holds points, rather than being one."""
    if isinstance(value, dict):
        return not _is_point(value)
    return isinstance(value, list) and bool(value) and isinstance(value[0], (dict, list))


def _array(rows: list[Any]) -> np.ndarray:
    """Points (K, N) of rows, objects, or one flat row of x, y, z, confidence; ValueError for anything else."""
    if len(rows) > 4 * MOST_JOINTS:
        raise ValueError(f"{len(rows)} points in a frame, expected at most {MOST_JOINTS}")
    try:
        if isinstance(rows[0], dict):
            points = [_flat(row) for row in rows]
            confidence = next((key for key in _CONFIDENCES if key in points[0]), None)
            keys = ("x", "y", *(["z"] if "z" in points[0] else []), *([confidence] if confidence else []))
            values = np.array([[_number(row[key]) for key in keys] for row in points])
            return _require_z(values, has_z="z" in points[0])
        if not isinstance(rows[0], list):
            if len(rows) % 4:
                raise ValueError(f"a row of {len(rows)} numbers; expected x, y, z and a confidence for each point")
            return np.array([_number(value) for value in rows]).reshape(-1, 4)
        values = np.array([[_number(value) for value in row] for row in rows])
    except (TypeError, KeyError, AttributeError, OverflowError):
        raise ValueError(f"points that are not numbers; {EXPECTED}") from None
    return _require_z(values, has_z=values.ndim == 2 and values.shape[1] > 2)


class NumberError(ValueError):
    """Text stands where a number is expected."""


def _number(value: Any) -> float:
    try:
        return float("nan") if value is None else float(value)
    except ValueError:
        raise NumberError(f"{clean_name(str(value))[:40]!r}, expected a number") from None


def _require_z(values: np.ndarray, has_z: bool) -> np.ndarray:
    if not has_z:
        raise ValueError("the points are 2-D; expected 3-D positions, such as MediaPipe's world landmarks")
    if values.ndim != 2 or values.shape[1] not in (3, 4):
        raise ValueError(f"points of shape {values.shape}; {EXPECTED}")
    return values
