"""Postures: standing, bent, squatting, kneeling, sitting, lying, on all fours.

Each frame is named by heights over the floor (as shares of the standing height of the pelvis), by how far the trunk
leans and by where knees, feet and hands are. Short flickers are given to their neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from motion2language.captioning.facts.measure import RATE, Body, average

STANDING, BENT, SQUATTING, KNEELING, SITTING, LYING, ALL_FOURS = range(7)
NAMES = ("standing", "bent", "squatting", "kneeling", "sitting", "lying", "on all fours")
# All bounds are chosen, looking at recordings whose labels say what people do.
HIGH = 0.80  # of the standing height: below it the legs carry the pelvis no more as in standing
LOW = 0.42  # of the standing height: the pelvis of one who lies or sits on the floor
LEAN = 40.0  # degrees from the vertical: a bent trunk
FLAT = 62.0  # degrees from the vertical: a lying trunk, or one carried by the hands
ON_FLOOR = 0.28  # leg lengths over the floor: a knee or a hand on it, with the size of the joint
AHEAD = 0.22  # leg lengths that the feet of one who sits are before the pelvis
SHORTEST = 0.4  # seconds that a posture lasts at least
SETTLED = 0.6  # seconds below which a posture on the way to a low one is only passed through
UPRIGHT = ("standing", "bent")  # postures in which a foot that moves takes a step
#: What somebody does who comes into each posture from an upright one.
_DOWN = {
    "squatting": "squats down",
    "kneeling": "kneels down",
    "sitting": "sits down",
    "lying": "lies down",
    "on all fours": "goes down on all fours",
}


@dataclass(frozen=True)
class Postures:
    """spans: (seconds of the beginning, name) of each posture in order."""

    spans: tuple[tuple[float, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The postures in order."""
        return tuple(name for _, name in self.spans)

    @property
    def transitions(self) -> tuple[str, ...]:
        """What leads from one posture to the next, in order: sits down, lies down, sits up, stands up and others.

        >>> Postures(((0.0, "standing"), (1.0, "squatting"), (1.5, "sitting"), (4.0, "bent"))).transitions
        ('sits down', 'stands up')
        """
        kept: list[str] = []
        for number, (start, name) in enumerate(self.spans):
            after = self.spans[number + 1] if number + 1 < len(self.spans) else None
            passed = after is not None and after[1] not in UPRIGHT and after[0] - start < SETTLED
            if not (kept and passed):
                kept.append(name)
        return tuple(filter(None, (_transition(*pair) for pair in pairwise(kept))))

    def at(self, time: float) -> str:
        """The posture at a time in seconds."""
        return next((name for start, name in reversed(self.spans) if start <= time), self.names[0])


def _transition(before: str, after: str) -> str:
    """What leads from one posture to another; "" where nothing is worth a word."""
    if after in UPRIGHT:
        return "" if before in UPRIGHT else "stands up"
    if before in UPRIGHT or after == "lying":
        return _DOWN[after] if before != after else ""
    return "sits up" if before == "lying" and after == "sitting" else ""


def find_postures(body: Body) -> Postures:
    """The postures of a body in order."""
    names = _without_flickers(_name_frames(body))
    starts = np.concatenate([[0], np.flatnonzero(np.diff(names)) + 1])
    spans = tuple((body.seconds(int(frame)), NAMES[names[frame]]) for frame in starts)
    return Postures(spans)


def _name_frames(body: Body) -> np.ndarray:
    """The number of each frame's posture, (T,)."""
    pelvis = average(body.height("pelvis"), 0.2) / body.standing
    trunk = body.at("neck") - body.at("pelvis")
    lean = np.degrees(np.arctan2(np.hypot(trunk[:, 0], trunk[:, 2]), trunk[:, 1]))
    lean = average(lean, 0.2)
    low = pelvis < HIGH
    if not low.any():
        return np.where(lean > LEAN, BENT, STANDING)
    knees = np.stack([body.height(f"{side}_knee") for side in ("left", "right")])
    hands = np.stack([body.height(f"{side}_wrist") for side in ("left", "right")])
    feet_ahead = body.posed("left_ankle", "right_ankle")[:, 2]
    head = body.height("head")
    named = np.full(body.frames, STANDING)
    named[~low & (lean > LEAN)] = BENT
    named[low] = SQUATTING
    named[low & (feet_ahead > AHEAD)] = SITTING
    named[low & (knees.min(axis=0) < ON_FLOOR) & (feet_ahead < AHEAD)] = KNEELING
    named[low & (pelvis < LOW) & (feet_ahead > -AHEAD) & (knees.min(axis=0) >= ON_FLOOR) & (feet_ahead > 0.1)] = SITTING
    named[low & (lean > FLAT) & (pelvis > 0.5)] = BENT  # the hands reach for the floor
    fours = low & (lean > LEAN + 10) & (hands.max(axis=0) < 1.5 * ON_FLOOR) & (knees.min(axis=0) < ON_FLOOR)
    fours &= pelvis > 0.3
    named[fours] = ALL_FOURS
    named[(pelvis < LOW) & (lean > FLAT) & (head < 0.6) & ~fours] = LYING
    return named


def _without_flickers(names: np.ndarray) -> np.ndarray:
    """Names (T,) in which every stretch shorter than SHORTEST has the name of the longer of its neighbours."""
    names = names.copy()
    shortest = round(SHORTEST * RATE)
    while True:
        starts = np.concatenate([[0], np.flatnonzero(np.diff(names)) + 1, [len(names)]])
        lengths = np.diff(starts)
        if len(lengths) < 2 or lengths.min() >= shortest:
            return names
        number = int(lengths.argmin())
        before = lengths[number - 1] if number else -1
        after = lengths[number + 1] if number + 1 < len(lengths) else -1
        other = starts[number] - 1 if before >= after else starts[number + 1]
        names[starts[number] : starts[number + 1]] = names[other]
