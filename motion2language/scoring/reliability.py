"""Whether probabilities mean what they say: of all that is called 80 % sure, is about 80 % right?

A word is as right as the share of the clip's reference sentences that have it in its place; an action is right when
the reference has it in its place; a boundary when its action is right and the reference's boundary is within half a
second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motion2language.language.agreement import agreement
from motion2language.language.vocabulary import tokenize
from motion2language.scoring.segments import match
from motion2language.transcript import Segment, Transcript

EDGES = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)  # between the groups of probabilities; chosen
NEARLY = 0.5  # seconds a boundary may be off

Pairs = list[tuple[float, float]]


def reliability(
    captions: Sequence[Sequence[str]], segments: Sequence[Sequence[Segment]], transcripts: Sequence[Transcript]
) -> dict[str, list[dict[str, float]]]:
    """For "words", "actions" and "boundaries" a row for each group of probabilities: "count", "said", "right" (means).

    captions  reference sentences of each clip
    segments  reference segments of each clip; without any its actions and boundaries are not counted

    Only what has a probability is counted.
    """
    words: Pairs = []
    actions: Pairs = []
    boundaries: Pairs = []
    for sentences, references, transcript in zip(captions, segments, transcripts, strict=True):
        words += _words(sentences, transcript)
        if references:
            found, bounds = _segments(references, transcript)
            actions, boundaries = actions + found, boundaries + bounds
    return {"words": _rows(words), "actions": _rows(actions), "boundaries": _rows(boundaries)}


def calibration_error(rows: Sequence[dict[str, float]]) -> float:
    """Mean distance between what is said and what is right, over all that was counted."""
    total = sum(row["count"] for row in rows)
    return sum(row["count"] * abs(row["said"] - row["right"]) for row in rows) / total if total else 0.0


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
        for said, time, name in (
            (part.start_probability, part.start, "start"),
            (part.end_probability, part.end, "end"),
        ):
            if said is not None:
                boundaries.append((said, float(truth is not None and abs(time - getattr(truth, name)) <= NEARLY)))
    return actions, boundaries


def _rows(pairs: Pairs) -> list[dict[str, float]]:
    if not pairs:
        return []
    said, right = np.array(pairs).T
    groups = np.digitize(said, EDGES)
    return [
        {"count": int((groups == group).sum()), "said": float(said[groups == group].mean()),
         "right": float(right[groups == group].mean())}
        for group in np.unique(groups)
    ]  # fmt: skip
