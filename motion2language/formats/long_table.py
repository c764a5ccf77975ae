"""Long tables of joints: a row for each joint of each frame, brought to a row for each frame.

Columns: one that names or numbers the joint (`landmark`, `joint`, `marker`, …), one for the frame or the time, `x`,
`y`, `z`, and maybe a visibility. Other columns are passed over.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.formats.decimals import with_decimal_points
from motion2language.formats.limits import clean_name, require_joints, require_values

_JOINTS = tuple(f"{what}{more}" for more in ("_name", "", "_id", "_index", "_idx") for what in (
    "joint", "landmark", "keypoint", "marker", "bodypart", "body_part", "point", "label"))  # fmt: skip
_FRAMES = ("frame", "frame_id", "frame_number", "frame_index", "frame_idx", "frame_no")
_TIMES = ("time", "timestamp", "time_s", "seconds", "time_ms", "timestamp_ms")
_SEEN = ("visibility", "confidence", "score", "likelihood")


@dataclass(frozen=True)
class Columns:
    """Where in a row the joint, the frame (or the time in its place), the time, x, y, z and the confidence stand."""

    joint: int
    frame: int
    time: int | None
    axes: tuple[int, int, int]
    seen: int | None


def find_columns(header: Sequence[str]) -> Columns | None:
    """The columns of a long table; None for any other table."""
    places = {name.strip().lower().replace(" ", "_"): number for number, name in enumerate(header)}

    def first(names: Iterable[str]) -> int | None:
        return next((places[name] for name in names if name in places), None)

    joint, time, axes = first(_JOINTS), first(_TIMES), [places[axis] for axis in "xyz" if axis in places]
    frame = first(_FRAMES)
    frame = time if frame is None else frame
    if joint is None or frame is None or len(axes) < 3:
        return None
    return Columns(joint, frame, time, (axes[0], axes[1], axes[2]), first(_SEEN))


def widen(
    header: Sequence[str], columns: Columns, rows: Iterable[tuple[int, Sequence[str]]], decimal_comma: bool, most: int
) -> tuple[list[str], np.ndarray]:
    """Column names `joint_x` and so on, and values (T, columns), NaN for joints that a frame lacks.

    rows  each with the number of its line
    most  values of the result that may be made
    ValueError for a row that is too short or has no number, and for a joint that is there twice in a frame.
    """
    frames, joints = dict[str, int](), dict[str, int]()
    places, numbers, times = array("q"), array("d"), array("d")
    numeric = [*columns.axes] + ([] if columns.seen is None else [columns.seen])
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < len(header):
            raise ValueError(f"line {line} has {len(row)} cells, expected {len(header)}")
        frame = frames.setdefault(row[columns.frame].strip(), len(frames))
        joint = joints.setdefault(clean_name(row[columns.joint]), len(joints))
        if frame == len(times):
            require_values("cells", len(frames), 4 * len(joints), most=most)
            times.append(
                float("nan") if columns.time is None else _number(row, columns.time, header, line, decimal_comma)
            )
        places.extend((frame, joint, line))
        numbers.extend(_number(row, column, header, line, decimal_comma) for column in numeric)
    require_joints(len(joints))
    require_values("cells", len(frames), 4 * len(joints), most=most)
    at, values = np.array(places).reshape(-1, 3), np.array(numbers).reshape(-1, len(numeric))
    _require_once(at, list(joints))
    return _table(list(joints), np.array(times), at, values)


def _number(row: Sequence[str], column: int, header: Sequence[str], line: int, decimal_comma: bool) -> float:
    """A cell's number, NaN for an empty one."""
    text = with_decimal_points(row[column]) if decimal_comma else row[column]
    try:
        return float(text.strip() or "nan")
    except ValueError:
        name = clean_name(header[column])
        raise ValueError(f"line {line}, column {name}: {clean_name(text)[:40]!r}, expected a number") from None


def _require_once(at: np.ndarray, joints: list[str]) -> None:
    """ValueError for a joint that is there twice in a frame; `at` has rows of frame, joint and line."""
    _, first = np.unique(at[:, :2], axis=0, return_index=True)
    if len(first) < len(at):
        again = np.setdiff1d(np.arange(len(at)), first)[0]
        raise ValueError(
            f"line {at[again, 2]}: {joints[at[again, 1]]} is there twice in a frame; does it show several people?"
        )


def _table(joints: list[str], times: np.ndarray, at: np.ndarray, values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The wide table: the times, if there are any, and the columns of each joint."""
    width = values.shape[1]
    wide = np.full((len(times), len(joints), width), np.nan)
    wide[at[:, 0], at[:, 1]] = values
    kinds = ("x", "y", "z", "visibility")[:width]
    names = [f"{'joint_' * joint.isdigit()}{joint}_{kind}" for joint in joints for kind in kinds]
    flat = wide.reshape(len(times), -1)
    if np.isnan(times).all():
        return names, flat
    return ["time", *names], np.concatenate([times[:, None], flat], axis=1)
