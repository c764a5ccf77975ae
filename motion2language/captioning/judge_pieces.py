"""Pieces judged again by what each shows by itself: named by its frames alone, and cut where its parts are clearer.

In a recording, a frame is named by what is done around it too: a punch between two kicks is taken for a kick, and all
three for one piece. Cut out, it is a punch. By the same measure two pieces of one action become one again where nothing
ends and neither is clearer by itself. Walking is cut where the body stops or turns back (ways.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from motion2language.captioning.features import OF_THE_BODY
from motion2language.captioning.search_segments import GAP, LEAST, Piece, chances_of_labels, continues, make_piece
from motion2language.captioning.ways import find_ways
from motion2language.language.movement import GAITS
from motion2language.model.segmenter import PAIR, Evidence, Segmenter, SegmenterConfig

BESIDE = 2  # frames on either side that belong to a piece by itself; chosen
SECOND = 0.6  # weight of what a second judge says; chosen on the tables of whole takes
UNSEEN = 0.001  # chance of a label that the frames do not show; chosen
PART = 6  # frames of a part at least; chosen
#: A piece is cut where the log odds that one action ends and another begins, plus CLEARER times the log of how much
#: clearer the parts are by themselves than the whole, are above CUT. Chosen on the tables of whole takes.
CLEARER, CUT = 6.0, -4.8
MEND = -6.0  # what is above CUT for a cut, from which on two pieces of one action are one. Chosen on the same tables
BREAK = 6  # frames between two pieces of one action at most; chosen


Named = dict[tuple[int, int], np.ndarray]  # by bounds [start, end), what `name_alone` found


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


def cut_again(pieces: Sequence[Piece], shown: Shown) -> list[Piece]:
    """The pieces, cut where their parts are clearer; those of an action that goes on, such as waving, stay whole.

    Going is cut into its ways; where the body stops in between is no piece.
    """
    return cut_all_again([pieces], [shown])[0]


def cut_all_again(pieces: Sequence[Sequence[Piece]], shown: Sequence[Shown]) -> list[list[Piece]]:
    """As `cut_again` for each of several recordings; all are looked at together, which takes less time."""
    found: list[list[Piece]] = [[] for _ in shown]
    uncut = [(piece, number) for number, own in enumerate(pieces) for piece in own]
    while uncut:
        parts = _parts_if_clearer([(piece, shown[number]) for piece, number in uncut])
        for (piece, number), own in zip(uncut, parts, strict=True):
            found[number] += [] if own else [piece]
        uncut = [(part, number) for (_, number), own in zip(uncut, parts, strict=True) for part in own]
    return [
        [way for piece in _mended(own, each) for way in _ways(piece, each)]
        for own, each in zip(found, shown, strict=True)
    ]


def _mended(pieces: Sequence[Piece], shown: Shown) -> list[Piece]:
    """The pieces in order, those of one action as one where that is as clear."""
    found: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.start):
        if found and is_unbroken(found[-1], piece, shown):
            found[-1] = _part((found[-1].start, piece.end), shown.evidence, shown.segmenter)
        else:
            found.append(piece)
    return found


def is_unbroken(before: Piece, after: Piece, shown: Shown) -> bool:
    """Whether two pieces in a row are one: the same action, nothing ends between them, and apart none is clearer."""
    apart = after.start - before.end
    longest = PAIR * shown.segmenter.config.longest
    if before.label != after.label or apart > BREAK or after.end - before.start > longest or before.start < 0:
        return False
    whole = _part((before.start, after.end), shown.evidence, shown.segmenter)
    by_parts, by_whole = _worth_alone([([before, after], shown), ([whole], shown)])
    odds = float(shown.evidence.starts[after.start] + shown.evidence.ends[before.end - 1])
    return _clearer(by_parts, by_whole, odds) < MEND


def is_one_way(before: Piece, after: Piece, shown: Shown) -> bool:
    """Whether two pieces may be one action that goes on: unless it is going, and the body stops between them."""
    return len(_bounds_of_ways(replace(before, start=max(0, before.start), end=after.end), shown)) == 1


def is_stop(before: Piece, after: Piece) -> bool:
    """Whether a body that goes stops between these two pieces."""
    return before.label == after.label and before.label in GAITS and after.start - before.end > GAP


def _ways(piece: Piece, shown: Shown) -> list[Piece]:
    """A piece of going as the ways that it consists of; any other as it is."""
    bounds = _bounds_of_ways(piece, shown)
    return [piece if each == (piece.start, piece.end) else _part(each, shown.evidence, shown.segmenter)
            for each in bounds]  # fmt: skip


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
        if (
            cut and _clearer(piece.end - piece.start, whole[number], cut[1]) > CUT
        ):  # if the parts are as clear as can be
            bounds = (piece.start, cut[0]), (cut[0], piece.end)
            parts[number] = [_part(each, shown.evidence, shown.segmenter) for each in bounds]
    worth = _worth_alone([(own, shown) for own, (_, shown) in zip(parts, pieces, strict=True)])
    return [
        own if own and cut and _clearer(by_parts, by_whole, cut[1]) > CUT else []
        for own, cut, by_parts, by_whole in zip(parts, cuts, worth, whole, strict=True)
    ]


def _likeliest_cut(piece: Piece, shown: Shown) -> tuple[int, float] | None:
    """The likeliest frame for one action to end and another to begin, and its log odds; None for a piece that stays."""
    times = np.arange(piece.start + PART, piece.end - PART + 1)
    if continues(piece.label, shown.segmenter.config) or len(times) == 0:
        return None
    odds = shown.evidence.starts[times] + shown.evidence.ends[times - 1]
    best = int(odds.argmax())
    return int(times[best]), float(odds[best])


def _clearer(parts: float, whole: float, odds: float) -> float:
    """What speaks for a cut, by what its parts and the whole are worth by themselves and the log odds of a cut."""
    return float(odds + CLEARER * np.log((parts + UNSEEN) / (whole + UNSEEN)))


def _worth_alone(asked: Sequence[tuple[Sequence[Piece], Shown]]) -> list[float]:
    """How many frames the likeliest label of each piece is worth by itself, in total."""
    return [
        sum(float(chances_of_labels(each, shown.segmenter.config).mean(0).max()) * len(each) for each in alone)
        for alone, (_, shown) in zip(name_all_alone(asked), asked, strict=True)
    ]


def _part(bounds: tuple[int, int], evidence: Evidence, segmenter: Segmenter) -> Piece:
    """The piece of frames [start, end)."""
    start, end = bounds
    first = start // PAIR
    steps = min(max(1, round((end - start) / PAIR)), len(evidence.pieces) - first, evidence.pieces.shape[1])
    chances = chances_of_labels(evidence.frames[start:end], segmenter.config)
    return make_piece(evidence, segmenter.config, chances, bounds, float(evidence.pieces[first, steps - 1]))


def name_alone(pieces: Sequence[Piece], shown: Shown) -> list[np.ndarray]:
    """For each piece the chances (N, 1 + A) of its frames, from the recording's features of the piece alone."""
    return name_all_alone([(pieces, shown)])[0]


def name_all_alone(asked: Sequence[tuple[Sequence[Piece], Shown]]) -> list[list[np.ndarray]]:
    """As `name_alone` for the pieces of each of several recordings, which take less time together."""
    new: dict[Segmenter, list[tuple[Shown, Piece]]] = {}
    for pieces, shown in asked:
        unnamed = [piece for piece in pieces if (piece.start, piece.end) not in shown.named]
        new.setdefault(shown.segmenter, []).extend((shown, piece) for piece in unnamed)
    for segmenter, own in new.items():
        firsts = [max(0, piece.start - BESIDE) for _, piece in own]
        values = [shown.values[first : piece.end + BESIDE] for (shown, piece), first in zip(own, firsts, strict=True)]
        for (shown, piece), first, frames in zip(own, firsts, segmenter.name_all(values), strict=True):
            shown.named[piece.start, piece.end] = frames[piece.start - first : piece.end - first]
    return [[shown.named[piece.start, piece.end] for piece in pieces] for pieces, shown in asked]


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
