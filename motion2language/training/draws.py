"""The random numbers of variations: each pair's own, so that neither the batch nor the process matters.

A pair comes with a number, drawn for it in each epoch. SplitMix64 (Steele, Lea, Flood 2014), which needs no state,
turns the number into a row of further ones, for all pairs of a batch at once. Noise is read from a table of normal
numbers, from a random row on (as in arXiv 1703.03864), which is faster than drawing it and the same on any device.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

#: How many numbers a pair has for each purpose. Add new purposes at the end: the numbers before stay the same.
_COUNTS = {
    "mirror": 1, "speed": 1, "warp": 1, "bend": 1, "cut": 2, "hold": 4, "smoothing": 1, "bones": 21, "offsets": 63,
    "tilt": 2, "frozen_legs": 2, "frozen_bone": 3, "noise": 1, "jitter": 2, "drift": 2,
    "absent": 2,
}  # fmt: skip
_FIRST = dict(zip(_COUNTS, np.cumsum([0, *_COUNTS.values()]).tolist(), strict=False))
_TOTAL = sum(_COUNTS.values())
_TABLE_ROWS = 2**13  # of normal numbers; chosen: 2 MB for the canonical body, which a cache holds


class Draws:
    """The random numbers of some pairs, by purpose (the keys of AugmentConfig)."""

    def __init__(self, numbers: np.ndarray) -> None:
        self._table = uniforms(numbers, _TOTAL)

    def uniform(self, purpose: str) -> np.ndarray:
        """Numbers evenly between 0 and 1, (B, n)."""
        first = _FIRST[purpose]
        return self._table[:, first : first + _COUNTS[purpose]]

    def one(self, purpose: str) -> np.ndarray:
        """The first of them, (B,)."""
        return self._table[:, _FIRST[purpose]]

    def around_zero(self, purpose: str) -> np.ndarray:
        """A number evenly between -1 and 1, (B,)."""
        return 2 * self.one(purpose) - 1

    def normal(self, purpose: str) -> np.ndarray:
        """Normal numbers, (B, n) float32."""
        return torch.special.ndtri(torch.from_numpy(self.uniform(purpose))).float().numpy()


def uniforms(numbers: np.ndarray, count: int) -> np.ndarray:
    """For each number of (B,) a row of `count` numbers evenly between 0 and 1, (B, count), always the same."""
    state = numbers.astype(np.uint64)[:, None] + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
        0x9E3779B97F4A7C15
    )
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state ^= state >> np.uint64(shift)
        state *= np.uint64(factor)
    state ^= state >> np.uint64(31)
    return ((state >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


class NoiseTable:
    """Normal numbers on a device, in rows of `width`, the same in every run."""

    def __init__(self, width: int, device: torch.device) -> None:
        generator = torch.Generator().manual_seed(0)
        self._rows = torch.randn(_TABLE_ROWS, width, generator=generator).to(device)

    def read(self, starts: np.ndarray, steps: Tensor) -> Tensor:
        """Rows (B, T, width): for each pair those at `steps` (T,), counted from its start, which is between 0 and 1."""
        first = torch.from_numpy((starts * _TABLE_ROWS).astype(np.int64)).to(steps.device)
        rows = (first[:, None] + steps) & (_TABLE_ROWS - 1)
        return self._rows.index_select(0, rows.flatten()).view(*rows.shape, -1)
