"""How far the body turns about the vertical."""

from __future__ import annotations

import numpy as np

from motion2language.captioning.facts.measure import RATE, Body

ENDS = 0.3  # seconds at either end that the heading is averaged over; chosen
LEAST_FACING = 0.5  # share of the frames that must show a facing; chosen


def find_turn(body: Body) -> tuple[float | None, str]:
    """Degrees from the first to the last heading, positive to the left, more than 360 for several turns; and why not.

    The heading is where hips and shoulders together face. A body that lies on its side has none.
    """
    if body.frames < 2:
        return None, "one frame"
    if body.faces.mean() < LEAST_FACING:
        return None, "the body lies, so that it faces nowhere along the ground"
    ends = min(max(1, round(ENDS * RATE)), max(1, body.frames // 2))
    heading = body.heading
    return float(np.degrees(heading[-ends:].mean() - heading[:ends].mean())), ""
