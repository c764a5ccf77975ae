"""Where described actions begin and end: segment times refined from the movement itself.

A model gives the moment around which each action lies (the time of its action word), not where the action ends.
Between two such moments the boundary goes where the movement changes most: all boundaries together minimise the
squared deviation of pose and joint speeds from their mean in each segment (the classical change-point cost, solved
exactly by dynamic programming). A segmenter's evidence counts too, where there is one: where actions begin and end, and
whether frames show the actions of the sentence. A pause near a boundary belongs to neither action, and stillness is
trimmed at both ends of each segment, so segments may leave gaps. Word times do not change. Without a segmenter this
works for the output of any model.

A boundary's probability is how often such a boundary is right within half a second, given that its action is right.
The fixed choices (smoothing, thresholds, these frequencies) were made on BNR-Compose's validation split; the weights of
what a segmenter saw, also on that of the synthetic recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from motion2language.captioning.features import joint_speed, known_feature
from motion2language.motion import Motion
from motion2language.transcript import Transcript

SMOOTHING = 7  # frames averaged before looking for changes, 0.7 s at 10 Hz
STILL = 0.025  # leg lengths per second: mean joint speed below which a body is still (about 2 cm/s)
NEAR = 0.3  # seconds: a pause this near to a boundary replaces it
TOLERANCE = 0.5  # seconds a boundary may be off and still count as right, as in the scores
SPREAD = 400.0  # squared deviation by which one set of boundaries is e times likelier than another
BOUND, SHOWN = 0.5, 0.1  # weights of the log odds of boundaries and of the log chances of actions in what was seen
UNSEEN = 0.02  # chance of an action that a frame does not show
#: Lines (least, gain) from the share of likely boundaries near the chosen one to how often that is right, without a
#: segmenter and with one.
RIGHT, RIGHT_SEEN = (0.35, 0.6), (0.69, 0.27)
OUTER = 0.93  # how often the start of the first action and the end of the last are right
#: Weights of pose, joint speeds, pelvis velocity (3) and turn rate: near one over their standard deviations.
WEIGHTS = np.concatenate([np.full(60, 13.0), np.full(60, 6.0), [5.0, 5.0, 1.0], [2.0]])


@dataclass(frozen=True, eq=False)
class Seen:
    """What a segmenter saw of a recording of T frames.

    bounds   (T,) log odds that one action ends before a frame and another begins with it
    actions  for each label that it knows the chance (T,) that a frame shows it
    """

    bounds: np.ndarray
    actions: Mapping[str, np.ndarray]

    def costs(self, labels: Sequence[str | None]) -> np.ndarray:
        """For each of N segments in order a row (T + 1,): to last from frame s to e, it costs row[e] - row[s].

        labels  of the segments; one that the segmenter does not know may lie anywhere

        In squared deviation. A boundary leaves one row for the next, of which it saves its log odds.
        """
        frames = len(self.bounds)
        costs = np.zeros((len(labels), frames + 1))
        for number, label in enumerate(labels):
            if label is not None and label in self.actions:
                costs[number, 1:] = -SHOWN * np.log(self.actions[label] + UNSEEN).cumsum()
            costs[number, 1:frames] += BOUND * number * self.bounds[1:]
        return SPREAD * costs


def refine(
    transcript: Transcript,
    anchors: list[float],
    motion: Motion,
    changes: np.ndarray | None = None,
    seen: Seen | None = None,
) -> Transcript:
    """The transcript with segments bounded by changes of movement; unchanged when it has no described action.

    anchors  for each segment the time of its action word, seconds
    motion   on the canonical body, at the model's frame rate
    changes  features (T, F) to find changes in, instead of pose and speeds (benchmarks/boundaries.py)
    seen     what a segmenter saw of the same frames
    """
    if len(anchors) != len(transcript.segments):
        raise ValueError(f"{len(anchors)} anchors for {len(transcript.segments)} segments; give one each")
    segments = list(transcript.segments)
    if not segments or segments[0].label is None or motion.frames < len(segments):
        return transcript
    order = np.argsort(anchors, kind="stable")
    changes = movement(known_feature("canonical", motion)) if changes is None else changes
    speed = joint_speed(motion)
    frames = np.array(anchors)[order] * motion.fps
    costs = None if seen is None else seen.costs([segments[index].label for index in order])
    cuts = change_points(changes, frames, costs)
    sure = certainty(changes, frames, cuts, TOLERANCE * motion.fps, costs)
    least, gain = RIGHT if seen is None else RIGHT_SEEN
    chances = [OUTER, *(least + gain * share for share in sure), OUTER]
    pauses = [_pause(speed, cut, int(NEAR * motion.fps)) for cut in cuts]
    starts, ends = [0, *(after for _, after in pauses)], [*(before for before, _ in pauses), motion.frames]
    for rank, index in enumerate(order):
        first, last = _without_stillness(speed, starts[rank], max(ends[rank], starts[rank] + 1))
        end = min(last / motion.fps, transcript.duration)
        start = min(first / motion.fps, end - 0.5 / motion.fps)
        right = segments[index].probability
        segments[index] = replace(
            segments[index],
            start=max(start, 0.0),
            end=end,
            start_probability=None if right is None else right * chances[rank],
            end_probability=None if right is None else right * chances[rank + 1],
            bounded_by="movement",
        )
    return replace(transcript, segments=tuple(segments))


def change_points(values: np.ndarray, anchors: np.ndarray, costs: np.ndarray | None = None) -> list[int]:
    """One frame between each two neighbouring anchors, where values (T, F) change most.

    anchors  (N,) frames, ascending, N <= T. Returns N-1 strictly ascending frames b; segment m holds frames
    [b_{m-1}, b_m). The total within-segment squared deviation, plus `costs` (N, T + 1) as those of `Seen`, is the least
    possible for boundaries that lie between their anchors.
    """
    return cheapest(values, _between(anchors, len(values)), costs)


def cheapest(values: np.ndarray, allowed: Sequence[np.ndarray], costs: np.ndarray | None = None) -> list[int]:
    """As `change_points` between frames that are given: of each array in `allowed` one, strictly ascending."""
    if not allowed:
        return []
    first, *moves, last = _moves(values, allowed, costs)
    total, choices = first[0], []
    for move in moves:
        totals = total[:, None] + move
        choices.append(totals.argmin(axis=0))
        total = totals.min(axis=0)
    best = int((total + last[:, 0]).argmin())
    cuts = [int(allowed[-1][best])]
    for choice, before in zip(reversed(choices), reversed(allowed[:-1]), strict=True):
        best = int(choice[best])
        cuts.append(int(before[best]))
    return cuts[::-1]


def certainty(
    values: np.ndarray, anchors: np.ndarray, cuts: Sequence[int], near: float, costs: np.ndarray | None = None
) -> list[float]:
    """For each cut of `change_points` the share of all sets of boundaries that have one within `near` frames of it.

    Sets of boundaries are weighted by exp(-cost / SPREAD): a sharp change of movement allows one place only, a gradual
    one many.
    """
    if not cuts:
        return []
    allowed = _between(anchors, len(values))
    first, *moves, last = (-move / SPREAD for move in _moves(values, allowed, costs))
    forward = [first[0]]
    for move in moves:
        forward.append(np.logaddexp.reduce(forward[-1][:, None] + move, axis=0))
    backward = [last[:, 0]]
    for move in reversed(moves):
        backward.append(np.logaddexp.reduce(move + backward[-1], axis=1))
    shares = []
    for places, before, after, cut in zip(allowed, forward, reversed(backward), cuts, strict=True):
        weights = np.exp(before + after - np.logaddexp.reduce(before + after))
        shares.append(float(weights[np.abs(places - cut) <= near].sum()))
    return shares


def _moves(values: np.ndarray, allowed: Sequence[np.ndarray], costs: np.ndarray | None) -> list[np.ndarray]:
    """For each segment what it costs between each two of the places allowed for its bounds."""
    deviation = _deviation(values)
    places = [np.zeros(1, dtype=int), *allowed, np.array([len(values)])]
    moves = [deviation(before, here) for before, here in pairwise(places)]
    if costs is None:
        return moves
    bounds = zip(moves, costs, pairwise(places), strict=True)
    return [move + row[here] - row[before][:, None] for move, row, (before, here) in bounds]


def _between(anchors: np.ndarray, frames: int) -> list[np.ndarray]:
    """The frames each boundary may take: after its left anchor, up to its right one, with room for the other segments.

    Boundaries of anchors that share a frame take the frames after it, one each.
    """
    allowed: list[np.ndarray] = []
    for index, (left, right) in enumerate(pairwise(anchors), start=1):
        last = frames - (len(anchors) - index)
        low = min(max(int(np.floor(left)) + 1, allowed[-1][0] + 1 if allowed else 1), last)
        high = min(max(int(np.ceil(right)), low), last)
        allowed.append(np.arange(low, high + 1))
    return allowed


def _deviation(values: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A function of starts (N,) and ends (M,): squared deviation from the mean inside each [start, end), (N, M)."""
    centred = values - values.mean(axis=0, dtype=np.float64)
    sums = np.concatenate([np.zeros((1, centred.shape[1])), centred.cumsum(axis=0)])
    squares = np.concatenate([[0.0], np.square(centred).sum(axis=1).cumsum()])
    norms = np.square(sums).sum(axis=1)

    def between(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        lengths = ends - starts[:, None]
        total = norms[ends] + norms[starts][:, None] - 2 * sums[starts] @ sums[ends].T  # squared sum of the frames
        inside = squares[ends] - squares[starts][:, None] - total / np.maximum(lengths, 1)
        return np.where(lengths > 0, inside, np.inf)

    return between


def movement(values: np.ndarray) -> np.ndarray:
    """Pose, joint speeds and how the pelvis moves, (T, 124), weighted and smoothed, of features of OF_THE_BODY."""
    columns = values[:, : len(WEIGHTS)].copy()
    columns[:, 60:] = np.abs(columns[:, 60:])
    return _smooth(columns * WEIGHTS)


def _smooth(values: np.ndarray) -> np.ndarray:
    half = SMOOTHING // 2
    values = values.astype(np.float64)
    padded = np.concatenate([values[:1].repeat(half, axis=0), values, values[-1:].repeat(half, axis=0)])
    sums = np.concatenate([np.zeros((1, values.shape[1])), padded.cumsum(axis=0)])
    return (sums[SMOOTHING:] - sums[:-SMOOTHING]) / SMOOTHING


def _pause(speed: np.ndarray, cut: int, near: int) -> tuple[int, int]:
    """The still frames [first, last) that begin or end within `near` frames of a cut; (cut, cut) without any."""
    still = np.concatenate([[0], speed < STILL, [0]])
    edges = np.flatnonzero(np.diff(still)).reshape(-1, 2)
    close = edges[(np.abs(edges - cut).min(axis=1) <= near) & (np.diff(edges)[:, 0] >= 2)]
    if not len(close):
        return cut, cut
    first, last = close[np.diff(close)[:, 0].argmax()]
    return int(first), int(last)


def _without_stillness(speed: np.ndarray, first: int, last: int) -> tuple[int, int]:
    """[first, last) without still frames at either end; unchanged when all of it is still."""
    moving = np.flatnonzero(speed[first:last] >= STILL)
    if not len(moving):
        return first, last
    return first + int(moving[0]), first + int(moving[-1]) + 1
