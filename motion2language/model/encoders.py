"""Encoders: features of every frame to a memory of every frame.

Contract: forward(values (B, T, F), lengths (B,)) -> memory (B, T, H), summary (B, H). One output per frame; padding
changes nothing inside a clip; `causal` is True when later frames do not matter; `width` is H. The summary starts the
decoder: zeros for frame-level encoders, the final state for recurrent ones, the mean over frames for those that see a
stretch of time (temporal.py, transformer.py).

A causal encoder can be fed frame by frame, as `m2l live` does: start(clips) returns the state, a list of tensors, and
step(values (B, F), carried) -> memory (B, H), carried returns the memory that `forward` gives at that frame.

Source: arXiv 2310.10594. In the HumanML3D variant each layer of an MLP standardises its output over the features
before the tanh.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from motion2language.model.config import ModelConfig
from motion2language.model.dropout import Dropout
from motion2language.model.frame_layers import apply_layers
from motion2language.model.temporal import ConvolutionEncoder
from motion2language.model.transformer import TransformerEncoder


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
        """Memory (B, T, H), on a CPU zero on padding, and a summary of zeros (B, H)."""
        inside = torch.arange(values.shape[1], device=values.device) < lengths[:, None]
        padded = not (values.is_cuda or inside.all())
        if torch.is_grad_enabled() and not self.standardise:
            memory = self._with_gradient(values, inside if padded else None)
        else:
            memory = self._of_frames(values)
            memory = memory.masked_fill(~inside[..., None], 0.0) if padded else memory
        return memory, memory.new_zeros(len(memory), self.width)

    def _with_gradient(self, values: Tensor, inside: Tensor | None) -> Tensor:
        """The same as `_of_frames` with a quick gradient; frames that are not `inside` (B, T) are not encoded."""
        frames = values.flatten(0, 1)
        if inside is None:
            return apply_layers(frames, self.layers, self.dropout).view(*values.shape[:2], -1)
        places = inside.flatten().nonzero()[:, 0]
        encoded = apply_layers(frames.index_select(0, places), self.layers, self.dropout)
        memory = encoded.new_zeros(len(frames), self.width).index_copy(0, places, encoded)
        return memory.view(*values.shape[:2], -1)

    def start(self, clips: int) -> list[Tensor]:
        """An empty state: each frame is encoded by itself."""
        return []

    def step(self, values: Tensor, carried: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Memory (B, H) of one more frame (B, F)."""
        return self._of_frames(values), carried

    def _of_frames(self, memory: Tensor) -> Tensor:
        for layer in self.layers:
            memory = layer(memory)
            if self.standardise:
                memory = (memory - memory.mean(-1, keepdim=True)) / (memory.std(-1, keepdim=True) + 1e-5)
            memory = self.dropout(_tanh(memory))
        return memory


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

    def start(self, clips: int) -> list[Tensor]:
        """The state of `step` before the first frame of B clips: zeros."""
        if not self.causal:
            raise ValueError("this encoder looks ahead; only a causal one can be fed frame by frame")
        return [next(self.rnn.parameters()).new_zeros(1, clips, self.width)]

    def step(self, values: Tensor, carried: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Memory (B, H) of one more frame (B, F), and the next state."""
        memory, state = self.rnn(values[:, None], carried[0])
        return memory[:, 0], [state]


class HybridEncoder(nn.Module):
    """The MLP for each frame by itself, then a recurrent layer over its output.

    No convolution lies between them: the recurrent layer already covers earlier frames, and the encoder is meant to
    show what recurrence adds to a frame-level encoder.
    """

    causal = True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.frame = MlpEncoder(config, hidden_layers=1)
        self.recurrent = GruEncoder(replace(config, input_width=self.frame.width), bidirectional=False)
        self.width = self.recurrent.width

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Memory (B, T, H), zero on padding, and the final state (B, H)."""
        return self.recurrent(self.frame(values, lengths)[0], lengths)

    def start(self, clips: int) -> list[Tensor]:
        """The state of `step` before the first frame of B clips: the recurrent layer's."""
        return self.recurrent.start(clips)

    def step(self, values: Tensor, carried: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Memory (B, H) of one more frame (B, F), and the next state."""
        frame, _ = self.frame.step(values, [])
        return self.recurrent.step(frame, carried)


def _tanh(values: Tensor) -> Tensor:
    """tanh(x); on a CPU without a gradient as 2 sigmoid(2 x) - 1, in place, which takes half the time."""
    if values.requires_grad or values.is_cuda:
        return torch.tanh(values)
    return values.mul_(2).sigmoid_().mul_(2).sub_(1)


Encoder = MlpEncoder | GruEncoder | HybridEncoder | ConvolutionEncoder | TransformerEncoder

#: To add an encoder, add a class and a line here.
ENCODERS: dict[str, Callable[[ModelConfig], Encoder]] = {
    "mlp": lambda config: MlpEncoder(config, hidden_layers=1),
    "deep-mlp": lambda config: MlpEncoder(config, hidden_layers=3),
    "gru": lambda config: GruEncoder(config, bidirectional=False),
    "bigru": lambda config: GruEncoder(config, bidirectional=True),
    "convolution": lambda config: ConvolutionEncoder(config, causal=False),
    "causal-convolution": lambda config: ConvolutionEncoder(config, causal=True),
    "transformer": lambda config: TransformerEncoder(config, causal=False),
    "causal-transformer": lambda config: TransformerEncoder(config, causal=True),
    "hybrid": HybridEncoder,
}
