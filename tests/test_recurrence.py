"""The quick way of training equals the plain one: step by step with autograd's own gradients."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from small import batch, network

from motion2language.language.vocabulary import PAD
from motion2language.model.batch import LossOptions
from motion2language.model.dropout import Dropout


def plain_loss(model, clips, teacher_forcing: float, seed: int) -> torch.Tensor:
    logits, _, _ = model(clips, LossOptions(teacher_forcing, seed))
    return F.cross_entropy(logits.flatten(0, 1), clips.tokens.flatten(), ignore_index=PAD)


def gradients(model, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("teacher_forcing", [1.0, 0.5, 0.0])
@pytest.mark.parametrize(
    ("variant", "encoder", "attention", "mask"),
    [*product(["kit", "humanml3d"], ["mlp", "bigru"], ["local", "recurrent-local"], [True, False])],
)
def test_loss_and_every_gradient_equal_those_of_the_plain_loop(variant, encoder, attention, mask, teacher_forcing):
    model = network(
        scale=2.0, variant=variant, encoder=encoder, attention=attention, mask=mask, half_window=2.5
    ).double()
    clips = batch()._replace(values=batch().values.double())
    quick = model.loss(clips, LossOptions(teacher_forcing, seed=1))
    plain = plain_loss(model, clips, teacher_forcing, seed=1)
    assert quick.item() == pytest.approx(plain.item(), rel=1e-9)
    expected, actual = gradients(model, plain), gradients(model, quick)
    assert all(gradient.any() for name, gradient in expected.items() if "gate" in name or "move.weight" in name)
    for name, gradient in expected.items():
        torch.testing.assert_close(
            actual[name], gradient, rtol=1e-7, atol=1e-9, msg=lambda text, name=name: name + text
        )


@pytest.mark.parametrize("teacher_forcing", [1.0, 0.5, 0.0])
@pytest.mark.parametrize(
    "kind", [{"attention": "soft"}, {"attention": "cross"}, {"attention": "cross", "monotone": True}]
)
def test_the_loss_scores_the_words_of_the_plain_loop_whatever_the_attention(kind, teacher_forcing):
    model, clips = network(scale=2.0, **kind), batch()
    quick = model.loss(clips, LossOptions(teacher_forcing, seed=1))
    plain = plain_loss(model, clips, teacher_forcing, seed=1)
    expected, actual = gradients(model, plain), gradients(model, quick)
    assert quick.item() == pytest.approx(plain.item(), rel=1e-5)
    for name, gradient in expected.items():
        torch.testing.assert_close(actual[name], gradient, rtol=1e-4, atol=1e-6)


def test_teacher_forcing_one_half_feeds_both_kinds_of_words():
    """Else the comparison above would show nothing."""
    model, clips = network(scale=2.0), batch()
    losses = {plain_loss(model, clips, forcing, seed=1).item() for forcing in (1.0, 0.5, 0.0)}
    assert len(losses) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"attention": "soft"},
        {"attention": "recurrent-local"},
        {"attention": "cross", "monotone": True},
        {"encoder": "gru"},
        {"encoder": "transformer", "encoder_hidden": 8},
        {"kind": "transducer"},
    ],
)
def test_a_motion_encoded_once_for_its_captions_gives_the_loss_of_one_encoded_for_each(changes):
    model, clips = network(scale=1.0, **changes), batch()
    rows = torch.tensor([0, 0, 2])
    once = clips._replace(values=clips.values, rows=rows)
    each = clips._replace(values=clips.values[rows], lengths=clips.lengths[rows])
    expected, actual = gradients(model, model.loss(each)), gradients(model, model.loss(once))
    torch.testing.assert_close(model.loss(once), model.loss(each))
    for name, gradient in expected.items():
        torch.testing.assert_close(actual[name], gradient, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(model.loss(once), model.loss(clips))


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_dropout_zeroes_its_share_scales_the_rest_and_passes_the_same_gradient(share):
    torch.manual_seed(0)
    values = torch.ones(301, 333, requires_grad=True)
    dropout = Dropout(share)
    dropped = dropout(values)
    assert (dropped == 0).float().mean().item() == pytest.approx(share, abs=0.005)
    assert dropped.unique().tolist() == [0.0, pytest.approx(1 / (1 - share))]
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach())
    columns = (dropped == 0).float()
    assert columns.mean(0).std() < 2 * (share * (1 - share) / 301) ** 0.5
    assert not torch.equal(dropout(values), dropped)
    assert dropout.eval()(values) is values
    assert Dropout(0.0)(values).equal(values)


def test_more_words_than_tokens_give_the_gradients_of_the_plain_loop():
    """Word gradients are then taken of the tokens, not of all words."""
    model, clips = network(scale=2.0, vocabulary_size=50), batch()
    assert clips.tokens.numel() < 50
    expected = gradients(model, plain_loss(model, clips, 0.5, seed=1))
    actual = gradients(model, model.loss(clips, LossOptions(0.5, seed=1)))
    for name, gradient in expected.items():
        torch.testing.assert_close(actual[name], gradient, rtol=1e-4, atol=1e-6)
