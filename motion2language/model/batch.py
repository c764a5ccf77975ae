"""The two values that travel through the networks: Batch and DecoderState."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Padded motions and, for training, their captions.

    values   (B, T, F)  features; frames at or beyond `lengths` are padding
    lengths  (B,)       frames, int64
    tokens   (B, L)     word ids then <eos>, padded with <pad>; None when there is no reference
    rows     (B,)       the row of `values` each caption describes; None when row i describes row i. A motion with
                        several captions is encoded once: then `values` and `lengths` have fewer rows than `tokens`
    """

    values: Tensor
    lengths: Tensor
    tokens: Tensor | None = None
    rows: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """The same batch on `device`."""
        tokens, rows = (None if part is None else part.to(device) for part in (self.tokens, self.rows))
        return Batch(self.values.to(device), self.lengths.to(device), tokens, rows)

    def each_caption(self, part: Tensor) -> Tensor:
        """From a row a motion to a row a caption."""
        return part if self.rows is None else part.index_select(0, self.rows)


class DecoderState(NamedTuple):
    """What changes while a sentence is written: passed in and returned, never stored on a module.

    hidden    (B, H)  the GRU's state
    position  (B,)    frames, where the attention stands; 0 before the first word
    first     bool    True before the first word (the HumanML3D variant keeps the position at 0 there)
    """

    hidden: Tensor
    position: Tensor
    first: bool
