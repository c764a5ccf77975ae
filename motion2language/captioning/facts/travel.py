"""Where the body goes: distance, direction relative to its facing, path, speed, and whether it walks or runs.

All of it is read from the pelvis over the ground, averaged over half a second so that the sway of each step is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from motion2language.body.median import median
from motion2language.captioning.facts.measure import RATE, Body, average

GRAVITY = 9.81  # m/s²
SWAY = 0.5  # seconds that the path is averaged over: about one step; chosen
MOVING = 0.3  # leg lengths per second, about 25 cm/s, from which the body is on its way; chosen
PAUSE = 1.5  # seconds for which who limps slows down between two steps, still on the way; chosen
LEAST = 0.5  # leg lengths of travel below which the body stays in place; chosen
REACH = 0.4  # leg lengths from its usual place that a body in place does not leave, whatever it sways; chosen
CLEAR = 0.6  # share of the way that must go in one direction to name it; chosen
BENDS = 1.5  # leg lengths of travel below which a path has no shape, whatever the feet shuffle; chosen
CURVE, CIRCLE = 45.0, 300.0  # degrees that the path turns in a curve, in a circle; chosen
SLOW_WALK, FAST_WALK = 0.09, 0.27  # Froude numbers v²/(g·leg) of 0.9 and 1.5 m/s for a leg of 0.9 m; chosen
SLOW_RUN, FAST_RUN = 0.6, 1.6  # the same of 2.3 and 3.8 m/s; chosen
#: Correlation of the body's height with the distance between the feet, plus the Froude number, up to which it walks and
#: from which it runs; between them nobody can tell. In a walk the body is lowest when the feet are apart, in a run it
#: is then in the air. Chosen on Bandai Namco's clips.
WALKS, RUNS = 0.5, 0.65
SLOWEST_RUN = 0.12  # Froude number below which nobody runs, whatever the body bobs; .17 on the clips; chosen
FLAT = 0.002  # leg lengths, standard deviation of the height below which nothing bounces; chosen


@dataclass(frozen=True, eq=False)
class Travel:
    """How the body moved over the ground.

    distance      metres along the path; in place the displacement, since the way is sway
    displacement  metres from where it sets off to where it stops; in place from the first place to the last
    direction     forward, backward, left or right of where the body faces; "in place"; None when it changes
    path          straight, curve left, curve right, circle left, circle right; None in place and for a step or two
    speed         m/s, mean over the frames on the way, or None in place
    froude        v²/(g·leg) of that speed, or None
    moving        (T,) frames on the way
    ahead         (T, 2) unit vector of the way over the ground (x, z); where it stands, of its facing
    """

    distance: float
    displacement: float
    direction: str | None
    path: str | None
    speed: float | None
    froude: float | None
    moving: np.ndarray
    ahead: np.ndarray


def find_travel(body: Body) -> Travel:
    """The travel of a body."""
    ground = average(body.joints[:, 0, [0, 2]], SWAY)
    velocity = np.gradient(ground, axis=0) * RATE if body.frames > 1 else np.zeros_like(ground)
    speed = np.hypot(*velocity.T)
    moving = _without_pauses(speed >= MOVING)
    facing = np.stack((np.sin(body.heading), np.cos(body.heading)), axis=1)
    ahead = np.where(moving[:, None], velocity / np.maximum(speed, 1e-9)[:, None], facing)
    way = float(speed[moving].sum() / RATE)
    displacement = float(np.hypot(*(ground[-1] - ground[0]))) * body.leg
    usual = median(ground)
    if way < LEAST or np.hypot(*(ground - usual).T).max() < REACH:
        return Travel(displacement, displacement, "in place", None, None, None, moving, ahead)
    mean = float(speed[moving].mean()) * body.leg
    return Travel(
        way * body.leg,
        min(way, float(np.hypot(*(ground[moving][-1] - ground[moving][0])))) * body.leg,
        _direction(velocity[moving], facing[moving]),
        _path(velocity[moving]) if way >= BENDS else None,
        mean,
        mean**2 / (GRAVITY * body.leg),
        moving,
        ahead,
    )


def _without_pauses(moving: np.ndarray) -> np.ndarray:
    """Frames (T,) on the way, with those of pauses up to PAUSE seconds between two stretches of it."""
    frames = np.flatnonzero(moving)
    kept = moving.copy()
    for before, after in pairwise(frames):
        if 1 < after - before <= PAUSE * RATE:
            kept[before:after] = True
    return kept


def _direction(velocity: np.ndarray, facing: np.ndarray) -> str | None:
    """The direction that most of the way went in, relative to the facing; None without a clear one."""
    forward = (velocity * facing).sum(axis=1)
    left = velocity[:, 0] * facing[:, 1] - velocity[:, 1] * facing[:, 0]
    sideways = np.abs(left) > np.abs(forward)
    speed = np.hypot(forward, left)
    shares = {
        "forward": speed[~sideways & (forward > 0)].sum(),
        "backward": speed[~sideways & (forward <= 0)].sum(),
        "left": speed[sideways & (left > 0)].sum(),
        "right": speed[sideways & (left <= 0)].sum(),
    }
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= CLEAR * speed.sum() else None


def _path(velocity: np.ndarray) -> str:
    """The shape of the path, by how far its direction turns."""
    angle = np.unwrap(np.arctan2(velocity[:, 0], velocity[:, 1]))
    turned = float(np.degrees(angle[-1] - angle[0]))
    if abs(turned) < CURVE:
        return "straight"
    side = "left" if turned > 0 else "right"
    return f"circle {side}" if abs(turned) >= CIRCLE else f"curve {side}"


def find_gait(body: Body, travel: Travel) -> str | None:
    """ "walk" or "run" of a body that takes steps; None between them and in place, where nothing is that of going.

    Running without a flight, as old people do, still bounces: the height tells what the speed does not.
    """
    if travel.froude is None:
        return None
    apart = body.at("left_ankle") - body.at("right_ankle")
    spread = np.hypot(apart[:, 0], apart[:, 2])
    height = body.joints[..., 1].mean(axis=1)
    spread, height = ((values - average(values, 0.6))[travel.moving] for values in (spread, height))
    size = np.sqrt((spread**2).sum() * (height**2).sum())
    bounce = float((spread * height).sum() / size) if height.std() > FLAT and size > 0 else 0.0
    sign = bounce + min(travel.froude, 1.0)
    if sign < WALKS or travel.froude < SLOWEST_RUN:
        return "walk"
    return "run" if sign > RUNS else None


def find_pace(travel: Travel, gait: str | None) -> str | None:
    """slow, normal or fast for a walk or a run at that speed; None without travel."""
    if travel.froude is None:
        return None
    low, high = (SLOW_RUN, FAST_RUN) if gait == "run" else (SLOW_WALK, FAST_WALK)
    return "slow" if travel.froude < low else "fast" if travel.froude > high else "normal"
