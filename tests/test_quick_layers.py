"""Layers with hand-written gradients equal torch's own: the encoder's, and the scores of words."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from small import batch, network
from torch import nn

from motion2language.language.vocabulary import EOS, PAD
from motion2language.model.batch import LossOptions
from motion2language.model.dropout import Dropout
from motion2language.model.frame_layers import apply_layers
from motion2language.model.word_scores import WordScores


def layers(*sizes: int) -> nn.ModuleList:
    torch.manual_seed(0)
    return nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes)).double()


class Fixed(Dropout):
    """Draws the same each time."""

    def draw(self, values):
        torch.manual_seed(1)
        return super().draw(values)

    def forward(self, values):
        keep = self.draw(values)
        return values if keep is None else values * keep


@pytest.mark.parametrize("sizes", [(6, 5), (6, 7, 5), (6, 7, 7, 5)])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_the_mlps_layers_and_their_gradients_equal_torchs(sizes, dropout):
    quick = layers(*sizes)
    values = torch.randn(11, 6).double().requires_grad_()
    kept = Fixed(dropout)
    plain = values
    for layer in quick:
        plain = kept(torch.tanh(layer(plain)))
    output = apply_layers(values, quick, kept)
    torch.testing.assert_close(output, plain)
    weights = (values, *quick.parameters())
    grad = torch.randn_like(output)
    for ours, expected in zip(
        torch.autograd.grad(output, weights, grad), torch.autograd.grad(plain, weights, grad), strict=True
    ):
        torch.testing.assert_close(ours, expected)
    assert torch.autograd.gradcheck(lambda *given: apply_layers(given[0], quick, kept), (values, *quick.parameters()))


def test_frames_of_padding_are_not_encoded_and_change_nothing():
    model, clips = network(encoder="mlp").train(), batch()
    memory, _ = model.encoder(clips.values, clips.lengths)
    for row, length in enumerate(clips.lengths.tolist()):
        alone, _ = model.encoder(clips.values[row : row + 1, :length], clips.lengths[row : row + 1])
        torch.testing.assert_close(memory[row, :length], alone[0])
        assert not memory[row, length:].any()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("forced", [[True] * 4, [False] * 4, [False, True, False, True]])
def test_word_scores_give_the_cross_entropy_of_all_words_that_are_not_padding(forced, smoothing):
    torch.manual_seed(0)
    output, embedding = nn.Linear(5 + 2 * 3, 9).double(), nn.Embedding(9, 5).double()
    words = torch.tensor([[4, 5, 6, EOS], [7, EOS, PAD, PAD], [5, 8, EOS, PAD]]).T
    fed = torch.randint(4, 9, (4, 3))
    hidden, context = (torch.randn(4, 3, 3).double().requires_grad_() for _ in range(2))
    weights = (hidden, context, embedding.weight, output.weight, output.bias)

    def loss(*_):
        scores = WordScores(output, embedding, words, forced, smoothing)
        for step in range(3):
            if not forced[step]:
                own = output(torch.cat((embedding(fed[step]), hidden[step], context[step]), -1)).argmax(-1)
                own[words[step] == PAD] = PAD
                assert torch.equal(scores.choose(step, fed[step], hidden[step], context[step]), own)
        return scores.loss(hidden, context, fed)

    every = output(torch.cat((embedding(fed), hidden, context), -1))
    plain = F.cross_entropy(every.flatten(0, 1), words.flatten(), ignore_index=PAD, label_smoothing=smoothing)
    torch.testing.assert_close(loss(), plain)
    for ours, expected in zip(torch.autograd.grad(loss(), weights), torch.autograd.grad(plain, weights), strict=True):
        torch.testing.assert_close(ours, expected)
    assert torch.autograd.gradcheck(loss, weights)


def test_the_loss_of_a_hopeless_word_stays_finite():
    model, clips = network(scale=300.0), batch()
    assert torch.isfinite(model.loss(clips, LossOptions(1.0)))
