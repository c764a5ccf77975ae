"""A transducer's log probability of each sentence's next word, with a hand-written gradient.

With a word's score the sum of what is seen and of what is said, s_v + d_v, the log probability of word w is

    p_w = s_w + d_w - log Z,  Z = sum over v of exp(s_v) exp(d_v)

so that all Z are one matrix product of exponentials, and with g the gradient with respect to p_w

    gradient of s_v = (sum of the g whose word is v) - exp(s_v) sum of (g / Z) exp(d_v)

which is one product more, and the same for d_v. What is seen is computed once for all captions of a motion. With label
smoothing e, p_w is (1 - e) times the above plus e times the mean over all words.

Axes: C motions, N captions of each, B = C N captions (those of a motion in a row), S steps, L words, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_LEAST = 1e-30  # of Z, so that its logarithm is finite


def log_probabilities(
    seen: nn.Linear, said: nn.Linear, memory: Tensor, states: Tensor, words: Tensor, label_smoothing: float
) -> Tensor:
    """Log probability (B, S, L) of words (B, L) once the model does not wait.

    For memory (C, S, M) and the prediction states (B, L, H) before each word.
    """
    run: Any = _NextWords.apply
    return run(memory, states, seen.weight, seen.bias, said.weight, said.bias, words, label_smoothing)


class _NextWords(torch.autograd.Function):
    """The log probabilities, forward and backward."""

    @staticmethod
    def forward(ctx: Any, memory: Tensor, states: Tensor, *given: Any) -> Tensor:
        """Log probabilities (B, S, L)."""
        seen_weight, seen_bias, said_weight, said_bias, words, smoothing = given
        said_rows = states.reshape(len(memory), -1, states.shape[2])
        wanted = words.reshape(len(memory), 1, -1)
        in_seen, in_said = wanted.expand(-1, memory.shape[1], -1), wanted.transpose(1, 2)  # (C, S, N L), (C, N L, 1)
        seen, of_seen = _exponentials(F.linear(memory, seen_weight, seen_bias), in_seen, smoothing)
        said, of_said = _exponentials(F.linear(said_rows, said_weight, said_bias), in_said, smoothing)
        total = torch.bmm(seen, said.transpose(1, 2)).clamp_(min=_LEAST)
        ctx.save_for_backward(memory, said_rows, seen_weight, said_weight, wanted, seen, said, total)
        ctx.smoothing, ctx.states = smoothing, states.shape
        return _by_caption(of_seen + of_said.transpose(1, 2) - total.log(), words)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of memory, states, and of both layers."""
        memory, states, seen_weight, said_weight, wanted, seen, said, total = ctx.saved_tensors
        clips, steps = memory.shape[:2]
        grad = grad.view(clips, -1, steps, ctx.states[1]).transpose(1, 2).reshape(clips, steps, -1)  # (C, S, N L)
        share = torch.div(grad, total).neg_()
        of_seen, of_said = torch.bmm(share, said).mul_(seen), torch.bmm(share.transpose(1, 2), seen).mul_(said)
        own = (1 - ctx.smoothing) * grad
        of_seen.scatter_add_(2, wanted.expand(-1, steps, -1), own)
        of_said.scatter_add_(2, wanted.transpose(1, 2), own.sum(1)[..., None])
        if ctx.smoothing:
            each = grad * (ctx.smoothing / seen.shape[2])
            of_seen += each.sum(2, keepdim=True)
            of_said += each.sum(1)[..., None]
        grad_memory, *seen_layer = _of_layer(of_seen, memory, seen_weight)
        grad_states, *said_layer = _of_layer(of_said, states, said_weight)
        return grad_memory, grad_states.view(ctx.states), *seen_layer, *said_layer, None, None


def _exponentials(scores: Tensor, wanted: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """exp of scores (C, R, V), in place, over that of the best word; and the wanted words' scores less the best's."""
    best = scores.amax(-1, keepdim=True)
    mean = scores.mean(-1, keepdim=True) - best if smoothing else None
    scores.sub_(best)
    own = scores.gather(2, wanted)
    return scores.exp_(), own if mean is None else own.lerp_(mean.expand_as(own), smoothing)


def _by_caption(rows: Tensor, words: Tensor) -> Tensor:
    """(C, S, N L) as (B, S, L)."""
    clips, steps, _ = rows.shape
    return rows.view(clips, steps, -1, words.shape[1]).transpose(1, 2).reshape(len(words), steps, -1)


def _of_layer(grad: Tensor, rows: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of a linear layer's input (C, R, H), weight and bias."""
    flat = grad.flatten(0, 1)
    return (flat @ weight).view(rows.shape), flat.T @ rows.flatten(0, 1), flat.sum(0)
