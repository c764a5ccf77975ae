"""Detail: words that facts add to a model's sentence, where it has none and the fact is beyond doubt."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from test_facts import standing, walk

from motion2language import viewer, writers
from motion2language.captioning import recordings
from motion2language.captioning.facts.find import facts
from motion2language.captioning.facts.words import contradictions
from motion2language.captioning.windows import Described
from motion2language.cli.caption import SAMPLES
from motion2language.language.actions import ActionLexicon
from motion2language.motion import CANONICAL, Motion
from motion2language.scoring.evaluate import Evaluation, detailed_sentence, with_detail
from motion2language.scoring.headlines import headlines
from motion2language.scoring.reference import Reference
from motion2language.scoring.score import score
from motion2language.scoring.tables import tables
from motion2language.transcript import Facts, Segment, TimedWord, Transcript

AHEAD = Facts(travel=3.0, direction="forward", steps=6, path="straight", turn=2.0, gait="walk", pace="slow", speed=0.7)


def said(text: str, found: Facts | None, **fields) -> Segment:
    words = tuple(TimedWord(word, 0.5, 0.0, 1.0, 0.9) for word in text.split())
    return Segment(0.0, 4.0, "act", words, facts=found, **fields)


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("a person walks", AHEAD, "a person walks slowly straight forward"),
        ("a person walks", replace(AHEAD, turn=20.0), "a person walks slowly forward"),
        ("a person walks", replace(AHEAD, path=None), "a person walks slowly forward"),
        ("a person walks", replace(AHEAD, turn=None), "a person walks slowly forward"),
        ("a person walks", replace(AHEAD, path="curve left"), "a person walks slowly forward in a curve to the left"),
        ("a person walks backwards", replace(AHEAD, direction="backward"), "a person walks backwards slowly"),
        ("a person walks quickly", replace(AHEAD, pace="normal"), "a person walks quickly straight forward"),
        (
            "a person walks",
            replace(AHEAD, step_size="large"),
            "a person walks slowly straight forward with large steps",
        ),
        ("someone walks", replace(AHEAD, direction="right", pace="normal"), "someone walks sideways to the right"),
        ("someone walks", Facts(direction="in place", steps=8, travel=0.1), "someone walks on the spot"),
        ("then walks again", AHEAD, "then walks slowly straight forward again"),
        ("a person runs", replace(AHEAD, gait="run", pace="fast"), "a person runs quickly straight forward"),
        ("a person turns", Facts(turn=87.0), "a person turns 90° to the left"),
        ("a person turns right", Facts(turn=-131.0), "a person turns right by 130°"),
        (
            "a person waves",
            Facts(arms="right", limb="arm", repetitions=4),
            "a person waves with the right hand four times",
        ),
        ("waves the right hand", Facts(arms="right", limb="arm", repetitions=4), "waves the right hand four times"),
        ("a person kicks", Facts(legs="left", limb="leg", repetitions=2), "a person kicks with the left leg twice"),
        ("a person jumps", Facts(jumps=3, repetitions=2), "a person jumps three times"),
    ],
)
def test_words_are_added_where_facts_are_beyond_doubt(text, found, expected):
    segment = said(text, found)
    assert writers.detail(segment) == expected
    (result,) = writers.detailed(Transcript((segment,), 4.0)).segments
    added = [word for word in result.words if word not in segment.words]
    assert added and all(word.probability is None for word in added)
    assert not contradictions(expected, found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a person walks", Facts()),
        ("a person walks", None),
        ("a person walks", replace(AHEAD, travel=0.6, pace=None)),
        ("a person walks", Facts(direction=None, travel=3.0, steps=6)),
        ("a person runs", replace(AHEAD, direction=None)),  # slow for a walk says nothing about a run
        ("a person turns left", Facts(turn=-90.0)),
        ("a person turns", Facts(turn=25.0)),
        ("a person waves twice", Facts(repetitions=5)),
        ("a person dances", Facts(repetitions=5, arms="left", limb="arm")),
        ("a person waves", Facts(arms="both", limb="arm", repetitions=1)),
        ("", AHEAD),
    ],
)
def test_nothing_is_added_otherwise(text, found):
    segment = said(text, found)
    assert writers.detail(segment) == ""
    assert writers.detailed(Transcript((segment,), 4.0)).segments == (segment,)


def test_an_unknown_action_stays_as_it_is():
    assert writers.detail(said("a person walks", AHEAD, known=False)) == ""


def test_actions_repeated_in_a_row_are_counted_in_the_sentence():
    first = said("a person puts it down", Facts(limb="arm"))
    again = replace(said("then puts it down again", Facts(limb="arm")), start=4.2, end=8.0)
    assert detailed_sentence(Transcript((first, again), 9.0)) == "a person puts it down twice"
    unknown = replace(said("someone is dancing", Facts()), known=False)
    then = replace(said("and then kicks", Facts(limb="leg", legs="left")), start=4.2, end=8.0)
    assert detailed_sentence(Transcript((unknown, then), 9.0)) == "someone kicks with the left leg"
    assert (
        detailed_sentence(Transcript((then, replace(unknown, start=8.0, end=8.5)), 9.0))
        == "and then kicks with the left leg"
    )
    whole = replace(then, words=said("then the man kicks", None).words)
    assert detailed_sentence(Transcript((unknown, whole), 9.0)) == "the man kicks with the left leg"
    assert detailed_sentence(Transcript((unknown,), 9.0)) == ""


def test_one_side_is_not_said_again_after_the_other():
    sides = ("left", "right", "right")
    texts = ("a person kicks", "then kicks again", "then kicks again")
    kicks = [said(text, Facts(limb="leg", legs=side)) for text, side in zip(texts, sides, strict=True)]
    worded = writers.detailed(Transcript(tuple(kicks), 9.0)).text
    one, other = "kicks with the left leg", "kicks with the right leg"
    assert worded == f"a person {one} then {other} then {other} again"


@pytest.mark.parametrize(
    ("options", "shown", "written"),
    [((), 2, 2), (("--detail",), 1, 2), (("--detail", "--each-repetition"), 2, 2), (("--no-each-repetition",), 1, 1)],
)
def test_detail_says_repetitions_once_where_nothing_else_is_asked(m2l, tmp_path, monkeypatch, options, shown, written):
    sits = said("a person sits", Facts())
    twice = Transcript((sits, replace(said("then sits again", Facts()), start=4.2, end=5.0)), 5.0)
    motion = walk(3.0, 6, seconds=5.0)
    found = [(0, (motion, Described(twice, (), motion.frames)))]
    monkeypatch.setattr(recordings, "describe_files", lambda sources, captioner, settings: iter(found))
    status, text, _ = m2l(
        "caption", SAMPLES / "1_wave.bvh", "--model", "synthetic", "--plain", *options, "--out", tmp_path
    )
    assert status == 0
    assert text.count("→") == shown
    (file,) = tmp_path.rglob("*.json")
    assert len(json.loads(file.read_text())["segments"]) == written


@pytest.mark.parametrize(("metres", "size"), [(6.0, "large"), (3.6, "normal"), (1.6, "small")])
def test_the_length_of_a_step_is_measured_and_named(metres, size):
    found = facts(walk(metres, 5, seconds=4.0 if size != "small" else 2.0))
    assert found.step_size == size
    assert found.step_length == pytest.approx(metres / 5, rel=0.2)


def test_a_body_that_stands_takes_no_steps_of_any_length():
    found = facts(Motion(np.repeat(standing().positions, 40, axis=0), 20.0, CANONICAL))
    assert found.step_length is None and found.step_size is None


def test_the_player_has_the_detailed_words_under_the_words_of_the_model():
    take = viewer.Take(walk(3.0, 6), Transcript((said("a person walks", AHEAD),), 4.0))
    (shown,) = take.to_dict()["transcript"]["shown"]
    assert shown["text"] == "a person walks"
    assert shown["detail"] == "a person walks slowly straight forward"


def test_caption_adds_detail_to_what_people_read_alone(m2l, tmp_path):
    """Printed lines and subtitles have more words; the JSON keeps the model's own."""
    take = SAMPLES / "2_walk_bow.bvh"
    status, shown, _ = m2l("caption", take, "--detail", "--plain", "--format", "json,srt", "--out", tmp_path)
    assert status == 0
    segments = json.loads((tmp_path / "2_walk_bow.json").read_text())["segments"]
    lines = [line.split("] ")[1] for line in shown.splitlines() if line.startswith("[")]
    assert lines[0] == f"{segments[0]['text']} slowly with small steps"  # it says itself which way
    assert lines[1:] == [segment["text"] for segment in segments[1:]]
    assert lines[0] in (tmp_path / "2_walk_bow.srt").read_text()


def test_detail_is_scored_beside_the_sentences_of_the_model():
    own = Transcript((said("a person walks", AHEAD),), 4.0)
    other = Transcript((said("a person bows down low", Facts()),), 4.0)
    references = [
        Reference("one", 4.0, ("a person walks slowly straight forward",), ()),
        Reference("two", 4.0, ("a person bows down low",), ()),
    ]
    scored = Evaluation(score(references, [own, other], ActionLexicon.learn(()))[0], [own, other], references, [])
    found = with_detail(scored).scores
    assert found.detailed["bleu_4"] == pytest.approx(100) and found.captions["bleu_4"] < 100
    assert "| clean, with detail | 100.0 |" in tables(found)
    assert "sentences with detail: BLEU-4 100.0" in headlines(found)
    assert found.to_dict()["captions with detail"]["bleu_4"] == pytest.approx(100)
    assert "detail" not in headlines(scored.scores)
