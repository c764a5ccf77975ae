"""One update of the weights: the gradient is clipped, the optimiser steps, the moving average follows.

The weights of a network are many and small, so each of these is one call for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

_LARGEST_KEPT = 31 * 2**20  # bytes; glibc keeps freed blocks of up to 32 MB (its DEFAULT_MMAP_THRESHOLD_MAX)


def keep_freed_memory() -> None:
    """Let the C library keep the memory of an update for the next one, on a CPU.

    glibc learns from the largest block freed so far what it keeps (mallopt, M_MMAP_THRESHOLD: "dynamic"). Without this
    it gives most arrays of an update back to the system, and each page of them that is taken again costs an interrupt.
    """
    torch.empty(_LARGEST_KEPT, dtype=torch.uint8)


class Updates:
    """Updates of a network's weights and of their averages, both by name as in its state dict."""

    def __init__(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        keep_freed_memory()
        self.optimizer = optimizer
        self.parameters = list(network.parameters())
        self.values = network.state_dict()  # shares memory with the weights

    def clip(self, largest: float) -> float:
        """Scale the gradient down to this norm at most; returns its norm before."""
        return nn.utils.clip_grad_norm_(self.parameters, largest, foreach=True).item()

    def step(self, averaged: Mapping[str, Tensor], decay: float) -> None:
        """Change the weights, and let their averages forget all but this share of what they were."""
        self.optimizer.step()
        average: Callable[..., None] = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        average([averaged[name] for name in self.values], list(self.values.values()), torch.tensor(0))
