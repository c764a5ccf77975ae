"""Growing: a model trained further keeps its words and weights, gains new ones, and says before what it gains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small import captioner, recording, without_torch

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.loading import load_model
from motion2language.data import corpora
from motion2language.data.rehearsal import PATH, STEP, choose_movements, movements, write
from motion2language.data.synthesis import make_recording
from motion2language.data.synthesis.on_bodies import ON_BODIES
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import SPECIALS, UNK
from motion2language.motion import CANONICAL
from motion2language.training.config import TrainConfig
from motion2language.training.grow import FEW, WORD_ROWS, grow, known_actions, least_count, measure_growth
from motion2language.training.learner import Learner
from motion2language.training.rehearse import can_rehearse, rehearse

TABLE = {"spins a hoop": "hoop", "is spinning a hoop": "hoop", "walks": "walk", "flies away": "fly"}
SENTENCES = [["a person spins a hoop", "a person is spinning a hoop"], ["a person walks and then spins a hoop"], []]


def grown(start: Captioner, given: int | None = None) -> Captioner:
    return grow(start, SENTENCES, TABLE, given)


@pytest.mark.parametrize("kind", ["transducer", "attention"])
def test_old_words_keep_their_ids_and_old_weights_their_bits(kind):
    start = captioner(kind=kind)
    larger = grown(start)
    words = start.vocabulary.words
    assert larger.vocabulary.words[len(words) :] == ("hoop", "spins", "is", "spinning")  # the most frequent first
    assert larger.vocabulary.words[: len(words)] == words
    changed = set()
    for name, array in start.weights.items():
        new = larger.weights[name]
        assert new[: len(array)].tobytes() == array.tobytes()
        if new.shape != array.shape:
            changed.add(name)
            mean = array[UNK + 1 :].mean(0)
            np.testing.assert_allclose(new[len(array) :], np.broadcast_to(mean, new[len(array) :].shape), atol=1e-6)
    assert changed == {name for name in WORD_ROWS if name in start.weights}
    assert larger.config.vocabulary_size == len(larger.vocabulary)


def test_a_grown_model_says_what_it_said_before():
    """New rows begin as an average word's, which a trained model hardly ever says."""
    start = load_model("default")
    larger = grow(start, [["a person juggles with a wombat"]], {})
    assert set(larger.vocabulary.words[len(start.vocabulary) :]) == {"juggles", "wombat"}
    motions = [recording(number) for number in range(3)]
    before, after = (
        [transcript.text for transcript in one.transcribe_all(motions, beam=1, search="sentence")]
        for one in (start, larger)
    )
    assert all(before)
    assert after == before


def test_sentences_without_new_words_change_nothing():
    start = captioner(kind="transducer", encoder="convolution")
    same = grow(start, [["a person walks"]], {})
    assert same.vocabulary == start.vocabulary
    assert all(same.weights[name].tobytes() == array.tobytes() for name, array in start.weights.items())
    growth = measure_growth(start, same, [["a person walks"]])
    assert (growth.added, growth.dropped, growth.new) == ({}, {}, frozenset())


def test_a_model_without_torch_grows_too():
    start = without_torch(captioner(kind="transducer", encoder="convolution"))
    assert grown(start).weights["embedding.weight"].shape[0] == len(start.vocabulary) + 4


def test_the_lexicon_gains_phrases_and_keeps_its_own():
    start = captioner(kind="transducer")
    start = replace(start, lexicon=ActionLexicon(start.lexicon.forms | {"hoops": "mine"}, {"walks": "stroll"}))
    lexicon = grown(start).lexicon
    assert lexicon.phrases == {"walks": "stroll", "spins a hoop": "hoop", "is spinning a hoop": "hoop"}
    assert lexicon.forms["hoops"] == "mine"
    assert lexicon.find("a person spins a hoop".split()) == [(2, "hoop")]


def test_the_summary_says_what_is_added_left_out_and_scarce():
    start = captioner(kind="transducer")
    growth = measure_growth(start, grown(start, 2), SENTENCES, 2)
    assert (growth.known, growth.least) == (len(start.vocabulary) - len(SPECIALS), 2)
    assert growth.added == {"hoop": 3, "spins": 2}
    assert growth.dropped == {"is": 1, "spinning": 1}
    assert growth.actions == {"hoop": 2, "walk": 1}
    assert growth.new == {"hoop"}
    assert growth.lines() == [
        f"words: {growth.known} known, 2 added: hoop, spins",
        "words left out, seen less than 2 times (train.minimum_count): 2: is, spinning",
        "new actions: 1: hoop",
        f"actions of fewer than {FEW} recordings, which will hardly be learnt: hoop 2",
    ]
    assert measure_growth(None, start, [["a person walks"] * 9]).lines()[0] == "words: 3 in all"


def test_actions_are_known_by_phrases_or_else_by_words():
    start = captioner(kind="transducer")  # its lexicon knows common verbs that it has no word for
    assert start.lexicon.forms["drinks"] == "drink"
    assert known_actions(start) == {"walk", "run", "jump", "wave"}
    told = replace(start, lexicon=replace(start.lexicon, phrases={"takes a drink": "drink"}))
    assert known_actions(told) == {"drink"}


@pytest.mark.parametrize(
    ("given", "sentences", "starts", "expected"),
    [(None, 499, False, 1), (None, 500, False, 3), (None, 10**6, True, 1), (5, 3, True, 5), (2, 10**6, False, 2)],
)
def test_words_of_few_sentences_are_kept(given, sentences, starts, expected):
    assert least_count(given, sentences, starts) == expected


def test_rehearsed_recordings_have_the_sentences_of_the_model_itself():
    start = load_model("default")
    samples = rehearse(start, 6)
    names = [sample.name for sample in samples]
    assert len(set(names)) == len(names) >= 3  # where it says nothing there is nothing to rehearse
    assert sum(name.startswith("rehearsal ") for name in names) <= 3
    assert sum(name.startswith("synthetic_") for name in names) <= 3
    for sample in samples:
        assert sample.motion.fps == start.config.fps
        again = next(start.transcribe_all([sample.motion], refine=False))
        assert sample.captions[0].text == again.text


def test_gestures_on_the_bodies_of_new_recordings_are_rehearsed_but_not_what_these_teach():
    start = load_model("default")
    body = make_recording([3, 1], ("wave_right",)).motion.resample(10).positions
    names = [sample.name for sample in rehearse(start, 40, bodies=[body], taught={"push", "drink"})]
    gestures = {name.rsplit(" ", 1)[0] for name in names if not name.startswith("rehearsal ")} & set(ON_BODIES)
    assert len(gestures) > 10
    assert not gestures & {"push", "drink"}
    assert any(name.startswith("rehearsal ") for name in names)


def test_a_model_of_another_body_does_not_rehearse():
    start = captioner(kind="transducer", encoder="convolution")
    assert can_rehearse(start)
    assert not can_rehearse(replace(start, config=replace(start.config, joints=("hip", "knee"))))


def test_movements_that_travel_with_the_package_are_small_whole_and_finite():
    every = movements()
    assert len(every) > 150
    assert PATH.stat().st_size < 1_000_000
    for motion in every:
        assert (motion.skeleton.joints, motion.fps) == (CANONICAL.joints, 10.0)
        assert np.isfinite(motion.positions).all()
        assert 0.8 < np.ptp(motion.positions[..., 1], axis=1).max() < 2.5 or motion.duration < 10


def test_written_movements_are_read_within_the_rounding(tmp_path, monkeypatch):
    motions = [recording(number).resample(10.0) for number in range(3)]
    write(motions, tmp_path / "small.npz")
    monkeypatch.setattr("motion2language.data.rehearsal.PATH", tmp_path / "small.npz")
    for motion, again in zip(motions, movements.__wrapped__(), strict=True):
        moved = motion.positions - motion.positions[0, 0] * (1, 0, 1)
        np.testing.assert_allclose(again.positions, moved, atol=0.51 * STEP)


def test_movements_are_chosen_from_sources_whose_terms_allow_it(tmp_path):
    from people import write_people

    write_people(tmp_path, "deepmimic", ["ann"], ["kick", "walk"])
    write_people(tmp_path, "cmu_bvh", ["bob"], ["kick"], takes=3)
    write_people(tmp_path, "irds", ["eve"], ["clap"])
    write_people(tmp_path, "kard", ["cyd"], ["bow"])
    chosen = choose_movements(tmp_path)
    assert {motion.name.partition("/")[0] for motion in chosen} == {"deepmimic", "cmu_bvh", "irds"}


def test_frozen_weights_stay_as_they_are():
    one = captioner(kind="transducer", encoder="convolution")
    learner = Learner(one, TrainConfig(frozen=("encoder",)), 1)
    frozen = {name for name, weight in learner.network.named_parameters() if not weight.requires_grad}
    assert frozen == {name for name, _ in learner.network.named_parameters() if name.startswith("encoder")}
    with pytest.raises(
        ValueError, match=r"train\.frozen: no weights are called 'encodr'; there are embedding, encoder, "
    ):
        Learner(one, TrainConfig(frozen=("encodr",)), 1)


def test_the_corpus_of_rehearsal_is_not_a_corpus():
    """Its movements have no sentences of their own; nothing lists them for --dataset."""
    assert "rehearsal" not in corpora.names()
