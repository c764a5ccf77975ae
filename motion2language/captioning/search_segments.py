"""The row of pieces of a take: where each action begins and ends, from a segmenter's evidence. Numpy only.

Any stretch of the recording may be a piece. A piece is worth the chance that both its bounds are right times the mean
chance of its best action, less a price; what lies between pieces is nothing. The row worth most in total is found
exactly, by dynamic programming, whatever the length of the recording. So a piece is said when it is more likely right
than the price, and one long piece competes with several short ones by their chances alone: strikes of one kind in a
row are cut where each is over. Pieces lie on the segmenter's steps; their bounds then move to the likeliest begin and
end within three frames, and on over frames that surely show the same action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.model.segmenter import PAIR, Evidence, SegmenterConfig

MOVE = 3  # frames that a bound may move from its step; chosen
SHORTEST = 2  # frames of a piece
GAP = 3  # frames between two pieces of an action that goes on
LEAST = 0.05  # share of a label that a second judge never says; chosen
SHOWN = 0.8  # mean chance of an action between two pieces of it that makes them one; chosen
SURELY = 0.96  # chance of a piece's action from which a frame beside it is its own. Chosen on the tables of whole takes
PART = 2000  # stretches whose actions are judged together; chosen: 2 MB


@dataclass(frozen=True)
class Piece:
    """A stretch [start, end) of frames that is one action.

    label    the action's
    phrase   says the action; of several with the same label, the likeliest
    bounded  chance that both bounds are right, as the segmenter gave it
    named    mean chance of the action over its frames
    moment   the frame around which the chance of the action lies
    judged   share of the label in what a second judge says of the piece alone; None where none was asked
    measured chance of the label by what is measured of the whole piece; None where nothing was
    probability        calibrated chance that the action is right
    start_probability  calibrated chance that the start is right within half a second; end_probability likewise
    """

    start: int
    end: int
    label: str
    phrase: str
    bounded: float
    named: float
    moment: float
    probability: float
    start_probability: float
    end_probability: float
    judged: float | None = None
    measured: float | None = None


def find(evidence: Evidence, config: SegmenterConfig) -> list[Piece]:
    """The pieces of a recording in order; they do not overlap. Empty when nothing is worth its price."""
    chances = chances_of_labels(evidence.frames, config)
    row, free = best_row(worths(evidence, chances, config)), 0
    pieces: list[Piece] = []
    for number, stretch in enumerate(row):
        piece = piece_of(evidence, chances, config, stretch, free, row[number + 1 : number + 2])
        free = piece.end
        if pieces and goes_on(pieces[-1], piece, config, chances):
            piece = joined(pieces.pop(), piece, evidence, chances, config)
        pieces.append(piece)
    return pieces


def worths(evidence: Evidence, chances: np.ndarray, config: SegmenterConfig) -> np.ndarray:
    """What each stretch is worth as a piece, (S, longest) as Evidence.pieces, by the chances of `chances_of_labels`.

    One that is worth nothing whatever its action costs the price.
    """
    sums = np.concatenate([np.zeros((1, chances.shape[1])), chances.cumsum(0)])
    bounds = np.minimum(PAIR * np.arange(len(evidence.pieces) + 1), len(evidence.frames))
    worth = np.full(evidence.pieces.shape, -config.price)
    firsts, lengths = np.nonzero(evidence.pieces > config.price)
    for part in range(0, len(firsts), PART):
        first, length = firsts[part : part + PART], lengths[part : part + PART]
        ends = np.minimum(first + length + 1, len(bounds) - 1)
        frames = np.maximum(bounds[ends] - bounds[first], 1)
        likeliest = (sums[bounds[ends]] - sums[bounds[first]]).max(-1) / frames
        worth[first, length] += evidence.pieces[first, length] * np.clip(likeliest, 0, 1) ** config.trust
    return worth


def piece_of(
    evidence: Evidence,
    chances: np.ndarray,
    config: SegmenterConfig,
    stretch: tuple[int, int],
    free: int,
    following: Sequence[tuple[int, int]],
) -> Piece:
    """The piece of a stretch [first, last) of steps.

    free       frame where the piece before ends
    following  the stretch after it, if there is one
    """
    frames, (first, last) = len(evidence.frames), stretch
    limit = (min(PAIR * following[0][0], frames) + min(PAIR * following[0][1], frames)) // 2 if following else frames
    start, end = _moved(evidence, (min(PAIR * first, frames), min(PAIR * last, frames)), free, limit)
    bounded = float(evidence.pieces[first, last - first - 1])
    piece = make_piece(evidence, config, chances[start:end], (start, end), bounded)
    surely = chances[:, config.labels.index(piece.label)] >= SURELY
    while start > free and surely[start - 1]:
        start -= 1
    behind = min(PAIR * following[0][0], frames) if following else frames
    while end < behind and surely[end]:
        end += 1
    return make_piece(evidence, config, chances[start:end], (start, end), bounded)


def joined(before: Piece, after: Piece, evidence: Evidence, chances: np.ndarray, config: SegmenterConfig) -> Piece:
    """The one piece of an action that goes on."""
    bounds = before.start, after.end
    return make_piece(evidence, config, chances[slice(*bounds)], bounds, min(before.bounded, after.bounded))


def best_row(worth: np.ndarray) -> list[tuple[int, int]]:
    """The stretches [first, last) of steps, without overlap, whose worth is most in total.

    worth  (S, N) of the stretch from step s of n + 1 steps; one that would not end within S steps is never taken

    >>> best_row(np.array([[1.0, 1.5], [1.0, 0.0], [-1.0, -1.0]]))
    [(0, 1), (1, 2)]
    """
    return _trace(_last_of_best(worth)[1], len(worth))


def certain_row(worth: np.ndarray, hope: float) -> tuple[list[tuple[int, int]], int]:
    """`best_row`, and how many of its first stretches stay, whatever the stretches after these S steps are worth.

    hope  the most that a stretch can be worth which has yet to end; 1 is more than any

    A stretch that is under way may have begun at any step: it may then follow the best row up to that step. What all
    of these rows that may become the best have in common stays.
    """
    total, steps = _last_of_best(worth)
    count, longest = worth.shape
    row = _trace(steps, count)
    kept = set(row)
    for begin in range(max(0, count - longest), count):
        if total[begin] + hope > total[count]:
            kept.intersection_update(_trace(steps, begin))
    return row, len(kept)


def _last_of_best(worth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each number of steps what the best row of so many is worth, and the steps of its last stretch.

    0 where nothing ends there.
    """
    count, longest = worth.shape
    total, chosen = np.zeros(count + 1), np.zeros(count + 1, dtype=np.int64)
    steps = np.arange(longest)
    ending = worth[np.maximum(np.arange(count)[:, None] - steps, 0), steps]  # by the last step of a stretch
    for last in range(1, count + 1):
        some = min(longest, last)
        totals = total[last - some : last][::-1] + ending[last - 1, :some]
        best = int(totals.argmax())
        total[last] = max(total[last - 1], totals[best])
        chosen[last] = best + 1 if totals[best] > total[last - 1] else 0
    return total, chosen


def _trace(chosen: np.ndarray, last: int) -> list[tuple[int, int]]:
    """The best row of `last` steps."""
    row = []
    while last > 0:
        if chosen[last]:
            row.append((last - int(chosen[last]), last))
        last -= max(1, int(chosen[last]))
    return row[::-1]


def chances_of_labels(frames: np.ndarray, config: SegmenterConfig) -> np.ndarray:
    """(T, labels) the chance of each label at each frame (T, 1 + A); several actions may share one."""
    columns, begin = config.columns_by_label
    return np.asarray(np.add.reduceat(frames[:, columns], begin, axis=1, dtype=np.float64))


def continues(label: str, config: SegmenterConfig) -> bool:
    """Whether an action of this label goes on, so that two of them in a row are one."""
    return any(action.continues for action in config.actions.values() if action.label == label)


def goes_on(before: Piece, after: Piece, config: SegmenterConfig, chances: np.ndarray) -> bool:
    """Whether two pieces are one action that goes on, such as walking: no time lies between, or it shows it too."""
    if before.label != after.label or not continues(after.label, config):
        return False
    between = chances[before.end : after.start, config.labels.index(after.label)]
    return len(between) <= GAP or bool(between.mean() >= SHOWN)


def _moved(evidence: Evidence, bounds: tuple[int, int], free: int, limit: int) -> tuple[int, int]:
    """Bounds at the likeliest begin and end within MOVE frames, between `free`, where the piece before ends, and limit.

    limit  the middle of the piece after, or the recording's end
    """
    start, end = bounds
    near = np.arange(max(free, start - MOVE), max(free, min(start + MOVE, end - SHORTEST)) + 1)
    start = int(near[evidence.starts[near].argmax()])
    near = np.arange(max(start + SHORTEST, end - MOVE), min(end + MOVE, limit) + 1)
    return start, int(near[evidence.ends[near - 1].argmax()]) if len(near) else end


def make_piece(
    evidence: Evidence,
    config: SegmenterConfig,
    chances: np.ndarray,
    bounds: tuple[int, int],
    bounded: float,
    judged: tuple[int, float, float | None] | None = None,
) -> Piece:
    """The piece, from the chances (N, labels) of its frames.

    judged  its label, and `Piece.judged` and `Piece.measured` of it, where other judges were asked
    """
    start, end = bounds
    best, share, measured = judged or (int(chances.mean(0).argmax()), None, None)
    label, named, own = config.labels[best], float(chances[:, best].mean()), chances[:, best] + 1e-9
    moment = start + float(np.arange(len(own)) @ own / own.sum())
    values = _values(evidence, bounds, bounded, named, share, measured)
    known = "judged" if "judged" in values and "judged" in config.calibration else "probability"
    right, first, last = (_calibrated(config, name, values[name]) for name in (known, "start", "end"))
    means = evidence.frames[start:end].mean(0)[1:]
    action = max(
        (number for number, action in enumerate(config.actions.values()) if action.label == label),
        key=lambda number: means[number],
    )
    phrase = list(config.actions.values())[action].phrase
    return Piece(start, end, label, phrase, bounded, named, moment, right, first, last, share, measured)


def features_of(piece: Piece, evidence: Evidence) -> dict[str, np.ndarray]:
    """What the probabilities of a piece are computed from: values by "probability", "judged", "start", "end".

    "judged" is the probability of the action where a second judge was asked.
    """
    bounds = piece.start, piece.end
    return _values(evidence, bounds, piece.bounded, piece.named, piece.judged, piece.measured)


def _values(
    evidence: Evidence,
    bounds: tuple[int, int],
    bounded: float,
    named: float,
    judged: float | None,
    measured: float | None,
) -> dict[str, np.ndarray]:
    odds = _odds(np.array([bounded, named]))
    values = {
        "probability": odds[::-1],
        "start": np.array([odds[0], evidence.starts[bounds[0]]]),
        "end": np.array([odds[0], evidence.ends[bounds[1] - 1]]),
    }
    if judged is not None:
        shares = np.clip([judged] if measured is None else [judged, measured], LEAST, 1 - LEAST)
        values["judged"] = np.append(values["probability"], np.log(shares / (1 - shares)))
    return values


def _odds(chance: np.ndarray) -> np.ndarray:
    chance = np.clip(chance, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(chance / (1 - chance)))


def _calibrated(config: SegmenterConfig, name: str, values: np.ndarray) -> float:
    """A probability by the logistic line of the configuration; without one for these values, from the first alone."""
    line = config.calibration.get(name, ())
    constant, *weights = line if len(line) == 1 + len(values) else (0.0, 1.0, *[0.0] * (len(values) - 1))
    return float(1 / (1 + np.exp(-np.clip(constant + np.dot(weights, values), -30, 30))))
