"""A cycle fitted to a movement: its mean poses and the path through them, found in turn; many fits at once.

The rows of all fits lie one behind another, so that each step is a few operations on all of them.

Axes: C fits, N rows of all of them, K phases, W the axes of a movement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate, pairwise

import numpy as np

from motion2language.captioning.facts.paths import most_probable_paths

# All settings are chosen, with an eye on MSRC-12's people and on synthetic exercises (docs/guide/facts.md).
AXES = 12  # of a movement, at most
ALIKE = 0.15  # share of the windows that the first estimate of a cycle must resemble
FLOOR = 0.02  # of the most movement in a window: windows with little movement resemble each other for nothing
PART = 0.5  # cycles in a row below which a stretch counts as none
LEAST = 1.5  # cycles that a recording must pass through
STRETCH = (0.35, 2.5)  # mean length of the cycles found, over the length looked for


@dataclass(frozen=True, eq=False)
class Cycle:
    """A fitted cycle.

    explained  share of the movement's variance inside the cycle that the mean poses explain
    covered    share of all movement that is inside
    length     frames of a cycle as looked for
    poses      (K, W) mean pose of each phase
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


def fit_cycles(
    series: Sequence[np.ndarray], asked: Sequence[tuple[int, float]], phases: int, rounds: int
) -> list[list[Cycle]]:
    """For each series (T, W + 1) the cycles that it repeats: often enough, each time in about the length looked for.

    series  values of mean zero along at most AXES axes, and the speed of their change
    asked   the number of a series and a length in frames, those of one series beside each other
    phases  of a cycle
    rounds  times that mean poses and path are found in turn after the first path
    """
    found: list[list[Cycle]] = [[] for _ in series]
    if asked:
        fits = _Fits.of(series, asked, phases)
        for (number, _), cycle in zip(asked, fits.find(rounds), strict=True):
            found[number] += [] if cycle is None else [cycle]
    return found


@dataclass(frozen=True, eq=False)
class _Fits:
    """What is fitted.

    rows    (N, W) the sampled movement of each fit, with zeros where it has fewer than AXES
    speed   (N,) of its change
    bounds  (C + 1,) the first row of each fit, and the number of all
    widths  (C,) axes of each
    lengths (C,) frames that a cycle is looked for in
    steps   (C,) frames in a row
    phases  K
    """

    rows: np.ndarray
    speed: np.ndarray
    bounds: list[int]
    widths: list[int]
    lengths: list[float]
    steps: np.ndarray
    phases: int

    @classmethod
    def of(cls, series: Sequence[np.ndarray], asked: Sequence[tuple[int, float]], phases: int) -> _Fits:
        """Each series with `phases` rows for the length looked for, evenly spaced from first to last, interpolated."""
        numbers, lengths = [number for number, _ in asked], [length for _, length in asked]
        frames = [len(series[number]) for number in numbers]
        counts = [max(2 * phases, round(own * phases / length)) for own, length in zip(frames, lengths, strict=True)]
        whole = np.zeros(
            (sum(map(len, series)), AXES + 1)
        )  # all as wide, so that a fit is the same alone and among others
        begins = [0, *accumulate(map(len, series))]
        for each, begin in zip(series, begins, strict=False):
            whole[begin : begin + len(each), : each.shape[1] - 1] = each[:, :-1]
            whole[begin : begin + len(each), -1] = each[:, -1]
        bounds = [0, *accumulate(counts)]
        owner = np.repeat(np.arange(len(asked)), counts)
        last, first = np.array(frames)[owner] - 1, np.array(begins)[numbers][owner]
        times = (np.arange(len(owner)) - np.array(bounds)[owner]) * (last / (np.array(counts)[owner] - 1))
        below = np.minimum(times.astype(int), np.maximum(last - 1, 0))
        share, above = (times - below)[:, None], np.minimum(below + 1, last)
        sampled = (1 - share) * whole[first + below]
        sampled += share * whole[first + above]
        widths = [series[number].shape[1] - 1 for number in numbers]
        return cls(sampled[:, :-1], sampled[:, -1], bounds, widths, lengths, np.array(frames) / counts, phases)

    @cached_property
    def owner(self) -> np.ndarray:
        """(N,) the fit of each row."""
        return np.repeat(np.arange(len(self.widths)), np.diff(self.bounds))

    def find(self, rounds: int) -> list[Cycle | None]:
        """The cycle of each fit, None where the movement does not repeat it."""
        squares, path = (self.rows**2).sum(axis=1), np.empty(0, int)
        poses = np.stack(
            [
                self._first_cycle(first, last, width)
                for (first, last), width in zip(pairwise(self.bounds), self.widths, strict=True)
            ]
        )
        spread = _spread(
            poses.reshape(-1, poses.shape[2]), np.arange(len(poses)).repeat(self.phases), np.ones(len(poses))
        )
        for turn in range(rounds + 1):
            distances = squares[:, None] + (poses**2).sum(axis=2)[self.owner]
            for (first, last), own in zip(pairwise(self.bounds), poses, strict=True):
                distances[first:last] -= 2 * (self.rows[first:last] @ own.T)
            np.maximum(distances, 0, out=distances)
            distances /= spread[self.owner][:, None]
            path = most_probable_paths(distances, np.diff(self.bounds))
            inside = path < self.phases
            spread = _spread(self.rows[inside], self.owner[inside], spread)
            if turn < rounds:
                poses = np.stack(
                    [
                        _mean_poses(self.rows[first:last], path[first:last], own)
                        for (first, last), own in zip(pairwise(self.bounds), poses, strict=True)
                    ]
                )
        return self._explain(poses, path, spread)

    def _first_cycle(self, first: int, last: int, width: int) -> np.ndarray:
        """The window of K rows with most movement that the windows most like it show again."""
        phases, sampled = self.phases, self.rows[first:last, :width]
        starts = np.arange(0, len(sampled) - phases + 1, max(1, phases // 8))
        flat = sampled.astype(np.float32)[starts[:, None] + np.arange(phases)].reshape(len(starts), -1)
        squares = (flat**2).sum(axis=1)
        distance = squares[:, None] + squares - 2 * flat @ flat.T
        near = min(max(2, round(ALIKE * len(flat))), len(flat))
        unlike = np.partition(distance, near - 1, axis=1)[:, :near].sum(axis=1) / near
        sums = np.concatenate([np.zeros((1, width)), sampled.cumsum(axis=0)])
        movement = squares - ((sums[starts + phases] - sums[starts]) ** 2).sum(axis=1) / phases
        floor = FLOOR * movement.max()
        begin = first + int(starts[int(((unlike + floor) / (movement + floor)).argmin())])
        return self.rows[begin : begin + phases]

    def _explain(self, poses: np.ndarray, path: np.ndarray, spread: np.ndarray) -> list[Cycle | None]:
        """The cycles with how much of the movement each explains, and where."""
        count, inside = len(poses), path < self.phases
        owner = self.owner[inside]
        rows, passed = np.bincount(owner, minlength=count), self._passed(path, inside)
        off = ((self.rows[inside] - poses[owner, path[inside]]) ** 2).sum(axis=1)
        left = np.bincount(owner, off, count) / np.maximum(rows, 1) / spread
        # A mean of n cycles is nearer to each of them than to a further one: n / (n - 1) corrects for it.
        explained = 1 - np.minimum(left * passed / np.maximum(passed - 1, 0.5), 1.0)
        speed = np.bincount(self.owner, self.speed, count)
        covered = np.bincount(owner, self.speed[inside], count) / np.maximum(speed, 1e-9)
        stretch = rows / self.phases / np.maximum(passed, 1e-9)  # how long they last, over the length looked for
        repeats = (passed >= LEAST) & (stretch >= STRETCH[0]) & (stretch <= STRETCH[1])
        bounds, widths = list(pairwise(self.bounds)), self.widths
        return [
            Cycle(
                float(explained[fit]),
                float(covered[fit]),
                self.lengths[fit],
                poses[fit, :, : widths[fit]],
                path[slice(*bounds[fit])],
                float(self.steps[fit]),
                float(passed[fit]),
            )
            if repeats[fit]
            else None
            for fit in range(count)
        ]

    def _passed(self, path: np.ndarray, inside: np.ndarray) -> np.ndarray:
        """(C,) cycles that each fit's path passes through, in stretches of PART or more."""
        begins = np.zeros(len(path) + 1, bool)
        begins[self.bounds] = True
        outside = np.concatenate([[True], ~inside, [True]])
        first = np.flatnonzero(inside & (begins[:-1] | outside[:-2]))
        last = np.flatnonzero(inside & (begins[1:] | outside[2:]))
        ahead = np.concatenate([[0], (np.diff(path) % self.phases).cumsum()])
        advanced = (ahead[last] - ahead[first]) / self.phases
        return np.bincount(self.owner[first], np.where(advanced >= PART, advanced, 0.0), len(self.widths))


def _spread(rows: np.ndarray, owner: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Mean squared distance of the rows of each owner, ascending, from their mean, (C,); `otherwise` without rows."""
    counts = np.bincount(owner, minlength=len(otherwise))
    some = np.flatnonzero(counts)
    if not len(some):
        return otherwise
    begins = (counts.cumsum() - counts)[some]
    means = np.zeros((len(counts), rows.shape[1]))
    means[some] = np.add.reduceat(rows, begins) / counts[some][:, None]
    squares = np.bincount(owner, ((rows - means[owner]) ** 2).sum(axis=1), len(counts))
    return np.where(counts > 0, np.maximum(squares / np.maximum(counts, 1), 1e-9), otherwise)


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
