"""Encoders that look at a bounded stretch of time around each frame, beside those of the paper (encoders.py)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motion2language.model.config import ModelConfig
from motion2language.model.dropout import Dropout

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
        self.dropout = Dropout(config.dropout)

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """One vector a frame; padding changes nothing."""
        inside = (torch.arange(values.shape[1], device=values.device) < lengths[:, None])[..., None].to(values.dtype)
        memory = self.project(values) * inside
        for convolution, norm, dilation in zip(self.convolutions, self.norms, DILATIONS, strict=True):
            seen = norm(memory) * inside
            memory = memory + self.dropout(F.relu(self._convolve(convolution, seen, dilation)))
        memory = memory * inside
        return memory, memory.sum(1) / lengths[:, None]

    def _convolve(self, convolution: nn.Module, seen: Tensor, dilation: int) -> Tensor:
        """A convolution over time of (B, T, H), zeros around.

        As one of images a frame high, because those are computed with the channels last, as they lie here.
        """
        assert isinstance(convolution, nn.Conv1d)
        reach = (KERNEL - 1) * dilation
        images = seen[:, None].permute(0, 3, 1, 2)
        if self.causal:
            images = F.pad(images, (reach, 0))
        around = (0, 0 if self.causal else reach // 2)
        weight = convolution.weight[:, :, None]
        found = F.conv2d(images, weight, convolution.bias, padding=around, dilation=(1, dilation))
        return found[:, :, 0].transpose(1, 2)

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
