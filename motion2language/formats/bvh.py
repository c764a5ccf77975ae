"""BVH, Biovision hierarchies, read and written.

Read: any hierarchy, any number and order of channels on any joint (position channels replace the joint's offset on
their axis), every Euler order, end sites (kept as joints, for feet and hands that end in one), comments, tabs, any
line ends, a byte-order mark. A wrong frame count is a warning; a cut-off last frame, numbers that are not finite, and
a missing or impossible frame time are errors. The format specifies neither unit nor up axis.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import numpy as np

from motion2language.files import write_text
from motion2language.formats.bvh_writing import bvh_text
from motion2language.formats.contents import encoding_of
from motion2language.formats.decimals import parse_decimals, with_decimal_points
from motion2language.formats.kinematics import carry, euler_rotation
from motion2language.formats.limits import (
    FARTHEST_UNITS,
    clean_name,
    require_joints,
    require_near,
    require_recording,
)
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.motion import Motion, Skeleton

_CHANNEL = re.compile(r"([XYZ])(position|rotation)", re.IGNORECASE)
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))(?:#|//).*$")
# Only a line with nothing but MOTION separates the halves: a joint may be named MOTION.
_MOTION = re.compile(r"(?im)^[ \t]*MOTION[ \t]*(?:(?:#|//).*)?$")
_FRAMES = re.compile(r"(?im)^[ \t]*Frames[ \t]*:?[ \t]*(\S*).*$")
_FRAME_TIME = re.compile(r"(?im)^[ \t]*Frame[ \t]+Time[ \t]*:?[ \t]*(\S*).*$")
# Where some files lack a line break: after an offset's numbers or a channel's name.
_LINE = re.compile(r"(?i)(?<=[\dn])[ \t]+(?=(?:OFFSET|CHANNELS|JOINT|END\s+SITE)\s)")
_MOST_CHANNELS = 32  # of a joint; chosen: three positions, rotations and scales are usual
_BLOCK = 512  # frames whose positions are computed at once, so that they stay in the processor's cache; chosen
_EXPECTED = "not a BVH file: expected HIERARCHY, the joints, then a line MOTION and the frames"


@dataclass
class _Joint:
    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    #: (column, axis 0-2, "position" or "rotation") in the file's order
    channels: list[tuple[int, int, str]] = field(default_factory=list)


def read(path: Path, options: ReadOptions) -> Recording:
    """The recording of a BVH file, in the file's unit and axes."""
    try:
        text = path.read_text(encoding=encoding_of(path))
    except UnicodeDecodeError:
        text = path.read_text(encoding="latin-1")
    between = _MOTION.search(text)
    if between is None:
        raise ValueError(_EXPECTED)
    rig = Rig.parse(with_decimal_points(text[: between.start()]))
    values, fps, note = _motion(text, between.end(), rig.columns, options.fps)
    if note:
        warnings.warn(f"{path.name} {note}", stacklevel=2)
    require_recording(len(values), len(rig.joints), len(text))
    return Recording(Motion(rig.positions(values), fps, rig.skeleton, path.name), None, None)


@dataclass(frozen=True)
class Rig:
    """A BVH hierarchy, which turns the channel values of frames into joint positions."""

    joints: tuple[_Joint, ...]
    columns: int  # channel values per frame

    @classmethod
    def parse(cls, text: str) -> Rig:
        """The hierarchy from HIERARCHY up to MOTION; ValueError explains what is wrong with it."""
        bare = (_COMMENT.sub("", text) if "#" in text or "//" in text else text).lstrip()
        if not bare.upper().startswith("HIERARCHY"):
            raise ValueError(_EXPECTED)
        joints, columns = _hierarchy(bare[len("HIERARCHY") :])
        return cls(tuple(joints), columns)

    @property
    def skeleton(self) -> Skeleton:
        """Names and parents; an end site is named `<parent>_end`."""
        return Skeleton("bvh", tuple(joint.name for joint in self.joints), tuple(joint.parent for joint in self.joints))

    def positions(self, values: np.ndarray) -> np.ndarray:
        """Joint positions (T, J, 3) of channel values (T, columns), in the file's unit and axes."""
        if values.shape[1:] != (self.columns,):
            raise ValueError(f"{values.shape[-1]} channel values, expected {self.columns}")
        positions = np.empty((len(values), len(self.joints), 3), np.float32)
        for first in range(0, len(values), _BLOCK):
            positions[first : first + _BLOCK] = _positions(self.joints, values[first : first + _BLOCK])
        return positions


def _hierarchy(text: str) -> tuple[list[_Joint], int]:
    """Joints in file order and the number of channels of a frame."""
    text = _LINE.sub("\n", text.replace("{", "\n{\n").replace("}", "\n}\n"))
    joints: list[_Joint] = []
    taken: dict[str, int] = {}
    open_joints: list[int] = []
    columns = 0
    for words in filter(None, map(str.split, text.splitlines())):
        key = words[0].upper()
        if key in ("ROOT", "JOINT") or (key == "END" and open_joints):
            if key == "ROOT" and joints:
                raise ValueError(f"a second ROOT {' '.join(words[1:])!r}; expected one body per file; split the file")
            parent = open_joints[-1] if open_joints else -1
            name = f"{joints[parent].name}_end" if key == "END" else " ".join(words[1:])
            joints.append(_Joint(_unused(name or f"joint_{len(joints)}", taken), parent))
            require_joints(len(joints))
        elif key == "{" and joints:
            open_joints.append(len(joints) - 1)
        elif key == "}":
            if not open_joints:
                raise ValueError("the hierarchy closes more braces than it opens")
            open_joints.pop()
        elif key in ("OFFSET", "CHANNELS") and open_joints:
            joint = joints[open_joints[-1]]
            if key == "OFFSET":
                joint.offset = _offset(joint.name, words[1:])
            else:
                joint.channels = _channels(joint.name, words[1:], columns)
                columns += len(joint.channels)
        else:
            raise ValueError(f"unexpected {' '.join(words)[:60]!r} in the hierarchy")
    if open_joints or not joints:
        raise ValueError("the hierarchy is cut off: its braces do not close" if joints else "the file has no joints")
    if not columns:
        raise ValueError("no joint has channels, so nothing moves")
    return joints, columns


def _unused(name: str, taken: dict[str, int]) -> str:
    """The name, or the name with the first number from 2 on that is free; `taken` has the last number of each name."""
    unique, number = name, taken.get(name, 1)
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken[name] = number
    taken.setdefault(unique, 1)
    return unique


def _offset(joint: str, words: list[str]) -> tuple[float, float, float]:
    try:
        x, y, z = map(float, words)
    except ValueError:
        raise ValueError(f"joint {joint!r}: OFFSET {' '.join(words)[:60]!r}, expected three numbers") from None
    if not abs(x) + abs(y) + abs(z) < FARTHEST_UNITS:
        require_near(f"joint {joint!r}: OFFSET", np.array((x, y, z)), FARTHEST_UNITS)
    return x, y, z


def _channels(joint: str, words: list[str], first: int) -> list[tuple[int, int, str]]:
    found = [_channel(word) for word in words[1 : _MOST_CHANNELS + 2]]
    if not words or not words[0].isdigit() or int(words[0]) != len(found) or None in found:
        raise ValueError(
            f"joint {joint!r}: CHANNELS {' '.join(words)[:80]!r}, expected their number and as many names, "
            "such as Xrotation"
        )
    return [(first + number, *channel) for number, channel in enumerate(found) if channel is not None]


@lru_cache
def _channel(name: str) -> tuple[int, str] | None:
    """Axis and kind of a channel such as Xrotation; None for another word."""
    match = _CHANNEL.fullmatch(name)
    return None if match is None else ("XYZ".index(match[1].upper()), match[2].lower())


def _motion(text: str, start: int, columns: int, fps: float | None) -> tuple[np.ndarray, float, str]:
    """Values (T, columns), the frame rate, and a note where the declared number of frames is wrong."""
    frames, time = _FRAMES.search(text, start), _FRAME_TIME.search(text, start)
    start = max(match.end() if match else start for match in (frames, time))
    if text.find(",", start) >= 0:
        text = text[:start] + with_decimal_points(text[start:])
    if text.find("#", start) >= 0 or text.find("/", start) >= 0:  # two slashes take eighty times as long to look for
        text, start = _COMMENT.sub("", text[start:]), 0
    try:
        values = parse_decimals(text, start)
    except ValueError:
        raise ValueError(_name_unreadable(text, start)) from None
    if not len(values):
        raise ValueError("no frames; expected one line of numbers per frame after `Frame Time:`")
    if len(values) % columns:
        raise ValueError(
            f"{len(values)} numbers are not whole frames of {columns} channels; the file is cut off or its joints "
            f"do not fit its frames (the last frame has {len(values) % columns})"
        )
    values = values.reshape(-1, columns)
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise ValueError(f"frame {int(bad.argmax())} contains a value that is not a finite number; repair or cut it")
    require_near("a channel's value", values, FARTHEST_UNITS)
    note = ""
    if frames is None or frames[1].lstrip("0") != str(len(values)):
        declared = "lacks a `Frames:` line" if frames is None else f"declares `Frames: {frames[1][:20]}`"
        note = f"{declared}, there are {len(values)}; all of them are read"
    return values, fps or frame_rate(None if time is None else time[1]), note


def _name_unreadable(text: str, start: int) -> str:
    """The message about the first entry that cannot be read; `start` is 0 where comments were cut out."""
    first = text.count("\n", 0, start) + 1
    for line, row in enumerate(text[start:].split("\n"), start=first):
        for column, word in enumerate(row.split(), start=1):
            try:
                float(word)
            except ValueError:
                where = f"line {line}" if start else f"line {line} after the hierarchy"
                return f"{where}, number {column}: {clean_name(word)[:40]!r}, expected a number, such as 1.5"
    raise AssertionError("all of them are numbers")


def frame_rate(frame_time: str | None) -> float:
    """Frames per second for the text after `Frame Time:`; ValueError when it is not a positive number of seconds."""
    frame_time = frame_time and with_decimal_points(frame_time)
    if frame_time is None:
        raise ValueError("no `Frame Time:` line; set the frame rate with --fps")
    try:
        seconds = float(frame_time)
    except ValueError:
        seconds = float("nan")
    if not 1e-300 < seconds < float("inf"):  # one over less overflows
        raise ValueError(f"`Frame Time: {frame_time}`, expected seconds above zero; set the frame rate with --fps")
    # Frame times are printed with few digits: 0.0333333 and 0.00833 mean 30 and 120 frames per second, but 0.033367
    # means 29.97. A rate is rounded to a whole number if that changes the time by less than one unit of its last digit
    # and less than 0.2 %. A change below 0.02 % is always accepted: tools that pad with zeros or print single precision
    # lose as much (both chosen).
    rate = 1 / seconds
    whole = max(1, round(rate))
    last = 10.0 ** int(Decimal(frame_time).as_tuple().exponent)
    return float(whole) if abs(1 / whole - seconds) < max(min(last, 2e-3 * seconds), 2e-4 * seconds) else rate


def _positions(joints: Sequence[_Joint], values: np.ndarray) -> np.ndarray:
    channels = np.ascontiguousarray(values.T)
    positions, turns = np.empty((3, len(joints), len(values))), np.zeros((3, 3, len(joints), len(values)))
    positions[:] = np.array([joint.offset for joint in joints]).T[..., None]
    turns[[0, 1, 2], [0, 1, 2]] = 1
    moved: list[tuple[int, int, int]] = []
    alike: dict[tuple[int, ...], list[int]] = {}  # joints by the axes of their rotations, which are computed together
    for number, joint in enumerate(joints):
        moved += [(axis, number, column) for column, axis, kind in joint.channels if kind == "position"]
        alike.setdefault(tuple(axis for _, axis, kind in joint.channels if kind == "rotation"), []).append(number)
    if moved:
        axes, numbers, columns = map(list, zip(*moved, strict=True))
        positions[axes, numbers] = channels[columns]
    for order, turned in alike.items():
        if order:
            own = [[column for column, _, kind in joints[number].channels if kind == "rotation"] for number in turned]
            rotations = euler_rotation(order, np.radians(channels[np.transpose(own)]))
            turns[:, :, turned] = np.moveaxis(rotations, (-2, -1), (0, 1))
    return carry([joint.parent for joint in joints], positions, turns)


def write(motion: Motion, path: Path) -> None:
    """Write a motion as BVH, centimetres, whole or not at all."""
    write_text(path, bvh_text(motion))
