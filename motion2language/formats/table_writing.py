"""Motions written as CSV: a row for each frame, the time, and `joint.x`, `joint.y`, `joint.z` in metres, Y up.

Cells of joints that were not seen are empty. Numbers have the digits that single precision needs.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from motion2language.files import write_text
from motion2language.motion import Motion


def write(motion: Motion, path: str | Path) -> None:
    """Write a motion as CSV, whole or not at all."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["time", *(f"{joint}.{axis}" for joint in motion.skeleton.joints for axis in "xyz")])
    seen = np.ones(motion.positions.shape[:2], bool) if motion.seen is None else motion.seen
    for number, (frame, known) in enumerate(zip(motion.positions, np.repeat(seen, 3, axis=1), strict=True)):
        cells = (f"{value:.9g}" if here else "" for value, here in zip(frame.ravel(), known, strict=True))
        rows.writerow([f"{number / motion.fps:.9g}", *cells])
    write_text(path, text.getvalue())
