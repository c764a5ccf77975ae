"""Pieces judged again by what each shows by itself, by a second judge, and by what is measured of them.

In a recording, a frame is named by what is done around it too: a punch between two kicks is taken for a kick. Cut out,
it is a punch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from motion2language.captioning.boundaries import Seen
from motion2language.captioning.measures import measures
from motion2language.captioning.search_segments import LEAST, Piece, chances_of_labels, make_piece
from motion2language.model.segmenter import PAIR, Evidence, Segmenter, SegmenterConfig

BESIDE = 2  # frames on either side that belong to a piece by itself; chosen
LOOKS = (-1, 1)  # as BESIDE, where a piece gets its name: without its first and last frame, and with one more; chosen
SECOND = 0.6  # weight of what a second judge says; chosen on the tables of whole takes
THIRD = 0.6  # weight of what is measured of a piece; chosen on people held out
UNMEASURED = 0.003  # chance of a label that measures do not show; chosen
UNSEEN = 0.001  # chance of a label that the frames do not show; chosen

Named = dict[tuple[int, int, int], np.ndarray]  # by bounds [start, end) and frames beside, what was found before


@dataclass(frozen=True, eq=False)
class Shown:
    """What the pieces of a recording are judged by.

    values    its features (T, F), before standardising
    evidence  that the segmenter found in them
    named     what was found of stretches by themselves before, which is not computed again; what is found is added
    measured  likewise by bounds [start, end), the chances of actions by measures
    """

    values: np.ndarray
    evidence: Evidence
    segmenter: Segmenter
    named: Named = field(default_factory=dict)
    measured: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def seen(self, first: int, last: int) -> Seen:
        """What the segmenter saw of frames [first, last), as bounds are set by it."""
        evidence, config = self.evidence, self.segmenter.config
        odds = evidence.starts[first:last] + np.append(0.0, evidence.ends)[first:last]  # of the frame before
        chances = chances_of_labels(evidence.frames[first:last], config)
        return Seen(odds, dict(zip(config.labels, chances.T, strict=True)))


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


def judge_again(pieces: Sequence[Piece], shares: Sequence[Mapping[str, float]], shown: Shown) -> list[Piece]:
    """The pieces with the labels that are likeliest by their frames alone, by a second judge, and by their measures.

    shares  for each piece the share of each label in what the second judge says of the piece alone

    Of the frames those in the middle count most. What the second judge never says counts as LEAST, so that it alone
    can rule nothing out.
    """
    config, judged = shown.segmenter.config, []
    insides = [chances_of_labels(frames, config) for frames in look(pieces, shown)]
    middles = [_middle(inside) for inside in insides]
    measured = name_measured(pieces, middles, shown)
    for piece, own, inside, seen, whole in zip(pieces, shares, insides, middles, measured, strict=True):
        said = np.array([own.get(label, 0.0) for label in config.labels])
        odds = np.log(seen + UNSEEN) + SECOND * np.log(said + LEAST)
        if whole is not None:
            odds += THIRD * np.log(whole + UNMEASURED)
        best = int(odds.argmax())
        found = best, float(said[best]), None if whole is None else float(whole[best])
        judged.append(make_piece(shown.evidence, config, inside, (piece.start, piece.end), piece.bounded, found))
    return judged


def _middle(chances: np.ndarray) -> np.ndarray:
    """The mean (labels,) of chances (N, labels), in which the middle frames count most."""
    weights = np.sin(np.pi * (np.arange(len(chances)) + 0.5) / len(chances)) ** 2
    return np.asarray(weights @ chances / weights.sum())


def name_measured(pieces: Sequence[Piece], seen: Sequence[np.ndarray], shown: Shown) -> list[np.ndarray | None]:
    """The chances (labels,) of each piece by what is measured of it, the mean over LOOKS; None where none was learnt.

    seen  chances (labels,) of each piece by its frames, which count for labels that were not learnt by measures
    """
    learnt, config = shown.segmenter.measured, shown.segmenter.config
    if learnt is None:
        return [None] * len(pieces)
    bounds = [(piece.start, piece.end) for piece in pieces]
    new = [piece for piece in pieces if (piece.start, piece.end) not in shown.measured]
    if new:
        looks = [_seen(piece, beside) for beside in LOOKS for piece in new]
        rows = learnt(np.stack([measures(shown.values[first:last]) for first, last in looks]))
        found = rows.reshape(len(LOOKS), len(new), -1).mean(0)
        shown.measured.update({(piece.start, piece.end): row for piece, row in zip(new, found, strict=True)})
    return [_of_labels(shown.measured[each], own, config) for each, own in zip(bounds, seen, strict=True)]


def _of_labels(measured: np.ndarray, seen: np.ndarray, config: SegmenterConfig) -> np.ndarray:
    """The chance of each label by measures; of one that was not learnt so, by the frames, `seen` (labels,)."""
    labels = [config.labels.index(action.label) for action in config.actions.values()]
    unknown = np.array([label not in labels[: len(measured)] for label in range(len(config.labels))])
    chances = np.bincount(labels[: len(measured)], measured, len(config.labels))
    return np.where(unknown, seen, chances * (1 - seen[unknown].sum()))
