"""Greedy and beam search of the paper's model."""

from itertools import product

import numpy as np
import pytest
import torch
from small import VOCABULARY, batch, network

from motion2language.captioning import search_attention
from motion2language.language.vocabulary import EOS, SOS, UNK

KINDS = [{"attention": "soft"}, {"attention": "local"}, {"attention": "recurrent-local"},
         {"attention": "cross"}, {"attention": "cross", "monotone": True}]  # fmt: skip


def score(model, values: torch.Tensor, sentence: list[int], ended: bool) -> float:
    """Log probability of a sentence step by step, over the words a search may say."""
    memory, state = model.encode(values[None], torch.tensor([len(values)]))
    total, token = 0.0, torch.tensor([SOS])
    for word in [*sentence, EOS] if ended else sentence:
        logits, state, _ = model.step(token, state, memory)
        total += logits.log_softmax(-1)[0, word].item()
        token = torch.tensor([word])
    return total


def test_width_one_is_greedy_by_a_loop():
    model, one = network(1), batch()
    found = search_attention.greedy(model, one.values, one.lengths, max_words=6)
    for row, length in enumerate(one.lengths.tolist()):
        memory, state = model.encode(one.values[row : row + 1, :length], one.lengths[row : row + 1])
        token, words = torch.tensor([SOS]), []
        while len(words) < 6:
            logits, state, _ = model.step(token, state, memory)
            logits[:, [0, SOS, UNK]] = -torch.inf
            token = logits.argmax(-1)
            if token.item() == EOS:
                break
            words.append(token.item())
        assert found[row].tokens.tolist() == words


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 3, 4])
def test_a_wide_beam_finds_the_best_of_all_sentences(kind, seed):
    model = network(seed, scale=2.0, **kind)
    values = batch(seed).values[0, :9]
    words = range(UNK + 1, len(VOCABULARY))
    sentences = [list(sentence) for length in range(3) for sentence in product(words, repeat=length)]
    best = max(sentences, key=lambda sentence: score(model, values, sentence, True) / (len(sentence) + 1))
    (found,) = search_attention.beam(model, values[None], torch.tensor([9]), max_words=2, width=100)
    assert found.tokens.tolist() == best
    assert found.log_prob == pytest.approx(score(model, values, best, True), abs=1e-4)


@pytest.mark.parametrize("kind", [{"attention": "recurrent-local"}, {"attention": "cross", "monotone": True}])
def test_the_position_goes_with_its_hypothesis(kind):
    """Forced along the beam's sentence, the model stands and looks where the beam said it did."""
    for seed in range(6):
        model = network(seed, **kind)
        values = batch(seed).values[:1]
        (found,) = search_attention.beam(model, values, torch.tensor([12]), max_words=8, width=4)
        memory, state = model.encode(values, torch.tensor([12]))
        positions, looked, token = [], [], torch.tensor([SOS])
        for word in found.tokens.tolist():
            _, state, weights = model.step(token, state, memory)
            positions.append(state.position.item())
            looked.append(weights[0].detach().numpy())
            token = torch.tensor([word])
        np.testing.assert_allclose(found.positions, positions, atol=1e-4)
        np.testing.assert_allclose(found.weights, np.reshape(looked, (-1, 12)), atol=1e-5)
        assert (np.diff(found.positions) >= 0).all()


@pytest.mark.parametrize("width", [1, 3])
def test_a_batch_of_one_is_a_row_of_a_batch(width):
    model, one = network(2), batch()
    together = search_attention.beam(model, one.values, one.lengths, max_words=7, width=width)
    for row, length in enumerate(one.lengths.tolist()):
        values, lengths = one.values[row : row + 1, :length], one.lengths[row : row + 1]
        (alone,) = search_attention.beam(model, values, lengths, max_words=7, width=width)
        assert alone.tokens.tolist() == together[row].tokens.tolist()
        np.testing.assert_allclose(alone.positions, together[row].positions, atol=1e-4)
        assert together[row].weights.shape == (len(alone.tokens), length)


@pytest.mark.parametrize("kind", KINDS)
def test_clips_that_have_ended_are_left_out_and_change_no_other_sentence(kind, monkeypatch):
    model, one = network(4, **kind), batch(lengths=(12, 7, 1, 9, 10, 4))
    with torch.no_grad():
        model.output.bias[EOS] += 2
    rows = []
    step = model.step
    monkeypatch.setattr(model, "step", lambda token, *rest: rows.append(len(token)) or step(token, *rest))
    together = search_attention.beam(model, one.values, one.lengths, max_words=9, width=2)
    assert rows[0] == 12
    assert rows[-1] <= 6
    for row, length in enumerate(one.lengths.tolist()):
        values, lengths = one.values[row : row + 1, :length], one.lengths[row : row + 1]
        (alone,) = search_attention.beam(model, values, lengths, max_words=9, width=2)
        assert alone.tokens.tolist() == together[row].tokens.tolist()
        for part in ("positions", "weights", "word_log_probs", "log_prob"):
            np.testing.assert_allclose(getattr(together[row], part), getattr(alone, part), atol=1e-4)


def test_sentences_end_at_eos_or_at_the_length_limit_and_hold_no_specials():
    one = batch()
    lengths = set()
    for seed in range(12):
        for found in search_attention.greedy(network(seed), one.values, one.lengths, max_words=5):
            lengths.add(len(found.tokens))
            assert (found.tokens > UNK).all()
    assert max(lengths) == 5
    assert min(lengths) < 5
    model = network(0)
    with torch.no_grad():
        model.output.bias[EOS] = 100.0
    assert all(len(found.tokens) == 0 for found in search_attention.greedy(model, one.values, one.lengths, max_words=5))


def test_the_length_penalty_prefers_longer_sentences():
    one = batch()
    pairs = []
    for seed in range(10):
        model = network(seed, scale=1.5)
        short, long = (
            search_attention.beam(model, one.values[:1], one.lengths[:1], max_words=8, width=8, length_penalty=penalty)[
                0
            ]
            for penalty in (0.0, 2.0)
        )
        pairs.append((len(short.tokens), len(long.tokens)))
    assert all(short <= long for short, long in pairs)
    assert any(short < long for short, long in pairs)
