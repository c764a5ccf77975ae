"""TRC, the text table of markers of Motion Analysis and OpenSim: labels, frame rate, unit, one line per frame.

Cells are separated by tabs, or by commas in a file without tabs. Beside tabs, a comma in a number is a decimal comma.
An empty cell, `NaN` and its like, or three zeros mean that the marker was not seen.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np

from motion2language.formats.contents import encoding_of
from motion2language.formats.decimals import with_decimal_points
from motion2language.formats.limits import require_joints, require_recording
from motion2language.formats.marker_joints import recording
from motion2language.formats.markers import Markers, printable
from motion2language.formats.reading import ReadOptions, Recording

_EXPECTED = "not a TRC file: expected a line PathFileType, a line each of names, values and labels, then frames"
_UNSEEN = frozenset(("", "nan", "-nan", "nan(ind)", "-nan(ind)", "-", "--", "null", "none", "na", "n/a", "inf", "-inf"))


def read(path: Path, options: ReadOptions) -> Recording:
    """The joints of the body that wears the markers of a TRC file, in the file's unit and axes."""
    try:
        text = path.read_text(encoding=encoding_of(path))
    except UnicodeDecodeError:
        text = path.read_text(encoding="latin-1")
    return recording(table(text, options.fps), path.name, options)


def table(text: str, fps: float | None = None) -> Markers:
    """The markers in a TRC file's text; `fps` overrides its frame rate. ValueError explains what is wrong with it."""
    lines = text.splitlines()
    if len(lines) < 6 or not lines[0].lstrip().lower().startswith("pathfiletype"):
        raise ValueError(_EXPECTED)
    mark = "," if "\t" not in "".join(lines[:6]) and "," in lines[3] else "\t"
    spaced = set[int]()  # numbers of the lines with blanks for tabs, in which no cell can be empty
    if mark == "\t":
        spaced = {number for number, line in enumerate(lines[3:], start=4) if "\t" not in line}
        for number in spaced:
            lines[number - 1] = "\t".join(lines[number - 1].split())
        lines[4] = "" if lines[4].lower().startswith("x") else lines[4]
        lines[4:] = with_decimal_points("\n".join(lines[4:])).split("\n")
    head = dict(zip(*(re.split(r"[\s,]+", line.lower().strip()) for line in lines[1:3]), strict=False))
    labels = _labels(lines[3], mark)
    # Empty lines and the one of axes begin with a blank.
    rows = [(number, line) for number, line in enumerate(lines[4:], start=5) if line.partition(mark)[0].strip()]
    if not labels or not rows:
        raise ValueError("the file contains no frames" if labels else _EXPECTED)
    declared = head.get("numframes", "")
    if declared.isdecimal() and len(rows) < int(declared[:12]):
        warnings.warn(f"declares {declared[:12]} frames, there are {len(rows)}; all of them are read", stacklevel=2)
    width = 3 * len(labels)
    require_recording(len(rows), len(labels), len(text))
    values = np.full((len(rows), width), np.nan)
    for frame, (number, row) in enumerate(rows):
        cells = row.split(mark, width + 3)
        fewest = width + 2 if number in spaced else width  # else those of the last marker may be missing
        if len(cells) < fewest:
            raise ValueError(
                f"frame {frame} has {len(cells)} cells, expected {width + 2}: frame, time, {width} numbers"
            )
        cells = cells[2 : width + 2]
        try:
            values[frame, : len(cells)] = _numbers(cells)
        except ValueError:
            raise ValueError(_unreadable(number, cells)) from None
    positions = values.reshape(len(rows), -1, 3)
    seen = np.isfinite(positions).all(-1) & (positions != 0).any(-1)
    positions[~seen] = np.nan
    return Markers(positions, labels, fps or _rate(head), head.get("units", ""))


def _labels(line: str, mark: str) -> list[str]:
    """One label per marker; each is above the first of its three columns, or they follow one another."""
    require_joints(line.rstrip().rstrip(mark).count(mark) // 3)
    cells = [printable(cell) for cell in line.rstrip().rstrip(mark).split(mark)[2:]]
    above = not any(cells[1::3]) and not any(cells[2::3])
    return cells[::3] if above else [cell for cell in cells if cell]


def _rate(head: dict[str, str]) -> float:
    try:
        rate = _number(head.get("datarate", ""))
    except ValueError:
        rate = float("nan")
    if not np.isfinite(rate):
        raise ValueError("lacks DataRate, the frames per second; set the frame rate with --fps")
    return rate


def _numbers(cells: list[str]) -> list[float]:
    """The numbers of a row, as _number."""
    try:
        return list(map(float, cells))  # most rows are whole, and this is twice as fast
    except ValueError:
        return list(map(_number, cells))


def _number(cell: str) -> float:
    """A cell's number, NaN where the marker was not seen; ValueError for anything else."""
    try:
        return float(cell)
    except ValueError:
        if cell.strip().lower() in _UNSEEN:
            return float("nan")
        raise


def _unreadable(number: int, cells: list[str]) -> str:
    """The message about the first cell that is not a number in line `number`; `cells` begin with the third."""
    for column, cell in enumerate(cells, start=3):
        try:
            _number(cell)
        except ValueError:
            return f"line {number}, column {column}: {printable(cell)[:40]!r}, expected a number or an empty cell"
    raise AssertionError("all cells are numbers")
