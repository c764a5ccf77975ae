"""Pieces judged again by what each shows by itself, and by a second judge.

In a recording, a frame is named by what is done around it too: a punch between two kicks is taken for a kick. Cut out,
it is a punch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from motion2language.captioning.search_segments import LEAST, Piece, chances_of_labels, make_piece
from motion2language.model.segmenter import PAIR, Evidence, Segmenter, SegmenterConfig

BESIDE = 2  # frames on either side that belong to a piece by itself; chosen
LOOKS = (-1, 1)  # as BESIDE, where a piece gets its name: without its first and last frame, and with one more; chosen
SECOND = 0.6  # weight of what a second judge says; chosen on the tables of whole takes
UNSEEN = 0.001  # chance of a label that the frames do not show; chosen

Named = dict[tuple[int, int, int], np.ndarray]  # by bounds [start, end) and frames beside, what was found before


@dataclass(frozen=True, eq=False)
class Shown:
    """What the pieces of a recording are judged by.

    values    its features (T, F), before standardising
    evidence  that the segmenter found in them
    named     what was found of stretches by themselves before, which is not computed again; what is found is added
    """

    values: np.ndarray
    evidence: Evidence
    segmenter: Segmenter
    named: Named = field(default_factory=dict)


def piece_between(start: int, end: int, shown: Shown) -> Piece:
    """The piece of frames [start, end), as the segmenter sees it in the recording."""
    evidence, config = shown.evidence, shown.segmenter.config
    first = start // PAIR
    steps = min(max(1, round((end - start) / PAIR)), len(evidence.pieces) - first, evidence.pieces.shape[1])
    chances = chances_of_labels(evidence.frames[start:end], config)
    return make_piece(evidence, config, chances, (start, end), float(evidence.pieces[first, steps - 1]))


def name_alone(pieces: Sequence[Piece], shown: Shown) -> list[np.ndarray]:
    """For each piece the chances (N, 1 + A) of its frames, from the recording's features of the piece alone."""
    return name_all_alone([(pieces, shown)])[0]


def name_all_alone(asked: Sequence[tuple[Sequence[Piece], Shown]], beside: int = BESIDE) -> list[list[np.ndarray]]:
    """As `name_alone` for the pieces of each of several recordings, which take less time together.

    beside  frames on either side that are looked at too; below zero, so many of the piece are not, unless it is short
    """
    new: dict[Segmenter, list[tuple[Shown, Piece]]] = {}
    for pieces, shown in asked:
        unnamed = [piece for piece in pieces if (piece.start, piece.end, beside) not in shown.named]
        new.setdefault(shown.segmenter, []).extend((shown, piece) for piece in unnamed)
    for segmenter, own in new.items():
        seen = [_seen(piece, beside) for _, piece in own]
        values = [shown.values[first:last] for (shown, _), (first, last) in zip(own, seen, strict=True)]
        for (shown, piece), (first, _), frames in zip(own, seen, segmenter.name_all(values), strict=True):
            inside = np.clip(np.arange(piece.start, piece.end) - first, 0, len(frames) - 1)
            shown.named[piece.start, piece.end, beside] = frames[inside]
    return [[shown.named[piece.start, piece.end, beside] for piece in pieces] for pieces, shown in asked]


def _seen(piece: Piece, beside: int) -> tuple[int, int]:
    """The frames [first, last) that are looked at to name a piece."""
    if piece.end - piece.start < -4 * beside:  # more than half of it would be left out
        beside = 0
    return max(0, piece.start - beside), piece.end + beside


def look(pieces: Sequence[Piece], shown: Shown) -> list[np.ndarray]:
    """As `name_alone`, the mean over LOOKS: bounds are right within a few frames, and names shall not hang on them."""
    looks = [name_all_alone([(pieces, shown)], beside)[0] for beside in LOOKS]
    return [np.mean(each, axis=0) for each in zip(*looks, strict=True)]


def judge_again(
    pieces: Sequence[Piece],
    alone: Sequence[np.ndarray],
    shares: Sequence[Mapping[str, float]],
    evidence: Evidence,
    config: SegmenterConfig,
) -> list[Piece]:
    """The pieces with the labels that are likeliest by their frames alone and by a second judge.

    alone   for each piece the chances of its frames by `look`; those in the middle count most
    shares  for each piece the share of each label in what the second judge says of the piece alone

    What the second judge never says counts as LEAST, so that it alone can rule nothing out.
    """
    judged = []
    for piece, by_itself, own in zip(pieces, alone, shares, strict=True):
        inside = chances_of_labels(by_itself, config)
        middle = np.sin(np.pi * (np.arange(len(inside)) + 0.5) / len(inside)) ** 2
        shown = middle @ inside / middle.sum()
        said = np.array([own.get(label, 0.0) for label in config.labels])
        best = int((np.log(shown + UNSEEN) + SECOND * np.log(said + LEAST)).argmax())
        judged.append(make_piece(evidence, config, inside, (piece.start, piece.end), piece.bounded, (best, said[best])))
    return judged
