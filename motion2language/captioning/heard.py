"""Heard pieces: each judged again by what the model says of it alone.

Two in a row may then prove to be the same action. If it goes on, as waving does, they are one piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motion2language.captioning.judge_pieces import Shown
from motion2language.captioning.search_segments import GAP, Piece, chances_of_labels, continues, make_piece
from motion2language.model.segmenter import SegmenterConfig
from motion2language.transcript import TimedWord


@dataclass(frozen=True, eq=False)
class Heard:
    """A judged piece, and what the model says of it alone.

    words  with their times in the recording
    sure   how sure they are of one action, as take_sentences.sure_of_one gives it
    alone  chances of its frames by judge_pieces.look
    """

    piece: Piece
    words: tuple[TimedWord, ...]
    sure: float
    alone: np.ndarray


def join(heard: Sequence[Heard], shown: Shown) -> list[Heard]:
    """The pieces of a recording, those in a row that are one action as one."""
    rows: list[list[Heard]] = []
    for each in heard:
        if rows and are_one(rows[-1][-1].piece, each.piece, shown.segmenter.config):
            rows[-1].append(each)
        else:
            rows.append([each])
    return [as_one(row, shown) for row in rows]


def are_one(before: Piece, after: Piece, config: SegmenterConfig) -> bool:
    """Whether two judged pieces are one action: the same one, that goes on, without a pause."""
    return before.label == after.label and continues(after.label, config) and after.start - before.end <= GAP


def as_one(row: Sequence[Heard], shown: Shown) -> Heard:
    """Pieces in a row as one, with the label of the first and the words of the likeliest."""
    if len(row) == 1:
        return row[0]
    config, pieces = shown.segmenter.config, [each.piece for each in row]
    share = np.average([piece.judged or 0.0 for piece in pieces], weights=[piece.end - piece.start for piece in pieces])
    alone = np.concatenate([each.alone for each in row])
    bounds, bounded = (pieces[0].start, pieces[-1].end), min(piece.bounded for piece in pieces)
    judged = config.labels.index(pieces[0].label), float(share)
    one = make_piece(shown.evidence, config, chances_of_labels(alone, config), bounds, bounded, judged)
    return replace(max(row, key=lambda each: each.piece.judged or 0.0), piece=one, alone=alone)
