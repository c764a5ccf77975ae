"""The transducer: its sum over alignments against enumeration, its gradients, its searches."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
import torch
from small import LENGTHS, VOCABULARY, batch, in_numpy, network

from motion2language.captioning import search_transducer
from motion2language.language.vocabulary import EOS, UNK
from motion2language.model.alignments import completion, emission_posteriors, log_likelihood


def lattice(steps: int, words: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    wait = torch.rand(1, steps, words + 1, generator=generator).double().log()
    return wait, torch.rand(1, steps, words, generator=generator).double().log()


def alignments(wait: torch.Tensor, word: torch.Tensor):
    """(steps of the words, log probability) of every monotonic placement, one by one."""
    steps, words = word.shape[1:]
    for places in combinations_with_replacement(range(steps), words):
        total, said = 0.0, 0
        for step in range(steps):
            while said < words and places[said] == step:
                total += word[0, step, said].item()
                said += 1
            total += wait[0, step, said].item()
        yield places, total


@pytest.mark.parametrize(("steps", "words"), [(1, 0), (1, 3), (4, 1), (5, 3), (3, 4)])
def test_the_likelihood_is_the_sum_over_all_alignments(steps, words):
    wait, word = lattice(steps, words)
    expected = np.logaddexp.reduce([total for _, total in alignments(wait, word)])
    result = log_likelihood(wait, word, torch.tensor([steps]), torch.tensor([words]))
    assert result.item() == pytest.approx(expected, abs=1e-9)


def test_posteriors_are_the_share_of_alignments_that_put_a_word_there():
    wait, word = lattice(5, 3)
    every = list(alignments(wait, word))
    total = np.logaddexp.reduce([log for _, log in every])
    expected = np.zeros((3, 5))
    for places, log in every:
        for number, place in enumerate(places):
            expected[number, place] += np.exp(log - total)
    result = emission_posteriors(wait, word, torch.tensor([5]), torch.tensor([3]))[0][0]
    np.testing.assert_allclose(result, expected, atol=1e-9)
    np.testing.assert_allclose(result.sum(1), 1, atol=1e-9)


def test_the_likelihood_has_right_gradients():
    wait, word = lattice(4, 2)
    counts = torch.tensor([4]), torch.tensor([2])
    assert torch.autograd.gradcheck(
        lambda a, b: log_likelihood(a, b, *counts), (wait.requires_grad_(), word.requires_grad_())
    )


def test_padding_changes_neither_likelihood_nor_gradient():
    wait, word = lattice(5, 3)
    alone = log_likelihood(wait[:, :4, :3], word[:, :4, :2], torch.tensor([4]), torch.tensor([2]))
    padded = log_likelihood(wait, word, torch.tensor([4]), torch.tensor([2]))
    torch.testing.assert_close(alone, padded)


def test_the_loss_of_a_batch_is_the_mean_of_its_rows_alone():
    model, clips = network(kind="transducer"), batch()
    alone = [
        model.loss(clips._replace(values=clips.values[row : row + 1, :length], lengths=clips.lengths[row : row + 1],
                                tokens=clips.tokens[row : row + 1]))
        for row, length in enumerate(LENGTHS)
    ]  # fmt: skip
    torch.testing.assert_close(model.loss(clips), torch.stack(alone).mean())


def test_waiting_and_every_word_share_one_probability():
    model, clips = network(kind="transducer"), batch()
    memory, _ = model.encode(clips.values, clips.lengths)
    states, _ = model.predict(clips.tokens)
    wait, speak, seen, said, total = model.joint(memory, states)
    words = (seen[:, :, None] + said[:, None] - total[..., None]).exp().sum(-1)
    torch.testing.assert_close(words, torch.ones_like(words))
    torch.testing.assert_close(wait.exp() + speak.exp(), torch.ones_like(wait))


def test_the_memory_does_not_see_padding():
    model, clips = network(kind="transducer"), batch()
    memory, steps = model.encode(clips.values, clips.lengths)
    assert steps.tolist() == [6, 4, 1]
    for row, length in enumerate(LENGTHS):
        alone, _ = model.encode(clips.values[row : row + 1, :length], clips.lengths[row : row + 1])
        torch.testing.assert_close(alone[0], memory[row, : steps[row]], atol=1e-5, rtol=1e-4)


def trained(seed: int = 0) -> torch.nn.Module:
    """A transducer that has learnt the three clips of `batch` by heart."""
    model, clips = network(seed, scale=1.0, kind="transducer").train(), batch()
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(150):
        optimizer.zero_grad()
        model.loss(clips).backward()
        optimizer.step()
    return model.eval()


def test_it_learns_three_sentences_by_heart_and_both_searches_say_them():
    model, clips = trained(), batch()
    wanted = [[word for word in row if word > UNK] for row in clips.tokens.tolist()]
    given = in_numpy(model), clips.values.numpy(), clips.lengths.numpy()
    for search in (search_transducer.greedy(*given, 20), search_transducer.beam(*given, 20, 4)):
        assert [result.tokens.tolist() for result in search] == wanted
        for result, length in zip(search, LENGTHS, strict=True):
            assert result.weights.shape == (len(result.tokens), length)
            assert (np.diff(result.positions) >= -1e-4).all()
            assert (result.positions >= 0).all()
            assert (result.positions <= length - 1).all()
            assert (result.word_log_probs <= 1e-6).all()


@pytest.mark.parametrize("bonus", [0.0, 0.5, 3.0])
def test_a_wide_beam_finds_the_best_of_all_sentences(bonus):
    model = network(2, scale=1.5, kind="transducer")
    clips = batch(2, lengths=(5,))
    memory, steps = model.encode(clips.values, clips.lengths)
    words = list(range(UNK + 1, len(VOCABULARY)))
    sentences = [[], *([a] for a in words), *([a, b] for a in words for b in words)]
    scores = {}
    for sentence in sentences:
        tokens = torch.tensor([sentence or [0]])
        wait, speak, word = model.lattice(memory, tokens)
        scores[tuple(sentence)] = log_likelihood(wait, speak + word, steps, torch.tensor([len(sentence)])).item()
    given = in_numpy(model), clips.values.numpy(), clips.lengths.numpy()
    (result,) = search_transducer.beam(*given, max_words=2, width=200, word_bonus=bonus)
    best = max(scores, key=lambda sentence: scores[sentence] + bonus * len(sentence))
    assert tuple(result.tokens.tolist()) == best
    assert result.log_prob == pytest.approx(scores[best], abs=1e-4)
    assert (len(best) == 2) or bonus < 3


def test_searches_of_a_batch_equal_those_of_its_rows_and_obey_the_limit():
    values, lengths = batch().values.numpy(), batch().lengths.numpy()
    for seed in range(5):
        model = in_numpy(network(seed, kind="transducer"))
        together = search_transducer.greedy(model, values, lengths, 3)
        for row, length in enumerate(LENGTHS):
            own = values[row : row + 1, :length]
            (alone,) = search_transducer.greedy(model, own, lengths[row : row + 1], 3)
            assert alone.tokens.tolist() == together[row].tokens.tolist()
            assert len(alone.tokens) <= 3
            assert EOS not in alone.tokens


@pytest.mark.parametrize("words", [1, 2, 4])
def test_completion_then_only_waiting_is_the_whole_sentence(words):
    generator = torch.Generator().manual_seed(words)
    wait, word = (-torch.rand(2, 6, size, generator=generator).double() * 3 for size in (words + 1, words))
    steps, counts = torch.tensor([6, 6]), torch.tensor([words, words])
    after = wait[..., -1].flip(1).cumsum(1).flip(1)  # waits from each step to the end
    paths = completion(wait, word) + after
    torch.testing.assert_close(paths.logsumexp(1), log_likelihood(wait, word, steps, counts))
    torch.testing.assert_close(paths.softmax(1), emission_posteriors(wait, word, steps, counts)[0][:, -1])
