"""Labelled recordings of people as questions: which action does this recording show? naming.py reads the answers.

A question is a whole recording whose label means one action, or a part of a take, cut at the bounds that the source
gives. Recordings whose label means several actions, and parts that mean none, are no questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from motion2language.captioning.joining import join_repetitions
from motion2language.data.actions import Actions, Meaning
from motion2language.data.labelled.form import Span, read_motion
from motion2language.data.labelled.selection import Usable
from motion2language.motion import Motion
from motion2language.scoring.naming import SIDES, Answer, Reader

if TYPE_CHECKING:
    from motion2language.captioning.captioner import Captioner

BATCH = 32  # questions answered together; chosen
MARKS = ("group", "correct")  # what sources say about a recording that scores are given for


@dataclass(frozen=True)
class Question:
    """A recording of one action: `read` returns it; `wanted` is the action; the rest as in naming.Answer.

    person  who moves, unique among all sources; "" if unknown
    """

    name: str
    source: str
    read: Callable[[], Motion]
    wanted: str
    side: str = ""
    marks: dict[str, str] = field(default_factory=dict)
    person: str = ""


def ask_recordings(recordings: Iterable[Usable]) -> list[Question]:
    """A question for each recording that has one label that means one action."""
    return [
        _question(each, each.meanings[0], each.entry.name, partial(_read, each))
        for each in recordings
        if len(each.meanings) == 1 and not each.entry.spans
    ]


def ask_parts(recordings: Iterable[Usable]) -> list[Question]:
    """A question for each labelled part of each take, cut at its bounds."""
    return [
        _question(each, meaning, f"{each.entry.name}, part {number}", partial(_read_part, each, span))
        for each in recordings
        for number, (span, meaning) in enumerate(zip(each.entry.spans, each.meanings, strict=False), start=1)
    ]


def collection(source: str) -> str:
    """What a source is a part of: "cmu" of "cmu_amc"."""
    return source.partition("_")[0]


def answer(
    captioner: Captioner,
    questions: Sequence[Question],
    actions: Actions,
    step: Callable[[str, int], None] = lambda stage, total: None,
) -> Iterator[Answer]:
    """The model's answer to each question, in order; `step` is called before each with a stage and the total.

    An action repeated in a row is one segment: ten kicks outlast the walk home after them.
    """
    reader = Reader(actions)
    for first in range(0, len(questions), BATCH):
        batch = questions[first : first + BATCH]
        transcripts = captioner.transcribe_all([question.read() for question in batch], facts=False)
        for question, transcript in zip(batch, transcripts, strict=True):
            step("naming", len(questions))
            yield reader.answer(
                question.name,
                question.source,
                question.wanted,
                join_repetitions(transcript),
                question.side,
                **question.marks,
            )


def _question(each: Usable, meaning: Meaning, name: str, read: Callable[[], Motion]) -> Question:
    marks = {key: str(each.entry.marks[key]) for key in MARKS if each.entry.marks.get(key)}
    side = meaning.side if meaning.side in SIDES else ""
    source, person = collection(each.entry.source), each.entry.person
    return Question(name, source, read, meaning.action, side, marks, f"{source}/{person}" if person else "")


def _read(each: Usable) -> Motion:
    return read_motion(each.arrays, each.fps, each.entry.number, each.entry.name)


def _read_part(each: Usable, span: Span) -> Motion:
    return _read(each).clip(span.start, span.end)
