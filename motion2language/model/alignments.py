"""The sum over all monotonic alignments of a sentence's words to time, and its gradient.

An alignment is a path over cells (step, words so far): emitting a word moves on by one word, waiting by one step, and
every step ends with one wait. One pass computes the exact sum over all paths from the first cell to each cell, along
the diagonals; a second pass that from each cell to the end. Together they give the share of the paths that take each
word and each wait. This share is the gradient of the log likelihood, so no graph of the sum is kept (Graves, arXiv
1211.3711).

Axes: B sentences, S steps, L words, D = S + L + 1 diagonals.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

IMPOSSIBLE = -1e9  # log probability of an impossible event; finite, so that the difference of two is not NaN


def log_likelihood(wait: Tensor, word: Tensor, steps: Tensor, words: Tensor) -> Tensor:
    """Log of the sum over all monotonic alignments, (B,), in double precision.

    wait   (B, S, L+1)  log probability of no further word at this step after this prefix
    word   (B, S, L)    log probability of the sentence's next word there
    steps  (B,)         steps in each recording
    words  (B,)         words in each sentence

    Every step ends with one wait; any number of words may fall in a step.
    """
    run: Any = _LogLikelihood.apply
    return run(wait, word, steps, words)


def completion(wait: Tensor, word: Tensor) -> Tensor:
    """Log probability that the last word was placed at each step, (B, S).

    wait   (B, S, L+1)  log probability of no further word at this step after this prefix
    word   (B, S, L)    log probability of the sentence's next word there; L is 1 or more
    """
    before = F.pad(wait.double().cumsum(1)[:, :-1], (0, 0, 1, 0))  # sum of the waits before each step
    arrive = before[..., 0]
    for length in range(word.shape[2]):
        entered = arrive + word[..., length].double()
        arrive = torch.logcumsumexp(entered - before[..., length + 1], dim=1) + before[..., length + 1]
    return entered


def emission_posteriors(wait: Tensor, word: Tensor, steps: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
    """Probability of each step for each word given the whole sentence, (B, L, S), and the log likelihood (B,)."""
    total, _, share = _forward_backward(wait, word, steps, words)
    return share.transpose(1, 2), total


class _LogLikelihood(torch.autograd.Function):
    """The likelihood; its gradient is computed along with it."""

    @staticmethod
    def forward(ctx: Any, wait: Tensor, word: Tensor, steps: Tensor, words: Tensor) -> Tensor:
        """The log likelihood (B,)."""
        total, *shares = _forward_backward(wait, word, steps, words)
        ctx.save_for_backward(*(share.to(part.dtype) for share, part in zip(shares, (wait, word), strict=True)))
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """The share of the paths that takes each wait and each word."""
        wait, word = ctx.saved_tensors
        grad = grad[:, None, None].to(wait.dtype)
        return grad * wait, grad * word, None, None


def _forward_backward(wait: Tensor, word: Tensor, steps: Tensor, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The log likelihood (B,) and the shares of the paths that take each wait (B, S, L+1) and each word (B, S, L)."""
    after = torch.arange(wait.shape[1], device=wait.device) >= steps[:, None]
    beyond = torch.arange(wait.shape[2], device=wait.device) > words[:, None]
    wait = wait.double().masked_fill(after[..., None], 0.0)  # beyond the end waiting costs nothing
    wait = wait.masked_fill(beyond[:, None], IMPOSSIBLE)
    word = word.double().masked_fill(after[..., None] | beyond[:, None, 1:], IMPOSSIBLE)
    # All paths end in one more step after the last. Backwards they begin in its last column, from which words beyond
    # a sentence's end lead to its end at no cost.
    word = F.pad(word, (0, 0, 0, 1), value=IMPOSSIBLE)
    home = torch.zeros_like(word[:, 0]).masked_fill(~beyond[:, 1:], IMPOSSIBLE)
    back = torch.cat((word[:, :-1], home[:, None]), 1).flip(1, 2)
    reached = _sums(torch.cat((wait, wait.flip(1, 2))), torch.cat((word, back)))
    before, left = reached[: len(wait)], reached[len(wait) :].flip(1, 2)
    total = left[:, :1, :1]
    waits = (before[:, :-1] + wait + left[:, 1:] - total).exp().masked_fill(after[..., None], 0.0)
    words_taken = (before[:, :-1, :-1] + word[:, :-1] + left[:, :-1, 1:] - total).exp()
    return total[:, 0, 0], waits, words_taken


def _sums(wait: Tensor, word: Tensor) -> Tensor:
    """Log sums over all paths from the first cell to each, (B, S+1, L+1), for waits (B, S, L+1), words (B, S+1, L).

    A diagonal is one row of numbers, sentence after sentence, so that a word leads from a cell's left neighbour.
    """
    clips, steps, columns = wait.shape
    rows = (steps + columns, 1 + clips * columns)
    cells, waits, words = (wait.new_full(rows, IMPOSSIBLE) for _ in range(3))
    shape = clips, steps + 1, columns
    _diagonals(waits, shape)[:, 1:] = wait
    _diagonals(words, shape)[..., 1:] = word  # not into a first column: its left neighbour is another sentence's last
    cells[0, 1::columns] = 0.0
    for before, by_wait, by_word, now in zip(cells[:-1], waits[1:, 1:], words[1:, 1:], cells[1:, 1:], strict=True):
        torch.logaddexp(by_wait.add_(before[1:]), by_word.add_(before[:-1]), out=now)
    return _diagonals(cells, shape)


def _diagonals(rows: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """View rows (D, 1 + B (L+1)), one per diagonal (equal sum of step and words), as cells (B, S+1, L+1)."""
    width, columns = rows.shape[1], shape[2]
    return rows.as_strided(shape, (columns, width, width + 1), 1)
