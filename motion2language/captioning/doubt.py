"""Doubt: how probably a segment's words are right, and whether its action is one that the model knows.

A segment's confidence weighs several kinds of evidence: how many of the sampled sentences agree, how far the movement
is from those the model was trained on, seen by its encoder, and whether measured facts contradict the words. The
weights are fitted on recordings of people who trained nothing (`m2l teach-doubt`) and lie in the model folder's
doubt.npz. A model without that file has its probability as confidence, halved by each contradiction. An action that was
measured is known, however unfamiliar the body that does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motion2language.body import ensure_canonical
from motion2language.captioning.facts.find import facts_of
from motion2language.captioning.facts.measure import measure
from motion2language.captioning.facts.words import find_evidence
from motion2language.captioning.timing import AGAIN
from motion2language.files import read_arrays
from motion2language.motion import Motion
from motion2language.transcript import Segment, Transcript

FILE = "doubt.npz"  # in the model folder
EVIDENCE = ("probability", "words", "distance", "other class", "contradictions")
LEAST = 0.25  # confidence below which an action is unknown to a model without a fit; chosen
HALVED = 0.5  # what a contradiction leaves of the confidence where its weight is not fitted; chosen
#: Facts that show the action itself: whoever says that somebody walks, turns or jumps is right if it was measured.
SHOWN = frozenset(("gait", "turn", "jumps"))
_CERTAIN = 0.01  # probabilities are taken to be this far from 0 and 1 at least; chosen
_SHAPES = {"labels": 1, "means": 2, "spread": 1, "centre": 1, "scale": 1, "weights": 1, "bias": 0, "threshold": 0}


@dataclass(frozen=True, eq=False)
class Doubt:
    """What a model's doubt was fitted to.

    labels     (C,) the label of each class of the training recordings
    means      (C, M) mean encoder output of each class
    spread     (M,) standard deviation around these means, within classes
    centre, scale  (5,) of the EVIDENCE, which is standardised
    weights, bias  of the standardised evidence: the log odds that the words are right
    threshold  confidence below which the action counts as unknown
    """

    labels: np.ndarray
    means: np.ndarray
    spread: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    threshold: np.ndarray

    def __post_init__(self) -> None:
        shapes = {name: getattr(self, name).shape for name in _SHAPES}
        classes, width = shapes["means"] if len(shapes["means"]) == 2 else (-1, -1)
        expected = {"labels": (classes,), "means": (classes, width), "spread": (width,), "bias": (), "threshold": ()}
        expected |= {name: (len(EVIDENCE),) for name in ("centre", "scale", "weights")}
        if shapes != {name: expected[name] for name in _SHAPES} or classes < 1:
            raise ValueError(f"arrays have shapes {shapes}")
        if not all(np.isfinite(getattr(self, name)).all() for name in _SHAPES if name != "labels"):
            raise ValueError("contains values that are not finite")

    @classmethod
    def load(cls, folder: Path) -> Doubt | None:
        """The doubt of a model folder, None when it has none; ValueError when its file is damaged."""
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            values = read_arrays(path, tuple(_SHAPES))
            missing = [name for name in _SHAPES if name not in values]
            if missing:
                raise ValueError(f"lacks {', '.join(missing)}")
            return cls(**{name: values[name] for name in _SHAPES})
        except ValueError as error:
            raise ValueError(f"{path}: {error}; write it again with m2l teach-doubt") from None

    def confidence(self, evidence: np.ndarray) -> np.ndarray:
        """How probably words are right, (N,), from their evidence (N, 5)."""
        odds = ((evidence - self.centre) / self.scale) @ self.weights + self.bias
        return 1 / (1 + np.exp(-odds))


def judge(
    transcript: Transcript, body: Motion, doubt: Doubt | None, embeddings: Sequence[np.ndarray] = ()
) -> Transcript:
    """The transcript whose segments have facts, confidence and known.

    body        the recording as the model read it; without the canonical body segments get no facts
    embeddings  for a model with doubt, the mean encoder output (M,) of each segment's frames, `part_of`
    """
    try:
        measured = measure(ensure_canonical(body))
    except ValueError:
        return transcript
    segments: list[Segment] = []
    for number, segment in enumerate(transcript.segments):
        found = facts_of(measured.part(segment.start, segment.end))
        about = find_evidence([word.word for word in segment.words], found)
        against = sum(not each.agrees for each in about)
        if doubt is None:
            sure = None if segment.probability is None else segment.probability * HALVED**against
            known = sure is None or sure >= LEAST
        else:
            row = evidence(segment, doubt, embeddings[number], against)
            sure = float(doubt.confidence(row[None])[0])
            if doubt.weights[-1] == 0:  # too few recordings had contradictions to weigh them
                sure *= HALVED**against
            known = sure >= float(doubt.threshold)
        known |= against == 0 and any(each.fact in SHOWN for each in about)
        words = segment.words
        if segments and not segments[-1].known and words and words[-1].word == AGAIN:
            words = words[:-1]  # nothing was said the first time
        segments.append(replace(segment, words=words, facts=found, confidence=sure, known=known))
    return replace(transcript, segments=tuple(segments))


def part_of(body: Motion, segment: Segment) -> Motion:
    """The frames of a segment, one at least."""
    first = min(int(segment.start * body.fps), body.frames - 1)
    return body.frames_between(first, min(max(round(segment.end * body.fps), first + 1), body.frames))


def evidence(segment: Segment, doubt: Doubt, embedding: np.ndarray, against: int) -> np.ndarray:
    """The EVIDENCE (5,) about a segment's words.

    embedding  the mean encoder output (M,) of its frames
    against    words that facts contradict
    """
    distances = np.sqrt((((doubt.means - embedding) / doubt.spread) ** 2).mean(axis=1))
    own = distances[doubt.labels == (segment.label or "")]
    other = float(own.min() - distances.min()) if len(own) else 1.0
    words = [word.probability for word in segment.words if word.probability is not None]
    return np.array(
        [
            _log_odds(0.5 if segment.probability is None else segment.probability),
            _log_odds(float(np.mean(words)) if words else 0.5),
            float(distances.min()),
            other,
            float(against),
        ]
    )


def _log_odds(chance: float) -> float:
    chance = min(max(chance, _CERTAIN), 1 - _CERTAIN)
    return float(np.log(chance / (1 - chance)))
