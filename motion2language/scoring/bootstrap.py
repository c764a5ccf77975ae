"""How far a mean would move with other clips: bootstrap intervals, and a paired test between two systems.

The clips are resampled with replacement, with the same draws for the same number of clips (Efron 1979). The paired test
counts how often a difference as large arises when each clip's two scores are exchanged at random.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DRAWS = 2000  # times the clips are resampled; chosen
LEVEL = 0.95
TIE = 5e-4  # two scores of a clip this close are equal: half of what tables show; times on disk are in 0.1 ms


def interval(values: Sequence[float], weights: Sequence[float] | None = None) -> tuple[float, float]:
    """The 95 % interval of the mean of a score over clips, or of sum(values) / sum(weights).

    >>> interval([1.0, 1.0, 1.0])
    (1.0, 1.0)
    >>> low, high = interval([0.0, 1.0] * 50)
    >>> low < 0.5 < high
    True
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        return 0.0, 0.0
    picks = np.random.default_rng(0).integers(len(numbers), size=(DRAWS, len(numbers)))
    below = (
        picks.shape[1] if weights is None else np.maximum(np.asarray(weights, dtype=np.float64)[picks].sum(1), 1e-12)
    )
    low, high = np.quantile(numbers[picks].sum(1) / below, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def compare(first: Sequence[float], second: Sequence[float]) -> dict[str, float]:
    """The "difference" of the means (second - first), its interval "low" to "high", and "p" of the paired test.

    Clips whose scores differ by less than TIE are ties: otherwise a rounded transcript would differ from itself.

    >>> result = compare([0.5] * 20, [0.6] * 20)
    >>> round(result["difference"], 3), result["p"] < 0.05
    (0.1, True)
    """
    gains = np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64)
    if not len(gains):
        raise ValueError("no clips to compare")
    gains[np.abs(gains) < TIE] = 0.0
    low, high = interval(gains.tolist())
    signs = np.random.default_rng(1).choice([-1.0, 1.0], size=(DRAWS, len(gains)))
    chance = np.abs((signs * gains).mean(1)) >= abs(gains.mean()) - 1e-12
    return {"difference": float(gains.mean()), "low": low, "high": high, "p": float((chance.sum() + 1) / (DRAWS + 1))}
