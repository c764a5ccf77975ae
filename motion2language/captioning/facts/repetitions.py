"""How often the movement repeats itself, and when: one limb, two in turn, or the whole body.

The count is the cycles (cycles.py) passed through, weighted by movement: rest at either end counts nothing. Where left
and right act in turn (punches), the body is mirrored whenever its left limbs act, so that each side's movement is a
repetition. A body that travels repeats its steps: steps.py counts these. A hand that waves by a centimetre or two while
the arm goes up and down moves less than the arm, so where nothing repeats, the quick movement alone is looked at again:
what is left when its mean over three quarters of a second is taken away. Of such small repetitions there must be many,
since two or three of them are found in almost any movement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.body.median import median
from motion2language.captioning.facts.cycles import SHORTEST, find_cycles
from motion2language.captioning.facts.fitting import PART, Cycle, runs
from motion2language.captioning.facts.measure import RATE, Body, smooth
from motion2language.motion import CANONICAL

# All settings are chosen, with an eye on MSRC-12's people and on synthetic exercises (docs/guide/facts.md).
EXPLAINED = 0.5  # least share of the variance that a cycle must explain
COVERED = 0.2  # least share of the movement that must lie in cycles
PLACE = 0.7  # leg lengths from its usual place within which a body exercises; beyond it walks there or away
ROUND = 0.6  # share of a last, unfinished cycle that counts as a repetition
EVEN = 0.4  # least share of the other side's movement that each side has where they act in turn
QUICK = 15  # frames, three quarters of a second, over which the mean of slow movement is taken
MANY = 5  # quick repetitions that must be found; in movements that repeat nothing it was three at most
ALONE = 0.5  # least share of the acting frames, first turn to last, in which one side acts alone where they act in turn


def exchanged(joint: str) -> str:
    """left_wrist -> right_wrist and back; other names stay."""
    side, _, part = joint.partition("_")
    return f"right_{part}" if side == "left" else f"left_{part}" if side == "right" else joint


#: Columns of `_movement`'s joints with left and right exchanged.
_SWAPPED = [CANONICAL.index(exchanged(joint)) - 1 for joint in CANONICAL.joints[1:]]
#: Columns of the left and of the right limbs.
_LIMBS = [
    [CANONICAL.index(f"{side}_{part}") - 1 for part in ("elbow", "wrist", "knee", "ankle")]
    for side in ("left", "right")
]


@dataclass(frozen=True)
class Repetitions:
    """What repeats.

    times       seconds of the recording, the middle of each repetition; empty when nothing repeats
    period      seconds of a repetition, the median, or None
    regularity  share of the movement that the mean cycle explains, 0 to 1, or None
    reason      why nothing was counted, else ""
    """

    times: tuple[float, ...] = ()
    period: float | None = None
    regularity: float | None = None
    reason: str = ""


def find_repetitions(body: Body) -> Repetitions:
    """The repetitions of a body's movement."""
    return find_all_repetitions([body])[0]


def find_all_repetitions(bodies: Sequence[Body]) -> list[Repetitions]:
    """The repetitions of each body's movement; all are looked at together, which takes less time."""
    usual = [_in_place(body) for body in bodies]
    found = [Repetitions(reason=_why_none(body, place)) for body, place in zip(bodies, usual, strict=True)]
    places = {number: place for number, place in enumerate(usual) if not found[number].reason}
    movements = {number: _fold(_movement(bodies[number])[slice(*place)]) for number, place in places.items()}
    cycles = _find_middles(movements, 2)
    quick = {number: _without_slow(movement) for number, movement in movements.items() if number not in cycles}
    cycles |= _find_middles(quick, MANY)
    for number, (first, _) in places.items():
        if number not in cycles:
            found[number] = Repetitions(reason="the movement is not periodic")
            continue
        cycle, middles = cycles[number]
        times = tuple(bodies[number].seconds(float(first + frame)) for frame in middles)
        found[number] = Repetitions(times, float(median(np.diff(times))), float(cycle.explained))
    return found


def _why_none(body: Body, place: tuple[int, int]) -> str:
    """Why no repetitions are looked for in these frames; "" where they are."""
    first, last = place
    if last - first < 0.5 * body.frames:
        return "the body travels: see steps"
    return "too short to repeat anything" if last - first < 2 * SHORTEST * RATE else ""


def _find_middles(movements: Mapping[int, np.ndarray], least: int) -> dict[int, tuple[Cycle, np.ndarray]]:
    """The cycle of each movement that repeats it, `least` times or more, and the middle of each time."""
    found = {}
    for number, cycle in zip(movements, find_cycles(list(movements.values())), strict=True):
        if cycle is not None and cycle.explained >= EXPLAINED and cycle.covered >= COVERED:
            middles = _middles(cycle)
            if len(middles) >= least:
                found[number] = cycle, middles
    return found


def _without_slow(movement: np.ndarray) -> np.ndarray:
    """A movement (T, D) without its running mean over QUICK frames."""
    first, last = movement[:1].repeat(QUICK // 2 + 1, axis=0), movement[-1:].repeat(QUICK // 2, axis=0)
    padded = np.concatenate([first, movement, last])
    sums = padded.cumsum(axis=0)
    return np.asarray(movement - (sums[QUICK:] - sums[:-QUICK]) / QUICK)


def _in_place(body: Body) -> tuple[int, int]:
    """First and last + 1 frame in which the body is at its usual place."""
    ground = body.joints[:, 0, [0, 2]]
    near = np.flatnonzero(np.linalg.norm(ground - median(ground), axis=1) < PLACE)
    return (int(near[0]), int(near[-1]) + 1) if len(near) else (0, 0)


def _movement(body: Body) -> np.ndarray:
    """Joints relative to the pelvis in the body's axes, and the pelvis' height twice, (T, 61), lightly smoothed."""
    pose = body.in_body_axes(body.raw[:, 1:] - body.raw[:, :1]).reshape(body.frames, -1)
    values = np.concatenate([pose, 2 * body.raw[:, 0, 1:2]], axis=1)
    return smooth(values, np.array([0.25, 0.5, 0.25]))


def _middles(cycle: Cycle) -> np.ndarray:
    """The frame in the middle of each time that the movement passed through the cycle."""
    phases = len(cycle.poses)
    change = np.linalg.norm(np.roll(cycle.poses, -1, axis=0) - cycle.poses, axis=1)
    # Movement done, in cycles, when each phase of two cycles in a row begins.
    until = np.concatenate([[0.0], np.tile(change / max(change.sum(), 1e-9), 2).cumsum()])
    rows: list[int] = []
    done: list[float] = []
    total = 0.0
    for first, last in runs(cycle.path, phases):
        path = cycle.path[first : last + 1]
        ahead = np.diff(path) % phases
        if ahead.sum() < PART * phases:
            continue
        gained = until[path[:-1] + ahead] - until[path[:-1]]
        done += [total, *(total + gained.cumsum())]
        rows += range(first, last + 1)
        total += float(gained.sum())
    count = int(total + 1 - ROUND)
    return np.interp(np.arange(count) + 0.5, done, rows) * cycle.step if count else np.zeros(0)


def _fold(movement: np.ndarray) -> np.ndarray:
    """`_movement` (T, 61) with the body mirrored whenever its left limbs act, if left and right act in turn."""
    pose = movement[:, :-1].reshape(len(movement), -1, 3)
    usual = median(pose)
    off = ((pose - usual) ** 2).sum(axis=2)
    left, right = (smooth(off[:, columns].sum(axis=1), np.full(5, 0.2)) for columns in _LIMBS)
    if min(left.mean(), right.mean()) < EVEN * max(left.mean(), right.mean()):
        return movement
    most = np.maximum(left, right)
    acting = most > 0.15 * np.percentile(most, 90)
    alone = acting & (np.minimum(left, right) < 0.3 * most)
    turns = np.flatnonzero(alone)
    # Before the first turn and after the last both arms may act: they go up and down.
    if not len(turns) or len(turns) < ALONE * acting[turns[0] : turns[-1] + 1].sum():
        return movement
    mirrored = (pose - usual)[:, _SWAPPED] * [-1, 1, 1]
    folded = np.where((left > right)[:, None, None], mirrored, pose - usual)
    return np.concatenate([folded.reshape(len(movement), -1), movement[:, -1:]], axis=1)
