"""Cycles: a mean movement that a recording passes through over and over, found without knowing its length.

The movement is taken to pass through a cycle of phases at its own pace, with rests anywhere: a hidden Markov model
whose states are the phases of one cycle, each with its mean pose, and one state for whatever else happens. Candidates
for the cycle's length are minima of the mean squared difference between the movement and itself some time later. For
each, the window of the movement that is most like the most other windows is the first estimate of the cycle; the most
probable path through the phases and their mean poses are then found in turn, first with few phases for all candidates,
then with more for the best. The cycle that explains most of the movement wins, the shortest of those nearly as good: a
cycle of two repetitions explains no more than one of one, but for the way into the first and out of the last.

All settings are chosen, with an eye on MSRC-12's people and on synthetic exercises (docs/guide/facts.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

import numpy as np

from motion2language.captioning.facts.measure import RATE
from motion2language.captioning.facts.paths import most_probable_paths

PHASES, COARSE = 16, 8  # phases of a cycle, and while its length is looked for
SHORTEST = 0.25  # seconds of the shortest cycle
LONGEST = 0.6  # share of the recording that the longest cycle may take
PERIODS = 5  # candidates for the length from each lag curve
PROMINENCE = 0.03  # least depth of a candidate's minimum, as a share of the mean squared difference
KEPT = 5  # candidates that are fitted with all phases
ROUNDS = 1  # times that mean poses and path are found in turn after the first path, with all phases
SHARE, AXES = 0.95, 12  # share of the quick movement that the principal axes hold, and how many at most
ALIKE = 0.15  # share of the windows that the first estimate of a cycle must resemble
FLOOR = 0.02  # of the most movement in a window: windows with little movement resemble each other for nothing
PART = 0.5  # cycles in a row below which a stretch counts as none
LEAST = 1.5  # cycles that a recording must pass through
STRETCH = (0.35, 2.5)  # mean length of the cycles found, over the length looked for
MOST = 0.5  # share of the best cycle's movement that one must pass through to be judged by that movement alone
NEARLY = 0.03  # share of the movement that a cycle of more repetitions may explain less; likewise for half the length


@dataclass(frozen=True, eq=False)
class Cycle:
    """A fitted cycle.

    explained  share of the movement's variance inside the cycle that the mean poses explain
    covered    share of all movement that is inside
    length     frames of a cycle as looked for
    poses      (K, N) mean pose of each phase
    path       (n,) the phase at each step; K is something else
    step       frames in a step of the path
    passed     cycles passed through
    """

    explained: float
    covered: float
    length: float
    poses: np.ndarray
    path: np.ndarray
    step: float
    passed: float

    @property
    def score(self) -> float:
        """Share of all movement that the cycle explains."""
        return self.explained * self.covered

    @property
    def stretch(self) -> float:
        """How long the cycles last on average, over the length looked for."""
        inside = float((self.path < len(self.poses)).sum())
        return inside / len(self.poses) / max(self.passed, 1e-9)

    @property
    def repeats(self) -> bool:
        """Whether the movement passes through it often enough, each time in about the time looked for."""
        return self.passed >= LEAST and STRETCH[0] <= self.stretch <= STRETCH[1]


@dataclass(frozen=True, eq=False)
class _Series:
    """A movement along its principal axes, whose cycle is looked for.

    rows  (T, D + 1) the values, of mean zero, and the speed of their change
    """

    rows: np.ndarray

    @classmethod
    def of(cls, movement: np.ndarray) -> _Series:
        values = principal(movement)
        speed = np.linalg.norm(np.gradient(values, axis=0), axis=1)
        return cls(np.concatenate([values, speed[:, None]], axis=1))

    @property
    def values(self) -> np.ndarray:
        """(T, D) without the speed."""
        return self.rows[:, :-1]

    @property
    def moves(self) -> bool:
        """Whether it changes at all."""
        return bool((self.values**2).sum(axis=1).mean() >= 1e-9)


def find_cycles(movements: Sequence[np.ndarray]) -> list[Cycle | None]:
    """For each movement (T, D) the cycle that explains most of it, or None when none repeats.

    All are looked at together, in a fraction of the time that each takes by itself.
    """
    series = [_Series.of(movement) for movement in movements]
    found = _fit_all(series, [_periods(each.values) if each.moves else [] for each in series], COARSE, 0)
    for cycles in found:
        cycles.sort(key=lambda cycle: NEARLY * np.log2(cycle.length) - cycle.score)
    lengths = [[cycle.length for cycle in cycles[:KEPT]] for cycles in found]
    return [_best(cycles) for cycles in _fit_all(series, lengths, PHASES, ROUNDS)]


def _fit_all(
    series: Sequence[_Series], lengths: Sequence[Sequence[float]], phases: int, rounds: int
) -> list[list[Cycle]]:
    """For each series the cycles of these lengths (frames) that repeat."""
    asked = [(each, length) for each, own in zip(series, lengths, strict=True) for length in own]
    fitted = iter(_fit(asked, phases, rounds))
    return [[cycle for cycle in islice(fitted, len(own)) if cycle.repeats] for own in lengths]


def _best(cycles: Sequence[Cycle]) -> Cycle | None:
    """The cycle of most repetitions among those that explain nearly as much as the best."""
    if not cycles:
        return None
    best = max(cycles, key=lambda cycle: cycle.score)
    return max((cycle for cycle in cycles if _nearly_as_good(cycle, best)), key=lambda cycle: cycle.passed)


def _nearly_as_good(cycle: Cycle, best: Cycle) -> bool:
    """Whether a cycle explains nearly as much as the best, of all movement or of what it passes through itself.

    Arms that go up before the first repetition and down after the last move much, and a long cycle may take them in.
    """
    if cycle.score >= best.score - NEARLY:
        return True
    return cycle.explained >= best.explained and cycle.covered >= MOST * best.covered


def principal(values: np.ndarray, share: float = SHARE, most: int = AXES) -> np.ndarray:
    """Values (T, N) along the axes (T, D) that hold a share of the movement within a quarter of a second."""
    lag = min(5, len(values) - 1)
    steps = values[lag:] - values[:-lag]
    power, axes = np.linalg.eigh(steps.T @ steps)
    power, axes = power[::-1], axes[:, ::-1]
    count = int(np.searchsorted(power.cumsum(), share * power.sum())) + 1
    return np.asarray((values - values.mean(axis=0)) @ axes[:, : min(count, most)])


def lag_curve(values: np.ndarray) -> np.ndarray:
    """Mean squared difference between values (T, D) and themselves later by 0 to T-1 frames, (T,)."""
    frames = len(values)
    spectrum = np.fft.rfft(values, 2 * frames, axis=0)
    products = np.fft.irfft((np.abs(spectrum) ** 2).sum(axis=1))[:frames]
    squares = np.concatenate([[0.0], (values**2).sum(axis=1).cumsum()])
    lags = np.arange(frames)
    pairs = squares[frames - lags] + squares[-1] - squares[lags] - 2 * products
    return np.maximum(pairs, 0) / (frames - lags)


def _periods(values: np.ndarray) -> list[float]:
    """Candidates for the cycle's length in frames: of the poses and of the movement, then halves and thirds of them."""
    least = max(3, int(SHORTEST * RATE))
    lag = min(3, len(values) - 1)
    found: list[float] = []
    for series in (values, values[lag:] - values[:-lag]):
        for period in _minima(lag_curve(series)[: int(LONGEST * len(values)) + 2], least):
            if all(abs(period - other) > 0.06 * other for other in found):
                found.append(period)
    for part in (2, 3):
        for period in found[:6]:
            if period / part >= least and all(abs(period / part - other) > 0.12 * other for other in found):
                found.append(period / part)
    return found


def _minima(curve: np.ndarray, least: int) -> list[float]:
    """The deepest local minima of a lag curve from lag `least` on, at most PERIODS."""
    lags = np.arange(least, len(curve) - 1)
    if not len(lags):
        return []
    curve = curve / max(curve.max(), 1e-9)
    lags = lags[(curve[lags] < curve[lags - 1]) & (curve[lags] <= curve[lags + 1])]
    depth = np.maximum.accumulate(curve)[lags] - curve[lags]
    order = np.argsort(-depth, kind="stable")[:PERIODS]
    return [float(lag) for lag in lags[order][depth[order] > PROMINENCE]]


def _fit(candidates: Sequence[tuple[_Series, float]], phases: int, rounds: int) -> list[Cycle]:
    """For each series and length (frames) the cycle: its mean poses and the path through them, found in turn."""
    counts = [max(2 * phases, round(len(series.rows) * phases / length)) for series, length in candidates]
    sampled = [_sample(series, count) for (series, _), count in zip(candidates, counts, strict=True)]
    rows = [each[:, :-1] for each in sampled]
    squares = [(each**2).sum(axis=1) for each in rows]
    poses = [_first_cycle(each, phases) for each in rows]
    spread = [_spread(cycle) for cycle in poses]
    paths: list[np.ndarray] = []
    for turn in range(rounds + 1):
        paths = most_probable_paths(
            [
                np.maximum(square[:, None] + (cycle**2).sum(axis=1) - 2 * each @ cycle.T, 0) / size
                for each, square, cycle, size in zip(rows, squares, poses, spread, strict=True)
            ]
        )
        spread = [
            _spread(each[path < phases]) if path.min() < phases else size
            for each, path, size in zip(rows, paths, spread, strict=True)
        ]
        if turn < rounds:
            poses = [_mean_poses(each, path, cycle) for each, path, cycle in zip(rows, paths, poses, strict=True)]
    return [
        _explain(each, cycle, path, size, length, len(series.rows) / len(each))
        for each, cycle, path, size, (series, length) in zip(sampled, poses, paths, spread, candidates, strict=True)
    ]


def _spread(rows: np.ndarray) -> float:
    """Mean squared distance of rows from their mean."""
    rows = rows - rows.sum(axis=0) / len(rows)
    return max(float((rows**2).sum()) / len(rows), 1e-9)


def _explain(
    sampled: np.ndarray, poses: np.ndarray, path: np.ndarray, spread: float, length: float, step: float
) -> Cycle:
    """The cycle with how much of the movement it explains, and where."""
    phases, rows, speed = len(poses), sampled[:, :-1], sampled[:, -1]
    inside = path < phases
    if not inside.any():
        return Cycle(0.0, 0.0, length, poses, path, step, 0.0)
    left = float(((rows[inside] - poses[path[inside]]) ** 2).sum()) / inside.sum() / spread
    advanced = advances(path, phases)
    cycles = float(advanced[advanced >= PART].sum())
    # A mean of n cycles is nearer to each of them than to a further one: n / (n - 1) corrects for it.
    left = min(left * cycles / max(cycles - 1, 0.5), 1.0)
    covered = float(speed[inside].sum() / max(speed.sum(), 1e-9))
    return Cycle(1 - left, covered, length, poses, path, step, cycles)


def _sample(series: _Series, count: int) -> np.ndarray:
    """`count` rows of values and speed (count, D + 1), evenly spaced from the first to the last, interpolated."""
    last = len(series.rows) - 1
    times = np.arange(count) * (last / (count - 1))
    below = np.minimum(times.astype(int), max(last - 1, 0))
    share, above = (times - below)[:, None], np.minimum(below + 1, last)
    return (1 - share) * series.rows[below] + share * series.rows[above]


def _first_cycle(sampled: np.ndarray, phases: int) -> np.ndarray:
    """The window of `phases` rows with most movement that the windows most like it show again."""
    hop = max(1, phases // 8)
    starts = np.arange(0, len(sampled) - phases + 1, hop)
    flat = sampled.astype(np.float32)[starts[:, None] + np.arange(phases)].reshape(len(starts), -1)
    squares = (flat**2).sum(axis=1)
    distance = squares[:, None] + squares - 2 * flat @ flat.T
    near = max(2, round(ALIKE * len(flat)))
    unlike = np.partition(distance, min(near, len(flat)) - 1, axis=1)[:, :near].sum(axis=1) / min(near, len(flat))
    sums = np.concatenate([np.zeros((1, sampled.shape[1])), sampled.cumsum(axis=0)])
    movement = squares - ((sums[starts + phases] - sums[starts]) ** 2).sum(axis=1) / phases
    floor = FLOOR * movement.max()
    first = int(starts[int(((unlike + floor) / (movement + floor)).argmin())])
    return sampled[first : first + phases]


@cache
def _smoothing(phases: int) -> np.ndarray:
    """(K, K + 1) how much of a row in each phase counts for each phase; one of something else for none."""
    own = np.eye(phases)
    smoothed = 0.5 * own + 0.25 * np.roll(own, 1, axis=0) + 0.25 * np.roll(own, -1, axis=0)
    return np.concatenate([smoothed, np.zeros((phases, 1))], axis=1)


def _mean_poses(sampled: np.ndarray, path: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Mean row of each phase, smoothed over neighbouring phases; a phase that nothing visits keeps its pose."""
    member = _smoothing(len(before))[:, path]
    weight = member.sum(axis=1, keepdims=True)
    return np.where(weight > 0.3, member @ sampled / np.maximum(weight, 0.3), before)


def runs(path: np.ndarray, phases: int) -> list[tuple[int, int]]:
    """First and last row of each stretch of the path that is in the cycle."""
    inside = np.concatenate([[0], path < phases, [0]])
    edges = np.flatnonzero(np.diff(inside)).reshape(-1, 2)
    return [(int(first), int(end) - 1) for first, end in edges]


def advances(path: np.ndarray, phases: int) -> np.ndarray:
    """Cycles passed through in each stretch of the path that is in the cycle."""
    edges = np.array(runs(path, phases)).reshape(-1, 2)
    ahead = np.concatenate([[0], (np.diff(path) % phases).cumsum()])
    return (ahead[edges[:, 1]] - ahead[edges[:, 0]]) / phases
