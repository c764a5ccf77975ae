"""Consensus: the draws are the model's, the sentence chosen is the one most like them, shares are shares."""

from collections import Counter
from difflib import SequenceMatcher

import numpy as np
import pytest
import torch
from small import VOCABULARY, batch, captioner, in_numpy, network, recording

from motion2language.captioning import search_attention, search_transducer
from motion2language.captioning.drawing import Recordings, draw
from motion2language.language.agreement import _bleu, agreement, consensus, spread
from motion2language.language.vocabulary import UNK
from motion2language.model.alignments import log_likelihood
from motion2language.model.joint import Prefixes

SEARCHES = {"attention": search_attention, "transducer": search_transducer}


def test_the_sentence_most_like_the_others_wins_over_the_most_frequent():
    odd, alike = (9, 8, 7), [(4, 5, 6, 7, 3), (4, 5, 6, 7, 2), (4, 5, 6, 7, 1)]
    assert consensus([odd, odd, *alike]) in alike
    assert consensus([odd, odd, odd, odd, *alike]) == odd
    assert consensus([(4, 5), (4, 5), (4, 6)]) == (4, 5)


def test_saying_nothing_wins_where_most_say_nothing():
    assert consensus([(), (), (4, 5)]) == ()
    assert consensus([(), (4, 5), (4, 5)]) == (4, 5)
    assert consensus([(), ()]) == ()


def test_the_gain_is_sentence_bleu():
    from sacrebleu.metrics.bleu import BLEU

    scorer = BLEU(tokenize="none", smooth_method="none", effective_order=False)
    sentences = [(1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5), (9, 1, 2, 3, 4, 5, 6, 7)]
    found = _bleu(sentences)
    for row, one in enumerate(sentences):
        for column, other in enumerate(sentences):
            expected = scorer.sentence_score(" ".join(map(str, one)), [" ".join(map(str, other))]).score / 100
            assert found[row, column] == pytest.approx(expected, abs=0.03)  # ours is smoothed
    np.testing.assert_allclose(np.diag(found), 1)


def test_agreement_is_the_share_that_has_a_word_in_its_place():
    drawn = [("a", "person", "walks"), ("the", "person", "walks"), ("someone", "walks"), ("a", "person", "runs")]
    np.testing.assert_allclose(agreement(("a", "person", "walks"), drawn), [0.5, 0.75, 0.75])
    assert agreement((), drawn).shape == (0,)
    np.testing.assert_allclose(agreement(("walk", "walk"), [("walk",), ("walk", "walk")]).sum(), 1.5)


def test_chances_are_even_and_do_not_depend_on_how_many_follow():
    chances = spread(20, 8)
    np.testing.assert_array_equal(np.sort(np.floor(chances * 8), axis=1), np.tile(np.arange(8), (20, 1)))
    np.testing.assert_array_equal(spread(5, 8), chances[:5])
    assert len({tuple(row.argsort()) for row in chances}) > 10


def exact(model, values: torch.Tensor, longest: int) -> dict[tuple[int, ...], float]:
    """The probability of every sentence of at most `longest` words, for a transducer, by its likelihood."""
    memory, steps = model.encode(values, torch.tensor([values.shape[1]]))
    words = range(UNK + 1, len(VOCABULARY))
    sentences = [()]
    for _ in range(longest):
        sentences += [
            (*sentence, word) for sentence in sentences for word in words if (*sentence, word) not in sentences
        ]
    result = {}
    for sentence in sentences:
        wait, speak, word = model.lattice(memory, torch.tensor([list(sentence) or [0]]))
        likelihood = log_likelihood(wait, speak + word, steps, torch.tensor([len(sentence)]))
        result[sentence] = likelihood.exp().item()
    return result


def test_draws_of_a_transducer_come_as_often_as_they_are_likely():
    model = network(2, scale=1.2, kind="transducer")
    with torch.no_grad():
        model.said_gate.bias[0] += 3.0  # short sentences
    values = batch(2, lengths=(4,)).values
    ours = in_numpy(model)
    recordings = Recordings.of(ours, *ours.encode(values.numpy(), np.array([4])))
    (drawn,) = draw(Prefixes(ours), recordings, max_words=20, draws=4000)
    counts, chances = Counter(drawn), exact(model, values, 1)
    assert sum(chances.values()) > 0.5
    for sentence, chance in chances.items():
        # a search never emits <unk> and other specials, so the rest is slightly likelier
        assert counts[sentence] / 4000 == pytest.approx(chance, abs=0.03 + 0.25 * chance)
    assert len(counts) > 5


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_consensus_is_the_same_alone_and_in_a_batch_and_has_no_special_words(kind):
    one = clips = batch()
    for seed in range(4):
        model = network(seed, kind=kind, scale=1.5)
        if kind == "transducer":
            model, one = in_numpy(model), clips._replace(values=clips.values.numpy(), lengths=clips.lengths.numpy())
        together = SEARCHES[kind].consensus(model, one.values, one.lengths, 6, draws=16)
        for row, length in enumerate(one.lengths.tolist()):
            values = one.values[row : row + 1, :length]
            (alone,) = SEARCHES[kind].consensus(model, values, one.lengths[row : row + 1], 6, draws=16)
            assert alone.tokens.tolist() == together[row].tokens.tolist()
            assert alone.weights.shape == (len(alone.tokens), length)
            np.testing.assert_allclose(alone.positions, together[row].positions, atol=1e-4)
            assert len(alone.drawn) == 16
            assert tuple(alone.tokens.tolist()) in alone.drawn
            assert all(len(sentence) <= 6 and all(word > UNK for word in sentence) for sentence in alone.drawn)
            expected = agreement(tuple(alone.tokens.tolist()), alone.drawn)
            np.testing.assert_allclose(np.exp(alone.word_log_probs), expected, atol=1e-5)


def test_draws_of_the_papers_model_come_as_often_as_they_are_likely():
    model = network(1, scale=1.0)
    values = batch(1, lengths=(5,)).values
    (drawn,) = search_attention.draw(model, values, torch.tensor([5]), max_words=1, draws=2000)
    memory, state = model.encode(values, torch.tensor([5]))
    logits, _, _ = model.step(torch.tensor([1]), state, memory)
    logits[:, [0, 1, UNK]] = -torch.inf
    chances = logits.softmax(-1)[0]
    counts = Counter(drawn)
    for word in range(UNK + 1, len(VOCABULARY)):
        assert counts[(word,)] / 2000 == pytest.approx(chances[word].item(), abs=2e-3)


def test_following_a_sentence_gives_the_result_of_greedy():
    model, one = network(2), batch()
    greedy = search_attention.greedy(model, one.values, one.lengths, 6)
    followed = search_attention.follow(
        model, one.values, one.lengths, [tuple(found.tokens.tolist()) for found in greedy]
    )
    for found, again in zip(greedy, followed, strict=True):
        np.testing.assert_allclose(again.positions, found.positions, atol=1e-4)
        np.testing.assert_allclose(again.weights, found.weights, atol=1e-5)


def test_segments_carry_the_share_of_draws_that_name_their_action_there():
    one = captioner(3, kind="transducer")
    with torch.no_grad():
        one.network.said_gate.bias[0] += 2.0
    for number in range(4):
        motion = one.prepare(recording(number))
        (hypothesis,) = one.search([one.values(motion)])
        transcript = one.timed(motion, hypothesis)
        labels = [segment.label for segment in transcript.segments]
        if not labels or labels[0] is None:
            continue
        drawn = [
            tuple(label for _, label in one.lexicon.find([VOCABULARY.words[token] for token in sentence]))
            for sentence in hypothesis.drawn
        ]
        np.testing.assert_allclose([segment.probability for segment in transcript.segments], agreement(labels, drawn))
        for segment in transcript.segments:
            assert segment.bounded_by == "movement"
            assert segment.start_probability <= segment.probability
            assert segment.end_probability <= segment.probability
        return
    pytest.fail("no recording was described")


def test_what_two_sentences_have_in_common_is_what_difflib_finds():
    random = np.random.default_rng(0)
    for _ in range(200):
        chosen = tuple(random.integers(0, 4, random.integers(0, 9)).tolist())
        drawn = [tuple(random.integers(0, 5, random.integers(0, 9)).tolist()) for _ in range(random.integers(1, 7))]
        shares = np.zeros(len(chosen))
        for other in drawn:
            for block in SequenceMatcher(None, chosen, other, autojunk=False).get_matching_blocks():
                shares[block.a : block.a + block.size] += 1 / len(drawn)
        np.testing.assert_allclose(agreement(chosen, drawn), shares, atol=1e-12)


def test_sentence_bleu_counts_n_grams_as_a_plain_count_does():
    random = np.random.default_rng(1)
    for _ in range(50):
        sentences = [tuple(random.integers(-1, 4, random.integers(1, 9)).tolist()) for _ in range(5)]
        for row, one in enumerate(sentences):
            for column, other in enumerate(sentences):
                total = min(0.0, 1 - len(other) / len(one))
                for order in (1, 2, 3, 4):
                    mine, theirs = (Counter(zip(*(s[k:] for k in range(order)), strict=False)) for s in (one, other))
                    shared = sum((mine & theirs).values())
                    total += np.log((shared + 0.1) / (mine.total() + 0.1)) / 4
                assert _bleu(sentences)[row, column] == pytest.approx(np.exp(total), abs=1e-12)
