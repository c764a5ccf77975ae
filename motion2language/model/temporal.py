"""Encoders that look at a bounded stretch of time around each frame, beside those of the paper (encoders.py)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motion2language.model.config import ModelConfig

KERNEL = 5  # frames a convolution sees; chosen
DILATIONS = (1, 1, 2, 2)  # 24 frames together, 4.8 s at the transducer's 5 Hz; chosen


class ConvolutionEncoder(nn.Module):
    """Residual blocks of dilated convolutions: 12 frames to either side of each, or, when causal, 24 before it.

    forward(values (B, T, F), lengths (B,)) -> memory (B, T, H), summary (B, H): the summary is the mean over frames.
    """

    def __init__(self, config: ModelConfig, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.width = config.encoder_hidden
        self.project = nn.Linear(config.input_width, self.width)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(self.width, self.width, KERNEL, dilation=dilation) for dilation in DILATIONS
        )
        self.norms = nn.ModuleList(nn.LayerNorm(self.width) for _ in DILATIONS)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """One vector a frame; padding changes nothing."""
        inside = (torch.arange(values.shape[1], device=values.device) < lengths[:, None])[..., None].to(values.dtype)
        memory = self.project(values) * inside
        for convolution, norm, dilation in zip(self.convolutions, self.norms, DILATIONS, strict=True):
            reach = (KERNEL - 1) * dilation
            before = reach if self.causal else reach // 2
            padded = F.pad((norm(memory) * inside).transpose(1, 2), (before, reach - before))
            memory = memory + self.dropout(F.relu(convolution(padded).transpose(1, 2)))
        memory = memory * inside
        return memory, memory.sum(1) / lengths[:, None]

    def start(self, clips: int) -> list[Tensor]:
        """What `step` carries before the first frame of B clips: for each block the frames it still looks at."""
        if not self.causal:
            raise ValueError("this encoder looks ahead; only a causal one can be fed frame by frame")
        weight = self.project.weight
        return [weight.new_zeros(clips, self.width, (KERNEL - 1) * dilation) for dilation in DILATIONS]

    def step(self, values: Tensor, carried: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Memory (B, H) of one more frame (B, F), and what to carry on: what `forward` gives at that frame."""
        memory = self.project(values)
        kept = []
        for convolution, norm, before in zip(self.convolutions, self.norms, carried, strict=True):
            seen = torch.cat((before, norm(memory)[..., None]), -1)
            memory = memory + F.relu(convolution(seen)[..., 0])
            kept.append(seen[..., 1:])
        return memory, kept
