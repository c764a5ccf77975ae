"""The quick log probabilities of a transducer's next words equal those of the plain joint layer."""

import pytest
import torch
from small import batch, network

from motion2language.language.vocabulary import PAD
from motion2language.model.next_words import log_probabilities


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("each", [1, 2])
def test_the_next_words_and_their_gradients_equal_the_joint_layers(each, smoothing):
    torch.manual_seed(0)
    model = network(kind="transducer", scale=1.0).double()
    memory = torch.randn(3, 4, model.encoder.width).double().requires_grad_()
    states = torch.randn(3 * each, 2, model.config.hidden).double().requires_grad_()
    words = torch.randint(4, model.config.vocabulary_size, (3 * each, 2))
    layers = (*model.seen_words.parameters(), *model.said_words.parameters())
    given = memory, states, *layers

    def quick(*_):
        return log_probabilities(model.seen_words, model.said_words, memory, states, words, smoothing)

    _, _, seen, said, total = model.joint(memory.repeat_interleave(each, 0), states)
    scores = seen[:, :, None] + said[:, None]
    own = scores.gather(3, words[:, None, :, None].expand(-1, 4, -1, 1))[..., 0]
    plain = (1 - smoothing) * own + smoothing * scores.mean(-1) - total
    torch.testing.assert_close(quick(), plain)
    grad = torch.randn_like(plain)
    for ours, expected in zip(
        torch.autograd.grad(quick(), given, grad), torch.autograd.grad(plain, given, grad), strict=True
    ):
        torch.testing.assert_close(ours, expected)
    assert torch.autograd.gradcheck(quick, given)


@pytest.mark.parametrize("rows", [[0, 0, 2, 1, 1], [2, 0, 1, 2, 0, 1], [0, 0, 0, 0, 0, 1, 2]])
def test_captions_of_a_motion_give_the_loss_of_each_alone_in_any_order(rows):
    model, clips = network(kind="transducer"), batch()
    rows, tokens = torch.tensor(rows), clips.tokens.repeat(3, 1)[: len(rows)]
    alone = [
        model.loss(clips._replace(tokens=tokens[number : number + 1], rows=rows[number : number + 1]))
        for number in range(len(rows))
    ]
    torch.testing.assert_close(model.loss(clips._replace(tokens=tokens, rows=rows)), torch.stack(alone).mean())
    assert (tokens == PAD).any()
