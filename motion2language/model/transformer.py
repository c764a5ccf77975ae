"""TransformerEncoder: self-attention within a band around each frame (encoders.py has the contract).

Positions are relative: each offset between two frames has a learned score, so a motion is encoded the same whenever it
occurs. Frames are processed in blocks whose queries see only the keys within reach: time and memory grow linearly with
the length of a recording.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motion2language.model.config import LAYERS, REACH, ModelConfig
from motion2language.model.dropout import Dropout

CLOSED = -1e9  # score of masked frames; finite, so that padding does not give NaN


class TransformerEncoder(nn.Module):
    """Layers of banded self-attention: 20 frames to either side of each, or, when causal, 40 before it.

    forward(values (B, T, F), lengths (B,)) -> memory (B, T, H), summary (B, H): the summary is the mean over frames.
    """

    def __init__(self, config: ModelConfig, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.width = config.encoder_hidden
        before, after = (2 * REACH, 0) if causal else (REACH, REACH)
        self.project = nn.Linear(config.input_width, self.width)
        self.layers = nn.ModuleList(_Layer(config, before, after) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(self.width)

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """One vector per frame; padding changes nothing."""
        inside = torch.arange(values.shape[1], device=values.device) < lengths[:, None]
        memory = self.project(values)
        for layer in self.layers:
            memory = layer(memory, inside)
        memory = self.norm(memory) * inside[..., None]
        return memory, memory.sum(1) / lengths[:, None]

    def start(self, clips: int) -> list[Tensor]:
        """The state of `step` before the first frame of B clips: for each layer the frames that it still attends to."""
        if not self.causal:
            raise ValueError("this encoder looks ahead; only a causal one can be fed frame by frame")
        return [self.project.weight.new_zeros(clips, 0, 2 * self.width) for _ in self.layers]

    def step(self, values: Tensor, carried: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Memory (B, H) of one more frame (B, F), as from `forward`, and the next state."""
        memory, kept = self.project(values)[:, None], []
        for layer, before in zip(self.layers, carried, strict=True):
            assert isinstance(layer, _Layer)
            memory, seen = layer.step(memory, before)
            kept.append(seen)
        return self.norm(memory)[:, 0], kept


class _Layer(nn.Module):
    """Attention, then a feed-forward layer; each takes the normalised frames and is added to them."""

    def __init__(self, config: ModelConfig, before: int, after: int) -> None:
        super().__init__()
        width, self.heads, self.before, self.after = config.encoder_hidden, config.heads, before, after
        if width % self.heads:
            raise ValueError(f"model.encoder_hidden is {width}, which model.heads = {self.heads} does not divide")
        self.attention_norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)  # queries, keys, values
        self.mix = nn.Linear(width, width)
        self.offsets = nn.Parameter(
            torch.zeros(self.heads, before + 1 + after)
        )  # one score per offset, the earliest first
        self.forward_norm = nn.LayerNorm(width)
        self.forward_layers = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.dropout = Dropout(config.dropout)

    def forward(self, memory: Tensor, inside: Tensor) -> Tensor:
        """The frames (B, T, H) after this layer; `inside` (B, T) is False on padding."""
        frames, block = memory.shape[1], self.before + self.after
        rest = -frames % block
        around = (self.before, self.after + rest)
        queries, pairs = self._projections(memory)
        queries = F.pad(queries, (0, 0, 0, rest)).view(len(memory), -1, block, memory.shape[2])
        pairs = _join_neighbours(F.pad(pairs, (0, 0, *around)), block)
        closed = _join_neighbours(F.pad(~inside, around, value=True), block)
        looked = self._attend(queries, pairs, self._band(block).masked_fill(closed[:, :, None, None], CLOSED))
        return self._add(memory, looked.flatten(1, 2)[:, :frames])

    def step(self, memory: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """One frame (B, 1, H) after this layer, and the keys and values that the next one attends to."""
        queries, pairs = self._projections(memory)
        seen = torch.cat((before, pairs), 1)
        looked = self._attend(queries, seen, self.offsets[:, None, -seen.shape[1] :])
        return self._add(memory, looked), seen[:, -self.before :]

    def _projections(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Queries (B, T, H) of the frames, and keys beside values (B, T, 2H)."""
        width = memory.shape[-1]
        queries, pairs = self.project(self.attention_norm(memory)).split([width, 2 * width], -1)
        return queries, pairs

    def _band(self, block: int) -> Tensor:
        """Scores (heads, block, 2 * block) of a block's queries for the keys around it; CLOSED beyond the reach."""
        clock = torch.arange(2 * block, device=self.offsets.device)
        offset = clock - clock[:block, None]  # index among `offsets`
        return self.offsets[:, offset.clamp(0, block)].masked_fill((offset < 0) | (offset > block), CLOSED)

    def _attend(self, queries: Tensor, pairs: Tensor, scores: Tensor) -> Tensor:
        """Attention of queries (..., Q, H) to keys and values (..., K, 2H), with scores (..., heads, Q, K) added."""
        queries, keys, values = (
            part.reshape(*part.shape[:-1], self.heads, -1).transpose(-2, -3) for part in (queries, *pairs.chunk(2, -1))
        )
        return F.scaled_dot_product_attention(queries, keys, values, scores).transpose(-2, -3).flatten(-2)

    def _add(self, memory: Tensor, looked: Tensor) -> Tensor:
        memory = memory + self.dropout(self.mix(looked))
        return memory + self.dropout(self.forward_layers(self.forward_norm(memory)))


def _join_neighbours(frames: Tensor, block: int) -> Tensor:
    """Each block of frames (B, T, ...) with the next: (B, blocks - 1, 2 * block, ...)."""
    blocks = frames.view(len(frames), -1, block, *frames.shape[2:])
    return torch.cat((blocks[:, :-1], blocks[:, 1:]), 2)
