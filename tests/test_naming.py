"""Strict naming of a recording's action: scoring/naming.py, by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from motion2language.data.actions import load_actions
from motion2language.data.synthesis import make_recording
from motion2language.scoring.naming import Reader, baselines, by_source, confusions, longest, summarise, wrong_sides
from motion2language.scoring.people import Question, answer
from motion2language.transcript import Segment, TimedWord, Transcript

READER = Reader(load_actions())


def transcript(*segments: tuple[float, float, str]) -> Transcript:
    """One segment per (start, end, words)."""
    return Transcript(
        tuple(
            Segment(start, end, None, tuple(TimedWord(word, start, start, end, 1.0) for word in words.split()))
            for start, end, words in segments
        ),
        10.0,
    )


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("a person throws a punch", "punch"),
        ("a person throws a ball with the right hand", "throw"),
        ("someone raises the left knee", "raise the knee"),
        ("someone raises the left hand", "raise"),
        ("a person does jumping jacks", "jumping jack"),
        ("then marches in place", "walk in place"),
        ("a person", None),
    ],
)
def test_action_is_read_from_the_phrase(words: str, action: str | None) -> None:
    assert READER.action(words.split()) == action


def test_the_longest_segment_decides() -> None:
    said = transcript((0, 1, "a person kicks"), (1, 4, "and claps"), (4, 5, "and kicks"))
    assert longest(said) is said.segments[1]
    assert READER.answer("a", "s", "clap", said).right
    assert not READER.answer("a", "s", "kick", said).right
    assert READER.answer("a", "s", "kick", said).named
    assert not READER.answer("a", "s", "bow", said).named
    assert longest(Transcript((), 1.0)) is None
    assert not READER.answer("a", "s", "clap", Transcript((), 1.0)).right


def test_an_action_repeated_in_a_row_is_asked_about_as_one() -> None:
    parts = transcript((0, 1, "a person kicks"), (1.2, 2.2, "then kicks again"), (2.5, 4, "then walks")).segments
    said = Transcript(
        tuple(replace(part, label=READER.action([word.word for word in part.words])) for part in parts), 10.0
    )
    captioner = SimpleNamespace(transcribe_all=lambda motions, facts: [said for _ in motions])
    asked = Question("a", "s", lambda: make_recording([1]).motion, "kick")
    assert [each.said for each in answer(captioner, [asked], READER.actions)] == ["kick"]
    assert READER.answer("a", "s", "kick", said).said == "walk"


def test_actions_of_one_verb_are_the_same_but_for_those_apart() -> None:
    assert READER.answer("a", "s", "draw a square", transcript((0, 1, "a person draws a circle"))).right
    assert READER.answer("a", "s", "run in place", transcript((0, 1, "a person runs"))).right
    assert not READER.answer("a", "s", "sit still", transcript((0, 1, "a person sits down"))).right
    assert not READER.answer("a", "s", "jumping jack", transcript((0, 1, "a person jumps"))).right
    assert not READER.answer("a", "s", "jumping jack", transcript((0, 1, "a person jumps"))).known


def test_shares_by_source_and_by_recording() -> None:
    claps, kicks = transcript((0, 1, "a person claps")), transcript((0, 1, "a person kicks"))
    answers = [READER.answer(str(n), "big", "clap", claps) for n in range(3)]
    answers += [READER.answer("x", "small", "clap", kicks), READER.answer("y", "small", "eat", kicks)]
    scores = summarise(answers)
    assert scores["known"] == 0.5  # 3 of 3 in one source, 0 of 1 in the other
    assert scores["known/recordings"] == 0.75
    assert (scores["known/n"], scores["other/n"], scores["other"]) == (4, 1, 0.0)
    assert by_source(answers) == {"big": 1.0, "small": 0.0}
    assert confusions(answers, least=1) == {"clap": [("kick", 1)], "eat": [("kick", 1)]}
    assert summarise(answers[:3]).keys() == {"known", "known/recordings", "known/named", "known/n"}


def test_sides_count_only_where_one_is_labelled_and_one_is_said() -> None:
    left = transcript((0, 1, "a person waves the left hand"))
    silent, both = transcript((0, 1, "a person waves")), transcript((0, 1, "a person waves both hands"))
    answers = [
        READER.answer("right", "s", "wave", left, side="left"),
        READER.answer("wrong", "s", "wave", left, side="right"),
        READER.answer("unsaid", "s", "wave", silent, side="right"),
        READER.answer("both said", "s", "wave", both, side="right"),
        READER.answer("no label", "s", "wave", left),
    ]
    assert wrong_sides(answers) == (1, 2)


def test_baselines_do_not_see_the_motion() -> None:
    claps = transcript((0, 1, "a person claps"))
    answers = [READER.answer("a", "one", "clap", claps), READER.answer("b", "two", "wave", claps)]
    training = [("one", "clap")] * 3 + [("two", "wave"), ("two", "beckon"), ("two", "eat")]
    blind = baselines(READER, training, answers)
    assert summarise(blind["baseline: commonest action"])["known"] == 0.5
    assert summarise(blind["baseline: commonest action of the source"])["known"] == 1.0
    assert not any(answer.right for answer in baselines(READER, [], answers)["baseline: commonest action"])
