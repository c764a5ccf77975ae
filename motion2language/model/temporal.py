"""ConvolutionEncoder, not in the paper: looks at a bounded time around each frame (encoders.py has the contract)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from motion2language.model.config import DILATIONS, KERNEL, ModelConfig
from motion2language.model.dropout import Dropout


class ConvolutionEncoder(nn.Module):
    """Residual blocks of dilated convolutions: 12 frames to either side of each, or, when causal, 24 before it.

    forward(values (B, T, F), lengths (B,)) -> memory (B, T, H), summary (B, H): the summary is the mean over frames.
    """

    def __init__(self, config: ModelConfig, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        reach = (KERNEL - 1) * max(DILATIONS)
        self.between = reach if causal else reach // 2  # frames of zeros after each clip when all are computed as one
        self.width = config.encoder_hidden
        self.project = nn.Linear(config.input_width, self.width)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(self.width, self.width, KERNEL, dilation=dilation) for dilation in DILATIONS
        )
        self.norms = nn.ModuleList(nn.LayerNorm(self.width) for _ in DILATIONS)
        self.dropout = Dropout(config.dropout)

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """One vector per frame; padding changes nothing.

        All clips are computed as one long clip, with a few frames of zeros between them.
        """
        clock = torch.arange(values.shape[1], device=values.device)
        ends = (lengths + self.between).cumsum(0)
        starts = (ends - lengths - self.between)[:, None]
        places = torch.where(clock < lengths[:, None], starts + clock, ends[:, None] - 1)  # padding: between clips
        frames = int(ends[-1])
        inside = values.new_zeros(frames, 1).index_fill_(0, places.flatten(), 1).index_fill_(0, ends - 1, 0)
        joined = values.new_zeros(frames, values.shape[2]).index_copy_(0, places.flatten(), values.flatten(0, 1))
        memory = self.project(joined)
        run: Any = _Convolve.apply
        for convolution, norm, dilation in zip(self.convolutions, self.norms, DILATIONS, strict=True):
            assert isinstance(convolution, nn.Conv1d)
            seen, taps = norm(memory) * inside, convolution.weight.permute(2, 1, 0).contiguous()
            if torch.is_autocast_enabled(seen.device.type):
                low = torch.get_autocast_dtype(seen.device.type)
                seen, taps = seen.to(low), taps.to(low)
            first = -(KERNEL - 1) * dilation // (1 if self.causal else 2)
            offsets = range(first, first + KERNEL * dilation, dilation)
            memory = memory + run(seen, taps, convolution.bias, offsets, self.dropout)
        memory = (memory * inside).index_select(0, places.flatten()).view(*values.shape[:2], -1)
        return memory, memory.sum(1) / lengths[:, None]

    def start(self, clips: int) -> list[Tensor]:
        """The state of `step` before the first frame of B clips: for each block the frames that it still looks at."""
        if not self.causal:
            raise ValueError("this encoder looks ahead; only a causal one can be fed frame by frame")
        weight = self.project.weight
        return [weight.new_zeros(clips, self.width, (KERNEL - 1) * dilation) for dilation in DILATIONS]

    def step(self, values: Tensor, carried: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Memory (B, H) of one more frame (B, F), as from `forward`, and the next state."""
        memory = self.project(values)
        kept = []
        for convolution, norm, before in zip(self.convolutions, self.norms, carried, strict=True):
            seen = torch.cat((before, norm(memory)[..., None]), -1)
            memory = memory + F.relu(convolution(seen)[..., 0])
            kept.append(seen[..., 1:])
        return memory, kept


class _Convolve(torch.autograd.Function):
    """relu of a convolution over the time of one clip, and dropout, as one matrix product for each of its taps.

    On a CPU these are as fast as the library's convolution, which has to prepare for every new length.
    """

    @staticmethod
    def forward(
        ctx: Any, frames: Tensor, taps: Tensor, bias: Tensor, offsets: Sequence[int], dropout: nn.Module
    ) -> Tensor:
        """For frames (T, H), taps (K, H, H) that look `offsets` frames ahead, and bias (H,): (T, H)."""
        outputs = bias.to(frames.dtype).repeat(len(frames), 1)
        for tap, offset in zip(taps, offsets, strict=True):
            now, seen = _shifted_pair(outputs, frames, offset)
            now.addmm_(seen, tap)
        slope = dropout(outputs.relu_().sign())
        ctx.save_for_backward(frames, taps, slope)
        ctx.offsets = offsets
        return outputs.mul_(slope)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of frames, taps and bias."""
        frames, taps, slope = ctx.saved_tensors
        grad = grad * slope
        grad_frames, grad_taps = torch.zeros_like(frames), torch.empty_like(taps)
        for tap, grad_tap, offset in zip(taps, grad_taps, ctx.offsets, strict=True):
            now, seen = _shifted_pair(grad, frames, offset)
            torch.mm(seen.T, now, out=grad_tap)
            _shifted_pair(grad, grad_frames, offset)[1].addmm_(now, tap.T)
        return grad_frames, grad_taps, grad.sum(0), None, None


def _shifted_pair(now: Tensor, other: Tensor, offset: int) -> tuple[Tensor, Tensor]:
    """The frames of `now`, and those of `other` that are `offset` frames later, where both exist."""
    count = len(now) - abs(offset)
    return now[max(0, -offset) :][:count], other[max(0, offset) :][:count]
