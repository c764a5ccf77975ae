"""How much a file may declare: a gate for counts, numbers and names, passed before memory or time is spent on them.

A file of a few bytes can declare any number of anything. A reader asks here first, so that a damaged or hostile file
costs a message and not the machine. Counts are bounded by the file's size as well, so that a small file stays small.
"""

from __future__ import annotations

import math
import os
import re

import numpy as np

MOST_JOINTS = 2_000  # chosen: the densest rigs, with face and fingers, have a few hundred
MOST_VALUES = 100_000_000  # numbers in a file or a recording; chosen: two hours of 50 joints at 90 Hz
#: Environment variables that set other limits.
JOINTS_VARIABLE, VALUES_VARIABLE = "MOTION2LANGUAGE_MOST_JOINTS", "MOTION2LANGUAGE_MOST_VALUES"
# Numbers that a file may become: so many, and so many more for each of its bytes. Chosen: a recording at rest packs
# well, but no small file takes long.
FREE_VALUES, VALUES_PER_BYTE = 20_000_000, 10
MOST_TEXT = 2**26  # bytes of JSON or of text that is read whole; chosen: empty lists of JSON take 20 times as much
LONGEST_LINE = 2**20  # letters in a row of a table; chosen: MOST_JOINTS with four columns of long names
MOST_NESTING = 64  # levels of blocks in blocks; chosen: real files have about ten
FARTHEST = 1e6  # metres from the origin; chosen: beyond, single precision is useless
FARTHEST_UNITS = 1e9  # of any unit, or degrees, before a file's unit is known: FARTHEST in millimetres
LONGEST_NAME = 200  # letters of a name in a message; chosen
LONGEST_MESSAGE = 1_800  # letters; chosen: a skeleton's first 80 joints fit


def most_joints() -> int:
    """The joints, markers or segments that a body may have."""
    return _setting(JOINTS_VARIABLE, MOST_JOINTS)


def most_values(size: int) -> int:
    """The numbers that a file of `size` bytes may hold or become; a limit that the user set is for every size."""
    most = _setting(VALUES_VARIABLE, MOST_VALUES)
    return most if VALUES_VARIABLE in os.environ else min(most, FREE_VALUES + VALUES_PER_BYTE * size)


def require_joints(count: int) -> None:
    """ValueError for more joints than any body has."""
    if count > (most := most_joints()):
        raise ValueError(
            f"{count:,} joints, expected at most {most:,}; export the body's skeleton alone, or set {JOINTS_VARIABLE}"
        )


def require_values(what: str, *counts: int, most: int = MOST_VALUES) -> int:
    """The product of `counts`, such as frames and joints; ValueError when it is negative or above `most`."""
    product = math.prod(counts)
    if min(counts, default=0) < 0 or product > most:
        shape = " x ".join(f"{count:,}"[:LONGEST_NAME] for count in counts)
        raise ValueError(
            f"{what}: {shape} values, expected at most {most:,}; is the file damaged, or to be cut? "
            f"Set {VALUES_VARIABLE} for more"
        )
    return product


def require_recording(frames: int, joints: int, size: int) -> None:
    """ValueError for more joints, or more coordinates, than a file of `size` bytes may hold."""
    require_joints(joints)
    require_values("frames, joints and axes", frames, joints, 3, most=most_values(size))


def require_near(what: str, values: np.ndarray, farthest: float = FARTHEST, *, missing: bool = False) -> None:
    """ValueError when a value is not finite or its size is above `farthest`; NaN passes where it means `missing`."""
    if not values.size:
        return
    with np.errstate(invalid="ignore", over="ignore"):
        low, high = (np.fmin.reduce, np.fmax.reduce) if missing else (np.min, np.max)
        if -farthest <= low(values, axis=None) and high(values, axis=None) <= farthest:
            return
        bad = ~((values >= -farthest) & (values <= farthest))
        if missing:
            bad &= ~np.isnan(values)
    if bad.any():
        raise ValueError(
            f"{what} is {float(values[bad].flat[0]):.4g}, expected a finite number of at most {farthest:.0e}; "
            "repair or export the file again"
        )


def clean_name(text: str) -> str:
    """A name from a file in one line, at most LONGEST_NAME long, without characters that steer a terminal."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * LONGEST_NAME])
    return " ".join(shown.split())[:LONGEST_NAME]


def clean_message(text: str) -> str:
    """A message in one line of at most LONGEST_MESSAGE, with long names cut; what cannot be printed becomes spaces."""
    if len(text) > 20 * LONGEST_MESSAGE:  # the end has what to do
        text = f"{text[: 10 * LONGEST_MESSAGE]} … {text[-10 * LONGEST_MESSAGE :]}"
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    text = re.sub(rf"\S{{{LONGEST_NAME + 1},}}", lambda long: long[0][:LONGEST_NAME] + "…", text)
    if len(text) > LONGEST_MESSAGE:
        text = f"{text[: 2 * LONGEST_MESSAGE // 3]} … {text[3 - LONGEST_MESSAGE // 3 :]}"
    return text


def _setting(variable: str, usual: int) -> int:
    """A limit: the environment's, or the usual one."""
    text = os.environ.get(variable)
    if text is None:
        return usual
    try:
        value = int(float(text))
    except (ValueError, OverflowError):
        value = 0
    if value < 1:
        raise ValueError(f"{variable}={text[:40]}: expected a number above zero")
    return value
