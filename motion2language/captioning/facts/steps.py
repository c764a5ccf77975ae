"""Steps: how often one foot swings past the other, on the ground or on a treadmill.

The distance from the right foot to the left one, taken along the way of the body, grows while the left foot swings and
shrinks while the right one does, whether the standing foot rests on the floor or slides with a belt. Each stretch in
one direction is a step of one foot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from motion2language.body.median import median
from motion2language.captioning.facts.measure import RATE, Body
from motion2language.captioning.facts.travel import Travel

SWING = 0.18  # leg lengths that a foot must gain on the other in a step; chosen
NEAR = 0.5  # seconds before and after travel in which a first or a last step may lie; chosen
OPPOSED = -0.5  # correlation of both feet around the pelvis, from which a body in place walks on a treadmill; chosen
EVEN = 0.6  # share of the other foot's movement that each foot has on a treadmill; chosen
LIFT = 0.08  # leg lengths that each foot rises in turn when somebody walks in place; chosen
CUT = 0.5  # share of a usual swing, and of its speed, that tells where the recording cut one off; chosen
LEAST = 3  # steps in place that make a walk; chosen
#: Leg lengths of a step forward below which it is small, and from which it is large: about 5 in 100 of Bandai Namco's
#: walks have smaller ones, and fewer than 1 in 100 larger ones (.49 and 1.02).
SMALL, LARGE = 0.5, 1.05


@dataclass(frozen=True)
class Steps:
    """Steps taken.

    times    seconds of the recording at which each swinging foot passes the other
    note     what is special about them: on the spot, as on a treadmill; else ""
    """

    times: tuple[float, ...] = ()
    note: str = ""


def find_steps(body: Body, travel: Travel) -> Steps:
    """The steps of a body."""
    if body.frames < 4:
        return Steps()
    apart = body.at("left_ankle") - body.at("right_ankle")
    change = np.diff(apart[:, [0, 2]], axis=0)
    if travel.direction != "in place":
        ahead = travel.ahead[1:]
        along = np.concatenate([[0.0], np.cumsum((change * ahead).sum(axis=1) * _near(travel.moving)[1:])])
        found = _without_cut_swings(along, turning_points(along, SWING))
        return _steps(body, along, found, "")
    feet = [body.posed(f"{side}_ankle")[:, 2] for side in ("left", "right")]
    along = feet[0] - feet[1]
    # Planted feet move in the body's axes too, when the body twists over them: over the ground they do not.
    spread = [
        min(float(foot.std()), float(np.sqrt(body.at(f"{side}_ankle")[:, [0, 2]].var(axis=0).sum())))
        for side, foot in zip(("left", "right"), feet, strict=True)
    ]
    if min(spread) > max(SWING / 4, EVEN * max(spread)) and np.corrcoef(feet[0], feet[1])[0, 1] < OPPOSED:
        found = turning_points(along, SWING)
        if len(found) > LEAST:
            return _steps(body, along, found, "on the spot, as on a treadmill")
    return _lifts(body)


def compare_contacts(body: Body, steps: int) -> str:
    """What the file's own foot contacts say where they disagree with `steps` counted steps; else "".

    They are evidence beside the count and do not replace it: a foot is also lifted to kick, to jump or to stand better.
    """
    if body.contacts is None:
        return ""
    air = (np.logical_not(body.contacts[:, columns]).all(axis=1) for columns in ([0, 1], [2, 3]))
    lifts = [len(_edges(np.asarray(foot))[0]) for foot in air]
    if sum(lifts) == steps:
        return ""
    left, right = (f"{count} time{'s' * (count != 1)}" for count in lifts)
    return f"the file's own foot contacts show the left foot in the air {left}, the right one {right}"


def find_step_length(body: Body, times: Sequence[float]) -> float | None:
    """Leg lengths over the ground of the median step, between two passes of the feet; None with fewer than LEAST."""
    if len(times) < LEAST:
        return None
    frames = [round((time - body.start) * RATE) for time in times]
    return float(median(np.hypot(*np.diff(body.at("pelvis")[frames][:, [0, 2]], axis=0).T)))


def find_cadence(times: Sequence[float]) -> float | None:
    """Steps per minute, from the median time between two; None with fewer than LEAST."""
    return 60 / float(median(np.diff(times))) if len(times) >= LEAST else None


def name_step(length: float | None) -> str | None:
    """small, normal or large for a step of a walk forward, in leg lengths."""
    if length is None:
        return None
    return "small" if length < SMALL else "large" if length >= LARGE else "normal"


def _near(moving: np.ndarray) -> np.ndarray:
    """Frames on the way or within NEAR seconds of one."""
    reach = round(NEAR * RATE)
    return (
        np.convolve(moving, np.ones(2 * reach + 1), mode="same") > 0
        if len(moving) > 2 * reach
        else moving | moving.any()
    )


def turning_points(values: np.ndarray, least: float) -> list[int]:
    """Frames between which values (T,) rise and fall by at least `least`: the first, each extreme, the last.

    >>> turning_points(np.array([0.0, 0.1, 1.0, 0.9, 0.0, 1.0]), 0.5)
    [0, 2, 4, 5]
    """
    points = [0]
    direction = 0
    low = high = 0
    for frame, value in enumerate(values):
        if value > values[high]:
            high = frame
        if value < values[low]:
            low = frame
        if direction >= 0 and values[high] - value >= least:
            if direction == 0 and values[high] - values[points[0]] < least:
                points = [high]
            elif high != points[-1]:
                points.append(high)
            direction, low = -1, frame
        elif direction <= 0 and value - values[low] >= least:
            if direction == 0 and values[points[0]] - values[low] < least:
                points = [low]
            elif low != points[-1]:
                points.append(low)
            direction, high = 1, frame
    if direction:
        last = high if direction > 0 else low
        if last != points[-1]:
            points.append(last)
    return points if len(points) > 1 else []


def _without_cut_swings(along: np.ndarray, found: list[int]) -> list[int]:
    """The turning points without a swing of which the recording shows less than the half in which a foot passes.

    Only a swing under way at the first or the last frame is cut off: a first step from standing is short as well.
    """
    if len(found) <= LEAST:
        return found
    gains = np.abs(np.diff(along[found]))
    usual = float(median(gains))
    under_way = np.abs(np.diff(along)) > CUT * usual / float(median(np.diff(found)))
    first = found[0] == 0 and under_way[0] and gains[0] < CUT * usual
    last = found[-1] == len(along) - 1 and under_way[-1] and gains[-1] < CUT * usual
    return found[int(first) : len(found) - int(last)]


def _steps(body: Body, along: np.ndarray, found: list[int], note: str) -> Steps:
    pairs = list(pairwise(found))
    if not pairs:
        return Steps()
    middles = [(along[first] + along[last]) / 2 for first, last in pairs]
    frames = [
        first + int(np.abs(along[first : last + 1] - middle).argmin())
        for (first, last), middle in zip(pairs, middles, strict=True)
    ]
    return Steps(tuple(map(body.seconds, frames)), note)


def _lifts(body: Body) -> Steps:
    """Steps of somebody who walks on the spot: the feet rise in turn."""
    higher = body.height("left_ankle") - body.height("right_ankle")
    peaks: list[int] = []
    for first, last in zip(*_edges(np.abs(higher) > LIFT), strict=True):
        peak = first + int(np.abs(higher[first:last]).argmax())
        if peaks and (higher[peaks[-1]] > 0) == (higher[peak] > 0):
            return Steps()  # the same foot twice: kicks, not steps
        peaks.append(peak)
    if len(peaks) < LEAST:
        return Steps()
    return Steps(tuple(map(body.seconds, peaks)), "on the spot")


def _edges(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First frames and last + 1 frames of the stretches in which (T,) is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    return edges[::2], edges[1::2]
