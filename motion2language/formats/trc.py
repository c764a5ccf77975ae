"""TRC, the text table of markers of Motion Analysis and OpenSim: labels, frame rate, unit, one line per frame.

Cells are separated by tabs. An empty cell, text, or three zeros mean that the marker was not seen.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motion2language.formats.marker_joints import recording
from motion2language.formats.markers import Markers, printable
from motion2language.formats.reading import ReadOptions, Recording

_EXPECTED = "not a TRC file: expected a line PathFileType, a line each of names, values and labels, then frames"


def read(path: Path, options: ReadOptions) -> Recording:
    """The joints of the body that wears the markers of a TRC file, in the file's unit and axes."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="latin-1")
    return recording(table(text, options.fps), path.name, options.subject)


def table(text: str, fps: float | None = None) -> Markers:
    """The markers in a TRC file's text; `fps` overrides its frame rate. ValueError explains what is wrong with it."""
    lines = text.splitlines()
    if len(lines) < 6 or not lines[0].lstrip().lower().startswith("pathfiletype"):
        raise ValueError(_EXPECTED)
    head = dict(zip(lines[1].lower().split(), lines[2].split(), strict=False))
    labels = _labels(lines[3])
    rows = [
        line for line in lines[4:] if line.partition("\t")[0].strip()
    ]  # empty lines and the one of axes begin with a blank
    if not labels or not rows:
        raise ValueError("the file contains no frames" if labels else _EXPECTED)
    declared = _number(head.get("numframes", ""))
    if np.isfinite(declared) and len(rows) < declared:
        raise ValueError(f"the file is cut off: it declares {declared:.0f} frames and contains {len(rows)}")
    width = 3 * len(labels)
    values = np.full((len(rows), width), np.nan)
    for number, row in enumerate(rows):
        cells = row.split("\t")
        if len(cells) < width:  # those of the last marker may be missing
            raise ValueError(
                f"frame {number} has {len(cells)} cells, expected {width + 2}: frame, time, {width} numbers"
            )
        cells = cells[2 : width + 2]
        values[number, : len(cells)] = [_number(cell) for cell in cells]
    positions = values.reshape(len(rows), -1, 3)
    seen = np.isfinite(positions).all(-1) & (positions != 0).any(-1)
    positions[~seen] = np.nan
    return Markers(positions, labels, fps or _rate(head), head.get("units", ""))


def _labels(line: str) -> list[str]:
    """One label per marker; each is above the first of its three columns, or they follow one another."""
    cells = [printable(cell) for cell in line.rstrip().split("\t")[2:]]
    above = not any(cells[1::3]) and not any(cells[2::3])
    return cells[::3] if above else [cell for cell in cells if cell]


def _rate(head: dict[str, str]) -> float:
    rate = _number(head.get("datarate", ""))
    if not np.isfinite(rate):
        raise ValueError("lacks DataRate, the frames per second; set the frame rate with --fps")
    return rate


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")
