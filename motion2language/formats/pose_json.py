"""Key points of pose estimators in JSON: a list of frames, or OpenPose's and MMPose's files.

Read: a list of frames, or an object that holds one (`frames`, `instance_info`, `data` and others) and maybe `fps`; in a
frame, the first person of `people` or `instances`; of a person, world landmarks before others (json_points.py). A file
may also have a frame in each line. Points with names are those joints, in any order; others are in that of a layout.
OpenPose writes a file a frame, `take_000000000000_keypoints.json`: any of them stands for all of its take.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

from motion2language.formats.contents import encoding_of
from motion2language.formats.json_points import (
    EXPECTED,
    PEOPLE,
    POINTS,
    NumberError,
    frames_of_series,
    points_of,
    stack_points,
)
from motion2language.formats.limits import MOST_JOINTS, MOST_TEXT, clean_name
from motion2language.formats.pose_layouts import name_layout
from motion2language.formats.poses import recording_of
from motion2language.formats.reading import ReadOptions, Recording

_FRAMES = ("frames", "instance_info", "poses", "results", "data", "predictions", "landmarks", "keypoints", "positions")
_RATES = ("fps", "frame_rate", "frameRate", "framerate", "FPS")
_NAMES = ("joint_names", "jointNames", "joints", "names", "keypoint_names", "landmark_names", "labels", "markers")
_OPENPOSE = re.compile(r"(.*_)\d{6,}(_keypoints\.json)", re.IGNORECASE)


def read(path: Path, options: ReadOptions) -> Recording:
    """The first person's body; ValueError where frames, points or the frame rate are not found."""
    siblings = _OPENPOSE.fullmatch(path.name)
    files = [path]
    if siblings:
        pattern = re.compile(re.escape(siblings[1]) + r"\d{6,}" + re.escape(siblings[2]))
        files = sorted(file for file in path.parent.iterdir() if pattern.fullmatch(file.name))
        if sum(file.stat().st_size for file in files) > MOST_TEXT:
            raise ValueError(f"its {len(files)} files have more than {MOST_TEXT / 2**20:.0f} MiB; cut the recording")
        frames, fps, names = [_load(file) for file in files], None, None
    else:
        content = _load(path)
        names = _names(content)
        frames, fps = _frames(content)
    rows = [_points_of(frame, number) for number, frame in enumerate(frames, 1)]
    if not any(row is not None for row in rows):
        where = f"any of {len(rows)} frames" if len(rows) > 1 else "it"
        raise ValueError(f"no points in {where}; {EXPECTED}")
    several = sum(_people(frame) > 1 for frame in frames)
    if several:
        warnings.warn(f"{several} frames show several people; the first of each is read", stacklevel=2)
    points = stack_points(rows, names, sum(file.stat().st_size for file in files))
    layout = name_layout(points.names, points.values.shape[1], options.layout)
    rate = options.fps or fps
    if rate is None:
        raise ValueError("the file does not specify its frame rate; give it with --fps")
    confidence = points.values[..., 3] if points.values.shape[2] == 4 else None
    return recording_of(points.values[..., :3], confidence, layout, rate, path.name, options)


def _points_of(frame: Any, number: int) -> Any:
    """The points of a frame; ValueError names the frame in which something is not a number."""
    try:
        return points_of(frame)
    except NumberError as error:
        raise ValueError(f"frame {number}: {error}") from None


def _load(path: Path) -> Any:
    """The content of a JSON file; ValueError for one that is damaged, nested too deep or too large."""
    if path.stat().st_size > MOST_TEXT:
        raise ValueError(f"{path.name}: more than {MOST_TEXT / 2**20:.0f} MiB of JSON; cut the recording")
    try:
        text = path.read_text(encoding=encoding_of(path))
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            if not error.msg.startswith("Extra data"):
                raise
            return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: not a JSON file: {error}") from None
    except RecursionError:
        raise ValueError(f"{path.name}: nested too deeply; {EXPECTED}") from None


def _frames(content: Any) -> tuple[list[Any], float | None]:
    """The list of frames and the frame rate, None where the file has none."""
    fps = None
    if isinstance(content, dict):
        if {"segments", "words"} <= content.keys():
            raise ValueError("a transcript, not a recording")
        rates = [content[key] for key in _RATES if isinstance(content.get(key), (int, float))]
        fps = float(rates[0]) if rates and not isinstance(rates[0], bool) else None
        listed = [content[key] for key in _FRAMES if isinstance(content.get(key), list)]
        inner = [content, *(content[key] for key in (*_FRAMES, *POINTS) if isinstance(content.get(key), dict))]
        series = next((found for each in inner if (found := frames_of_series(each)) is not None), None)
        content = listed[0] if listed else series or [content]
    if not isinstance(content, list) or not content:
        raise ValueError(f"no frames; {EXPECTED}")
    while len(content) == 1 and isinstance(content[0], list) and _depth(content) > 3:  # a batch of one
        content = content[0]
    return content, fps


def _names(content: Any) -> list[str] | None:
    """The names of all points, where a file lists them once."""
    lists = [content.get(key) for key in _NAMES] if isinstance(content, dict) else []
    found = next((each for each in lists if isinstance(each, list) and each and isinstance(each[0], str)), None)
    if found is None or len(found) > MOST_JOINTS:
        return None
    names = [clean_name(str(name)) for name in found]
    return names if len(set(names)) == len(names) else None


def _depth(value: Any) -> int:
    """Levels of lists in lists, along the first items."""
    levels = 0
    while isinstance(value, list) and value:
        value, levels = value[0], levels + 1
    return levels


def _people(frame: Any) -> int:
    """How many people a frame shows, where it is an object with a list of them."""
    lists = [frame[key] for key in PEOPLE if isinstance(frame.get(key), list)] if isinstance(frame, dict) else []
    return len(lists[0]) if lists else 0
