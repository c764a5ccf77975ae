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

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from motion2language.captioning.facts.measure import RATE

PHASES, COARSE = 16, 8  # phases of a cycle, and while its length is looked for
SHORTEST = 0.25  # seconds of the shortest cycle
LONGEST = 0.6  # share of the recording that the longest cycle may take
PERIODS = 5  # candidates for the length from each lag curve
PROMINENCE = 0.03  # least depth of a candidate's minimum, as a share of the mean squared difference
KEPT = 5  # candidates that are fitted with all phases
ROUNDS = 1  # times that mean poses and path are found in turn after the first path, with all phases
OTHER = 2.0  # squared distance from the cycle, over the movement's variance, beyond which it is something else
ENTER = 1.0  # price, in the same unit, of coming back from something else
PACE = (0.05, 0.0, 0.05, 0.15)  # price of staying in a phase, going on to the next, the one after, the third
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
    """

    explained: float
    covered: float
    length: float
    poses: np.ndarray
    path: np.ndarray
    step: float

    @property
    def score(self) -> float:
        """Share of all movement that the cycle explains."""
        return self.explained * self.covered

    @cached_property
    def passed(self) -> float:
        """Cycles passed through."""
        return sum(advance for advance in advances(self.path, len(self.poses)) if advance >= PART)

    @property
    def stretch(self) -> float:
        """How long the cycles last on average, over the length looked for."""
        inside = float((self.path < len(self.poses)).sum())
        return inside / len(self.poses) / max(self.passed, 1e-9)

    @property
    def repeats(self) -> bool:
        """Whether the movement passes through it often enough, each time in about the time looked for."""
        return self.passed >= LEAST and STRETCH[0] <= self.stretch <= STRETCH[1]


def find_cycle(movement: np.ndarray) -> Cycle | None:
    """The cycle that explains most of a movement (T, D), or None when none repeats."""
    values = principal(movement)
    if (values**2).sum(axis=1).mean() < 1e-9:
        return None
    speed = np.linalg.norm(np.gradient(values, axis=0), axis=1)
    cycles = [cycle for cycle in _fit(values, speed, _periods(values), COARSE, 0) if cycle.repeats]
    cycles.sort(key=lambda cycle: NEARLY * np.log2(cycle.length) - cycle.score)
    cycles = _fit(values, speed, [cycle.length for cycle in cycles[:KEPT]], PHASES, ROUNDS)
    cycles = [cycle for cycle in cycles if cycle.repeats]
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


def _fit(values: np.ndarray, speed: np.ndarray, lengths: list[float], phases: int, rounds: int) -> list[Cycle]:
    """For each length (frames) the cycle: its mean poses and the path through them, found in turn."""
    counts = [max(2 * phases, round(len(values) * phases / length)) for length in lengths]
    series = [_sample(values, count) for count in counts]
    squares = [(rows**2).sum(axis=1) for rows in series]
    poses = [_first_cycle(rows, phases) for rows in series]
    spread = [_spread(cycle) for cycle in poses]
    paths: list[np.ndarray] = []
    for turn in range(rounds + 1):
        paths = most_probable_paths(
            [
                np.maximum(square[:, None] + (cycle**2).sum(axis=1) - 2 * rows @ cycle.T, 0) / size
                for rows, square, cycle, size in zip(series, squares, poses, spread, strict=True)
            ]
        )
        spread = [
            _spread(rows[path < phases]) if (path < phases).any() else size
            for rows, path, size in zip(series, paths, spread, strict=True)
        ]
        if turn < rounds:
            poses = [_mean_poses(rows, path, cycle) for rows, path, cycle in zip(series, paths, poses, strict=True)]
    return [
        _explain(rows, _sample(speed[:, None], len(rows))[:, 0], cycle, path, size, length, len(values) / len(rows))
        for rows, cycle, path, size, length in zip(series, poses, paths, spread, lengths, strict=True)
    ]


def _spread(rows: np.ndarray) -> float:
    """Mean squared distance of rows from their mean."""
    return max(float(((rows - rows.mean(axis=0)) ** 2).sum(axis=1).mean()), 1e-9)


def _explain(
    rows: np.ndarray, speed: np.ndarray, poses: np.ndarray, path: np.ndarray, spread: float, length: float, step: float
) -> Cycle:
    """The cycle with how much of the movement it explains, and where."""
    phases = len(poses)
    inside = path < phases
    if not inside.any():
        return Cycle(0.0, 0.0, length, poses, path, step)
    left = float(((rows[inside] - poses[path[inside]]) ** 2).sum(axis=1).mean()) / spread
    cycles = sum(advance for advance in advances(path, phases) if advance >= PART)
    # A mean of n cycles is nearer to each of them than to a further one: n / (n - 1) corrects for it.
    left = min(left * cycles / max(cycles - 1, 0.5), 1.0)
    covered = float(speed[inside].sum() / max(speed.sum(), 1e-9))
    return Cycle(1 - left, covered, length, poses, path, step)


def _sample(values: np.ndarray, count: int) -> np.ndarray:
    """`count` rows of values (T, D), evenly spaced from the first to the last, interpolated."""
    times = np.linspace(0, len(values) - 1, count)
    below = np.minimum(times.astype(int), max(len(values) - 2, 0))
    share = (times - below)[:, None]
    return (1 - share) * values[below] + share * values[np.minimum(below + 1, len(values) - 1)]


def _first_cycle(sampled: np.ndarray, phases: int) -> np.ndarray:
    """The window of `phases` rows with most movement that the windows most like it show again."""
    hop = max(1, phases // 8)
    windows = np.lib.stride_tricks.sliding_window_view(sampled, phases, axis=0)[::hop]  # (W, D, K)
    flat = windows.reshape(len(windows), -1).astype(np.float32)  # half the time, and exact enough to compare windows
    squares = (flat**2).sum(axis=1)
    distance = squares[:, None] + squares - 2 * flat @ flat.T
    near = max(2, round(ALIKE * len(flat)))
    unlike = np.partition(distance, min(near, len(flat)) - 1, axis=1)[:, :near].mean(axis=1)
    movement = squares - phases * (windows.mean(axis=2) ** 2).sum(axis=1)
    floor = FLOOR * movement.max()
    return np.ascontiguousarray(windows[int(((unlike + floor) / (movement + floor)).argmin())].T)


def most_probable_paths(distances: list[np.ndarray]) -> list[np.ndarray]:
    """For each (n, K) of distances, n at least 2, the phases (n,) that follow each other at the least total price.

    Phase K is something else. All have the same K. Each is gone through from both ends to the middle, and all together,
    which takes the time of half of the longest.
    """
    if not distances:
        return []
    moves, forward, backward = _moves(distances[0].shape[1])
    cuts = [(len(distance) + 1) // 2 for distance in distances]
    halves = [half for rows, cut in zip(distances, cuts, strict=True) for half in (rows[:cut], rows[cut:][::-1])]
    costs = _accumulate(halves, np.stack([moves, moves.T] * len(distances), axis=1))
    paths = []
    for number, (distance, cut) in enumerate(zip(distances, cuts, strict=True)):
        begun, ended = costs[:cut, 2 * number], costs[: len(distance) - cut, 2 * number + 1]
        whole = begun[-1][:, None] + moves + ended[-1]
        last, first = divmod(int(whole.argmin()), len(moves))
        paths.append(np.array(_trace(begun, last, forward)[::-1] + _trace(ended, first, backward)))
    return paths


Sources = list[list[tuple[int, float]]]  # for each phase those that come before it, with the price of that


@cache
def _moves(phases: int) -> tuple[np.ndarray, Sources, Sources]:
    """The price of each phase after each, (K + 1, K + 1), its sources, and those of going back; K is something else."""
    moves = np.full((phases + 1, phases + 1), np.inf)
    for ahead, price in enumerate(PACE):
        moves[np.arange(phases), (np.arange(phases) + ahead) % phases] = price
    moves[:, -1] = 0.0
    moves[-1, :-1] = ENTER
    return moves, _sources(moves), _sources(moves.T)


def _accumulate(distances: list[np.ndarray], moves: np.ndarray) -> np.ndarray:
    """Least prices (n, C, K + 1) of being in each phase at each row, by moves (K + 1, C, K + 1) between phases."""
    phases = distances[0].shape[1]
    costs = np.zeros((max(map(len, distances)), len(distances), phases + 1))
    for number, distance in enumerate(distances):
        costs[: len(distance), number, :-1] = distance
    costs[:, :, -1] = OTHER
    options, least = np.empty(moves.shape), np.empty(costs.shape[1:])
    add, lowest = np.add, np.minimum.reduce
    for before, now in zip(costs.transpose(0, 2, 1)[..., None], costs[1:], strict=False):
        add(before, moves, options)
        lowest(options, axis=0, out=least)
        add(now, least, now)
    return costs


def _sources(moves: np.ndarray) -> Sources:
    return [[(int(phase), float(to[phase])) for phase in np.flatnonzero(np.isfinite(to))] for to in moves.T]


def _trace(costs: np.ndarray, state: int, sources: Sources) -> list[int]:
    """The cheapest path of n phases back from a phase, by costs (n, K + 1) that `_accumulate` found."""
    path = [state]
    for row in costs[-2::-1].tolist():
        least = np.inf
        for phase, price in sources[path[-1]]:
            if row[phase] + price < least:
                least, state = row[phase] + price, phase
        path.append(state)
    return path


def _mean_poses(sampled: np.ndarray, path: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Mean row of each phase, smoothed over neighbouring phases; a phase that nothing visits keeps its pose."""
    phases = len(before)
    member = (path[None] == np.arange(phases)[:, None]).astype(float)
    member = 0.5 * member + 0.25 * np.roll(member, 1, axis=0) + 0.25 * np.roll(member, -1, axis=0)
    weight = member.sum(axis=1, keepdims=True)
    return np.where(weight > 0.3, member @ sampled / np.maximum(weight, 0.3), before)


def runs(path: np.ndarray, phases: int) -> list[tuple[int, int]]:
    """First and last row of each stretch of the path that is in the cycle."""
    inside = np.concatenate([[0], path < phases, [0]])
    edges = np.flatnonzero(np.diff(inside)).reshape(-1, 2)
    return [(int(first), int(end) - 1) for first, end in edges]


def advances(path: np.ndarray, phases: int) -> list[float]:
    """Cycles passed through in each stretch of the path that is in the cycle."""
    return [float((np.diff(path[first : last + 1]) % phases).sum() / phases) for first, last in runs(path, phases)]
