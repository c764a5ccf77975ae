"""The convolutions of many clips at once equal the library's, clip by clip, and so do their gradients."""

import pytest
import torch
import torch.nn.functional as F
from small import LENGTHS, batch

from motion2language.model.config import ModelConfig
from motion2language.model.temporal import DILATIONS, KERNEL, ConvolutionEncoder


def plain(encoder: ConvolutionEncoder, values: torch.Tensor) -> torch.Tensor:
    """The encoder as its docstring defines it, for one clip (T, F)."""
    memory = encoder.project(values)
    for convolution, norm, dilation in zip(encoder.convolutions, encoder.norms, DILATIONS, strict=True):
        reach = (KERNEL - 1) * dilation
        before = reach if encoder.causal else reach // 2
        memory = memory + F.relu(convolution(F.pad(norm(memory).T, (before, reach - before)))).T
    return memory


@pytest.mark.parametrize("causal", [False, True])
def test_joined_clips_give_each_clips_own_memory_and_gradients(causal):
    torch.manual_seed(0)
    values = batch().values.double()
    config = ModelConfig(input_width=values.shape[2], encoder_hidden=6, dropout=0.0)
    encoder = ConvolutionEncoder(config, causal).double().train()
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    memory, summary = encoder(values, torch.tensor(LENGTHS))
    pull = torch.randn(memory.shape, dtype=torch.float64)
    gradients = torch.autograd.grad((memory * pull).sum(), list(encoder.parameters()))
    alone = [plain(encoder, row[:length]) for row, length in zip(values, LENGTHS, strict=True)]
    for row, expected in enumerate(alone):
        torch.testing.assert_close(memory[row, : len(expected)], expected)
        torch.testing.assert_close(summary[row], expected.mean(0))
        assert not memory[row, len(expected) :].any()
    total = sum((expected * part[: len(expected)]).sum() for expected, part in zip(alone, pull, strict=True))
    for one, other in zip(gradients, torch.autograd.grad(total, list(encoder.parameters())), strict=True):
        assert other.any()
        torch.testing.assert_close(one, other)


def test_dropout_is_taken_into_the_gradient():
    torch.manual_seed(0)
    encoder = ConvolutionEncoder(ModelConfig(input_width=2, encoder_hidden=4, dropout=0.5), False).double()
    leaf, lengths = torch.randn(2, 3, 2, dtype=torch.float64, requires_grad=True), torch.tensor([3, 2])

    def memory(inputs: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(1)
        return encoder(inputs, lengths)[0]

    assert not torch.equal(memory(leaf), encoder.eval()(leaf, lengths)[0])
    encoder.train()
    assert torch.autograd.gradcheck(memory, (leaf,))
