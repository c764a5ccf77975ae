"""The head of a CSV table: what separates its cells, and the names of its columns, wherever they begin.

Programs write other lines first: titles, comments, `sep=;`, empty lines. The names of joints may stand in one row and
x, y and z below them, and a row of units may follow. The first row that names coordinates, alone or with the row below,
is the head.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from motion2language.formats.limits import clean_name

LOOKED_AT = 20  # lines in which the head is searched; chosen
_UNITS = frozenset(("m", "cm", "mm", "s", "ms", "sec", "seconds", "metres", "meters", "millimetres", "millimeters", ""))


@dataclass(frozen=True)
class Head:
    """A separator, the names of the columns, and how many lines they and what comes before them take."""

    mark: str
    names: list[str]
    lines: int


def find_head(lines: Sequence[str], names_coordinates: Callable[[list[str]], bool]) -> Head:
    """The head among the first lines of a table; the first line where none names coordinates.

    names_coordinates  whether names of columns are those of a table of joints
    """
    for mark in ",;\t":
        reader = csv.reader(lines, delimiter=mark)
        rows = [([clean_name(cell.strip()) for cell in row], reader.line_num) for row in reader]
        for place, (row, _) in enumerate(rows):
            if len(row) > 2 and names_coordinates(row):
                return _with_rows_below(mark, row, rows, place)
        for place, ((above, _), (below, _)) in enumerate(pairwise(rows)):
            both = _join(above, below)
            if both and names_coordinates(both):
                return _with_rows_below(mark, both, rows, place + 1)
    first = next((line for line in lines if line.strip()), "")
    mark = max(",;\t", key=first.count)
    return Head(mark, [clean_name(cell.strip()) for cell in next(csv.reader([first], delimiter=mark), [])], 1)


def _with_rows_below(mark: str, names: list[str], rows: list[tuple[list[str], int]], place: int) -> Head:
    """The head whose last row is `place`, with those below it that have no numbers."""
    while place + 1 < len(rows) and _belongs(rows[place + 1][0]):
        place += 1
        names = [names[0] or rows[place][0][0], *names[1:]]
    return Head(mark, names, rows[place][1])


def _join(above: list[str], below: list[str]) -> list[str]:
    """Names of columns from a row of joints, each named once or above each of its axes, and a row of axes."""
    if not {"x", "y"} <= {cell.lower() for cell in below}:
        return []
    names, joint = list[str](), ""
    for place, axis in enumerate(below):
        joint = (above[place] if place < len(above) else "") or joint
        names.append(f"{joint}_{axis}" if joint and axis else axis or joint)
    return [re.sub(r"^_+", "", name) for name in names]


def _belongs(row: list[str]) -> bool:
    """Whether a row below the head has units alone, or the name of the first column alone, as pandas writes it."""
    units = any(row) and all(cell.strip("()[]").lower() in _UNITS for cell in row)
    return units or (len(row) > 2 and row[0].isidentifier() and row[0].lower() != "nan" and not any(row[1:]))
