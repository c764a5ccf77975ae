"""How far two people agree who described the same recordings: where actions begin and end, and which they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.scoring.segments import boundary_scores
from motion2language.transcript import Transcript

STEP = 0.1  # seconds between the moments at which labels are compared; chosen
TOLERANCES = (0.2, 0.5)  # seconds between two boundaries that count as one


@dataclass(frozen=True)
class Agreement:
    """Two annotators' agreement.

    recordings   that both described
    boundary_f1  tolerance in seconds -> F1 of starts and ends, the mean over recordings; None without any boundary
    same         share of moments with the same label, or none, in both
    kappa        Cohen's kappa of the labels of all moments; None where chance alone explains every label
    """

    recordings: int
    boundary_f1: dict[float, float | None]
    same: float
    kappa: float | None


def agreement(first: Sequence[Transcript], second: Sequence[Transcript]) -> Agreement:
    """The agreement over the recordings that both have, joined by `source`; ValueError when they share none."""
    known = {transcript.source: transcript for transcript in second}
    pairs = [(own, known[own.source]) for own in first if own.source in known]
    if not pairs:
        raise ValueError("no recording is in both folders; transcripts are joined by their `source`")
    for own, other in pairs:
        other.require_of(own.source, own.duration)
    bounded = [(own.segments, other.segments) for own, other in pairs if own.segments or other.segments]
    labels = [pair for own, other in pairs for pair in _labels(own, other)]
    return Agreement(
        len(pairs),
        {
            tolerance: float(np.mean([boundary_scores(own, other, tolerance)["f1"] for own, other in bounded]))
            if bounded
            else None
            for tolerance in TOLERANCES
        },
        sum(a == b for a, b in labels) / len(labels),
        kappa(labels),
    )


def kappa(pairs: Sequence[tuple[str | None, str | None]]) -> float | None:
    """Cohen's kappa of pairs of labels: agreement beyond what equal shares of labels give by chance.

    >>> kappa([("walk", "walk"), ("walk", "run"), ("run", "run"), ("run", "run")])
    0.5
    """
    total = len(pairs)
    one, two = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(one[label] * two[label] for label in one) / total**2
    seen = sum(a == b for a, b in pairs) / total
    return None if chance == 1 else (seen - chance) / (1 - chance)


def _labels(first: Transcript, second: Transcript) -> list[tuple[str | None, str | None]]:
    """Both labels at each moment; of segments that overlap the one that began last."""
    times = np.arange(STEP / 2, max(first.duration, STEP), STEP)
    return list(zip(_label_at(first, times), _label_at(second, times), strict=True))


def _label_at(transcript: Transcript, times: np.ndarray) -> list[str | None]:
    found: list[str | None] = [None] * len(times)
    for segment in sorted(transcript.segments, key=lambda segment: segment.start):
        for at in np.nonzero((times >= segment.start) & (times < segment.end))[0]:
            found[int(at)] = segment.label
    return found
