"""Units: single actions on the canonical body, each with the frames in which the body moves and the rest around them.

A labelled recording of one action is one unit. One in which somebody marked an instant for every repetition is one unit
for each: between two instants the cut is where the body is slowest.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.motion import CANONICAL

MOVING = 0.3  # share of the 95th percentile of the speed from which on a body acts; chosen
SEEN = 0.12  # metres per second: a recording whose 95th percentile is below it has no rest to tell apart; chosen
SHORTEST = 4  # frames of a unit's movement
AROUND = 3.0  # seconds that may belong to a repetition before its instant, or after the last one; chosen
REST = 1.5  # seconds of rest kept before the first and after the last repetition; chosen

NEARBY = 0.7  # of an action's share of a recording: how far from its even place a cut between two may lie; chosen

#: Actions of which several in a row count one by one, although any part of a recording shows them. Chosen.
ONE_BY_ONE = frozenset(("punch", "knock"))

_PARENTS = np.array(CANONICAL.parents)
#: Turns positions (J, 3) into vectors from each joint's parent, and back: (J, J).
TO_BONES = (np.eye(len(_PARENTS)) - np.equal.outer(_PARENTS, range(len(_PARENTS)))).astype(np.float32)
FROM_BONES = np.linalg.inv(TO_BONES).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Recording:
    """One labelled recording: positions (T, 21, 3) of the canonical body, metres.

    action     a name of the table of actions; person and source may be ""
    instants   seconds, one for each repetition
    continues  whether any part of the recording shows the action (walking, waving)
    one_armed  whether one arm may do it, so that both may do the same (waving, raising)
    """

    positions: np.ndarray
    action: str
    source: str = ""
    person: str = ""
    instants: tuple[float, ...] = ()
    continues: bool = False
    one_armed: bool = False


@dataclass(frozen=True, eq=False)
class Unit:
    """An action: frames [first, last) of a recording, within [low, high) that may be shown of it.

    bones  (21,) lengths in metres, median over the recording
    """

    positions: np.ndarray
    low: int
    high: int
    first: int
    last: int
    action: str
    source: str
    person: str
    bones: np.ndarray
    continues: bool = False
    one_armed: bool = False


def units_of(recording: Recording, fps: float) -> list[Unit]:
    """The units of a recording at `fps`; none for one that is shorter than SHORTEST frames."""
    positions = recording.positions
    if len(positions) < SHORTEST:
        return []
    bones = np.maximum(np.median(np.linalg.norm(TO_BONES @ positions[::3], axis=2), axis=0), 1e-3).astype(np.float32)

    def unit(low: int, high: int, first: int, last: int) -> Unit:
        about = recording.action, recording.source, recording.person, bones
        return Unit(positions, low, high, first, last, *about, recording.continues, recording.one_armed)

    if len(recording.instants) < 3:
        return [unit(0, len(positions), *moving(positions, fps))]
    spans, rest = _repetitions(positions, recording.instants, fps), round(REST * fps)
    lows = [max(0, first - rest) if not index else spans[index - 1][1] for index, (first, _) in enumerate(spans)]
    highs = [*(first for first, _ in spans[1:]), min(len(positions), spans[-1][1] + rest)] if spans else []
    return [unit(low, high, *span) for low, high, span in zip(lows, highs, spans, strict=True)]


def between(positions: np.ndarray, count: int, fps: float) -> list[int]:
    """Frames between which `count` actions in a row lie: [first, ..., last], count + 1 of them.

    Between two actions people come back towards the pose that they began in, so a cut is where the body is most like
    its first pose, near the place where it would be if all actions took as long.
    """
    first, last = moving(positions, fps)
    pose = positions - positions[:, :1] * np.array([1, 0, 1], np.float32)  # keeps how high the pelvis is
    unlike = np.linalg.norm(pose - pose[0], axis=2).mean(1)
    cuts = [0]
    for number in range(1, count):
        middle, reach = first + number / count * (last - first), NEARBY * (last - first) / count
        low = max(cuts[-1] + 1, round(middle - reach))
        cuts.append(min(low + int(unlike[low : round(middle + reach) + 1].argmin()), len(positions) - 1))
    return [*cuts, len(positions)]


def moving(positions: np.ndarray, fps: float) -> tuple[int, int]:
    """[first, last) of the frames between which the body acts; all when it never rests or acts."""
    if len(positions) < SHORTEST + 2:
        return 0, len(positions)
    pace = np.convolve(np.pad(_pace(positions, fps), 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    most = np.quantile(pace, 0.95)
    acting = np.flatnonzero(pace > MOVING * most)
    first, last = max(0, int(acting[0]) - 1), min(len(positions), int(acting[-1]) + 2)
    return (first, last) if most >= SEEN and last - first >= SHORTEST else (0, len(positions))


def _repetitions(positions: np.ndarray, instants: Sequence[float], fps: float) -> list[tuple[int, int]]:
    """[first, last) of each repetition: what moves between the slowest frames on either side of its instant."""
    pace = np.convolve(np.pad(_pace(positions, fps), 2, mode="edge"), np.ones(5) / 5, "valid")
    around = round(AROUND * fps)
    frames = [min(len(positions) - 1, round(instant * fps)) for instant in sorted(instants)]
    edges = [max(0, frames[0] - around), *frames, min(len(positions), frames[-1] + around)]
    cuts = [low + int(pace[low:high].argmin()) if high > low else low for low, high in itertools.pairwise(edges)]
    spans = []
    for low, high in itertools.pairwise(cuts):
        if high - low >= SHORTEST:
            first, last = moving(positions[low:high], fps)
            spans.append((low + first, low + last))
    return spans


def _pace(positions: np.ndarray, fps: float) -> np.ndarray:
    """Mean speed of the joints beside the pelvis, and half the pelvis' own, (T,) metres per second."""
    limbs = np.linalg.norm(np.diff(positions - positions[:, :1], axis=0), axis=2).mean(1)
    pelvis = np.linalg.norm(np.diff(positions[:, 0], axis=0), axis=1)
    pace = (limbs + 0.5 * pelvis) * fps
    return np.concatenate([pace[:1], pace])
