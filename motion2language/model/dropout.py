"""Dropout with fast random numbers on a CPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """Dropout that draws few random bits per element instead of a double: on a CPU several times faster than torch's.

    8 bits where the probability is a multiple of 2^-8, as the paper's 0.5, else 16, which round it to one of 2^-16.
    Comparing in place, as numbers, is faster than with truth values.
    """

    def forward(self, values: Tensor) -> Tensor:
        """The values, each zero with probability p, the others divided by 1 - p, while training."""
        if not self.training or values.is_cuda:
            return super().forward(values)
        return values * self._draw(values)

    def draw(self, values: Tensor) -> Tensor | None:
        """What `forward` would multiply these values by; None where it would leave them as they are."""
        if not self.training or not self.p:
            return None
        return F.dropout(torch.ones_like(values), self.p) if values.is_cuda else self._draw(values)

    def _draw(self, values: Tensor) -> Tensor:
        kind, bits = (torch.int8, 8) if (self.p * 2**8).is_integer() else (torch.int16, 16)
        size, each = values.numel(), 64 // bits
        draws = torch.empty(-(-size // each), dtype=torch.int64).random_(-(2**63), None).view(kind)
        kept = draws[:size].view(values.shape).float().ge_(round(self.p * 2**bits) - 2 ** (bits - 1))
        return kept.mul_(1 / (1 - self.p)).to(values.dtype)
