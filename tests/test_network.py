"""Contracts of encoders, attentions and the decoder, for every registered entry."""

from typing import get_args, get_type_hints

import pytest
import torch
from small import LENGTHS, batch, config
from small import network as small_network

from motion2language.model.attention import ATTENTIONS
from motion2language.model.batch import DecoderState, LossOptions
from motion2language.model.config import ModelConfig
from motion2language.model.encoders import ENCODERS
from motion2language.model.network import NETWORKS, build

KINDS = [*({"attention": name} for name in ATTENTIONS), {"attention": "cross", "monotone": True}]
ALL = [(encoder, kind) for encoder in ENCODERS for kind in KINDS]


def network(seed: int = 0, scale: float = 3.0, **changes) -> torch.nn.Module:
    """A tiny network whose encoder's units can be shared out among heads."""
    return small_network(seed, scale, **({"encoder_hidden": 8, "heads": 2} | changes))


def test_the_entries_are_the_papers_and_ours():
    papers, ours = {"mlp", "deep-mlp", "gru", "bigru"}, {"convolution", "causal-convolution", "hybrid"}
    assert set(ENCODERS) == papers | ours | {"transformer", "causal-transformer"}
    assert set(ATTENTIONS) == {"soft", "local", "recurrent-local", "cross"}


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_gives_one_vector_a_frame_and_does_not_see_padding(name):
    encoder = network(encoder=name).encoder
    clips = batch()
    memory, summary = encoder(clips.values, clips.lengths)
    assert memory.shape == (3, 12, encoder.width)
    assert summary.shape == (3, encoder.width)
    longer = torch.cat((clips.values, torch.full((3, 5, 6), 9.0)), 1)
    longer[1, 7:] = -50.0
    again, summary_again = encoder(longer, clips.lengths)
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(again[row, :length], memory[row, :length])
    torch.testing.assert_close(summary_again, summary)


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_gives_the_same_without_a_gradient_and_leaves_its_input_unchanged(name):
    encoder, clips = network(encoder=name).encoder, batch()
    values = clips.values.clone()
    with torch.inference_mode():
        memory, _ = encoder(values, clips.lengths)
    torch.testing.assert_close(memory, encoder(clips.values, clips.lengths)[0].detach(), atol=1e-6, rtol=0)
    assert values.equal(clips.values)


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_is_causal_exactly_when_its_attribute_is_true(name):
    encoder = network(encoder=name).encoder
    values, lengths = batch().values[:1], torch.tensor([12])
    changed = values.clone()
    changed[:, 6:] += 1.0
    same = torch.allclose(encoder(values, lengths)[0][:, :6], encoder(changed, lengths)[0][:, :6])
    assert same == encoder.causal


@pytest.mark.parametrize("name", ENCODERS)
def test_a_causal_encoder_fed_frame_by_frame_gives_the_memory_of_the_whole(name):
    encoder, values = network(encoder=name, scale=1.0).encoder, torch.randn(2, 90, 6)
    if not encoder.causal:
        with pytest.raises(ValueError, match="looks ahead"):
            encoder.start(1)
        return
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))  # some begin at zero
    whole, _ = encoder(values, torch.tensor([90, 90]))
    carried, streamed, forgetful = encoder.start(2), [], []
    for frame in values.unbind(1):
        memory, carried = encoder.step(frame, carried)
        streamed.append(memory)
        forgetful.append(encoder.step(frame, encoder.start(2))[0])
    torch.testing.assert_close(torch.stack(streamed, 1), whole, atol=1e-5, rtol=1e-5)
    assert torch.allclose(torch.stack(forgetful, 1), whole, atol=1e-2) == ("mlp" in name)
    assert sum(part.numel() for part in carried) <= 2 * 16 * (20 * 2 + 24)  # the state does not grow


@pytest.mark.parametrize("name", ["mlp", "deep-mlp"])
def test_a_frame_level_encoder_starts_the_decoder_from_zero(name):
    clips = batch()
    assert not network(encoder=name).encoder(clips.values, clips.lengths)[1].any()


@pytest.mark.parametrize(("encoder", "kind"), ALL)
def test_attention_weighs_only_real_frames_and_recurrent_positions_never_go_back(encoder, kind):
    clips, forward = batch(), kind["attention"] == "recurrent-local" or "monotone" in kind
    with torch.no_grad():
        _, weights, positions = network(encoder=encoder, **kind)(clips)
    assert (weights >= 0).all()
    for row, length in enumerate(LENGTHS):
        assert not weights[row, :, length:].any()
        assert (positions[row] >= 0).all()
        assert (positions[row] <= length - 1 + 1e-4).all()
    if forward:
        assert (positions.diff(dim=1) >= 0).all()
        assert (positions[0].diff() > 0).any()
    if kind["attention"] in {"soft", "cross"}:
        torch.testing.assert_close(weights.sum(-1), torch.ones(3, clips.tokens.shape[1]))
        means = weights @ torch.arange(12.0)
        torch.testing.assert_close(positions, means.cummax(1).values if forward else means)


def test_the_heads_of_a_monotone_attention_never_look_behind_the_position():
    """And without it they do, so that the position goes back."""
    clips, clock = batch(), torch.arange(12)
    with torch.no_grad():
        _, weights, positions = network(attention="cross", monotone=True)(clips)
        _, free, moved = network(attention="cross")(clips)
    behind = clock < positions[0, :-1].floor()[:, None]
    assert behind.any()
    assert not weights[0, 1:][behind].any()
    assert (weights[0, 1:][~behind] > 0).all()
    assert free[0, 1:][clock < moved[0, :-1].floor()[:, None]].any()
    assert (moved[0].diff() < 0).any()


@pytest.mark.parametrize("monotone", [False, True])
def test_a_step_of_cross_attention_head_by_head(monotone):
    model = network(attention="cross", monotone=monotone, half_window=2.5)
    attention, frames, query = model.attention, torch.randn(1, 6, 8), torch.randn(1, 8)
    memory = attention.prepare(torch.cat((frames, torch.randn(1, 3, 8)), 1), torch.tensor([6]))
    context, weights, position = attention(query, memory, torch.tensor([1.75]), first=False)
    looks, seen = [], []
    for part in (slice(0, 4), slice(4, 8)):
        scores = attention.key(frames)[0, :, part] @ attention.query(query)[0, part] / 2
        if monotone:
            factor = 1 / 2.5**3  # the network's weights, and so this logarithm, are three times those at first
            scores = scores - factor * torch.tensor([0.0, 0.0, 0.25, 1.25, 2.25, 3.25])
            scores[0] = -torch.inf
        looks.append(scores.softmax(0))
        seen.append(looks[-1] @ attention.value(frames)[0, :, part])
    looked = torch.stack(looks).mean(0)
    torch.testing.assert_close(weights[0], torch.cat((looked, torch.zeros(3))))
    torch.testing.assert_close(context[0], attention.mix(torch.cat(seen)))
    expected = looked @ torch.arange(6.0)
    torch.testing.assert_close(position[0], expected.clamp(min=1.75) if monotone else expected)


def test_heads_and_monotone_that_cannot_be_are_named():
    with pytest.raises(ValueError, match=r"encoder 'gru' gives 8 units, which model\.heads = 3 does not divide"):
        network(encoder="gru", attention="cross", heads=3)
    for changes, found in (({"attention": "soft"}, "attention is 'soft'"), ({"kind": "transducer"}, "kind is 'trans")):
        with pytest.raises(
            ValueError, match=f"monotone is for the attention model with attention 'cross'; here {found}"
        ):
            config(monotone=True, **changes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_part_is_learnt(encoder, kind):
    model = network(encoder=encoder, scale=1.0, **kind)
    model.loss(batch()).backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad.abs().max() < 1e-7] == []


def test_the_mask_cuts_the_window_at_the_half_window():
    clips = batch()
    with torch.no_grad():
        _, cut, positions = network(mask=True)(clips)
        _, whole, _ = network(mask=False)(clips)
    frames = torch.arange(12)
    outside = (frames < (positions[0] - 3).floor()[:, None]) | (frames >= (positions[0] + 3).floor()[:, None])
    assert outside.any()
    assert not cut[0][outside].any()
    assert whole[0][outside].any()


def test_one_step_by_hand():
    """H = 1, two frames, kit: everything the equations hold, computed on paper with all weights 1 and biases 0."""
    model = network(attention="recurrent-local", hidden=1, half_window=2, mask=False)
    with torch.no_grad():
        for name, parameter in model.attention.named_parameters():
            parameter.fill_(0.0 if "bias" in name else 1.0)
    memory = model.attention.prepare(torch.tensor([[[0.5], [-1.0]]]), torch.tensor([2]))
    context, weights, position = model.attention(torch.tensor([[2.0]]), memory, torch.tensor([0.25]), first=False)
    gate = 1 / (1 + torch.exp(torch.tensor(-2.0)))  # sigmoid(1 * 1 * 2)
    expected = 0.25 + (1 - 0.25) * gate
    scores = torch.tensor([0.5 * 2.0, -1.0 * 2.0]).tanh()
    window = torch.exp(-((torch.arange(2) - expected) ** 2) / 2)  # 2 (D / 2)^2 = 2
    torch.testing.assert_close(position, expected[None])
    torch.testing.assert_close(weights, (scores.softmax(0) * window)[None])
    torch.testing.assert_close(context, (weights[0] @ torch.tensor([0.5, -1.0]))[None, None])


def test_half_windows_in_seconds_follow_the_clock():
    assert config(half_window=None, half_window_seconds=0.4).half_window_frames == 4
    assert config(half_window=None, half_window_seconds=0.4, fps=12.5).half_window_frames == 5
    assert config(half_window=None).half_window_frames == 5
    with pytest.raises(ValueError, match="not both"):
        config(half_window=5, half_window_seconds=0.5)


@pytest.mark.parametrize(("encoder", "kind"), ALL)
def test_the_decoders_step_is_pure_and_a_row_of_a_batch_is_a_batch_of_one(encoder, kind):
    clips = batch()._replace(values=batch().values.double())
    model = network(encoder=encoder, **kind).double()
    memory, state = model.encode(clips.values, clips.lengths)
    token = clips.tokens[:, 0]
    first, after, _ = model.step(token, state, memory)
    second, again, _ = model.step(token, state, memory)
    torch.testing.assert_close(first, second)
    torch.testing.assert_close(after.hidden, again.hidden)
    assert isinstance(after, DecoderState)
    for row, length in enumerate(LENGTHS):
        alone, start = model.encode(clips.values[row : row + 1, :length], clips.lengths[row : row + 1])
        logits, _, _ = model.step(token[row : row + 1], start, alone)
        torch.testing.assert_close(logits[0], first[row])


def test_teacher_forcing_feeds_the_reference_or_the_models_own_words():
    clips, model = batch(), network()
    forced, _, _ = model(clips)
    free, _, _ = model(clips, LossOptions(teacher_forcing=0.0))
    other = clips._replace(tokens=clips.tokens.roll(1, 0))
    torch.testing.assert_close(free, model(other, LossOptions(teacher_forcing=0.0))[0])
    assert not torch.allclose(forced, model(other)[0])
    half = [model(clips, LossOptions(0.5, seed))[0] for seed in (1, 1, 2)]
    torch.testing.assert_close(half[0], half[1])
    assert not torch.allclose(half[0], half[2])


def test_the_loss_ignores_padding_and_is_the_mean_over_words():
    clips, model = batch(), network()
    logits, _, _ = model(clips)
    expected = [
        -logits[row].log_softmax(-1)[place, word]
        for row, sentence in enumerate(clips.tokens.tolist())
        for place, word in enumerate(sentence)
        if word
    ]
    torch.testing.assert_close(model.loss(clips), torch.stack(expected).mean())


def test_a_batch_without_captions_has_no_loss():
    clips = batch()._replace(tokens=None)
    for kind in ("attention", "transducer"):
        with pytest.raises(ValueError, match="a batch without captions"):
            network(kind=kind).loss(clips)


def test_every_kind_of_a_configuration_has_a_network_that_takes_the_same_loss_options():
    assert set(NETWORKS) == set(get_args(get_type_hints(ModelConfig)["kind"]))
    for kind, class_of in NETWORKS.items():
        model = network(kind=kind)
        assert type(model) is class_of
        losses = [model.loss(batch(), LossOptions(0.5, seed=3, label_smoothing=0.1)) for _ in range(2)]
        assert torch.equal(*losses)
        assert losses[0].isfinite()


def test_unknown_entries_are_named():
    with pytest.raises(ValueError, match=r"model\.encoder is 'cnn'; there are mlp, deep-mlp, gru, bigru"):
        build(config(encoder="cnn"))
    with pytest.raises(ValueError, match=r"model\.attention is 'hard'; there are soft"):
        build(config(attention="hard"))
