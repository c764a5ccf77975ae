"""Pieces cut again by what each shows by itself, and made whole again by the same measure.

In a recording, three strikes may be taken for one: a piece is cut where something ends, or where its parts are clearer
by themselves. Where the body moves and no piece was found, what it shows by itself is one. Two pieces are one where
nothing ends between them and neither is clearer by itself. Walking is cut where the body stops or turns back (ways.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motion2language.captioning.features import OF_THE_BODY, mean_speed
from motion2language.captioning.judge_pieces import (
    UNSEEN,
    Shown,
    name_all_alone,
    name_alone,
    name_measured,
    piece_between,
)
from motion2language.captioning.search_segments import GAP, Piece, chances_of_labels, continues
from motion2language.captioning.ways import find_ways
from motion2language.language.movement import GAITS
from motion2language.model.segmenter import PAIR

PART = 6  # frames of a part at least; chosen
#: A piece is cut where the log odds that one action ends and another begins, plus CLEARER times the log of how much
#: clearer the parts are by themselves than the whole, are above CUT. Chosen on the tables of whole takes.
CLEARER, CUT = 6.0, -5.1
MEND = -6.3  # what is above CUT for a cut, from which on two pieces of one action are one. Chosen on the same tables
LEAST = 3  # frames of a recording that may be one piece as a whole; chosen
MEASURED = 0.3  # share of what is measured of a piece in how clear it is by itself; chosen on the same tables
BREAK = 6  # frames between two pieces of one action at most; chosen
MOVES = 0.4  # leg lengths per second of the joints in the mean from which a body does something; chosen
SHOWN = 0.5  # mean chance of the action that a stretch without a piece shows by itself; chosen


def cut_again(pieces: Sequence[Piece], shown: Shown, within: tuple[int, int] | None = None) -> list[Piece]:
    """The pieces, cut where their parts are clearer, or joined, and those of what lies between them, in order.

    Those of an action that goes on, such as waving, are cut only where neither part is that action. Going is cut into
    its ways; where the body stops in between is no piece.

    within  frames [first, last) that the pieces were found in; all when it is None
    """
    return cut_all_again([pieces], [shown], [within or (0, len(shown.values))])[0]


def cut_all_again(
    pieces: Sequence[Sequence[Piece]], shown: Sequence[Shown], within: Sequence[tuple[int, int]] | None = None
) -> list[list[Piece]]:
    """As `cut_again` for each of several recordings; all are looked at together, which takes less time."""
    bounds = within or [(0, len(own.values)) for own in shown]
    clear = _cut(pieces, shown)
    between = [_between(*each) for each in zip(clear, bounds, shown, strict=True)]
    clear = [[*own, *more] for own, more in zip(clear, _cut(between, shown), strict=True)]
    return [
        [way for piece in _mended(own, each) for way in _ways(piece, each)]
        for own, each in zip(clear, shown, strict=True)
    ]


def _cut(pieces: Sequence[Sequence[Piece]], shown: Sequence[Shown]) -> list[list[Piece]]:
    """The pieces of each recording, cut as long as parts are clearer."""
    found: list[list[Piece]] = [[] for _ in shown]
    uncut = [(piece, number) for number, own in enumerate(pieces) for piece in own]
    while uncut:
        parts = _parts_if_clearer([(piece, shown[number]) for piece, number in uncut])
        for (piece, number), own in zip(uncut, parts, strict=True):
            found[number] += [] if own else [piece]
        uncut = [(part, number) for (_, number), own in zip(uncut, parts, strict=True) for part in own]
    return [sorted(own, key=lambda piece: piece.start) for own in found]


def _between(pieces: Sequence[Piece], bounds: tuple[int, int], shown: Shown) -> list[Piece]:
    """A piece for each stretch of bounds [first, last) beside the pieces where the body moves and shows an action."""
    config, longest = shown.segmenter.config, PAIR * shown.segmenter.config.longest
    if config.features not in OF_THE_BODY:
        return []
    if not pieces and bounds == (0, len(shown.values)):
        return _one(bounds, shown) if LEAST <= bounds[1] <= longest else []
    edges = [bounds[0], *(frame for piece in pieces for frame in (piece.start, piece.end)), bounds[1]]
    free = [each for each in zip(edges[::2], edges[1::2], strict=True) if PART <= each[1] - each[0] <= longest]
    moving = [each for each in free if mean_speed(shown.values[slice(*each)]) >= MOVES]
    found = [piece_between(*each, shown) for each in moving]
    alone = [chances_of_labels(each, config).mean(0).max() for each in name_alone(found, shown)]
    return [piece for piece, chance in zip(found, alone, strict=True) if chance > SHOWN]


def _one(bounds: tuple[int, int], shown: Shown) -> list[Piece]:
    """A short recording as one piece, if the body moves: it was cut by someone who saw something in it."""
    return [piece_between(*bounds, shown)] if mean_speed(shown.values) >= MOVES else []


def is_unbroken(before: Piece, after: Piece, shown: Shown) -> bool:
    """Whether two pieces in a row are one action.

    Either both are the same, nothing ends between them, and apart none is clearer; or by itself the whole is an action
    that goes on, and as clear.
    """
    config = shown.segmenter.config
    apart = after.start - before.end
    if apart > BREAK or after.end - before.start > PAIR * config.longest or before.start < 0:
        return False
    whole = piece_between(before.start, after.end, shown)
    by_parts, by_whole = _worth_alone([([before, after], shown), ([whole], shown)])
    odds = float(shown.evidence.starts[after.start] + shown.evidence.ends[before.end - 1])
    if before.label == after.label and _clearer(by_parts, by_whole, odds) < MEND:
        return True
    (label,) = _labels_alone([whole], shown)
    return apart <= GAP and continues(label, config) and label not in GAITS and by_whole >= by_parts


def is_stop(before: Piece, after: Piece) -> bool:
    """Whether a body that goes stops between these two pieces."""
    return before.label == after.label and before.label in GAITS and after.start - before.end > GAP


def _mended(pieces: Sequence[Piece], shown: Shown) -> list[Piece]:
    """The pieces in order, those that are one action as one."""
    found: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.start):
        if found and is_unbroken(found[-1], piece, shown):
            found[-1] = piece_between(found[-1].start, piece.end, shown)
        else:
            found.append(piece)
    return found


def _ways(piece: Piece, shown: Shown) -> list[Piece]:
    """A piece of going as the ways that it consists of; any other as it is."""
    bounds = _bounds_of_ways(piece, shown)
    return [piece if each == (piece.start, piece.end) else piece_between(*each, shown) for each in bounds]


def _bounds_of_ways(piece: Piece, shown: Shown) -> list[tuple[int, int]]:
    config = shown.segmenter.config
    if piece.label not in GAITS or config.features not in OF_THE_BODY:
        return [(piece.start, piece.end)]
    ways = find_ways(shown.values[piece.start : piece.end], config.fps)
    return [(piece.start + first, piece.start + last) for first, last in ways]


def _parts_if_clearer(pieces: Sequence[tuple[Piece, Shown]]) -> list[list[Piece]]:
    """For each piece its two parts; none where it stays whole."""
    parts: list[list[Piece]] = [[] for _ in pieces]
    cuts = [_likeliest_cut(*each) for each in pieces]
    whole = _worth_alone(
        [([piece], shown) if cut else ([], shown) for (piece, shown), cut in zip(pieces, cuts, strict=True)]
    )
    for number, ((piece, shown), cut) in enumerate(zip(pieces, cuts, strict=True)):
        most = piece.end - piece.start  # that parts can be worth
        if cut and _clearer(most, whole[number], cut[1]) > CUT:
            bounds = (piece.start, cut[0]), (cut[0], piece.end)
            parts[number] = [piece_between(*each, shown) for each in bounds]
    worth = _worth_alone([(own, shown) for own, (_, shown) in zip(parts, pieces, strict=True)])
    return [
        own if own and cut and _clearer(by_parts, by_whole, cut[1]) > CUT and _may_be_cut(*each, own) else []
        for each, own, cut, by_parts, by_whole in zip(pieces, parts, cuts, worth, whole, strict=True)
    ]


def _likeliest_cut(piece: Piece, shown: Shown) -> tuple[int, float] | None:
    """The likeliest frame for one action to end and another to begin, and its log odds; None for a piece that stays."""
    times = np.arange(piece.start + PART, piece.end - PART + 1)
    if piece.label in GAITS or len(times) == 0:
        return None
    odds = shown.evidence.starts[times] + shown.evidence.ends[times - 1]
    best = int(odds.argmax())
    return int(times[best]), float(odds[best])


def _may_be_cut(piece: Piece, shown: Shown, parts: Sequence[Piece]) -> bool:
    """Whether a piece need not stay whole: its action does not go on, or neither part shows it by itself."""
    return not continues(piece.label, shown.segmenter.config) or piece.label not in _labels_alone(parts, shown)


def _labels_alone(pieces: Sequence[Piece], shown: Shown) -> list[str]:
    """The likeliest label of each piece by itself."""
    config = shown.segmenter.config
    return [config.labels[int(chances_of_labels(each, config).mean(0).argmax())] for each in name_alone(pieces, shown)]


def _clearer(parts: float, whole: float, odds: float) -> float:
    """What speaks for a cut, by what its parts and the whole are worth by themselves and the log odds of a cut."""
    return float(odds + CLEARER * np.log((parts + UNSEEN) / (whole + UNSEEN)))


def _worth_alone(asked: Sequence[tuple[Sequence[Piece], Shown]]) -> list[float]:
    """How many frames the likeliest label of each piece is worth by itself, in total."""
    return [
        sum(chance * len(frames) for chance, frames in zip(_clear(pieces, alone, shown), alone, strict=True))
        for (pieces, shown), alone in zip(asked, name_all_alone(asked), strict=True)
    ]


def _clear(pieces: Sequence[Piece], alone: Sequence[np.ndarray], shown: Shown) -> list[float]:
    """The chance of the likeliest label of each piece, by its frames alone and by what is measured of it."""
    seen = [chances_of_labels(frames, shown.segmenter.config).mean(0) for frames in alone]
    return [
        float(own.max() if whole is None else ((1 - MEASURED) * own + MEASURED * own.sum() * whole).max())
        for own, whole in zip(seen, name_measured(pieces, seen, shown), strict=True)
    ]
