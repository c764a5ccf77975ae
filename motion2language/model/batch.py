"""The values that travel through the networks: Batch, LossOptions and DecoderState."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

_FILLED = 1.25  # places per caption up to which captions are ordered by motion; chosen


class Batch(NamedTuple):
    """Padded motions and, for training, their captions.

    values   (B, T, F)  features; frames at or beyond `lengths` are padding
    lengths  (B,)       frames, int64
    tokens   (B, L)     word ids then <eos>, padded with <pad>; None without references
    rows     (B,)       the row of `values` each caption describes; None when row i describes row i. A motion with
                        several captions is encoded once: then `values` and `lengths` have fewer rows than `tokens`
    """

    values: Tensor
    lengths: Tensor
    tokens: Tensor | None = None
    rows: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """The same batch on `device`; a copy to a GPU does not wait for what the GPU still computes."""
        gpu = device.type == "cuda"

        def send(part: Tensor) -> Tensor:
            return part.pin_memory().to(device, non_blocking=True) if gpu and not part.is_cuda else part.to(device)

        tokens, rows = (None if part is None else send(part) for part in (self.tokens, self.rows))
        return Batch(send(self.values), send(self.lengths), tokens, rows)

    def neighbours(self) -> Tensor | None:
        """The captions (C N,) motion by motion, the same number N of each; the number of captions where one is missing.

        None where each motion has one, where too many would be missing, or on a GPU, which would wait for the number.
        """
        if self.rows is None or self.rows.is_cuda:
            return None
        counts = self.rows.bincount(minlength=len(self.lengths))
        each = int(counts.max())
        if each * len(counts) > _FILLED * len(self.rows):
            return None
        order = self.rows.argsort(stable=True)
        places = self.rows.new_full((len(counts) * each,), len(self.rows))
        within = torch.arange(len(order)) - (counts.cumsum(0) - counts).repeat_interleave(counts)
        return places.index_copy_(0, self.rows[order] * each + within, order)

    def each_caption(self, part: Tensor) -> Tensor:
        """From one row per motion to one row per caption."""
        return part if self.rows is None else part.index_select(0, self.rows)


@dataclass(frozen=True)
class LossOptions:
    """What an update sets for its loss; a network ignores what it has no use for.

    teacher_forcing  probability that a step is fed the reference's word instead of the model's own, one draw per step
                     for the whole batch
    seed             of these draws; None draws from torch's own generator
    label_smoothing  share of each target that is spread evenly over the vocabulary (arXiv 1512.00567)
    """

    teacher_forcing: float = 1.0
    seed: int | None = None
    label_smoothing: float = 0.0

    def generator(self) -> torch.Generator | None:
        """A new generator that draws from `seed`."""
        return None if self.seed is None else torch.Generator().manual_seed(self.seed)


PLAIN = LossOptions()  # every step is fed the reference's word


class DecoderState(NamedTuple):
    """What changes while a sentence is written: passed in and returned, never stored on a module.

    hidden    (B, H)  the GRU's state
    position  (B,)    frames, the attention's position; 0 before the first word
    first     bool    True before the first word (the HumanML3D variant keeps the position at 0 there)
    """

    hidden: Tensor
    position: Tensor
    first: bool
