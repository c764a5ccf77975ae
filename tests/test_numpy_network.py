"""The numpy networks equal the torch ones, and a stream gives the last bit of what a whole recording gives."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small import VOCABULARY, batch, in_numpy, network

from motion2language.captioning import search_transducer
from motion2language.captioning.drawing import choose_words
from motion2language.captioning.loading import load_model
from motion2language.language.vocabulary import PAD, UNK
from motion2language.model import alignments, alignments_numpy, encoders, encoders_numpy
from motion2language.model.config import STRIDE
from motion2language.model.joint import FIRST, Prefixes, lattice, next_word, steps_side, waiting_shares
from motion2language.model.transducer_numpy import NumpyTransducer
from motion2language.model.transducer_torch import TorchTransducer

CLOSE = {"atol": 1e-5, "rtol": 1e-5}
CAUSAL = ["mlp", "deep-mlp", "gru", "causal-convolution", "causal-transformer", "hybrid"]
LENGTHS = (90, 61, 1, 2)


def test_every_encoder_is_there_in_numpy():
    assert encoders_numpy.ENCODERS.keys() == encoders.ENCODERS.keys()
    assert len(encoders.ENCODERS) == 9


def pair(encoder: str, seed: int = 0, scale: float = 1.5, **changes) -> tuple[NumpyTransducer, TorchTransducer]:
    """One transducer with random weights in both forms."""
    changes = {"encoder_hidden": 12, "heads": 3} | changes
    model = network(seed, scale, kind="transducer", encoder=encoder, **changes)
    return in_numpy(model), TorchTransducer(model)


def shipped(name: str) -> tuple[NumpyTransducer, TorchTransducer]:
    captioner = load_model(name)
    return captioner.network, TorchTransducer(captioner.torch_network())


MODELS = {
    **{name: lambda name=name: shipped(name) for name in ("default", "free", "live", "synthetic")},
    **{encoder: lambda encoder=encoder: pair(encoder) for encoder in encoders.ENCODERS},
    "standardised mlp": lambda: pair("deep-mlp", variant="humanml3d"),
}


@pytest.fixture(params=MODELS)
def both(request) -> tuple[NumpyTransducer, TorchTransducer]:
    return MODELS[request.param]()


def clips(model: NumpyTransducer, lengths: tuple[int, ...] = LENGTHS) -> tuple[np.ndarray, np.ndarray]:
    """Random features; padding holds numbers that must not matter."""
    random = np.random.default_rng(0)
    values = random.standard_normal((len(lengths), max(lengths), model.config.input_width))
    return values.astype(np.float32), np.array(lengths)


def test_both_give_the_same_memory_states_and_scores(both):
    ours, theirs = both
    assert ours.causal == theirs.causal
    values, lengths = clips(ours)
    (memory, steps), (wanted, wanted_steps) = ours.encode(values, lengths), theirs.encode(values, lengths)
    assert steps.tolist() == wanted_steps.tolist() == [-(-length // STRIDE) for length in LENGTHS]
    for row, count in enumerate(steps):
        np.testing.assert_allclose(memory[row, :count], wanted[row, :count], **CLOSE)
    words = np.array([1, 5, 7])
    states = ours.predict(words)
    np.testing.assert_allclose(states, theirs.predict(words), **CLOSE)
    np.testing.assert_allclose(ours.predict(words[::-1], states), theirs.predict(words[::-1], states), **CLOSE)
    found, expected = (net.score_memory(memory[0]) + net.score_states(states) for net in both)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == np.float32
        np.testing.assert_allclose(one, other, **CLOSE)


def test_both_give_the_same_sentences(both):
    values, lengths = clips(both[0])
    for width in (0, 1, 3):
        found, expected = (search_transducer.find(net, values, lengths, 12, width) for net in both)
        for one, other in zip(found, expected, strict=True):
            assert one.tokens.tolist() == other.tokens.tolist()
            assert one.drawn == other.drawn
            np.testing.assert_allclose(one.positions, other.positions, atol=1e-3)


def test_the_joint_layer_is_that_of_training(both):
    ours, theirs = both
    values, lengths = clips(ours, (40,))
    memory, _ = ours.encode(values, lengths)
    sentence = (4, 5, 6, 5)
    steps, prefixes = steps_side(ours, memory[0]), Prefixes(ours)
    path = prefixes.side(prefixes.path(sentence))
    with torch.inference_mode():
        wanted = theirs.network.lattice(torch.from_numpy(memory), torch.tensor([sentence]))
        states, _ = theirs.network.predict(torch.tensor([[1, *sentence]]))
        wait, speak, seen, said, total = theirs.network.joint(torch.from_numpy(memory), states)
    for one, other in zip(lattice(steps, path, sentence), wanted, strict=True):
        np.testing.assert_allclose(one, other[0], **CLOSE)
    words = (speak[0, :, -1:] - total[0, :, -1:] + seen[0] + said[0, -1]).numpy()
    words[:, : UNK + 1] = -np.inf
    found_wait, found_words = next_word(steps, path.rows(slice(-1, None)))
    np.testing.assert_allclose(found_wait, wait[0, :, -1], **CLOSE)
    np.testing.assert_allclose(found_words, words, atol=1e-4)
    every = np.exp(wait[0, :, -1].numpy()) + np.exp(words).sum(1)
    last = path.rows(slice(-1, None))
    special = last.odds[:, :FIRST] @ steps.odds[:, :FIRST].T
    (shares,) = waiting_shares(last.gate @ steps.gate.T, special, last.odds @ steps.odds.T)
    np.testing.assert_allclose(shares, np.exp(wait[0, :, -1].numpy()) / every, atol=1e-5)


def test_a_recording_is_encoded_alone_as_among_others(both):
    ours, _ = both
    values, lengths = clips(ours)
    memory, steps = ours.encode(values, lengths)
    for row, length in enumerate(LENGTHS):
        alone, _ = ours.encode(values[row : row + 1, :length], lengths[row : row + 1])
        if ours.causal:
            np.testing.assert_array_equal(alone[0], memory[row, : steps[row]])
        np.testing.assert_allclose(alone[0], memory[row, : steps[row]], **CLOSE)


@pytest.mark.parametrize("form", ["numpy", "torch"])
@pytest.mark.parametrize("encoder", [*CAUSAL, "live"])
def test_a_stream_gives_the_memory_of_the_whole_to_the_last_bit(encoder, form):
    ours, theirs = shipped("live") if encoder == "live" else pair(encoder)
    model = ours if form == "numpy" else theirs
    values, lengths = clips(ours, (121,))
    memory, steps = model.encode(values, lengths)
    carried, later = model.start(), []
    for step in range(int(steps[0])):
        frames = np.minimum(np.arange(STRIDE * step, STRIDE * (step + 1)), lengths[0] - 1)
        one, carried = model.step(values[0, frames].ravel(), carried)
        later.append(one)
    np.testing.assert_array_equal(np.stack(later), memory[0])
    if carried:  # without what is carried the memory is another
        assert not np.array_equal(model.step(values[0, frames].ravel(), model.start())[0], memory[0, -1])


@pytest.mark.parametrize("encoder", [name for name in encoders.ENCODERS if name not in CAUSAL])
def test_an_encoder_that_looks_ahead_is_not_streamed(encoder):
    for model in pair(encoder):
        assert not model.causal
        with pytest.raises(ValueError, match="this encoder looks ahead; only a causal one can be fed frame by frame"):
            model.start()


def test_the_torch_form_follows_the_weights_and_stays_in_eval_mode():
    model = network(kind="transducer", encoder="mlp")
    theirs, (values, lengths) = TorchTransducer(model), clips(in_numpy(model), (4,))
    before = theirs.encode(values, lengths)[0].copy()
    with torch.no_grad():
        model.encoder.layers[0].bias += 1.0
    assert not np.array_equal(theirs.encode(values, lengths)[0], before)


@pytest.mark.parametrize(("steps", "words"), [(1, 0), (1, 3), (4, 1), (5, 3), (60, 12)])
def test_alignments_of_one_recording_are_those_of_training(steps, words):
    random = np.random.default_rng(steps)
    wait, word = np.log(random.random((steps, words + 1))), np.log(random.random((steps, words)))
    counts = torch.tensor([steps]), torch.tensor([words])
    tensors = torch.from_numpy(wait)[None], torch.from_numpy(word)[None]
    shares, total = alignments_numpy.emission_posteriors(wait, word)
    wanted, wanted_total = alignments.emission_posteriors(*tensors, *counts)
    np.testing.assert_allclose(shares, wanted[0, :, :steps], atol=1e-12)
    assert total == pytest.approx(wanted_total.item(), abs=1e-9)
    if words:
        found = alignments_numpy.completion(wait, word)
        np.testing.assert_allclose(found, alignments.completion(*tensors)[0], atol=1e-9)


def test_a_prefix_is_computed_once_and_its_number_stays():
    ours, _ = pair("mlp")
    calls, predict = [], ours.predict
    ours.predict = lambda words, hidden=None: (calls.append(len(words)), predict(words, hidden))[1]
    prefixes = Prefixes(ours)
    numbers = prefixes.extend(np.zeros(4, int), np.array([5, 4, 5, 5]))
    assert len(set(numbers.tolist())) == 2
    assert (
        [prefixes.sentence(number) for number in numbers.tolist()]
        == prefixes.sentences(numbers)
        == [(5,), (4,), (5,), (5,)]
    )
    path = prefixes.path((5, 6, 4))
    assert path[1] == numbers[0]
    np.testing.assert_array_equal(prefixes.path((5, 6, 4)), path)
    assert sum(calls) == 1 + 2 + 2  # <sos>; two words; two more


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("seen_gate.bias"), r"seen_gate\.bias is missing"),
        (lambda arrays: arrays.update(more=np.zeros(1)), "more: not expected"),
        (lambda arrays: arrays.update({"embedding.weight": np.zeros((3, 5))}), r"weight is float64 \(3, 5\)"),
        (lambda arrays: arrays.update({"seen_words.bias": np.zeros(len(VOCABULARY), int)}), "expected floating point"),
    ],
)  # fmt: skip
def test_weights_of_another_network_are_refused(change, message):
    arrays = dict(pair("mlp")[0].weights)
    change(arrays)
    with pytest.raises(ValueError, match=message):
        NumpyTransducer(pair("mlp")[0].config, arrays)


def test_heads_that_do_not_divide_the_width_are_refused():
    ours, _ = pair("transformer")
    with pytest.raises(ValueError, match=r"model\.encoder_hidden is 12, which model\.heads = 5 does not divide"):
        NumpyTransducer(replace(ours.config, heads=5), ours.weights)


def test_the_blank_is_never_a_word():
    assert PAD <= UNK
    ours, _ = pair("mlp")
    one = batch()
    for found in search_transducer.consensus(ours, one.values.numpy(), one.lengths.numpy(), 8):
        assert all(word > UNK for sentence in found.drawn for word in sentence)


@pytest.mark.parametrize("words", [1, 2, 3, 64, 65])
def test_the_word_at_a_share_is_the_first_whose_cumulative_chance_is_larger(words: int) -> None:
    random = np.random.default_rng(words)
    steps, prefixes = (random.gamma(0.2, size=(6, FIRST + words)).astype(np.float32) for _ in range(2))
    steps[:3, FIRST::2] = 0  # impossible words
    steps[:, -1] += 1
    pairs, shares = random.integers(6, size=200), random.random(200).astype(np.float32)
    shares[:4] = 0, 1 - 1e-7, 0.5, 0
    chosen = choose_words(steps, prefixes, pairs, shares)
    for pair, share, word in zip(pairs, shares, chosen - FIRST, strict=True):
        sums = (steps[pair, FIRST:] * prefixes[pair, FIRST:]).cumsum(dtype=np.float64)
        assert word == min(int((sums <= share * sums[-1]).sum()), words - 1)
