"""The segmenter's networks for training (segmenter.py explains them)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motion2language.model.segmenter import KERNEL, PAIR, SegmenterConfig, Tower


class Convolutions(nn.Module):
    """Residual blocks of dilated convolutions over steps (B, S, F), those outside `inside` (B, S) being zero."""

    def __init__(self, tower: Tower, inputs: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Linear(inputs, tower.width)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(tower.width, tower.width, KERNEL, dilation=dilation, padding=(KERNEL - 1) * dilation // 2)
            for dilation in tower.dilations
        )
        self.norms = nn.ModuleList(nn.LayerNorm(tower.width) for _ in tower.dilations)
        self.norm = nn.LayerNorm(tower.width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, steps: Tensor, inside: Tensor, low: bool = False) -> Tensor:
        """One vector for each step, (B, S, width); low: products in bfloat16."""
        kept = inside[..., None].to(steps.dtype)
        with torch.autocast(steps.device.type, torch.bfloat16, enabled=low):
            memory = self.project(steps)
            for convolution, norm in zip(self.convolutions, self.norms, strict=True):
                seen = convolution((norm(memory) * kept).transpose(1, 2)).transpose(1, 2)
                memory = memory + self.dropout(F.relu(seen))
        return self.norm(memory.float()) * kept


class TorchSegmenter(nn.Module):
    """Features (B, T, F), standardised and padded to an even T, to the answers of segmenter.Evidence as log odds."""

    def __init__(self, config: SegmenterConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        width, hidden = config.bounds.width, config.hidden
        self.names = Convolutions(config.names, config.input_width, dropout)
        self.actions = nn.Linear(config.names.width, 1 + len(config.actions))
        self.bounds = Convolutions(config.bounds, PAIR * config.input_width, dropout)
        self.edges = nn.Linear(width, PAIR * 2)
        self.here = nn.Linear(width, hidden)
        self.beside = nn.Linear(width, hidden, bias=False)
        self.inside = nn.Linear(width, hidden, bias=False)
        self.length = nn.Embedding(config.longest, hidden)
        self.right = nn.Linear(hidden, 1)

    def name(self, values: Tensor, lengths: Tensor, low: bool = False) -> Tensor:
        """Scores (B, T, 1 + actions) of no action and of each action; low: as for Convolutions."""
        frames = torch.arange(values.shape[1], device=values.device)
        return self.actions(self.names(values, frames < lengths[:, None], low))

    def bound(self, values: Tensor, lengths: Tensor, low: bool = False) -> tuple[Tensor, Tensor]:
        """Log odds (B, T, 2) that an action begins, and ends, at each frame; and vectors (B, S, width).

        The last frame of a recording is repeated where one is missing.
        """
        steps = torch.arange(values.shape[1] // PAIR, device=values.device)
        paired = values.reshape(len(values), len(steps), -1)
        memory = self.bounds(paired, steps < -(-lengths // PAIR)[:, None], low)
        return self.edges(memory).reshape(len(values), -1, 2), memory

    def judge(self, memory: Tensor) -> Tensor:
        """Log odds (B, S, longest) that both bounds of each stretch are right; those past the end mean nothing."""
        count, device = memory.shape[1], memory.device
        padded = F.pad(memory, (0, 0, 1, 1))
        here, beside = self.here(padded), self.beside(padded)
        sums = F.pad(self.inside(memory).cumsum(1), (0, 0, 1, 0))
        begins, ends = here[:, 1:-1] - beside[:, :-2], beside[:, 1:-1] - here[:, 2:]
        steps = torch.arange(1, self.config.longest + 1, device=device)
        last = (torch.arange(count, device=device)[:, None] + steps).clamp(max=count)
        mean = (sums[:, last] - sums[:, :count, None]) / steps[:, None]
        return self.right(F.relu(begins[:, :, None] + ends[:, last - 1] + mean + self.length.weight))[..., 0]

    def arrays(self, mean: np.ndarray, std: np.ndarray) -> dict[str, np.ndarray]:
        """The weights and the features' statistics as segmenter.Segmenter takes them."""
        weights = {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}
        return weights | {"mean": mean, "std": std}
