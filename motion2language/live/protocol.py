"""What `m2l live` reads: a header, then frames, a line each; and what `m2l send` writes.

JSON lines. The header, first and repeatable at any time:
    {"joints": ["Hips", ...], "parents": [-1, ...], "unit": "cm", "up": "y"}        unit and up may be left out
a frame, positions of the joints in that order, and its time in seconds:
    {"time": 0.033, "positions": [[x, y, z], ...]}
the end of the stream:
    {"end": true}

Or a BVH file as it is written: the hierarchy, MOTION, `Frame Time:`, then a line of channel values a frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from motion2language.formats import bvh
from motion2language.motion import Motion, Skeleton

LONGEST_LINE = 1_000_000  # characters; chosen: a body of 300 joints takes 10,000


@dataclass(frozen=True)
class Header:
    """The skeleton of the frames that follow, and what is said of their unit and up axis."""

    skeleton: Skeleton
    unit: str | None = None
    up: str | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """Joint positions (J, 3) at a time in seconds."""

    time: float
    positions: np.ndarray


@dataclass(frozen=True)
class Fault:
    """A line that could not be understood, and why."""

    text: str


Item = Header | Frame | Fault


def parse(lines: Iterable[str]) -> Iterator[Item]:
    """Headers, frames and faults of a stream of lines, until its end."""
    stream = iter(lines)
    for line in stream:
        text = line.strip()
        if text.upper().startswith("HIERARCHY"):
            yield from _parse_bvh(text, stream)
            return
        if not text:
            continue
        try:
            item = _parse_json(text)
        except ValueError as error:
            yield Fault(str(error))
            continue
        if item is None:
            return
        yield item


def messages(motion: Motion) -> Iterator[tuple[float, str]]:
    """A motion (metres, Y up) as (seconds, line): the header at 0, then each frame at its time, then the end."""
    skeleton = motion.skeleton
    header = {"joints": skeleton.joints, "parents": skeleton.parents, "unit": "m", "up": "y"}
    yield 0.0, json.dumps(header)
    for number, positions in enumerate(motion.positions):
        time = number / motion.fps
        yield time, json.dumps({"time": round(time, 4), "positions": np.round(positions, 4).tolist()})
    yield motion.duration, json.dumps({"end": True})


def _parse_json(text: str) -> Item | None:
    """One line; None at the end of the stream; ValueError when it is neither."""
    if len(text) > LONGEST_LINE:
        raise ValueError(f"a line of {len(text)} characters, expected at most {LONGEST_LINE}")
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError(f"not a line of JSON: {text[:60]!r}") from None
    if not isinstance(data, dict):
        raise ValueError(f"expected an object, found {text[:60]!r}")
    if data.get("end"):
        return None
    try:
        if "joints" in data:
            return _header(data)
        return Frame(float(data["time"]), np.array(data["positions"], dtype=np.float64))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"{type(error).__name__}: {str(error)[:80]}"
        raise ValueError(f"neither header nor frame ({reason}): {text[:60]!r}") from None


def _header(data: Mapping[str, Any]) -> Header:
    joints = tuple(str(joint) for joint in data["joints"])
    skeleton = Skeleton("stream", joints, tuple(int(parent) for parent in data["parents"]))
    unit, up = (None if data.get(key) is None else str(data[key]) for key in ("unit", "up"))
    return Header(skeleton, unit, up)


def _parse_bvh(first: str, lines: Iterator[str]) -> Iterator[Item]:
    """A BVH file that is still growing; frame k is at k times the frame time."""
    head = [first]
    for line in lines:
        if line.strip().upper() == "MOTION":
            break
        head.append(line)
    try:
        rig = bvh.Rig.parse("\n".join(head))
    except ValueError as error:
        yield Fault(f"BVH: {error}")
        return
    yield Header(rig.skeleton)
    step, number = 1 / 30, 0
    for line in lines:
        words = line.split()
        if not words or words[0].lower().startswith("frames"):
            continue
        try:
            if words[0].lower() == "frame":
                step = 1 / bvh.frame_rate(words[-1])
                continue
            positions = rig.positions(np.array([words], dtype=np.float64))[0]
        except ValueError as error:
            yield Fault(f"BVH frame {number}: {error}")
        else:
            yield Frame(number * step, positions)
        number += 1
