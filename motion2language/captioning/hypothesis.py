"""Hypothesis: the sentence that a search found for a recording, in tokens and frames, before words and seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np


def require_count(name: str, value: int, least: int = 1) -> None:
    """ValueError unless a setting of a search is a whole number, `least` or more."""
    if not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} is {value!r}, expected a whole number, {least} or more")


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """What a search returns for one motion, before words and seconds.

    tokens     (L,) int64, word ids without <sos> and <eos>
    positions  (L,) float32, where the model looked for each word, in frames of the encoder's clock, in [0, T-1]
    weights    (L, T) float32, how much it looked at each frame: the attention or the alignment
    log_prob   log probability of the whole sentence
    word_log_probs  (L,) float32, log probability of each word
    drawn      sentences (word ids) that the search sampled from the model for the same motion; may be empty

    >>> weights = np.array([[0.9, 0.1, 0.0], [0.1, 0.2, 0.7]])
    >>> found = Hypothesis(np.array([4, 7]), np.array([0.1, 1.6]), weights, -0.5, np.array([-0.1, -0.4]))
    >>> found.first(1).tokens.tolist()
    [4]
    """

    tokens: np.ndarray
    positions: np.ndarray
    weights: np.ndarray
    log_prob: float
    word_log_probs: np.ndarray
    drawn: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        words, frames = self.weights.shape
        if not len(self.tokens) == len(self.positions) == len(self.word_log_probs) == words:
            raise ValueError(
                f"hypothesis: {len(self.tokens)} tokens, {len(self.positions)} positions, "
                f"{len(self.word_log_probs)} word probabilities, weights {self.weights.shape}; lengths must agree"
            )
        if words and not (self.positions.min() >= 0 and self.positions.max() <= frames - 1):
            found = f"{self.positions.min():g} to {self.positions.max():g}"
            raise ValueError(f"hypothesis: positions must lie in [0, {frames - 1}], found {found}")

    def first(self, count: int) -> Hypothesis:
        """The first `count` words alone; log_prob stays that of the whole sentence."""
        return self.only(range(min(count, len(self.tokens))))

    def only(self, kept: Sequence[int]) -> Hypothesis:
        """The words at these places alone; log_prob stays that of the whole sentence."""
        if len(kept) == len(self.tokens):
            return self
        rows = np.array(kept, dtype=int)
        return replace(
            self,
            tokens=self.tokens[rows],
            positions=self.positions[rows],
            weights=self.weights[rows],
            word_log_probs=self.word_log_probs[rows],
        )
