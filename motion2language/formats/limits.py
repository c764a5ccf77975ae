"""How much a file may declare: a gate for counts, coordinates and names, passed before memory is taken for them.

A file of a few bytes can declare any number of anything. A reader asks here first, so that a damaged or hostile file
costs a message and not the machine.
"""

from __future__ import annotations

import math

import numpy as np

MOST_JOINTS = 2_000  # chosen: the densest rigs, with face and fingers, have a few hundred
MOST_VALUES = 100_000_000  # numbers in a file or a recording; chosen: two hours of 50 joints at 90 Hz
MOST_NESTING = 64  # levels of blocks in blocks; chosen: real files have about ten
FARTHEST = 1e6  # metres, or the file's units, from the origin; chosen: beyond, single precision is useless
LONGEST_NAME = 200  # letters kept of a name; chosen


def require_joints(count: int) -> None:
    """ValueError for more joints than any body has."""
    if count > MOST_JOINTS:
        raise ValueError(f"{count:,} joints, expected at most {MOST_JOINTS:,}; export the body's skeleton alone")


def require_values(what: str, *counts: int, most: int = MOST_VALUES) -> int:
    """The product of `counts`, such as frames and joints; ValueError when it is negative or above `most`."""
    product = math.prod(counts)
    if min(counts, default=0) < 0 or product > most:
        shape = " x ".join(f"{count:,}" for count in counts)
        raise ValueError(f"{what}: {shape} values, expected at most {most:,}; is the file damaged, or to be cut?")
    return product


def require_near(what: str, values: np.ndarray) -> None:
    """ValueError when a value is not finite or its size is above FARTHEST."""
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(values) <= FARTHEST)
    if bad.any():
        raise ValueError(
            f"{what} is {values[bad].flat[0]:.4g}, expected a finite number of at most {FARTHEST:.0e}; "
            "repair or export the file again"
        )


def clean_name(text: str) -> str:
    """A name from a file in one line, at most LONGEST_NAME long, without characters that steer a terminal."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * LONGEST_NAME])
    return " ".join(shown.split())[:LONGEST_NAME]
