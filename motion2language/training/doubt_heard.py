"""What a model says of recordings whose action is known, with the evidence about it (captioning/doubt.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.doubt import EVIDENCE, Doubt, evidence, part_of
from motion2language.captioning.facts.find import facts_of
from motion2language.captioning.facts.measure import measure
from motion2language.captioning.facts.words import contradictions
from motion2language.data.actions import load_actions
from motion2language.scoring.naming import Reader, longest
from motion2language.scoring.people import Question
from motion2language.training.doubt_near import sayable_actions
from motion2language.transcript import Segment

ACTIONS = load_actions()


@dataclass(frozen=True, eq=False)
class Heard:
    """What a model says of a recording: its longest segment, and what evidence about it is made of (doubt.evidence)."""

    source: str
    segment: Segment
    features: np.ndarray
    against: int
    alone: float | None
    known: bool
    right: bool

    def evidence(self, doubt: Doubt) -> np.ndarray:
        """The EVIDENCE (8,)."""
        return evidence(self.segment, doubt, self.features, self.against, self.alone)


@dataclass(frozen=True, eq=False)
class Rows:
    """Judged recordings: their evidence (N, 8), whether the model knows the action (N,) and named it rightly (N,)."""

    evidence: np.ndarray
    known: np.ndarray
    right: np.ndarray


def judge_questions(
    captioner: Captioner, doubt: Doubt, questions: Sequence[Question], step: Callable[[str, int], None]
) -> Rows:
    """The evidence about what the model says of recordings; those of which it says nothing are left out."""
    return make_rows(hear(captioner, questions, step), doubt)


def make_rows(heard: Sequence[Heard], doubt: Doubt) -> Rows:
    """The evidence about what was said, by what is near in `doubt`."""
    found = np.array([each.evidence(doubt) for each in heard]).reshape(-1, len(EVIDENCE))
    flags = np.array([(each.known, each.right) for each in heard], dtype=bool).reshape(-1, 2)
    return Rows(found, flags[:, 0], flags[:, 1])


def hear(captioner: Captioner, questions: Sequence[Question], step: Callable[[str, int], None]) -> list[Heard]:
    """What the model says of recordings; those of which it says nothing are left out."""
    reader = Reader(ACTIONS)
    sayable = sayable_actions(captioner)
    heard = []
    for question in questions:
        step("judging", len(questions))
        motion = question.read()
        described = next(captioner.describe_all([motion], facts=False))
        segments = described.transcript.segments
        segment = longest(described.transcript)
        if segment is None:
            continue
        body = captioner.prepare(motion)
        words = [word.word for word in segment.words]
        said = reader.action(words)
        named = said is not None and question.wanted in ACTIONS.actions
        heard.append(
            Heard(
                question.source,
                segment,
                captioner.embed(part_of(body, segment)),
                len(contradictions(words, facts_of(measure(body).part(segment.start, segment.end)))),
                described.alone[segments.index(segment)] if described.alone else None,
                question.wanted in sayable,
                named and reader.kind(str(said)) == reader.kind(question.wanted),
            )
        )
    return heard


def elsewhere(heard: Sequence[Heard], doubt: Doubt, sources: np.ndarray) -> np.ndarray:
    """The evidence (N, 8) about recordings beside the training recordings of all sources but their own.

    sources  (M,) of the training recordings
    """
    found = []
    for source in sorted({each.source for each in heard}):
        kept = sources != source
        if kept.any():
            others = replace(doubt, clips=doubt.clips[kept], which=doubt.which[kept], usual=doubt.usual[kept])
            found += [each.evidence(others) for each in heard if each.source == source]
    return np.array(found).reshape(-1, len(EVIDENCE))
