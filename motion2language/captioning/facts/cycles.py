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

import numpy as np

from motion2language.captioning.facts.fitting import AXES, Cycle, fit_cycles
from motion2language.captioning.facts.measure import RATE

PHASES, COARSE = 16, 8  # phases of a cycle, and while its length is looked for
SHORTEST = 0.25  # seconds of the shortest cycle
LONGEST = 0.6  # share of the recording that the longest cycle may take
PERIODS = 5  # candidates for the length from each lag curve
PROMINENCE = 0.03  # least depth of a candidate's minimum, as a share of the mean squared difference
KEPT = 5  # candidates that are fitted with all phases
ROUNDS = 1  # times that mean poses and path are found in turn after the first path, with all phases
SHARE = 0.95  # share of the quick movement that the principal axes hold, if AXES do
MOST = 0.5  # share of the best cycle's movement that one must pass through to be judged by that movement alone
NEARLY = 0.03  # share of the movement that a cycle of more repetitions may explain less; likewise for half the length


def find_cycles(movements: Sequence[np.ndarray]) -> list[Cycle | None]:
    """For each movement (T, D) the cycle that explains most of it, or None when none repeats.

    All are looked at together, in a fraction of the time that each takes by itself.
    """
    values = [principal(movement) for movement in movements]
    series = [np.concatenate([each, _speed(each)[:, None]], axis=1) for each in values]
    moving = [number for number, each in enumerate(values) if (each**2).sum(axis=1).mean() >= 1e-9]
    asked = [(number, length) for number in moving for length in _periods(values[number])]
    found = fit_cycles(series, asked, COARSE, 0)
    for cycles in found:
        cycles.sort(key=lambda cycle: NEARLY * np.log2(cycle.length) - cycle.score)
    asked = [(number, cycle.length) for number, cycles in enumerate(found) for cycle in cycles[:KEPT]]
    return [_best(cycles) for cycles in fit_cycles(series, asked, PHASES, ROUNDS)]


def _speed(values: np.ndarray) -> np.ndarray:
    """How fast values (T, D) change, (T,) per frame."""
    return np.asarray(np.linalg.norm(np.gradient(values, axis=0), axis=1))


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
