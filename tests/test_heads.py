"""Words learnt alone: the encoder and, with a full pull, old words stay; imagined memories say what they shall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small import captioner, recording

from motion2language.captioning.captioner import Captioner
from motion2language.data.samples import Sample, Samples
from motion2language.language.actions import ActionLexicon
from motion2language.training import heads, imagine
from motion2language.training.config import TrainConfig
from motion2language.training.grow import WORD_ROWS, grow
from motion2language.training.heads import Lesson, WordLearner
from motion2language.training.imagine import Memory, negative_log_likelihood, sentences_of, stack
from motion2language.training.prepare import prepare_samples
from motion2language.transcript import Caption

SENTENCES = ("a person spins", "someone spins and jumps", "a person jumps")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(heads, "UPDATES", 4)


def start(dropout: float = 0.1) -> Captioner:
    one = captioner(kind="transducer", encoder="convolution", dropout=dropout)
    return replace(one, lexicon=ActionLexicon(one.lexicon.forms, {"walks": "walk", "jumps": "jump", "hops": "hop"}))


def learner(start: Captioner, **changes) -> WordLearner:
    takes = Samples.of(
        Sample(f"take {number}", recording(number).clip(0, 2), (Caption(text),), "train")
        for number, text in enumerate(SENTENCES)
    )
    prepared = prepare_samples(takes, start.config)
    grown = grow(start, [[text] for text in SENTENCES], {})
    config = TrainConfig(
        **({"epochs": 2, "batch_size": 8, "learning_rate": 0.01, "augment": {"mirror": 0.5}} | changes)
    )
    imagined = imagine.imagine(start, memories(start), np.random.default_rng(0))
    return WordLearner(grown, len(start.vocabulary), config, Lesson(prepared, Samples([]), imagined))


def memories(one: Captioner) -> list[np.ndarray]:
    values = [one.values(one.prepare(recording(number).clip(0, 4))) for number in range(3)]
    return [one.transducer.encode(own[None], np.array([len(own)]))[0][0] for own in values]


def run(one: WordLearner, tmp_path) -> tuple[Captioner, list[str]]:
    tmp_path.mkdir(exist_ok=True)
    lines: list[str] = []
    return one.run(tmp_path / "state.pt", lines.append, lambda: None), lines


def test_the_encoder_stays_and_words_are_learnt(tmp_path):
    begin = start()
    one = learner(begin, epochs=6, learning_rate=0.02)
    after, lines = run(one, tmp_path)
    assert [line.split()[1] for line in lines] == ["1", "2", "3", "4", "5", "6"]
    losses = [float(line.split()[-1]) for line in lines]
    assert losses[-1] < losses[0]
    for name, array in begin.weights.items():
        same = after.weights[name][: len(array)].tobytes() == array.tobytes()
        assert same == name.startswith("encoder."), name


def test_a_full_pull_keeps_old_weights_and_leaves_new_rows_free(tmp_path):
    begin = start()
    one = learner(begin, pull=1e6)
    after, _ = run(one, tmp_path)
    for name, array in begin.weights.items():
        np.testing.assert_allclose(after.weights[name][: len(array)], array, atol=1e-6)
    new = one.captioner.weights["seen_words.bias"][len(begin.vocabulary) :]
    assert len(new) == 2
    for name in WORD_ROWS:
        if name in after.weights and name != "embedding.weight":
            before = one.origin[name][len(begin.vocabulary) :].numpy()
            assert not np.allclose(after.weights[name][len(begin.vocabulary) :], before), name


def test_a_batch_computed_in_parts_is_the_batch(tmp_path, monkeypatch):
    found = []
    for part in (3, 100):
        monkeypatch.setattr(heads, "PART", part)
        after, _ = run(learner(start(dropout=0.0), epochs=1), tmp_path / str(part))
        found.append(after.weights)
    for name, array in found[0].items():
        np.testing.assert_allclose(array, found[1][name], atol=1e-5)


def test_going_on_gives_the_numbers_of_an_unbroken_run(tmp_path):
    whole, _ = run(learner(start()), tmp_path)
    (tmp_path / "state.pt").unlink()
    broken = learner(start())
    broken.config = broken.config.model_copy(update={"epochs": 1})
    run(broken, tmp_path)
    again = learner(start())
    again.load(tmp_path / "state.pt")
    assert again.epoch == 1
    resumed, lines = run(again, tmp_path)
    assert len(lines) == 1
    for name, array in whole.weights.items():
        np.testing.assert_array_equal(resumed.weights[name], array)
    (tmp_path / "state.pt").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"state\.pt: cannot be resumed from"):
        learner(start()).load(tmp_path / "state.pt")


def test_a_model_of_the_paper_has_no_words_to_learn_alone():
    attention = captioner(kind="attention")
    with pytest.raises(ValueError, match="only a transducer's words can be learnt alone"):
        WordLearner(attention, 4, TrainConfig(), Lesson(Samples([]), Samples([]), []))
    with pytest.raises(ValueError, match="only a transducer can imagine"):
        imagine.imagine(attention, [np.zeros((9, 7), np.float32)], np.random.default_rng(0))


def test_a_memory_is_moved_until_the_model_says_the_phrase(monkeypatch):
    begin = start()
    network = begin.torch_network()

    def loss(found: list[Memory]) -> np.ndarray:
        with torch.no_grad():
            values, tokens, steps = stack(found)
            return negative_log_likelihood(network, values, tokens, steps).numpy()

    moved = imagine.imagine(begin, memories(begin), np.random.default_rng(0))
    monkeypatch.setattr(imagine, "UPDATES", 0)
    still = imagine.imagine(begin, memories(begin), np.random.default_rng(0))
    assert len(moved) == len(still) == 2 * imagine.EACH  # it has no word for hops
    assert all(torch.equal(a.tokens, b.tokens) for a, b in zip(moved, still, strict=True))
    assert (loss(moved) < loss(still)).mean() > 0.9
    assert np.isfinite(loss(moved)).all()


def test_sentences_are_those_that_the_model_has_words_for():
    texts = sentences_of(start(), np.random.default_rng(0), each=3)
    assert texts == ["a person jumps"] * 3 + ["a person walks"] * 3
