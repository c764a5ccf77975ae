"""Attention: where the decoder looks before each word.

Contract: prepare(memory (B, T, H), lengths (B,)) -> Memory, once per clip; forward(query (B, H), memory, position
(B,), first) -> context (B, H), weights (B, T), position (B,), once per word. Weights are >= 0 and zero on padding;
positions are frames in [0, length - 1]. Nothing is stored on a module: the position is passed in and returned.
A search writes N sentences per clip at once: a memory of C clips then gets B = C N queries, those of a clip in a row.

Source: arXiv 2310.10594. Local attention multiplies the softmax by a window without renormalising. Its weights
therefore sum to less than one, and to less the longer the clip. This known weakness of the method is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from motion2language.model.config import ModelConfig


class Memory(NamedTuple):
    """An encoded batch and what an attention precomputes from it; each part begins with the axis C of clips."""

    frames: Tensor  # averaged into contexts: (C, T, H), for `cross` (C, heads, T, H / heads)
    keys: Tensor  # compared with queries: the same shapes
    lengths: Tensor  # (C,)
    padding: Tensor  # (C, T) added to scores: 0 inside a clip, -inf on its padding

    def of(self, clips: Tensor) -> Memory:
        """The memory of these clips, in this order; a clip may occur several times."""
        frames = self.frames.index_select(0, clips)
        keys = frames if self.keys is self.frames else self.keys.index_select(0, clips)
        return Memory(frames, keys, self.lengths[clips], self.padding[clips])


class SoftAttention(nn.Module):
    """Looks at the whole clip at once; its position is the weighted mean of the frames.

    v . tanh(x) is computed as v . 2 sigmoid(2 x): the difference is the same for all frames, so the softmax does not
    change, and on a CPU a sigmoid takes a fifth of the time.
    """

    def __init__(self, width: int, config: ModelConfig) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.score = nn.Linear(width, 1, bias=False)

    def prepare(self, frames: Tensor, lengths: Tensor) -> Memory:
        """The memory with its keys, doubled."""
        return Memory(frames, 2 * self.key(frames), lengths, _padding(frames, lengths))

    def forward(self, query: Tensor, memory: Memory, position: Tensor, first: bool) -> tuple[Tensor, Tensor, Tensor]:
        """weights = softmax over frames of v . tanh(W query + b + U frame + c)."""
        queries = _of_clips(2 * self.query(query), memory)[:, :, None]
        halves = self.score(torch.sigmoid(queries + memory.keys[:, None]))[..., 0]
        weights = torch.add(memory.padding[:, None], halves, alpha=2).softmax(-1).flatten(0, 1)
        clock = torch.arange(weights.shape[1], device=weights.device, dtype=weights.dtype)
        return _weighted(weights, memory), weights, weights @ clock


class LocalAttention(nn.Module):
    """Looks through a Gaussian window around a position that the decoder's state sets or moves forward.

    Let S be the clip's length and f in (0, 1) the gate of the state: `local` puts the position at (S - 1) f,
    `recurrent-local` moves it by (S - 1 - position) f, so it never goes back or past the end.
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
        return Memory(frames, frames, lengths, _padding(frames, lengths))

    def forward(self, query: Tensor, memory: Memory, position: Tensor, first: bool) -> tuple[Tensor, Tensor, Tensor]:
        """weights = softmax over frames of tanh(frame . (W query + b)), times exp(-(s - p)^2 / (2 (D/2)^2)).

        With the mask, frames outside floor(p - D) <= s < floor(p + D) get 0. tanh is computed as in SoftAttention.
        """
        queries = _of_clips(self.query(query), memory)
        last = (memory.lengths - 1).to(query.dtype).repeat_interleave(queries.shape[1])
        position = self.place(position, self.share(self.move(query), first), last)
        halves = torch.sigmoid(2 * queries @ memory.keys.transpose(1, 2))
        softmax = torch.add(memory.padding[:, None], halves, alpha=2).softmax(-1).flatten(0, 1)
        weights = softmax * self.window(position, softmax.shape[1])
        return _weighted(weights, memory), weights, position

    def share(self, moved: Tensor, first: bool) -> Tensor:
        """The share (B,) of the way to the end that the position moves, in (0, 1), for moved = U query + c (B, H)."""
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
        window = torch.exp(exponent.clamp(min=-80))  # below e^-80 exp takes five times as long, for values of no effect
        if self.mask:
            low, high = torch.floor(position - self.half_window), torch.floor(position + self.half_window)
            window = window * ((clock >= low[:, None]) & (clock < high[:, None]))
        return window


class CrossAttention(nn.Module):
    """Looks at the whole clip with several heads, like a transformer's decoder; its position is their mean frame.

    `monotone`: no head looks at frames before the position, so that the mean only moves forward. The weight of frames
    ahead decays by a factor e every D frames at first; each head learns its own rate.

    Source: arXiv 1706.03762. Monotone as in arXiv 2409.09177, but by masking instead of additional losses.
    """

    def __init__(self, width: int, config: ModelConfig) -> None:
        super().__init__()
        self.heads, self.monotone = config.heads, config.monotone
        if width % self.heads:
            raise ValueError(
                f"encoder {config.encoder!r} gives {width} units, which model.heads = {self.heads} does not divide"
            )
        self.query, self.value, self.mix = (nn.Linear(width, width) for _ in range(3))
        self.key = nn.Linear(width, width, bias=False)  # a bias would add the same to the scores of all frames
        self.scale = (width // self.heads) ** -0.5
        if self.monotone:
            self.ahead = nn.Parameter(torch.full((self.heads,), -math.log(config.half_window_frames)))

    def prepare(self, frames: Tensor, lengths: Tensor) -> Memory:
        """Values and keys of each head."""
        values, keys = (
            layer(frames).view(*frames.shape[:2], self.heads, -1).transpose(1, 2).contiguous()
            for layer in (self.value, self.key)
        )
        return Memory(values, keys, lengths, _padding(frames, lengths))

    def forward(self, query: Tensor, memory: Memory, position: Tensor, first: bool) -> tuple[Tensor, Tensor, Tensor]:
        """weights = softmax over frames of (W query + b) . U frame, scaled, per head; returned is the heads' mean."""
        queries = _of_clips((self.query(query) * self.scale).view(len(query), self.heads, -1), memory).transpose(1, 2)
        scores = queries @ memory.keys.transpose(2, 3) + memory.padding[:, None, None]  # (C, heads, N, T)
        clock = torch.arange(scores.shape[3], device=scores.device, dtype=position.dtype)
        if self.monotone:
            here = _of_clips(position, memory)[..., None]
            scores = scores - self.ahead.exp()[:, None, None] * (clock - here).clamp(min=0)[:, None]
            scores = scores.masked_fill((clock < here.detach().floor())[:, None], -torch.inf)
        weights = scores.softmax(-1)
        context = self.mix((weights @ memory.frames).transpose(1, 2).flatten(2).flatten(0, 1))
        looked = weights.mean(1).flatten(0, 1)
        mean = (looked * clock).sum(-1)  # a matrix product would be rounded when training in low precision
        return context, looked, torch.maximum(position, mean) if self.monotone else mean


#: To add an attention, add a class and a line here.
ATTENTIONS: dict[str, Callable[[int, ModelConfig], SoftAttention | LocalAttention | CrossAttention]] = {
    "soft": SoftAttention,
    "local": lambda width, config: LocalAttention(width, config, recurrent=False),
    "recurrent-local": lambda width, config: LocalAttention(width, config, recurrent=True),
    "cross": CrossAttention,
}


def _padding(frames: Tensor, lengths: Tensor) -> Tensor:
    return torch.where(torch.arange(frames.shape[1], device=frames.device) < lengths[:, None], 0.0, -torch.inf)


def _of_clips(rows: Tensor, memory: Memory) -> Tensor:
    """(B, ...) as (C, N, ...): the rows of each of the memory's clips."""
    return rows.reshape(len(memory.lengths), -1, *rows.shape[1:])


def _weighted(weights: Tensor, memory: Memory) -> Tensor:
    return (_of_clips(weights, memory) @ memory.frames).flatten(0, 1)
