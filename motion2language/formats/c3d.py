"""C3D, the format of optical motion-capture laboratories (Vicon, Qualisys, OptiTrack): reads its labelled points.

A header, parameters by group and name, then frames of points and analogue samples, all in blocks of 512 bytes
(https://www.c3d.org, user guide). Read: integer and floating-point points in the numbers of Intel, DEC and MIPS
processors, labels continued in LABELS2 and on, recordings longer than 65,535 frames. Analogue channels, force plates,
events, and angles, forces, moments and powers stored as points are ignored. Points that were not seen (residual below
0, not a number, all zeros) become NaN; marker_joints.py fills or reports them. We do not use ezc3d, the oracle of the
tests, because a damaged file must not end the process.
"""

from __future__ import annotations

import math
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motion2language.formats.limits import require_joints
from motion2language.formats.marker_joints import recording
from motion2language.formats.markers import Markers, printable
from motion2language.formats.reading import ReadOptions, Recording

_BLOCK = 512
_LARGEST = 255 * _BLOCK  # bytes of parameters: a file counts their blocks in one byte
_MAGIC = 0x50
_MOST = 65_535  # frames that header and POINT:FRAMES can count
_EXPECTED = "not a C3D file: expected a header whose second byte is 80, and parameters"
_VALUES = (
    "ANGLES",
    "FORCES",
    "MOMENTS",
    "POWERS",
    "SCALARS",
)  # parameters of POINT in which Vicon lists points that are not positions
_AXES = ("x", "y", "z", "-x", "-y", "-z")
_WIDTHS = {-1: 1, 1: 1, 2: 2, 4: 4}  # bytes of a parameter's value by its type: characters, bytes, integers, floats


def read(path: Path, options: ReadOptions) -> Recording:
    """The joints of the body that wears the markers of a C3D file, in the file's unit and axes."""
    return recording(points(path.read_bytes(), options.fps), path.name, options)


@dataclass(frozen=True)
class _Numbers:
    """How the processor that wrote the file stores numbers."""

    order: str = "<"
    dec: bool = False

    def integers(self, data: bytes | memoryview) -> np.ndarray:
        """16-bit integers."""
        return np.frombuffer(data, f"{self.order}i2")

    def floats(self, data: bytes | memoryview) -> np.ndarray:
        """Single-precision numbers; DEC's have swapped halves and are four times as large."""
        if self.dec:
            return np.frombuffer(data, "<u2").reshape(-1, 2)[:, ::-1].copy().view("<f4")[:, 0] / np.float32(4)
        return np.frombuffer(data, f"{self.order}f4")


_PROCESSORS = {84: _Numbers(), 85: _Numbers(dec=True), 86: _Numbers(">")}


@dataclass(frozen=True)
class _Parameters:
    """Where each parameter's value begins, by `GROUP:NAME`; a value is read when it is asked for."""

    content: bytes
    numbers: _Numbers
    places: dict[str, int]

    def value(self, name: str) -> list[str] | np.ndarray | None:
        """Strings, or an array of numbers; None where the parameter is missing."""
        if name not in self.places:
            return None
        at = self.places[name]
        kind, dimensions = struct.unpack_from("bB", self.content, at)
        start = at + 2 + dimensions
        shape = self.content[at + 2 : start]
        if kind not in _WIDTHS or len(shape) < dimensions:
            raise ValueError(f"parameter {name} has an unknown type; is the file damaged?")
        data = self.content[start : start + math.prod(shape) * _WIDTHS[kind]]
        if len(data) < math.prod(shape) * _WIDTHS[kind]:
            raise ValueError(f"the file is cut off within its parameter {name}")
        if kind == -1:
            width = shape[0] if shape else 1
            return [_text(data[first : first + width]) for first in range(0, len(data), width or 1)]
        if kind == 4:
            return self.numbers.floats(data)
        return self.numbers.integers(data) if kind == 2 else np.frombuffer(data, "i1")

    def number(self, name: str, otherwise: float) -> float:
        """A parameter's first number, or `otherwise` where it is missing or not a number."""
        value = self.value(name)
        return float(value[0]) if isinstance(value, np.ndarray) and np.isfinite(value[:1]).any() else float(otherwise)

    def count(self, name: str, otherwise: float = 0) -> int:
        """A parameter's first number, read as unsigned."""
        number = int(self.number(name, otherwise))
        return number + 65536 if number < 0 else number

    def strings(self, name: str) -> list[str]:
        """A parameter's strings; empty where it is missing or contains numbers."""
        value = self.value(name)
        return value if isinstance(value, list) else []


def points(content: bytes, fps: float | None = None) -> Markers:
    """The labelled points of a C3D file's bytes; `fps` overrides the file's frame rate.

    ValueError explains what is wrong with the file.
    """
    if len(content) < _BLOCK or content[1] != _MAGIC or content[0] < 1:
        raise ValueError(_EXPECTED)
    start = (content[0] - 1) * _BLOCK
    if len(content) < start + 4 or content[start + 3] not in _PROCESSORS:
        raise ValueError(_EXPECTED)
    numbers = _PROCESSORS[content[start + 3]]
    parameters = _parameters(content, start + 4, numbers)
    header = numbers.integers(content[:24]).view(f"{numbers.order}u2").astype(int)
    scale, rate = (float(numbers.floats(content[at : at + 4])[0]) for at in (12, 20))
    scale, rate = parameters.number("POINT:SCALE", scale), parameters.number("POINT:RATE", rate)
    count, used = int(header[1]), parameters.count("POINT:USED", header[1])
    if count != used:
        raise ValueError(f"the header has {count} points, POINT:USED {used}; is the file damaged?")
    require_joints(count)
    if count == 0:
        raise ValueError("the file contains other data but no points; expected labelled markers")
    block = int(header[8]) or parameters.count("POINT:DATA_START")
    if block < 2:
        raise ValueError("the start of its data is missing; is the file damaged?")
    data = memoryview(content)[(block - 1) * _BLOCK :]
    frames = _frames(data, _declared_frames(header, parameters), 4 * count + int(header[2]), numbers, scale)
    values = frames[:, : 4 * count].reshape(len(frames), count, 4)
    positions = values[..., :3].astype(np.float64)
    positions *= scale if scale > 0 else 1.0
    x, y, z = np.moveaxis(positions, 2, 0)  # one by one: reducing an axis of three is several times slower
    seen = (values[..., 3] >= 0) & np.isfinite(x) & np.isfinite(y) & np.isfinite(z) & ((x != 0) | (y != 0) | (z != 0))
    positions[~seen] = np.nan
    unit, up = (" ".join(parameters.strings(f"POINT:{name}")).strip() for name in ("UNITS", "Y_SCREEN"))
    up = up.lower().removeprefix("+")
    return Markers(positions, _labels(parameters, count), fps or rate, unit, up if up in _AXES else None)


def _parameters(content: bytes, at: int, numbers: _Numbers) -> _Parameters:
    """The parameters from byte `at` on; a group's name may follow the parameters in it."""
    groups: dict[int, str] = {}
    entries: list[tuple[int, str, int]] = []
    content = content[: at + _LARGEST]
    while at + 2 <= len(content) and content[at]:
        length, group = struct.unpack_from("bb", content, at)
        step = at + 2 + abs(length)
        if step + 4 > len(content):
            raise ValueError("the file is cut off within its parameters")
        name = _text(content[at + 2 : step]).upper()
        if group < 0:
            groups[-group] = name
        else:
            entries.append((group, name, step + 2))
        ahead = int(numbers.integers(content[step : step + 2]).view(f"{numbers.order}u2")[0])
        if ahead == 0:
            break
        at = step + ahead
    return _Parameters(content, numbers, {f"{groups.get(group, '')}:{name}": place for group, name, place in entries})


def _text(data: bytes) -> str:
    return printable(data.split(b"\0")[0].decode("utf-8", errors="replace"))


def _labels(parameters: _Parameters, count: int) -> list[str]:
    """A label for each point, from LABELS, LABELS2 and so on, which contain up to 255 each.

    Empty where a point has no label or is listed as something that is not a position, with or without the subject.
    """
    labels: list[str] = []
    for number in range(1, count // 255 + 2):
        labels += parameters.strings(f"POINT:LABELS{number if number > 1 else ''}")
    values = {label for name in _VALUES for label in parameters.strings(f"POINT:{name}")}
    labels = ["" if label in values or label.rpartition(":")[2] in values else label for label in labels]
    return (labels + [""] * count)[:count]


def _declared_frames(header: np.ndarray, parameters: _Parameters) -> list[int]:
    """The numbers of frames that a file declares: its header only counts to 65,535, its parameters may go on."""
    counts = [int(header[4] - header[3]) + 1, parameters.count("POINT:FRAMES"), parameters.count("POINT:LONG_FRAMES")]
    ends = [parameters.value(f"TRIAL:ACTUAL_{end}_FIELD") for end in ("START", "END")]
    if all(isinstance(end, np.ndarray) and end.dtype.itemsize == 2 and len(end) == 2 for end in ends):
        first, last = (int(low) % 65536 + int(high) % 65536 * 65536 for low, high in ends)  # type: ignore[misc]
        counts.append(last - first + 1)
    return [count for count in counts if count > 0]


def _frames(data: memoryview, counts: list[int], width: int, numbers: _Numbers, scale: float) -> np.ndarray:
    """Frames (T, width) of points and analogue samples, floating-point where the scale is negative."""
    if not np.isfinite(scale) or scale == 0:
        raise ValueError(f"POINT:SCALE is {scale}, expected a number other than 0; is the file damaged?")
    size = 4 if scale < 0 else 2
    stored = len(data) // (size * width)
    if not counts:
        raise ValueError("the file contains no frames")
    frames = max((count for count in counts if count <= stored), default=0)
    if not frames and stored:
        warnings.warn(f"declares {min(counts)} frames, there are {stored}; all of them are read", stacklevel=2)
        frames = stored
    if not frames:
        raise ValueError(f"the file is cut off: it declares {min(counts)} frames and contains {stored}")
    if frames == _MOST:  # the count may have stopped there: take all frames but the padding of the last block
        bits = np.frombuffer(data[: stored * width * size], "u1").reshape(stored, -1)
        frames = max(frames, stored - int(np.argmax(bits[::-1].any(axis=1))))
    used = data[: frames * width * size]
    return (numbers.floats(used) if scale < 0 else numbers.integers(used)).reshape(frames, width)
