"""The sum over all monotonic alignments of a sentence's words to time, in numpy, for one recording; see alignments.py.

Axes: S steps, L words. `wait` (S, L+1) is the log probability of no further word at a step after a prefix, `word`
(S, L) that of the sentence's next word; both in double precision.
"""

from __future__ import annotations

import numpy as np


def completion(wait: np.ndarray, word: np.ndarray) -> np.ndarray:
    """Log probability that the last word was placed at each step, (S,); L is 1 or more."""
    return _placements(_sums_before(wait), word)[-1]


def emission_posteriors(wait: np.ndarray, word: np.ndarray) -> tuple[np.ndarray, float]:
    """Probability of each step for each word given the whole sentence, (L, S), and the log likelihood."""
    before = _sums_before(wait)
    ends = before[:, -1] + wait[-1]  # the sum of all waits, for each number of words
    if not word.shape[1]:
        return np.zeros((0, len(wait))), float(ends[0])
    placed = _placements(before, word)
    # From the end back: `left` is the log probability of all that follows a word placed at each step.
    left = np.empty_like(placed)
    left[-1] = ends[-1] - before[-1]
    for number in range(len(placed) - 2, -1, -1):
        onward = before[number + 1] + word[:, number + 1] + left[number + 1]
        left[number] = np.logaddexp.accumulate(onward[::-1])[::-1] - before[number + 1]
    total = np.logaddexp.reduce(placed[-1] + left[-1])
    return np.exp(placed + left - total), float(total)


def _sums_before(wait: np.ndarray) -> np.ndarray:
    """The sum of the waits before each step, for each number of words, (L+1, S)."""
    sums = np.zeros(wait.shape[::-1])
    np.cumsum(wait[:-1].T, axis=1, out=sums[:, 1:])
    return sums


def _placements(before: np.ndarray, word: np.ndarray) -> np.ndarray:
    """For each word the log probability of all that comes up to it when it is placed at each step, (L, S)."""
    placed = np.empty((word.shape[1], len(word)))
    arrive = before[0]
    for number, scores in enumerate(word.T):
        placed[number] = arrive + scores
        arrive = np.logaddexp.accumulate(placed[number] - before[number + 1]) + before[number + 1]
    return placed
