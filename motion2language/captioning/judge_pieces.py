"""Pieces judged again by what each shows by itself: named by its frames alone, and cut where its parts are clearer.

In a recording, a frame is named by what is done around it too: a punch between two kicks is taken for a kick, and all
three for one piece. Cut out, it is a punch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from motion2language.captioning.search_segments import LEAST, Piece, chances_of_labels, make_piece
from motion2language.model.segmenter import PAIR, Evidence, Segmenter, SegmenterConfig

BESIDE = 2  # frames on either side that belong to a piece by itself; chosen
SECOND = 0.6  # weight of what a second judge says; chosen on the tables of whole takes
UNSEEN = 0.001  # chance of a label that the frames do not show; chosen
PART = 6  # frames of a part at least; chosen
#: A piece is cut where the log odds that one action ends and another begins, plus CLEARER times the log of how much
#: clearer the parts are by themselves than the whole, are above CUT. Chosen on the tables of whole takes.
CLEARER, CUT = 6.0, -4.5


Named = dict[tuple[int, int], np.ndarray]  # by bounds [start, end), what `name_alone` found


def cut_again(
    pieces: Sequence[Piece], values: np.ndarray, evidence: Evidence, segmenter: Segmenter, named: Named | None = None
) -> list[Piece]:
    """The pieces, cut where their parts are clearer; those of an action that goes on, such as walking, stay whole.

    values  the features (T, F) of the evidence, before standardising
    named   as for `name_alone`
    """
    named = {} if named is None else named
    going_on = {action.label for action in segmenter.config.actions.values() if action.continues}
    found: list[Piece] = []
    for piece in pieces:
        if piece.label in going_on:
            found.append(piece)
        else:
            found += _cut(piece, values, evidence, segmenter, named)
    return found


def _cut(piece: Piece, values: np.ndarray, evidence: Evidence, segmenter: Segmenter, named: Named) -> list[Piece]:
    times = np.arange(piece.start + PART, piece.end - PART + 1)
    if len(times) == 0:
        return [piece]
    odds = evidence.starts[times] + evidence.ends[times - 1]
    best = int(odds.argmax())
    time, frames = int(times[best]), piece.end - piece.start

    def show_one(pieces: Sequence[Piece]) -> float:
        """Frames that the likeliest label of each piece is worth by itself, in total."""
        alone = name_alone(pieces, values, segmenter, named)
        return sum(float(chances_of_labels(each, segmenter.config).mean(0).max()) * len(each) for each in alone)

    def clearer(parts: float) -> bool:
        return bool(odds[best] + CLEARER * np.log((parts + UNSEEN) / (whole + UNSEEN)) > CUT)

    whole = show_one([piece])
    if not clearer(frames):  # however clear the parts are
        return [piece]
    parts = [_part((piece.start, time), evidence, segmenter), _part((time, piece.end), evidence, segmenter)]
    if not clearer(show_one(parts)):
        return [piece]
    return [each for part in parts for each in _cut(part, values, evidence, segmenter, named)]


def _part(bounds: tuple[int, int], evidence: Evidence, segmenter: Segmenter) -> Piece:
    """The piece of frames [start, end)."""
    start, end = bounds
    first = start // PAIR
    steps = min(max(1, round((end - start) / PAIR)), len(evidence.pieces) - first, evidence.pieces.shape[1])
    chances = chances_of_labels(evidence.frames[start:end], segmenter.config)
    return make_piece(evidence, segmenter.config, chances, bounds, float(evidence.pieces[first, steps - 1]))


def name_alone(
    pieces: Sequence[Piece], values: np.ndarray, segmenter: Segmenter, named: Named | None = None
) -> list[np.ndarray]:
    """For each piece the chances (N, 1 + A) of its frames, from the recording's features (T, F) of the piece alone.

    named  what was found before in this recording, which is not computed again; what is found now is added
    """
    named = {} if named is None else named
    for piece in pieces:
        if (piece.start, piece.end) not in named:
            first = max(0, piece.start - BESIDE)
            frames = segmenter.name(values[first : piece.end + BESIDE])
            named[piece.start, piece.end] = frames[piece.start - first : piece.end - first]
    return [named[piece.start, piece.end] for piece in pieces]


def judge_again(
    pieces: Sequence[Piece],
    alone: Sequence[np.ndarray],
    shares: Sequence[Mapping[str, float]],
    evidence: Evidence,
    config: SegmenterConfig,
) -> list[Piece]:
    """The pieces with the labels that are likeliest by their frames alone and by a second judge.

    alone   for each piece the chances of its frames by `name_alone`
    shares  for each piece the share of each label in what the second judge says of the piece alone

    What the second judge never says counts as LEAST, so that it alone can rule nothing out.
    """
    judged = []
    for piece, by_itself, own in zip(pieces, alone, shares, strict=True):
        inside = chances_of_labels(by_itself, config)
        said = np.array([own.get(label, 0.0) for label in config.labels])
        best = int((np.log(inside.mean(0) + UNSEEN) + SECOND * np.log(said + LEAST)).argmax())
        judged.append(make_piece(evidence, config, inside, (piece.start, piece.end), piece.bounded, (best, said[best])))
    return judged
