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
        last = (memory.lengths - 1).to(query.dtype)
        position = self.place(position, self.share(self.move(query), first), last)
        scores = torch.tanh((self.query(query)[:, None] @ memory.keys.transpose(1, 2))[:, 0])
        softmax = scores.masked_fill(memory.outside, -torch.inf).softmax(-1)
        weights = softmax * self.window(position, scores.shape[1])
        return _weighted(weights, memory), weights, position

    def share(self, moved: Tensor, first: bool) -> Tensor:
        """How much (B,) of the way to the end the position moves, in (0, 1), for moved = U query + c (B, H)."""
        if self.humanml3d and self.recurrent and first:
            return moved.new_zeros(len(moved))
        if self.humanml3d:
            return torch.sigmoid(torch.tanh(moved) @ self.gate.weight[0])
        return torch.sigmoid(self.scale * (moved @ self.gate.weight[0]))

    def place(self, position: Tensor, share: Tensor, last: Tensor) -> Tensor:
        """The next position (B,), for clips whose last frame is `last` (B,)."""
        return position + (last - position) * share if self.recurrent else last * share

    def window(self, position: Tensor, frames: int) -> Tensor:
        """The Gaussian window (B, T) around a position."""
        clock = torch.arange(frames, device=position.device, dtype=position.dtype)
        away = clock - position[:, None]
        exponent = away * away * (-2 / self.half_window**2)
        window = torch.exp(exponent.clamp(min=-80))  # below e^-80 exp takes five times as long, for what is nothing
        if self.mask:
            low, high = torch.floor(position - self.half_window), torch.floor(position + self.half_window)
            window = window * ((clock >= low[:, None]) & (clock < high[:, None]))
        return window


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
