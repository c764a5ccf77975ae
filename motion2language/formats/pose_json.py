"""Key points of pose estimators in JSON: a list of frames, or OpenPose's and MMPose's files.

Read: a list of frames, or an object that holds one (`frames`, `instance_info`, `data` and others) and maybe `fps`; in a
frame, the first person of `people` or `instances`; of a person, world landmarks before others. Points are rows of x, y,
z and maybe a confidence, objects with `x`, `y`, `z` and maybe `visibility`, or one flat row of x, y, z, confidence.
OpenPose writes a file a frame, `take_000000000000_keypoints.json`: any of them stands for all of its take.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.formats.contents import encoding_of
from motion2language.formats.limits import MOST_JOINTS, MOST_TEXT, require_recording
from motion2language.formats.pose_layouts import choose_layout
from motion2language.formats.poses import recording_of
from motion2language.formats.reading import ReadOptions, Recording

_FRAMES = ("frames", "instance_info", "poses", "results", "data", "predictions", "landmarks", "keypoints", "positions")
_PEOPLE = ("people", "instances", "persons", "bodies", "pose", "predictions")
_POINTS = (
    "pose_keypoints_3d", "pose_world_landmarks", "poseWorldLandmarks", "world_landmarks", "worldLandmarks",
    "keypoints_3d", "keypoints3D", "keypoints3d", "joints_3d", "joints", "positions", "pose_landmarks", "poseLandmarks",
    "landmarks", "keypoints", "landmark", "pose_keypoints_2d",
)  # fmt: skip
_RATES = ("fps", "frame_rate", "frameRate", "framerate", "FPS")
_CONFIDENCES = ("visibility", "confidence", "score", "presence")
_OPENPOSE = re.compile(r"(.*_)\d{6,}(_keypoints\.json)", re.IGNORECASE)
_EXPECTED = "expected a list of frames, each with points of x, y, z"


def read(path: Path, options: ReadOptions) -> Recording:
    """The first person's body; ValueError where frames, points or the frame rate are not found."""
    siblings = _OPENPOSE.fullmatch(path.name)
    files = [path]
    if siblings:
        pattern = re.compile(re.escape(siblings[1]) + r"\d{6,}" + re.escape(siblings[2]))
        files = sorted(file for file in path.parent.iterdir() if pattern.fullmatch(file.name))
        if sum(file.stat().st_size for file in files) > MOST_TEXT:
            raise ValueError(f"its {len(files)} files have more than {MOST_TEXT / 2**20:.0f} MiB; cut the recording")
        frames, fps = [_load(file) for file in files], None
    else:
        frames, fps = _frames(_load(path))
    rows = [_points(frame) for frame in frames]
    if not any(row is not None for row in rows):
        where = f"any of {len(rows)} frames" if len(rows) > 1 else "it"
        raise ValueError(f"no points in {where}; {_EXPECTED}")
    several = sum(_people(frame) > 1 for frame in frames)
    if several:
        warnings.warn(f"{several} frames show several people; the first of each is read", stacklevel=2)
    points, confidence = _stack(rows, sum(file.stat().st_size for file in files))
    rate = options.fps or fps
    if rate is None:
        raise ValueError("the file does not specify its frame rate; give it with --fps")
    return recording_of(points, confidence, choose_layout(points.shape[1], options.layout), rate, path.name, options)


def _load(path: Path) -> Any:
    """The content of a JSON file; ValueError for one that is damaged, nested too deep or too large."""
    if path.stat().st_size > MOST_TEXT:
        raise ValueError(f"{path.name}: more than {MOST_TEXT / 2**20:.0f} MiB of JSON; cut the recording")
    try:
        return json.loads(path.read_text(encoding=encoding_of(path)))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: not a JSON file: {error}") from None
    except RecursionError:
        raise ValueError(f"{path.name}: nested too deeply; {_EXPECTED}") from None


def _frames(content: Any) -> tuple[list[Any], float | None]:
    """The list of frames and the frame rate, None where the file has none."""
    fps = None
    if isinstance(content, dict):
        if {"segments", "words"} <= content.keys():
            raise ValueError("a transcript, not a recording")
        rates = [content[key] for key in _RATES if isinstance(content.get(key), (int, float))]
        fps = float(rates[0]) if rates and not isinstance(rates[0], bool) else None
        listed = [content[key] for key in _FRAMES if isinstance(content.get(key), list)]
        content = listed[0] if listed else [content]
    if not isinstance(content, list) or not content:
        raise ValueError(f"no frames; {_EXPECTED}")
    while len(content) == 1 and isinstance(content[0], list) and _depth(content) > 3:  # a batch of one
        content = content[0]
    return content, fps


def _depth(value: Any) -> int:
    """Levels of lists in lists, along the first items."""
    levels = 0
    while isinstance(value, list) and value:
        value, levels = value[0], levels + 1
    return levels


def _people(frame: Any) -> int:
    """How many people a frame shows, where it is an object with a list of them."""
    lists = [frame[key] for key in _PEOPLE if isinstance(frame.get(key), list)] if isinstance(frame, dict) else []
    return len(lists[0]) if lists else 0


def _points(frame: Any) -> np.ndarray | None:
    """The points (K, 3 or 4) of a frame's first person; None for a frame without one."""
    scores = None
    for _ in range(6):  # levels of objects around the points; chosen
        if isinstance(frame, dict):
            inner = next((frame[key] for key in (*_POINTS, *_PEOPLE) if frame.get(key)), None)
            own = next((frame[key] for key in ("keypoint_scores", "scores") if isinstance(frame.get(key), list)), None)
            scores, frame = scores or own, inner
        elif isinstance(frame, list) and frame and _is_person(frame[0]):
            frame = frame[0]
    if not isinstance(frame, list) or not frame:
        return None
    points = _array(frame)
    if scores is not None and len(scores) == len(points) and points.shape[1] == 3:
        points = np.concatenate([points, np.array([[_number(score)] for score in scores])], axis=1)
    return points


def _is_person(value: Any) -> bool:
    """Whether an item of a list holds points, rather than being one."""
    if isinstance(value, dict):
        return not {"x", "y"} <= value.keys()
    return isinstance(value, list) and bool(value) and isinstance(value[0], (dict, list))


def _array(rows: list[Any]) -> np.ndarray:
    """Points (K, N) of rows, objects, or one flat row of x, y, z, confidence; ValueError for anything else."""
    if len(rows) > 4 * MOST_JOINTS:
        raise ValueError(f"{len(rows)} points in a frame, expected at most {MOST_JOINTS}")
    try:
        if isinstance(rows[0], dict):
            confidence = next((key for key in _CONFIDENCES if key in rows[0]), None)
            keys = ("x", "y", *(["z"] if "z" in rows[0] else []), *([confidence] if confidence else []))
            values = np.array([[_number(row[key]) for key in keys] for row in rows])
            return _require_z(values, has_z="z" in rows[0])
        if not isinstance(rows[0], list):
            if len(rows) % 4:
                raise ValueError(f"a row of {len(rows)} numbers; expected x, y, z and a confidence for each point")
            return np.array([_number(value) for value in rows]).reshape(-1, 4)
        values = np.array([[_number(value) for value in row] for row in rows])
    except (TypeError, KeyError, OverflowError):
        raise ValueError(f"points that are not numbers; {_EXPECTED}") from None
    return _require_z(values, has_z=values.ndim == 2 and values.shape[1] > 2)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _require_z(values: np.ndarray, has_z: bool) -> np.ndarray:
    if not has_z:
        raise ValueError("the points are 2-D; expected 3-D positions, such as MediaPipe's world landmarks")
    if values.ndim != 2 or values.shape[1] not in (3, 4):
        raise ValueError(f"points of shape {values.shape}; {_EXPECTED}")
    return values


def _stack(rows: list[np.ndarray | None], size: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Points (T, K, 3) and confidences (T, K) of frames; NaN for a frame without a person."""
    counts = {row.shape for row in rows if row is not None}
    if len(counts) > 1:
        raise ValueError(
            f"frames with different numbers of points: {', '.join(str(shape) for shape in sorted(counts))}"
        )
    (shape,) = counts
    require_recording(len(rows), shape[0], size)
    values = np.stack([np.full(shape, np.nan) if row is None else row for row in rows])
    return values[..., :3], values[..., 3] if shape[1] == 4 else None
