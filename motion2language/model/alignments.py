"""The sum over all monotonic alignments of a sentence's words to time, and its gradient.

An alignment is a path over cells (step, words said): a word leads to the next column, a wait to the next step, and
every step ends with one wait. The sum over all paths from the first cell to one is exact, cell by cell along the
diagonals; likewise from a cell to the end. Both together say which share of the paths takes each word and each wait,
and that share is the gradient of the log likelihood, so no graph of the sum is kept (Graves, arXiv 1211.3711).

Axes: B sentences, S steps, L words, D = S + L + 1 diagonals.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

IMPOSSIBLE = -1e9  # log probability of what cannot happen; finite, so that differences of two stay numbers


def log_likelihood(wait: Tensor, word: Tensor, steps: Tensor, words: Tensor) -> Tensor:
    """Log of the sum over all monotonic alignments, (B,), in double precision.

    wait   (B, S, L+1)  log probability of no further word at this step after this prefix
    word   (B, S, L)    log probability of the sentence's next word there
    steps  (B,)         steps inside each recording; words (B,) words in each sentence

    Every step ends with one wait; any number of words may fall in a step.
    """
    run: Any = _LogLikelihood.apply
    return run(wait, word, steps, words)


def completion(wait: Tensor, word: Tensor) -> Tensor:
    """Log probability that the last of the words was said at each step, (B, S).

    wait   (B, S, L+1)  log probability of no further word at this step after this prefix
    word   (B, S, L)    log probability of the sentence's next word there; L is 1 or more
    """
    before = F.pad(wait.double().cumsum(1)[:, :-1], (0, 0, 1, 0))  # waits spent before each step
    arrive = before[..., 0]
    for length in range(word.shape[2]):
        entered = arrive + word[..., length].double()
        arrive = torch.logcumsumexp(entered - before[..., length + 1], dim=1) + before[..., length + 1]
    return entered


def emission_posteriors(wait: Tensor, word: Tensor, steps: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
    """Probability that each word fell in each step given the whole sentence, (B, L, S), and the log likelihood (B,)."""
    total, _, share = _forward_backward(wait, word, steps, words)
    return share.transpose(1, 2), total


class _LogLikelihood(torch.autograd.Function):
    """The likelihood; its gradient is at hand as soon as it is."""

    @staticmethod
    def forward(ctx: Any, wait: Tensor, word: Tensor, steps: Tensor, words: Tensor) -> Tensor:
        """The log likelihood (B,)."""
        total, *shares = _forward_backward(wait, word, steps, words)
        ctx.save_for_backward(*(share.to(part.dtype) for share, part in zip(shares, (wait, word), strict=True)))
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Of waits and words the share of the paths that takes each."""
        wait, word = ctx.saved_tensors
        grad = grad[:, None, None].to(wait.dtype)
        return grad * wait, grad * word, None, None


def _forward_backward(wait: Tensor, word: Tensor, steps: Tensor, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The log likelihood (B,) and the shares of the paths that take each wait (B, S, L+1) and each word (B, S, L)."""
    after = torch.arange(wait.shape[1], device=wait.device) >= steps[:, None]
    beyond = torch.arange(wait.shape[2], device=wait.device) > words[:, None]
    wait = wait.double().masked_fill(after[..., None], 0.0)  # beyond the end nothing happens, at no cost
    wait = wait.masked_fill(beyond[:, None], IMPOSSIBLE)
    word = word.double().masked_fill(after[..., None] | beyond[:, None, 1:], IMPOSSIBLE)
    # One more step after the last: all paths end there. Backwards they begin there, at its last column: words beyond
    # a sentence's end lead from there to where it ends, at no cost.
    word = F.pad(word, (0, 0, 0, 1), value=IMPOSSIBLE)
    home = torch.zeros_like(word[:, 0]).masked_fill(~beyond[:, 1:], IMPOSSIBLE)
    back = torch.cat((word[:, :-1], home[:, None]), 1).flip(1, 2)
    reached = _sums(torch.cat((wait, wait.flip(1, 2))), torch.cat((word, back)))
    before, left = reached[: len(wait)], reached[len(wait) :].flip(1, 2)
    total = left[:, :1, :1]
    waits = (before[:, :-1] + wait + left[:, 1:] - total).exp().masked_fill(after[..., None], 0.0)
    said = (before[:, :-1, :-1] + word[:, :-1] + left[:, :-1, 1:] - total).exp()
    return total[:, 0, 0], waits, said


def _sums(wait: Tensor, word: Tensor) -> Tensor:
    """Log sums over all paths from the first cell to each, (B, S+1, L+1), for waits (B, S, L+1), words (B, S+1, L).

    A diagonal is one row of numbers, sentence after sentence, so that the cell before by a word lies one to the left.
    """
    clips, steps, columns = wait.shape
    rows = (steps + columns, 1 + clips * columns)
    cells, waits, said = (wait.new_full(rows, IMPOSSIBLE) for _ in range(3))
    shape = clips, steps + 1, columns
    _diagonals(waits, shape)[:, 1:] = wait
    _diagonals(said, shape)[..., 1:] = word  # nothing leads to a first column, whose left is another sentence's last
    cells[0, 1::columns] = 0.0
    for before, waited, spoken, now in zip(cells[:-1], waits[1:, 1:], said[1:, 1:], cells[1:, 1:], strict=True):
        torch.logaddexp(waited.add_(before[1:]), spoken.add_(before[:-1]), out=now)
    return _diagonals(cells, shape)


def _diagonals(rows: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """The cells (B, S+1, L+1) of rows (D, 1 + B (L+1)) that each hold those with the same sum of step and words."""
    width, columns = rows.shape[1], shape[2]
    return rows.as_strided(shape, (columns, width, width + 1), 1)
