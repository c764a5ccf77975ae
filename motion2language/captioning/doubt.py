"""Doubt: how probably a segment's words are right, and whether its action is one that the model knows.

Both are weighed from the same kinds of evidence (EVIDENCE). The network that names actions puts every movement at a
point, and the training recordings, which lie in the model folder's doubt.npz, show what is near it: recordings that
the words fit, recordings of one action, or none at all. How near they are is compared with how near recordings of one
action by different people usually are there: some actions and sensors differ more from person to person than others do.

Weights are fitted on recordings of people who trained nothing (`m2l teach-doubt`). One sum gives the confidence: the
chance that the words are right. A sensor that the network never saw puts all movements elsewhere, so that what is near
says little about them: a second sum does without, and how near the training recordings are says how much each of the
two counts. A third sum tells known actions from those named wrongly and from movements that nobody was taught, made by
blending two recordings; an action is known when it passes the threshold. A model without that file has its probability
as confidence, halved by each contradiction. An action that was measured is known, and as probable as the model says,
however unfamiliar the body that does it. Where nothing moves, no action that needs a movement is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from motion2language.body import ensure_canonical
from motion2language.captioning.facts.find import facts_of_all
from motion2language.captioning.facts.limbs import MOVED, STILL, is_still
from motion2language.captioning.facts.measure import Body, measure
from motion2language.captioning.facts.words import find_evidence, find_posture
from motion2language.captioning.joining import without
from motion2language.captioning.timing import AGAIN
from motion2language.files import read_arrays
from motion2language.language.movement import MOVING
from motion2language.motion import Motion
from motion2language.transcript import Facts, Segment, Transcript

FILE = "doubt.npz"  # in the model folder
#: The log odds of the segment's probability; of its words; of the one action that the words for its frames alone name;
#: how like the NEAREST training recordings are, and how much less so than is usual there, zero at most; the log odds
#: that what is near has one label, and has the segment's; and how many words facts do not contradict, below zero.
EVIDENCE = ("probability", "words", "alone", "near", "as usual", "one label", "same label", "not contradicted")
NEAR = EVIDENCE.index("near")
#: What says nothing about the recordings of a sensor that the network never saw.
OF_PLACE = frozenset(("near", "as usual", "one label", "same label"))
NEAREST = 5  # training recordings; chosen
SHARP = 15.0  # recordings count e^(15 cosine), so that those within about .07 of the nearest do; chosen
LEAST = 0.25  # confidence below which an action is unknown to a model without a fit; chosen
HALVED = 0.5  # what a contradiction leaves of the confidence where its weight is not fitted; chosen
#: Facts that show the action itself: whoever says that somebody walks, turns or jumps is right if it was measured.
SHOWN = frozenset(("gait", "turn", "jumps"))
STEPS = 127  # the greatest int8
_CERTAIN = 0.01  # probabilities are taken to be this far from 0 and 1 at least; chosen


@dataclass(frozen=True, eq=False)
class Near:
    """The training recordings near a movement.

    like   mean cosine to the NEAREST of them
    usual  what that is there for recordings of one action by different people
    of     (C,) how much of what is near has each label; sums to 1
    """

    like: float
    usual: float
    of: np.ndarray


@dataclass(frozen=True, eq=False)
class Doubt:
    """What a model's doubt was fitted to.

    mean, spread  (E,) of the features of the training recordings
    axes       (E, D) their principal axes, standardised
    clips      (N, D) int8: the direction of each training recording on these axes; its greatest part is STEPS
    which      (N,) the number of its label
    usual      (N,) how like the NEAREST recordings of its action by other people are to it
    labels     (C,) the labels
    centre, scale  (8,) of the EVIDENCE, which is standardised
    right, bias    (8,), () the log odds that the words are right
    strange, strange_bias  (8,), () the same for a sensor that the network never saw; no weight for evidence OF_PLACE
    seen       (2,) slope and intercept, over how near it is, of the log odds that the network saw such a sensor
    known, threshold  (8,), () of a sum below the threshold the action counts as unknown
    """

    mean: np.ndarray
    spread: np.ndarray
    axes: np.ndarray
    clips: np.ndarray
    which: np.ndarray
    usual: np.ndarray
    labels: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    right: np.ndarray
    bias: np.ndarray
    strange: np.ndarray
    strange_bias: np.ndarray
    seen: np.ndarray
    known: np.ndarray
    threshold: np.ndarray

    def __post_init__(self) -> None:
        shapes = {each.name: np.shape(getattr(self, each.name)) for each in fields(self)}
        (width, axes), (clips, _) = (shapes[name] if len(shapes[name]) == 2 else (-1, -1) for name in ("axes", "clips"))
        expected = {"mean": (width,), "spread": (width,), "axes": (width, axes), "clips": (clips, axes)}
        expected |= {"which": (clips,), "usual": (clips,), "labels": (*shapes["labels"][:1],)}
        expected |= {"bias": (), "strange_bias": (), "threshold": (), "seen": (2,)}
        expected |= {name: (len(EVIDENCE),) for name in ("centre", "scale", "right", "strange", "known")}
        if shapes != expected or clips < 1 or not shapes["labels"]:
            raise ValueError(f"arrays have shapes {shapes}")
        numbers = [np.asarray(getattr(self, name)) for name in expected if name != "labels"]
        if any(each.dtype.kind not in "iuf" for each in numbers) or not all(
            np.isfinite(each).all() for each in numbers
        ):
            raise ValueError("contains values that are not finite numbers")
        if not ((self.spread > 0).all() and (self.scale > 0).all()):
            raise ValueError("spread and scale must be above zero")
        if self.which.dtype.kind not in "iu" or self.which.min() < 0 or self.which.max() >= len(self.labels):
            raise ValueError("which must be numbers of labels")

    @classmethod
    def load(cls, folder: Path) -> Doubt | None:
        """The doubt of a model folder, None when it has none; ValueError when its file is damaged."""
        path = folder / FILE
        if not path.is_file():
            return None
        names = tuple(each.name for each in fields(cls))
        try:
            values = read_arrays(path, names)
            missing = [name for name in names if name not in values]
            if missing:
                raise ValueError(f"lacks {', '.join(missing)}")
            return cls(**{name: values[name] for name in names})
        except ValueError as error:
            raise ValueError(f"{path}: {error}; write it again with m2l teach-doubt") from None

    @cached_property
    def _directions(self) -> np.ndarray:
        rows = self.clips.astype(np.float32)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        return rows.astype(np.float64)  # as the points that they are compared with

    def near(self, features: np.ndarray) -> Near:
        """The training recordings near a movement's features (E,)."""
        if features.shape != self.mean.shape:
            raise ValueError(
                f"{FILE} was fitted to {len(self.mean)} features of a movement, and this model has {len(features)}; "
                "write it again with m2l teach-doubt"
            )
        point = ((features - self.mean) / self.spread) @ self.axes.astype(np.float64)
        cosines = self._directions @ (point / max(float(np.linalg.norm(point)), 1e-9))
        weights = np.exp(SHARP * (cosines - cosines.max()))
        weights /= weights.sum()
        of = np.bincount(self.which, weights, len(self.labels))
        nearest = np.sort(np.partition(cosines, -NEAREST)[-NEAREST:]) if len(cosines) > NEAREST else np.sort(cosines)
        return Near(float(nearest.mean()), float(weights @ self.usual), of)

    def confidence(self, evidence: np.ndarray) -> np.ndarray:
        """How probably words are right, (N,), from their evidence (N, 8)."""
        rows = self._standardised(evidence)
        seen = _chance(rows[:, NEAR] * self.seen[0] + self.seen[1])
        strange = _chance(rows @ self.strange + self.strange_bias)
        return np.asarray(seen * _chance(rows @ self.right + self.bias) + (1 - seen) * strange)

    def familiar(self, evidence: np.ndarray) -> np.ndarray:
        """How much speaks for a known action, (N,); one below the threshold is unknown."""
        return np.asarray(self._standardised(evidence) @ self.known)

    def _standardised(self, evidence: np.ndarray) -> np.ndarray:
        return np.asarray((evidence - self.centre) / self.scale)


def find_facts(transcripts: Sequence[Transcript], bodies: Sequence[Motion]) -> list[list[Facts] | None]:
    """The facts of each segment of each transcript; None where a recording, as the model read it, has no such body."""
    found: list[list[Facts] | None] = []
    parts: list[Body] = []
    for transcript, body in zip(transcripts, bodies, strict=True):
        try:
            measured = measure(ensure_canonical(body))
        except ValueError:
            found.append(None)
            continue
        parts += [measured.part(segment.start, segment.end) for segment in transcript.segments]
        found.append([])
    measured_facts = iter(facts_of_all(parts))
    return [
        None if own is None else list(islice(measured_facts, len(transcript.segments)))
        for own, transcript in zip(found, transcripts, strict=True)
    ]


def judge(
    transcript: Transcript,
    body: Motion,
    doubt: Doubt | None,
    features: Sequence[np.ndarray] = (),
    alone: Sequence[float] = (),
    facts: Sequence[Facts] | None = None,
) -> Transcript:
    """The transcript whose segments have facts, confidence and known, without those that need a movement nobody makes.

    body      the recording as the model read it; without the canonical body segments get no facts
    features  for a model with doubt, what Captioner.embed makes of each segment's frames, `part_of`
    alone     of each segment, as windows.Described has it
    facts     of each segment, by `find_facts`, which is asked where they are not given
    """
    if facts is None:
        (facts,) = find_facts([transcript], [body])
    if facts is None:
        return transcript
    segments: list[Segment] = []
    still: list[int] = []
    for number, (segment, found) in enumerate(zip(transcript.segments, facts, strict=True)):
        about = find_evidence([word.word for word in segment.words], found)
        against = sum(not each.agrees for each in about)
        if doubt is None:
            sure = None if segment.probability is None else segment.probability * HALVED**against
            known = sure is None or sure >= LEAST
        else:
            row = evidence(segment, doubt, features[number], against, alone[number] if alone else None)[None]
            sure, known = float(doubt.confidence(row)[0]), bool(doubt.familiar(row)[0] >= doubt.threshold)
            if doubt.right[-1] == 0:  # too few recordings had contradictions to weigh them
                sure *= HALVED**against
        if against == 0 and any(each.fact in SHOWN for each in about):
            known, sure = True, None if sure is None else max(sure, segment.probability or 0.0)
        if found.limb is None and _needs_movement(segment, found, body):
            still.append(number)
            known = False
        words = segment.words
        if segments and not segments[-1].known and words and words[-1].word == AGAIN:
            words = words[:-1]  # nothing was said the first time
        segments.append(replace(segment, words=words, facts=found, confidence=sure, known=known))
    return without(replace(transcript, segments=tuple(segments)), still)


def _needs_movement(segment: Segment, found: Facts, body: Motion) -> bool:
    """Whether a segment's words say what a body that does not move cannot show.

    Who stands does not sit, in whatever way a sensor sees legs; any action but a posture moves something, and going,
    turning, jumping, kicking and reaching a posture move much.
    """
    words = [word.word for word in segment.words]
    posture, held = find_posture(words) or (None, False)
    stands = found.start_posture == found.end_posture == "standing"
    if not words or (held and (posture == "standing" or not stands)):
        return False
    much = posture is not None or not MOVING.isdisjoint(words)
    return is_still(measure(ensure_canonical(body)).part(segment.start, segment.end), MOVED if much else STILL)


def part_of(body: Motion, segment: Segment) -> Motion:
    """The frames of a segment, one at least."""
    first = min(int(segment.start * body.fps), body.frames - 1)
    return body.frames_between(first, min(max(round(segment.end * body.fps), first + 1), body.frames))


def evidence(
    segment: Segment, doubt: Doubt, features: np.ndarray, against: int, alone: float | None = None
) -> np.ndarray:
    """The EVIDENCE (8,) about a segment's words.

    features  (E,) of its frames
    against   words that facts contradict
    alone     how sure the words for its frames alone are of one action; None: as its probability
    """
    near = doubt.near(features)
    own = np.flatnonzero(doubt.labels == (segment.label or ""))
    words = [word.probability for word in segment.words if word.probability is not None]
    probability = 0.5 if segment.probability is None else segment.probability
    return np.array(
        [
            _log_odds(probability),
            _log_odds(float(np.mean(words)) if words else 0.5),
            _log_odds(probability if alone is None else alone),
            near.like,
            min(near.like - near.usual, 0.0),
            _log_odds(float(near.of.max())),
            _log_odds(float(near.of[own].sum())),
            -float(against),
        ]
    )


def _log_odds(chance: float) -> float:
    chance = min(max(chance, _CERTAIN), 1 - _CERTAIN)
    return float(np.log(chance / (1 - chance)))


def _chance(log_odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -50, 50))))
