"""Logistic fits of few weights to few recordings, and the area under the curve: the numbers of doubt.py."""

from __future__ import annotations

import numpy as np

RIDGE = 1.0  # weight of the squared weights against the log likelihood; chosen


def fit_signed(evidence: np.ndarray, right: np.ndarray, used: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """As fit_logistic, without the evidence that would count against the words by chance, few recordings given.

    used  (E,) which evidence may have a weight at all; None: all
    """
    used = np.ones(evidence.shape[1], dtype=bool) if used is None else used.copy()
    while True:
        weights = np.zeros(len(used))
        weights[used], bias = fit_logistic(evidence[:, used], right)
        wrong = weights < 0
        if not wrong.any():
            return weights, bias
        used &= ~wrong


def fit_logistic(evidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights (E,) and bias of the log odds that rows (N, E) are right, by Newton's method.

    >>> weights, bias = fit_logistic(np.array([[-1.0], [-0.5], [0.5], [1.0]] * 50), np.array([0, 0, 1, 1] * 50))
    >>> bool(weights[0] > 1), abs(bias) < 1e-6
    (True, True)
    """
    rows = np.concatenate([evidence, np.ones((len(evidence), 1))], axis=1)
    price = np.diag([RIDGE] * evidence.shape[1] + [1e-6])
    weights = np.zeros(rows.shape[1])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-rows @ weights))
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + price
        weights = weights + np.linalg.solve(curve, rows.T @ (right - chance) - price @ weights)
    return weights[:-1], float(weights[-1])


def area_under_curve(scores: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties count half; NaN without one of either.

    >>> area_under_curve(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    high, low = scores[positive], scores[~positive]
    if not len(high) or not len(low):
        return float("nan")
    difference = high[:, None] - low
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())
