"""Where one piece follows another at once: the bound between them goes where one action becomes the other.

Each bound of a piece was sought for that piece alone. Where two pieces meet, the bound is one for both: within NEAR
frames, and half of the shorter piece, it goes where pose and speed change most, where the segmenter sees one action
end and another begin, and where frames show either action, all at once, as with a sentence's bounds (boundaries.py).

Bounds are set one after another. So a stream can set the bound of its latest two pieces as soon as it knows the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from motion2language.captioning.boundaries import SMOOTHING, cheapest, movement
from motion2language.captioning.features import OF_THE_BODY
from motion2language.captioning.judge_pieces import Shown
from motion2language.captioning.search_segments import SHORTEST, Piece

NEAR = 5  # frames that a bound may move; chosen
AROUND = 30  # frames of either piece that are looked at, at most: fewer than a stream keeps; chosen


def meet(pieces: Sequence[Piece], shown: Shown) -> list[Piece]:
    """The pieces, in order; those that meet share a bound where one becomes the other."""
    found: list[Piece] = []
    for piece in pieces:
        if found and found[-1].end == piece.start:
            bound = bound_between(found[-1], piece, shown)
            found[-1:] = [_within(found[-1], found[-1].start, bound), _within(piece, bound, piece.end)]
        else:
            found.append(piece)
    return found


def bound_between(before: Piece, after: Piece, shown: Shown) -> int:
    """The frame in which `before` becomes `after`, which begins where it ends."""
    bound = after.start
    if shown.segmenter.config.features not in OF_THE_BODY:
        return bound
    first, last = max(before.start, bound - AROUND, 0), min(after.end, bound + AROUND)
    shorter = min(bound - before.start, after.end - bound)
    reach = min(NEAR, shorter // 2, shorter - SHORTEST)
    places = np.arange(max(first + 1, bound - reach), bound + reach + 1)
    if bound not in places:  # a piece is too short to lose frames, or those of the first are gone
        return bound
    half = SMOOTHING // 2
    begin = max(0, first - half)
    moving = movement(shown.values[begin : last + half])[first - begin :][: last - first]
    costs = shown.seen(first, last).costs([before.label, after.label])
    return first + cheapest(moving, [places - first], costs)[0]


def _within(piece: Piece, start: int, end: int) -> Piece:
    """The piece with other bounds."""
    return replace(piece, start=start, end=end, moment=float(np.clip(piece.moment, start, end - 1)))
