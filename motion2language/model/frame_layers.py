"""The MLP's layers in training: linear, tanh and dropout, with a hand-written gradient that takes few passes.

A layer's output is h = k tanh(x), x = W h' + b, where h' is the output of the layer before and k is 0 where dropout
drops a unit, else 1 / q with the share q of units that are kept.

- tanh(x) = 2 sigmoid(2 x) - 1: on a CPU a sigmoid takes a fifth of the time. The first 2 goes into W and b.
- dh / dx = k (1 - tanh(x)^2) = k - q h^2, for either value of k, so that of a layer only k and h are kept.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from motion2language.model.dropout import Dropout


def apply_layers(values: Tensor, layers: nn.ModuleList, dropout: Dropout) -> Tensor:
    """The output (N, H) of the last layer, for frames (N, F)."""
    weights = [part for layer in layers for part in layer.parameters()]  # its weight, then its bias
    if torch.is_autocast_enabled(values.device.type):
        low = torch.get_autocast_dtype(values.device.type)
        return _run(values.to(low), dropout, *(part.to(low) for part in weights))
    return _run(values, dropout, *weights)


class _Layers(torch.autograd.Function):
    """All layers, forward and backward."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, dropout: Dropout, *weights: Tensor) -> Tensor:
        """The last layer's output."""
        outputs, kept = [values], []
        for weight, bias in zip(weights[::2], weights[1::2], strict=True):
            output = torch.addmm(2 * bias, outputs[-1], 2 * weight.T).sigmoid_().sub_(0.5)
            keep = dropout.draw(output)
            outputs.append(output.mul_(2) if keep is None else output.mul_(keep).mul_(2))
            kept.append(keep)
        ctx.share = 1.0 if kept[0] is None else 1 - dropout.p
        ctx.save_for_backward(*outputs, *weights[::2], *kept)
        return outputs[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the frames and of each weight and bias."""
        count = len(ctx.saved_tensors) // 3
        outputs, weights, kept = (
            ctx.saved_tensors[begin:end] for begin, end in pairwise((0, count + 1, 2 * count + 1, None))
        )
        grads: list[Tensor | None] = []
        for number in range(count - 1, -1, -1):
            output, keep = outputs[number + 1], kept[number]
            slope = torch.addcmul(output.new_ones(()) if keep is None else keep, output, output, value=-ctx.share)
            inner = slope.mul_(grad)
            grads[:0] = [inner.T @ outputs[number], inner.sum(0)]
            wanted = number or ctx.needs_input_grad[0]
            grad = inner @ weights[number] if wanted else inner
        return (grad if ctx.needs_input_grad[0] else None, None, *grads)


_run: Any = _Layers.apply
