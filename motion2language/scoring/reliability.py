"""Calibration: of everything predicted with 80 % confidence, is about 80 % right?

A word's correctness is the share of the clip's reference sentences with that word in that place. An action is right
when the reference has it in its place, a boundary when its action is right and the reference's boundary is within half
a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motion2language.language.agreement import agreement
from motion2language.language.vocabulary import tokenize
from motion2language.scoring.segments import match
from motion2language.transcript import Segment, Transcript

EDGES = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)  # between the groups of probabilities; chosen
TOLERANCE = 0.5  # seconds a boundary may be off

Pairs = list[tuple[float, float]]  # a predicted probability, and how right it was


def reliability(
    captions: Sequence[Sequence[str]], segments: Sequence[Sequence[Segment]], transcripts: Sequence[Transcript]
) -> dict[str, list[dict[str, float]]]:
    """For "words", "actions" and "boundaries" one row per group of probabilities: "count", and the means "said"
    (predicted) and "right" (actual).

    captions  reference sentences of each clip
    segments  reference segments of each clip; the actions and boundaries of a clip without any are not counted

    Only what has a probability is counted.

    >>> from motion2language.transcript import TimedWord
    >>> words = (TimedWord("walks", 1.0, 0.5, 1.5, 0.9), TimedWord("away", 2.0, 1.5, 2.5, 0.9))
    >>> transcript = Transcript((Segment(0.5, 2.5, "walk", words),), 3.0)
    >>> reliability([["walks home"]], [[]], [transcript])["words"]
    [{'count': 2, 'said': 0.9, 'right': 0.5}]
    """
    words: Pairs = []
    actions: Pairs = []
    boundaries: Pairs = []
    for sentences, references, transcript in zip(captions, segments, transcripts, strict=True):
        words += _words(sentences, transcript)
        if references:
            own_actions, own_boundaries = _segments(references, transcript)
            actions, boundaries = actions + own_actions, boundaries + own_boundaries
    return {"words": group_rows(words), "actions": group_rows(actions), "boundaries": group_rows(boundaries)}


def calibration_error(rows: Sequence[dict[str, float]]) -> float:
    """Mean distance between predicted and actual, over everything counted.

    >>> calibration_error([{"count": 1, "said": 0.75, "right": 0.5}, {"count": 1, "said": 0.5, "right": 0.5}])
    0.125
    """
    total = sum(row["count"] for row in rows)
    return sum(row["count"] * abs(row["said"] - row["right"]) for row in rows) / total if total else 0.0


def group_rows(pairs: Pairs) -> list[dict[str, float]]:
    """One row per group of probabilities: "count", and the means "said" and "right"."""
    if not pairs:
        return []
    predicted, actual = np.array(pairs).T
    groups = np.digitize(predicted, EDGES)
    return [
        {"count": int((groups == group).sum()), "said": float(predicted[groups == group].mean()),
         "right": float(actual[groups == group].mean())}
        for group in np.unique(groups)
    ]  # fmt: skip


def _words(sentences: Sequence[str], transcript: Transcript) -> Pairs:
    shares = agreement([word.word for word in transcript.words], [tokenize(sentence) for sentence in sentences])
    return [
        (word.probability, float(share))
        for word, share in zip(transcript.words, shares, strict=True)
        if word.probability is not None
    ]


def _segments(references: Sequence[Segment], transcript: Transcript) -> tuple[Pairs, Pairs]:
    actions: Pairs = []
    boundaries: Pairs = []
    matched = match([part.label for part in transcript.segments], [part.label for part in references])
    for part, index in zip(transcript.segments, matched, strict=True):
        truth = None if index is None else references[index]
        if part.probability is not None:
            actions.append((part.probability, float(truth is not None)))
        for probability, time, name in (
            (part.start_probability, part.start, "start"),
            (part.end_probability, part.end, "end"),
        ):
            if probability is not None:
                boundaries.append(
                    (probability, float(truth is not None and abs(time - getattr(truth, name)) <= TOLERANCE))
                )
    return actions, boundaries
