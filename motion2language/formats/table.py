"""Tables of joints: CSV and Parquet with a column for each coordinate and maybe one for the time.

A column's name is a joint's, with `x`, `y` or `z` as its last or first word: `LeftKnee.x`, `left_knee_x`, `nose x`,
`x_12`, `LeftKneeX`. Words such as `position` and `world` are ignored; `visibility` or `confidence` of a joint is its
confidence. The names may stand in two rows (table_head.py). Joints with numbers alone (`x0 y0 z0 …`) are in the order
of a layout of their number. Frames are rows. A column `time`,
`timestamp` or `seconds` gives the rate, in seconds, or in milli- or microseconds where its steps are above 1.
Tables with a row for each joint of each frame are brought to this form first (long_table.py).
"""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from motion2language.formats.contents import encoding_of
from motion2language.formats.decimals import with_decimal_points
from motion2language.formats.limits import (
    LONGEST_LINE,
    MOST_JOINTS,
    clean_name,
    most_values,
    require_joints,
    require_values,
)
from motion2language.formats.long_table import find_columns, widen
from motion2language.formats.pose_layouts import PoseLayout, choose_layout
from motion2language.formats.poses import recording_of
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.formats.table_head import LOOKED_AT, find_head

_AXES = {"x": 0, "y": 1, "z": 2}
_CONFIDENCES = ("v", "c", "visibility", "confidence", "score", "likelihood")
_IDLE = frozenset("pos position positions loc location translation world global coord coordinate mm cm m".split())
_TIMES = re.compile(r"time|times|timestamp|timestamps|seconds|sec|time ?s|time ?ms|timestamp ?(s|ms|us)|t")
_CLOCK = re.compile(r"(?:.*[ T])?(\d{1,2}):(\d{2}):(\d{2}(?:[.,]\d{1,9})?)(?:Z|[+-]\d{2}:?\d{2})?")
_NUMBERED = re.compile(r"(?:(?:landmark|joint|keypoint|point|kp|p)_?)?(\d{1,4})", re.IGNORECASE)
_UNSEEN = frozenset(("", "nan", "-nan", "null", "none", "na", "n/a", "inf", "-inf"))
_EVEN = 0.2  # of the median step, by which steps may differ in an even table; chosen
_LOST = 2.5  # median steps between two rows from which on frames are missing rather than late; chosen
_EXPECTED = "expected columns such as left_knee_x, left_knee_y, left_knee_z and time"


def read(path: Path, options: ReadOptions) -> Recording:
    """The body in a table; ValueError names the columns that were found, or the cell that is not a number."""
    header, values = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    points, confidence, names = _points(header, values)
    numbers = [int(match[1]) for match in map(_NUMBERED.fullmatch, names) if match]
    if len(numbers) == len(names):
        order = np.argsort(numbers)
        points, confidence = points[:, order], None if confidence is None else confidence[:, order]
        layout = choose_layout(len(names), options.layout)
    else:
        layout = PoseLayout(tuple(names))
    times = _times(header, values)
    fps = options.fps
    if fps is None and times is None:
        if len(values) < 2 and any(map(_is_time, header)):
            raise ValueError("one frame, from which no frame rate follows; give it with --fps")
        raise ValueError("no column time, which gives the frame rate; give it with --fps")
    if fps is None and times is not None:
        points, confidence, fps = _even(points, confidence, times)
    return recording_of(points, confidence, layout, float(fps or 0), path.name, options)


def _csv(path: Path) -> tuple[list[str], np.ndarray]:
    """Column names and values (T, columns), NaN for empty cells."""
    most = most_values(path.stat().st_size)
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as file:
        try:
            head = find_head(list(islice(_lines(file), LOOKED_AT)), _names_coordinates)
            header, decimal_comma = head.names, head.mark != ","
            if len(header) > 4 * MOST_JOINTS:
                raise ValueError(f"{len(header)} columns, expected at most {4 * MOST_JOINTS}")
            file.seek(0)
            rows = enumerate(csv.reader(islice(_lines(file), head.lines, None), delimiter=head.mark), head.lines + 1)
            if (columns := find_columns(header)) is not None:
                return widen(header, columns, rows, decimal_comma, most)
            table = list[np.ndarray]()
            for line, row in rows:
                if any(cell.strip() for cell in row):
                    if len(row) < len(header):
                        raise ValueError(f"line {line} has {len(row)} cells, expected {len(header)}")
                    require_values("cells", len(table) + 1, len(header), most=most)
                    table.append(_numbers(row, header, line, decimal_comma))
        except csv.Error as error:
            raise ValueError(f"not a CSV file: {error}") from None
    if not table:
        raise ValueError(f"the table contains no frames; {_EXPECTED}")
    return header, np.stack(table)


def _names_coordinates(header: list[str]) -> bool:
    """Whether the columns of a table with these names are coordinates of a joint, or a long table's."""
    if find_columns(header) is not None:
        return True
    found = [coordinate for coordinate in map(_coordinate, header) if coordinate is not None]
    return bool({name for name, axis in found if axis == 0} & {name for name, axis in found if axis == 1})


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of a file; ValueError for one too long to be a row."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise ValueError(f"a row of {LONGEST_LINE:,} letters or more; expected a line for each frame")
        yield line


def _numbers(row: list[str], header: list[str], line: int, decimal_comma: bool) -> np.ndarray:
    """The numbers of a row; text in columns that are no coordinates becomes NaN."""
    values = np.full(len(header), np.nan)
    for column, cell in enumerate(row[: len(header)]):
        try:
            values[column] = float(with_decimal_points(cell) if decimal_comma else cell)
        except ValueError:
            if _is_time(header[column]):
                values[column] = _time_of_day(cell)
            elif cell.strip().lower() not in _UNSEEN and _coordinate(header[column]) is not None:
                raise ValueError(
                    f"line {line}, column {header[column]}: {clean_name(cell)[:40]!r}, expected a number"
                ) from None
    return values


def _time_of_day(cell: str) -> float:
    """The seconds since midnight of a time such as 10:02:03.5, maybe with a date before it; NaN for anything else."""
    match = _CLOCK.fullmatch(cell.strip())
    if match is None:
        return float("nan")
    return 3600 * int(match[1]) + 60 * int(match[2]) + float(match[3].replace(",", "."))


def _parquet(path: Path) -> tuple[list[str], np.ndarray]:
    """As _csv, of a Parquet file; ModuleNotFoundError without pyarrow."""
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        require_values(
            "cells", file.metadata.num_rows, file.metadata.num_columns, most=most_values(path.stat().st_size)
        )
        table = file.read()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"not a Parquet file: {clean_name(str(error))}") from None
    header = [clean_name(name) for name in table.column_names]
    columns = []
    for name, column in zip(header, table.columns, strict=True):
        numeric = pyarrow.types.is_floating(column.type) or pyarrow.types.is_integer(column.type)
        if not numeric and _coordinate(name) is not None:
            raise ValueError(f"column {name} has the type {column.type}, expected numbers")
        lost = np.full(len(column), np.nan)
        columns.append(column.to_numpy().astype(np.float64) if numeric else lost)
    if not columns or not len(columns[0]):
        raise ValueError(f"the table contains no frames; {_EXPECTED}")
    return header, np.stack(columns, axis=1)


def _words(column: str) -> list[str]:
    column = re.sub(r"(?<=[a-z0-9])(?=[XYZ]$)|:(?=[xyzXYZ]$)", " ", column)  # LeftKneeX, LeftKnee:X
    spaced = re.sub(r"([xyzv])(\d+)", r"\1 \2", column) if re.fullmatch(r"[xyzv]\d+", column) else column
    words = re.findall(r"[A-Za-z0-9:|]+", re.sub(r"[._/\-\s]+", " ", spaced))
    return [word for word in words if word.lower() not in _IDLE] or words


def _coordinate(column: str) -> tuple[str, int] | None:
    """A joint's name and 0, 1, 2 for x, y, z or 3 for its confidence; None for other columns."""
    words = _words(column)
    for word, rest in ((words[-1], words[:-1]), (words[0], words[1:])) if len(words) > 1 else ():
        kind = _AXES.get(word.lower(), 3 if word.lower() in _CONFIDENCES else None)
        if kind is not None:
            return "_".join(rest), kind
    return None


def _points(header: list[str], values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None, list[str]]:
    """Points (T, K, 3), confidences (T, K) or None, and the names of the joints with all three coordinates."""
    columns: dict[str, dict[int, int]] = {}
    for number, column in enumerate(header):
        found = _coordinate(column)
        if found is not None:
            own = columns.setdefault(found[0], {})
            if found[1] in own and header[own[found[1]]] == column:
                raise ValueError(f"two columns are named {column}; expected one for each coordinate, of one person")
            own[found[1]] = number
    names = [name for name, own in columns.items() if {0, 1, 2} <= own.keys()]
    require_joints(len(names))
    if not names:
        flat = any({0, 1} <= own.keys() for own in columns.values())
        what = "the points are 2-D, without z" if flat else f"no joints among the columns {', '.join(header[:20])}"
        raise ValueError(f"{what}; {_EXPECTED}")
    points = values[:, [[columns[name][axis] for axis in range(3)] for name in names]]
    if not any(3 in columns[name] for name in names):
        return points, None, names
    ones = np.ones(len(values))
    return points, np.stack([values[:, columns[n][3]] if 3 in columns[n] else ones for n in names], axis=1), names


def _is_time(column: str) -> bool:
    return _TIMES.fullmatch(" ".join(_words(column)).lower()) is not None


def _times(header: list[str], values: np.ndarray) -> np.ndarray | None:
    """The times (T,) in seconds, from 0 on; None without a column of times."""
    column = next((number for number, name in enumerate(header) if _is_time(name)), None)
    if column is None or len(values) < 2:
        return None
    given = values[:, column]
    times = given - given[0] if np.isfinite(given).all() else given
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise ValueError(f"column {header[column]}: times must be numbers that grow from row to row, or give --fps")
    step = float(np.median(np.diff(times)))
    scale = 1.0 if step <= 1 else 1e-3 if step <= 1000 else 1e-6
    return times * scale


def _even(
    points: np.ndarray, confidence: np.ndarray | None, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None, float]:
    """The points at even times, and their rate; rows between even times are mixed, and missing ones are gaps."""
    steps = np.diff(times)
    step = float(np.median(steps))
    if np.abs(steps - step).max() <= _EVEN * step:
        rate = (len(times) - 1) / float(times[-1])
        return points, confidence, round(rate, 3) if abs(rate - round(rate)) > 0.01 else float(round(rate))
    frames = round(float(times[-1]) / step) + 1
    require_values("even frames", frames, points.shape[1], 3)
    clock = np.arange(frames) * step
    after = np.searchsorted(times, clock).clip(1, len(times) - 1)
    gap = times[after] - times[after - 1]
    share = ((clock - times[after - 1]) / gap).clip(0, 1)
    near = np.where(share < 0.5, after - 1, after)
    mixed = points[after - 1] + share[:, None, None] * (points[after] - points[after - 1])
    wide = gap > _LOST * step
    mixed[wide] = points[near[wide]]
    mixed[wide & (np.abs(clock - times[near]) > step / 2)] = np.nan
    warnings.warn(f"its rows are uneven in time; they are brought to {1 / step:.4g} frames per second", stacklevel=2)
    return mixed, None if confidence is None else confidence[near], 1 / step
