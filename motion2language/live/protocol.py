"""The lines that `m2l live` reads and `m2l send` writes: a header, then frames, one per line.

JSON lines. The header, first and repeatable at any time:
    {"joints": ["Hips", ...], "parents": [-1, ...], "unit": "cm", "up": "y"}        unit and up are optional
a frame, positions of the joints in that order, and its time in seconds, 0 or later:
    {"time": 0.033, "positions": [[x, y, z], ...]}
with null for a joint, or for its coordinates, that is not seen;
the end of the stream:
    {"end": true}

Or a BVH file as it is being written: the hierarchy, MOTION, `Frame Time:`, then one line of channel values per frame.
Either may follow the other.
A source of lines may put None between two of them: no input for STALL seconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

from motion2language.formats import bvh
from motion2language.formats.limits import clean_message, require_joints
from motion2language.motion import Motion, Skeleton

STALL = 2.0  # seconds without a line that end a take; chosen
LONGEST_LINE = 1_000_000  # characters; chosen: a body of 300 joints takes 10,000
LONGEST_HIERARCHY = 20_000  # lines; chosen: a body of 300 joints takes 1,500
LATEST = 1e11  # seconds; chosen: above the seconds since 1970, below the milliseconds
FARTHEST = 1e7  # of any unit; chosen: 10 km in millimetres


@dataclass(frozen=True)
class Header:
    """The skeleton of the frames that follow, and their unit and up axis if given."""

    skeleton: Skeleton
    unit: str | None = None
    up: str | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """Joint positions (J, 3) at a time in seconds, NaN where a joint is not seen."""

    time: float
    positions: np.ndarray

    def __post_init__(self) -> None:
        if not 0 <= self.time <= LATEST:
            raise ValueError(f"its time is {self.time:g}, expected seconds, 0 or later")
        if (np.abs(self.positions) > FARTHEST).any():
            raise ValueError(f"a joint is {np.nanmax(np.abs(self.positions)):g} away, expected at most {FARTHEST:g}")


@dataclass(frozen=True)
class Fault:
    """Why a line could not be parsed, in one line whatever it held."""

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean_message(self.text))


@dataclass(frozen=True)
class Stall:
    """No input for STALL seconds."""


Item = Header | Frame | Fault | Stall


@dataclass(frozen=True)
class Stream:
    """Lines of one sender, None after each STALL seconds without any.

    new_sender  whether this may be another sender than before, with another skeleton
    refuse      rejects the sender with a reason
    """

    lines: Iterator[str | None]
    new_sender: bool = False
    refuse: Callable[[str], object] = lambda _: None


def read_lines(file: TextIO) -> Iterator[str]:
    """The lines of a text file as they come; an overlong line is cut to its beginning."""
    while line := file.readline(LONGEST_LINE + 2):
        yield line
        while len(line) == LONGEST_LINE + 2 and not line.endswith("\n"):
            line = file.readline(LONGEST_LINE + 2)


def parse(lines: Iterable[str | None]) -> Iterator[Item]:
    """Headers, frames, faults and stalls of a stream of lines, until its end."""
    stream = (line and line.removeprefix("\ufeff") for line in lines)  # some programs write it at a file's start
    for line in stream:
        if line is None:
            yield Stall()
            continue
        text = line.strip()
        while _begins_bvh(text):
            text = yield from _parse_bvh(text, stream)
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
    """A motion (metres, Y up) as (seconds, line): the header at 0, then each frame at its time, then the end.

    Joints that were not seen (`Motion.seen`) have null for their coordinates.
    """
    skeleton = motion.skeleton
    header = {"joints": skeleton.joints, "parents": skeleton.parents, "unit": "m", "up": "y"}
    yield 0.0, json.dumps(header)
    for number, positions in enumerate(motion.positions):
        time = number / motion.fps
        joints: list[object] = np.round(positions, 4).tolist()
        if motion.seen is not None:
            joints = [joint if seen else [None] * 3 for joint, seen in zip(joints, motion.seen[number], strict=True)]
        yield time, json.dumps({"time": round(time, 4), "positions": joints})
    yield motion.duration, json.dumps({"end": True})


def _parse_json(text: str) -> Item | None:
    """One line; None at the end of the stream; ValueError for anything else."""
    if len(text) > LONGEST_LINE:
        raise ValueError(f"a line of over {LONGEST_LINE} characters")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):  # ValueError: also for a number with too many digits
        raise ValueError(f"not a line of JSON: {text[:60]!r}") from None
    if not isinstance(data, dict):
        raise ValueError(f"expected an object, found {text[:60]!r}")
    if data.get("end"):
        return None
    try:
        if "joints" in data:
            return _header(data)
        positions = [[None] * 3 if joint is None else joint for joint in data["positions"]]
        return Frame(float(data["time"]), np.array(positions, dtype=np.float64))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"{type(error).__name__}: {str(error)[:80]}"
        raise ValueError(f"neither header nor frame ({reason}): {text[:60]!r}") from None


def _header(data: Mapping[str, Any]) -> Header:
    require_joints(len(data["joints"]))
    joints = tuple(str(joint) for joint in data["joints"])
    skeleton = Skeleton("stream", joints, tuple(int(parent) for parent in data["parents"]))
    unit, up = (None if data.get(key) is None else str(data[key]) for key in ("unit", "up"))
    return Header(skeleton, unit, up)


def _parse_bvh(first: str, lines: Iterator[str | None]) -> Generator[Item, None, str]:
    """A BVH file that is still growing, frame k at k times the frame time; returns the first line after it."""
    head = [first]
    for line in lines:
        if (line or "").strip().upper() == "MOTION":
            break
        if _begins_bvh(line or ""):  # the lines before were cut off
            head.clear()
        head.append(line or "")
        if len(head) > LONGEST_HIERARCHY:
            yield Fault(f"BVH: a hierarchy of over {LONGEST_HIERARCHY} lines")
            return _skip(lines)
    try:
        rig = bvh.Rig.parse("\n".join(head))
    except ValueError as error:
        yield Fault(f"BVH: {error}")
        return _skip(lines)
    yield Header(rig.skeleton)
    step, number = 1 / 30, 0
    for line in lines:
        if line is None:
            yield Stall()
            continue
        words = line.split()
        if not words or words[0].lower().startswith("frames"):
            continue
        try:
            if _begins_anew(line):
                return line.strip()
            if words[0].lower() == "frame":
                step = 1 / bvh.frame_rate(words[-1])
                continue
            yield Frame(number * step, rig.positions(np.array([words], dtype=np.float64))[0])
        except ValueError as error:
            yield Fault(f"BVH frame {number}: {error}")
        number += 1
    return ""


def _skip(lines: Iterator[str | None]) -> str:
    """The first usable line after an invalid hierarchy."""
    return next((line.strip() for line in lines if line and _begins_anew(line)), "")


def _begins_bvh(line: str) -> bool:
    """Whether a line begins a BVH file."""
    return line.strip().upper().startswith("HIERARCHY")


def _begins_anew(line: str) -> bool:
    """Whether a line among BVH frames begins another file, or is JSON."""
    return _begins_bvh(line) or line.lstrip().startswith("{")
