"""Attention: where the decoder looks before it says a word.

Contract: prepare(memory (B, T, H), lengths (B,)) -> Memory, once a clip; forward(query (B, H), memory, position (B,),
first) -> context (B, H), weights (B, T), position (B,), once a word. Weights are >= 0 and zero on padding; positions
are frames in [0, length - 1]. Nothing is stored on a module: where the decoder stands is passed in and returned.

Source: arXiv 2310.10594. The weights of the local kinds are softmax times window and are not renormalised, so they
sum to less than one, and to less for longer clips: a known weakness of the method, kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from motion2language.model.config import ModelConfig


class Memory(NamedTuple):
    """An encoded batch and what is computed from it once: frames (B, T, H), keys (B, T, H), lengths (B,), outside."""

    frames: Tensor
    keys: Tensor
    lengths: Tensor
    outside: Tensor  # (B, T) True on padding


class SoftAttention(nn.Module):
    """Looks at the whole clip at once; its position is the weighted mean of the frames."""

    def __init__(self, width: int, config: ModelConfig) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.score = nn.Linear(width, 1, bias=False)

    def prepare(self, frames: Tensor, lengths: Tensor) -> Memory:
        """The memory with its keys."""
        return Memory(frames, self.key(frames), lengths, _outside(frames, lengths))

    def forward(self, query: Tensor, memory: Memory, position: Tensor, first: bool) -> tuple[Tensor, Tensor, Tensor]:
        """weights = softmax over frames of v . tanh(W query + b + U frame + c)."""
        scores = self.score(torch.tanh(self.query(query)[:, None] + memory.keys))[..., 0]
        weights = scores.masked_fill(memory.outside, -torch.inf).softmax(-1)
        clock = torch.arange(weights.shape[1], device=weights.device, dtype=weights.dtype)
        return _weighted(weights, memory), weights, weights @ clock


class LocalAttention(nn.Module):
    """Looks through a Gaussian window around a position that the decoder's state places anew, or moves forward.

    With S the clip's length and f in (0, 1) the gate of the state: `local` puts the position at (S - 1) f,
    `recurrent-local` moves it by (S - 1 - position) f, so never back and never past the end.
    """

    def __init__(self, width: int, config: ModelConfig, recurrent: bool) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.move = nn.Linear(width, width)
        self.gate = nn.Linear(width, 1, bias=False)
        self.scale = width**-0.5
        self.recurrent = recurrent
        self.mask = config.mask
        self.half_window = config.half_window_frames
        self.humanml3d = config.variant == "humanml3d"

    def prepare(self, frames: Tensor, lengths: Tensor) -> Memory:
        """The memory; the frames are their own keys."""
        return Memory(frames, frames, lengths, _outside(frames, lengths))

    def forward(self, query: Tensor, memory: Memory, position: Tensor, first: bool) -> tuple[Tensor, Tensor, Tensor]:
        """weights = softmax over frames of tanh(frame . (W query + b)), times exp(-(s - p)^2 / (2 (D/2)^2)).

        With the mask, frames outside floor(p - D) <= s < floor(p + D) get 0.
        """
        position = self._move(query, memory.lengths, position, first)
        scores = torch.tanh((memory.keys @ self.query(query)[..., None])[..., 0])
        clock = torch.arange(scores.shape[1], device=scores.device, dtype=scores.dtype)
        window = torch.exp(-2 * ((clock - position[:, None]) / self.half_window) ** 2)
        if self.mask:
            low, high = torch.floor(position - self.half_window), torch.floor(position + self.half_window)
            window = window * ((clock >= low[:, None]) & (clock < high[:, None]))
        weights = scores.masked_fill(memory.outside, -torch.inf).softmax(-1) * window
        return _weighted(weights, memory), weights, position

    def _move(self, query: Tensor, lengths: Tensor, position: Tensor, first: bool) -> Tensor:
        last = (lengths - 1).to(query.dtype)
        moved = self.move(query)
        if self.humanml3d:
            if first and self.recurrent:
                return torch.zeros_like(position)
            share = torch.sigmoid(self.gate(torch.tanh(moved)))[:, 0]
        else:
            share = torch.sigmoid(self.scale * self.gate(moved))[:, 0]
        return position + (last - position) * share if self.recurrent else last * share


#: Adding an attention is a class and a line here.
ATTENTIONS: dict[str, Callable[[int, ModelConfig], SoftAttention | LocalAttention]] = {
    "soft": SoftAttention,
    "local": lambda width, config: LocalAttention(width, config, recurrent=False),
    "recurrent-local": lambda width, config: LocalAttention(width, config, recurrent=True),
}


def _outside(frames: Tensor, lengths: Tensor) -> Tensor:
    return torch.arange(frames.shape[1], device=frames.device) >= lengths[:, None]


def _weighted(weights: Tensor, memory: Memory) -> Tensor:
    return (weights[:, None] @ memory.frames)[:, 0]
