"""C3D, the file of optical motion-capture laboratories (Vicon, Qualisys, OptiTrack): its labelled points, read.

A header, parameters by group and name, then frames of points and analogue samples, all in blocks of 512 bytes
(https://www.c3d.org, user guide). Read: integer and floating-point points in the numbers of Intel, DEC and MIPS
processors, labels continued in LABELS2 and on, recordings longer than 65,535 frames. Analogue channels, force plates
and events are passed over. Points that were not seen (residual below 0, no number, all zeros) become NaN; what is
made of them is marker_joints.py's. Read here and not by a library because a damaged file must not end the process.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.formats.marker_joints import recording
from motion2language.formats.markers import Markers
from motion2language.formats.options import ReadOptions, Recording

_BLOCK = 512
_MAGIC = 0x50
_EXPECTED = "not a C3D file: expected a header whose second byte is 80, and parameters"
_WIDTHS = {-1: 1, 1: 1, 2: 2, 4: 4}  # bytes of a parameter's value by its type: characters, bytes, integers, floats


def read(path: Path, options: ReadOptions) -> Recording:
    """The joints of the body whose markers a C3D file holds, in the file's unit and axes."""
    return recording(points(path.read_bytes(), options.fps), path.name, options.subject)


@dataclass(frozen=True)
class _Numbers:
    """How the processor that wrote a file writes numbers."""

    order: str = "<"
    dec: bool = False

    def integers(self, data: bytes | memoryview) -> np.ndarray:
        """16-bit integers."""
        return np.frombuffer(data, f"{self.order}i2")

    def floats(self, data: bytes | memoryview) -> np.ndarray:
        """Single-precision numbers; DEC's have their halves swapped and are four times as large."""
        if self.dec:
            return np.frombuffer(data, "<u2").reshape(-1, 2)[:, ::-1].copy().view("<f4")[:, 0] / np.float32(4)
        return np.frombuffer(data, f"{self.order}f4")


_PROCESSORS = {84: _Numbers(), 85: _Numbers(dec=True), 86: _Numbers(">")}


def points(content: bytes, fps: float | None = None) -> Markers:
    """The labelled points of a C3D file's bytes; `fps` overrides what it says.

    ValueError says what is wrong with it.
    """
    if len(content) < _BLOCK or content[1] != _MAGIC or content[0] < 1:
        raise ValueError(_EXPECTED)
    start = (content[0] - 1) * _BLOCK
    if len(content) < start + 4 or content[start + 3] not in _PROCESSORS:
        raise ValueError(_EXPECTED)
    numbers = _PROCESSORS[content[start + 3]]
    parameters = _parameters(content, start + 4, numbers)
    point = parameters.get("POINT", {})
    header = numbers.integers(content[:24]).view(f"{numbers.order}u2").astype(int)
    scale, rate = (float(numbers.floats(content[at : at + 4])[0]) for at in (12, 20))
    scale, rate = _number(point, "SCALE", scale), _number(point, "RATE", rate)
    count, used = int(header[1]), int(_number(point, "USED", header[1])) & 0xFFFF
    if count != used:
        raise ValueError(f"its header has {count} points, POINT:USED {used}; is it damaged?")
    if count == 0:
        raise ValueError("holds no points, only other data; expected labelled markers")
    block = int(header[8]) or int(_number(point, "DATA_START", 0)) & 0xFFFF
    if block < 2:
        raise ValueError("does not say where its data start; is it damaged?")
    data = memoryview(content)[(block - 1) * _BLOCK :]
    counts = _said_frames(header, point, parameters.get("TRIAL", {}))
    frames = _frames(data, counts, 4 * count + int(header[2]), numbers, scale)
    values = frames[:, : 4 * count].reshape(len(frames), count, 4).astype(np.float64)
    positions = values[..., :3] * (scale if scale > 0 else 1.0)
    seen = (values[..., 3] >= 0) & np.isfinite(positions).all(-1) & (positions != 0).any(-1)
    positions[~seen] = np.nan
    return Markers(positions, _labels(point, count), fps or rate, " ".join(point.get("UNITS", [])).strip())


def _parameters(content: bytes, at: int, numbers: _Numbers) -> dict[str, dict[str, Any]]:
    """Group -> name -> value: strings, or an array of numbers."""
    groups: dict[int, str] = {}
    found: list[tuple[int, str, Any]] = []
    while at + 2 <= len(content) and content[at]:
        length, group = struct.unpack_from("bb", content, at)
        name = _text(content[at + 2 : at + 2 + abs(length)]).upper()
        step = at + 2 + abs(length)
        if step + 4 > len(content):
            raise ValueError("cut off within its parameters")
        if group < 0:
            groups[-group] = name
        else:
            found.append((group, name, _value(content, step + 2, numbers, name)))
        ahead = int(numbers.integers(content[step : step + 2]).view(f"{numbers.order}u2")[0])
        if ahead == 0:
            break
        at = step + ahead
    values: dict[str, dict[str, Any]] = {}
    for group, name, value in found:
        values.setdefault(groups.get(group, ""), {})[name] = value
    return values


def _value(content: bytes, at: int, numbers: _Numbers, name: str) -> Any:
    kind, dimensions = struct.unpack_from("bB", content, at)
    if kind not in _WIDTHS or at + 2 + dimensions > len(content):
        raise ValueError(f"parameter {name!r} is of no known type; is it damaged?")
    shape = list(content[at + 2 : at + 2 + dimensions])
    count = int(np.prod(shape, dtype=object)) if shape else 1
    data = content[at + 2 + dimensions : at + 2 + dimensions + count * _WIDTHS[kind]]
    if len(data) < count * _WIDTHS[kind]:
        raise ValueError(f"cut off within its parameter {name!r}")
    if kind == -1:
        width = shape[0] if shape else 1
        return [_text(data[start : start + width]) for start in range(0, len(data), width or 1)]
    if kind == 4:
        return numbers.floats(data)
    return numbers.integers(data) if kind == 2 else np.frombuffer(data, "i1")


def _text(data: bytes) -> str:
    return data.split(b"\0")[0].decode("utf-8", errors="replace").strip()


def _number(group: dict[str, Any], name: str, otherwise: float) -> float:
    """A parameter's first number, or what stands in for one that is missing."""
    value = group.get(name)
    return float(value[0]) if isinstance(value, np.ndarray) and len(value) else float(otherwise)


def _labels(point: dict[str, Any], count: int) -> list[str]:
    """A label for each point, from LABELS, LABELS2 and on, which hold up to 255 each; empty where there is none."""
    labels: list[str] = []
    for number in range(1, count // 255 + 2):
        more = point.get("LABELS" if number == 1 else f"LABELS{number}", [])
        labels += more if isinstance(more, list) else []
    return (labels + [""] * count)[:count]


def _said_frames(header: np.ndarray, point: dict[str, Any], trial: dict[str, Any]) -> list[int]:
    """The numbers of frames a file says it has: its header counts to 65,535 only, the parameters may go on."""
    counts = [int(header[4] - header[3]) + 1, int(_number(point, "FRAMES", 0)) & 0xFFFF]
    long = _number(point, "LONG_FRAMES", 0)
    counts.append(int(long) if np.isfinite(long) else 0)
    ends = [trial.get(f"ACTUAL_{end}_FIELD") for end in ("START", "END")]
    if all(isinstance(end, np.ndarray) and end.dtype.itemsize == 2 and len(end) == 2 for end in ends):
        first, last = (int(low) % 65536 + int(high) % 65536 * 65536 for low, high in ends)  # type: ignore[misc]
        counts.append(last - first + 1)
    return [count for count in counts if count > 0]


def _frames(data: memoryview, counts: list[int], width: int, numbers: _Numbers, scale: float) -> np.ndarray:
    """Frames (T, width) of points and analogue samples; a negative scale says that they are floating-point."""
    if not np.isfinite(scale) or scale == 0:
        raise ValueError(f"POINT:SCALE is {scale}, expected a number that is not 0; is it damaged?")
    size = 4 if scale < 0 else 2
    held = len(data) // (size * width)
    if not counts or not held:
        raise ValueError("no frames in it")
    frames = max((count for count in counts if count <= held), default=0)
    if not frames:
        raise ValueError(f"cut off: says it has {min(counts)} frames and holds {held}")
    used = data[: frames * width * size]
    return (numbers.floats(used) if scale < 0 else numbers.integers(used)).reshape(frames, width)
