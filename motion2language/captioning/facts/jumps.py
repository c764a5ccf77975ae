"""Jumps: both feet off the ground while the body flies."""

from __future__ import annotations

import numpy as np

from motion2language.body.median import median
from motion2language.captioning.facts.measure import RATE, Body

RISE = 0.06  # leg lengths, about 5 cm, that the body and the lower foot must rise above standing in a jump; chosen
TAKE_OFF = 0.7  # m/s at which the pelvis rises before the peak; 5 cm need 1.0, and smoothing takes some; chosen
RISING = 0.4  # seconds before the peak in which it does; chosen
LONGEST = 1.0  # seconds that a jump is in the air at most, 1.2 m high; chosen
UPRIGHT = 0.85  # share of the standing height above which the body stands; chosen
APART = 0.25  # seconds between two jumps at least; chosen


def find_jumps(body: Body) -> tuple[float, ...]:
    """The seconds at which a body's jumps are highest: both feet and the pelvis rise above standing, and fast."""
    if body.frames < 5:
        return ()
    height = body.height("pelvis")
    if height.max() - body.standing <= RISE:
        return ()
    upright = height > UPRIGHT * body.standing
    # A sensor's pelvis may lie higher than the bones tell.
    level = max(body.standing, float(median(height[upright]))) if upright.any() else body.standing
    feet = np.minimum(_lower(body, "left"), _lower(body, "right"))
    speed = np.gradient(height) * RATE * body.leg
    up = (feet > RISE) & (height - level > RISE)
    times: list[float] = []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], up.astype(int), [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        peak = int(first + height[first:last].argmax())
        time = body.seconds(peak)
        fast = speed[max(0, peak - round(RISING * RATE)) : peak + 1].max() >= TAKE_OFF
        if not fast or last - first > round(LONGEST * RATE) or (times and time - times[-1] < APART):
            continue
        times.append(time)
    return tuple(times)


def _lower(body: Body, side: str) -> np.ndarray:
    """How far the ankle of a side is above where it stands, (T,)."""
    height = body.height(f"{side}_ankle")
    return np.asarray(height - np.percentile(height, 10))
