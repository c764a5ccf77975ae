"""Jumps and falls: both feet off the ground while the body flies, and a body that drops to the floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion2language.body.median import median
from motion2language.captioning.facts.measure import RATE, Body
from motion2language.captioning.facts.posture import LOW, UPRIGHT, Postures
from motion2language.captioning.facts.travel import GRAVITY

RISE = 0.06  # leg lengths, about 5 cm, that the body and the lower foot must rise above standing in a jump; chosen
TAKE_OFF = 0.75  # leg lengths/s, .7 m/s, at which the pelvis rises before the peak of a jump; chosen, 5 cm need 1.1
RISING = 0.4  # seconds before the peak in which it does; chosen
LONGEST = 1.0  # seconds that a jump is in the air at most, 1.2 m high; chosen
TALL = 0.85  # share of the standing height above which the body stands; chosen
APART = 0.25  # seconds between two jumps at least; chosen
SLOWEST = 8.0  # frames per second below which a flight of 5 cm, .2 s, may lie between two frames; chosen
#: Speed of the pelvis downward in a fall, over the root of gravity and leg length: 1.3 m/s for a leg of .9 m. Above it
#: are falls, below it is what people do on purpose (Bourke, O'Donovan and ÓLaighin 2008, of the trunk).
DROP = 0.44
LANDING = 1.0  # seconds after the quickest moment of a fall until the pelvis is down, and that it stays there; chosen
ON_FLOOR = frozenset({"lying", "sitting", "kneeling", "on all fours"})


@dataclass(frozen=True)
class Jumps:
    """The seconds at which a body's jumps are highest, and leg lengths that the pelvis then is above standing."""

    times: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()


def find_jumps(body: Body) -> Jumps:
    """A body's jumps: both feet and the pelvis rise above standing, and fast."""
    if body.frames < 5:
        return Jumps()
    height = body.height("pelvis")
    if height.max() - body.standing <= RISE:
        return Jumps()
    upright = height > TALL * body.standing
    # A sensor's pelvis may lie higher than the bones tell.
    level = max(body.standing, float(median(height[upright]))) if upright.any() else body.standing
    feet = np.minimum(_lower(body, "left"), _lower(body, "right"))
    speed = np.gradient(height) * RATE
    up = (feet > RISE) & (height - level > RISE)
    times: list[float] = []
    heights: list[float] = []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], up.astype(int), [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        peak = int(first + height[first:last].argmax())
        time = body.seconds(peak)
        fast = speed[max(0, peak - round(RISING * RATE)) : peak + 1].max() >= TAKE_OFF
        if not fast or last - first > round(LONGEST * RATE) or (times and time - times[-1] < APART):
            continue
        times.append(time)
        heights.append(float(body.raw[max(0, peak - 1) : peak + 2, 0, 1].max() - body.floor - level))
    return Jumps(tuple(times), tuple(heights))


def find_falls(body: Body, postures: Postures) -> tuple[float, ...]:
    """The seconds at which the body drops fastest, from upright to the floor, where it then lies, sits or kneels."""
    names = [name for _, name in postures.spans]
    if not any(name in ON_FLOOR for name in names):
        return ()
    height = body.height("pelvis")
    speed = -np.gradient(height) * RATE * np.sqrt(body.leg / GRAVITY)
    times: list[float] = []
    reach = round(LANDING * RATE)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (speed >= DROP).astype(int), [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        quickest = int(first + speed[first:last].argmax())
        time, landed = body.seconds(quickest), min(quickest + reach, body.frames - 1)
        before = postures.at(time - LANDING) in UPRIGHT or postures.at(time) in UPRIGHT
        after = {postures.at(body.seconds(landed)), postures.at(body.seconds(landed) + LANDING)}
        down = height[landed] < LOW * body.standing and after <= ON_FLOOR
        if before and down and (not times or time - times[-1] > LANDING):
            times.append(time)
    return tuple(times)


def _lower(body: Body, side: str) -> np.ndarray:
    """How far the ankle of a side is above where it stands, (T,)."""
    height = body.height(f"{side}_ankle")
    return np.asarray(height - np.percentile(height, 10))
