"""Scores of the words and their cross-entropy in training: only where a word is wanted, and each of them once.

Where the model is fed its own word, the scores that choose it are also those that the loss needs. They are written to
their rows of one array, the others follow in one product. The softmax, and then its gradient, take the array's place:

    scores = x W' + b,  gradient of the mean cross-entropy with respect to a row of scores: (softmax - wanted) / N

where `wanted` is 1 for the wanted word, or with label smoothing e: 1 - e for it and e / V for every word.

Axes: L steps, B captions, N rows (the tokens that are not padding), V vocabulary, E embedding, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from motion2language.language.vocabulary import PAD


class WordScores:
    """The scores of a batch's words (L, B), padded with <pad>, and which steps go on with them (forced).

    Rows are in the order of the steps, but those that choose a word come first.
    """

    def __init__(
        self,
        output: nn.Linear,
        embedding: nn.Embedding,
        words: Tensor,
        forced: Sequence[bool],
        label_smoothing: float = 0.0,
    ) -> None:
        self.output, self.embedding = output, embedding
        self.forced, self.label_smoothing = forced, label_smoothing
        steps, captions = words.shape
        choosing = [step for step in range(steps - 1) if not forced[step]]
        order = choosing + [step for step in range(steps) if step not in set(choosing)]
        real = words[order] != PAD
        counts = real.sum(1).tolist()
        rows, captions_of = real.nonzero().unbind(1)
        self.places = torch.tensor(order, device=words.device)[rows] * captions + captions_of
        self.wanted = words.flatten()[self.places]
        ends = list(accumulate(counts))
        self.chosen = ends[len(choosing) - 1] if choosing else 0
        self.own = {
            step: (end - count, end, None if count == captions else captions_of[end - count : end])
            for step, count, end in zip(choosing, counts, ends, strict=False)
        }
        weight = output.weight
        low = torch.get_autocast_dtype(words.device.type) if torch.is_autocast_enabled(words.device.type) else None
        self.weight, self.bias = (part.detach().to(low or part.dtype) for part in (weight, output.bias))
        self.scores = torch.empty(len(self.places), len(weight), dtype=self.weight.dtype, device=words.device)

    @torch.no_grad()
    def choose(self, step: int, token: Tensor, hidden: Tensor, context: Tensor) -> Tensor:
        """The most likely next words (B,) after a step's input words (B,), states and contexts (B, H).

        <pad> for captions that have ended.
        """
        begin, end, captions = self.own[step]
        parts = self.embedding.weight.index_select(0, token), hidden, context
        inputs = torch.cat(parts, -1).to(self.weight.dtype)
        if captions is not None:
            inputs = inputs.index_select(0, captions)
        scores = self.scores[begin:end]
        torch.addmm(self.bias, inputs, self.weight.T, out=scores)
        quick = scores.dtype == torch.float32 and not scores.is_cuda  # for numpy, ten times as quick with many words
        best = torch.from_numpy(scores.numpy().argmax(-1)) if quick else scores.argmax(-1)
        return best if captions is None else torch.full_like(token, PAD).index_copy_(0, captions, best)

    def loss(self, hidden: Tensor, context: Tensor, tokens: Tensor) -> Tensor:
        """Mean cross-entropy, for states and contexts (L, B, H) and the tokens fed (L, B)."""
        run: Any = _CrossEntropy.apply
        return run(hidden, context, self.embedding.weight, self.output.weight, self.output.bias, tokens, self)


class _CrossEntropy(torch.autograd.Function):
    """Mean cross-entropy; its gradient with respect to the scores is computed along with it, in their place."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        context: Tensor,
        embedding: Tensor,
        weight: Tensor,
        bias: Tensor,
        tokens: Tensor,
        rows: WordScores,
    ) -> Tensor:
        """The loss."""
        fed = tokens.flatten().index_select(0, rows.places)
        seen = (part.flatten(0, 1).index_select(0, rows.places) for part in (hidden, context))
        inputs = torch.cat((embedding.index_select(0, fed), *seen), -1)
        low, chosen, smoothing = inputs.to(rows.weight.dtype), rows.chosen, rows.label_smoothing
        torch.addmm(rows.bias, low[chosen:], rows.weight.T, out=rows.scores[chosen:])
        scores = rows.scores.to(inputs.dtype)
        wanted = rows.wanted[:, None]
        right = scores.gather(1, wanted)[:, 0]
        mean = scores.mean(-1) if smoothing else 0.0
        best = scores.amax(-1)
        gradient = torch.softmax(scores, -1, out=scores)
        total = best - gradient.amax(-1).log_()  # log of the sum of the exponentials
        gradient.scatter_add_(1, wanted, gradient.new_full((1, 1), smoothing - 1).expand_as(wanted))
        if smoothing:
            gradient -= smoothing / gradient.shape[1]
        ctx.save_for_backward(gradient.to(low.dtype), low, rows.weight, fed, rows.places)
        ctx.shapes = hidden.shape, embedding.shape
        return (total - right * (1 - smoothing) - mean * smoothing).mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of states, contexts, embedding, and of the output layer."""
        gradient, inputs, weight, fed, places = ctx.saved_tensors
        of_steps, of_embedding = ctx.shapes
        each = grad / len(places)
        grad_inputs = (gradient @ weight).to(grad.dtype) * each
        of_words, *of_seen = grad_inputs.split((of_embedding[1], of_steps[2], of_steps[2]), 1)
        seen = (grad.new_zeros(of_steps).flatten(0, 1).index_copy_(0, places, part) for part in of_seen)
        words = grad.new_zeros(of_embedding).index_add_(0, fed, of_words.contiguous())
        grad_weight = (gradient.T @ (inputs * each.to(inputs.dtype))).to(grad.dtype)
        grad_bias = gradient.sum(0).to(grad.dtype) * each
        return (*(part.view(of_steps) for part in seen), words, grad_weight, grad_bias, None, None)
