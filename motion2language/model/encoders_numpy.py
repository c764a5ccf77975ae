"""The encoders of encoders.py in numpy, for describing without PyTorch.

Contract: encoder(values (B, S, F), lengths (B,)) -> memory (B, S, M), the memory that the torch encoder of the same
weights gives within `lengths`. A causal one also has start(clips) -> what it carries before the first frame, and
advance(values (B, S, F), carried) -> memory (B, S, M), carried; any number of frames at a time gives the same memory,
to the last bit. tests/test_numpy_network.py holds all of them to that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from motion2language.model.config import DILATIONS, KERNEL, LAYERS, REACH, ModelConfig
from motion2language.model.contract import Carried
from motion2language.model.layers_numpy import LayerNorm, Neighbours, Weights, advance_gru, take_gru

CLOSED = np.float32(-1e9)  # score of masked frames


class Encoder(Protocol):
    """An encoder of whole recordings."""

    width: int

    def __call__(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Memory (B, S, M) of features (B, S, F)."""


class CausalEncoder(ABC):
    """An encoder that needs no later frames: a whole recording is one long step of a stream."""

    width: int

    def __call__(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Memory (B, S, M) of features (B, S, F)."""
        return self.advance(values, self.start(len(values)))[0]

    @abstractmethod
    def start(self, clips: int) -> Carried:
        """What is carried before the first frame of B recordings."""

    @abstractmethod
    def advance(self, values: np.ndarray, carried: Carried) -> tuple[np.ndarray, Carried]:
        """Memory (B, S, M) of the next frames (B, S, F), and what is carried after them."""


class MlpEncoder(CausalEncoder):
    """Linear layers, each with tanh, applied to each frame by itself."""

    def __init__(self, config: ModelConfig, weights: Weights, name: str, hidden_layers: int) -> None:
        sizes = [config.input_width, *[config.encoder_hidden] * hidden_layers, config.hidden]
        weights = weights.row_by_row()
        self.layers = [weights.linear(f"{name}.layers.{number}", *pair) for number, pair in enumerate(pairwise(sizes))]
        self.standardise = config.variant == "humanml3d"
        self.width = config.hidden

    def start(self, clips: int) -> Carried:
        """Nothing: each frame is encoded by itself."""
        return []

    def advance(self, values: np.ndarray, carried: Carried) -> tuple[np.ndarray, Carried]:
        """Memory (B, S, M) of the next frames (B, S, F)."""
        for layer in self.layers:
            values = layer(values)
            if self.standardise:
                spread = values.std(-1, keepdims=True, ddof=1) + np.float32(1e-5)
                values = (values - values.mean(-1, keepdims=True)) / spread
            values = np.tanh(values)
        return values, carried


class GruEncoder(CausalEncoder):
    """One recurrent layer, forward in time."""

    def __init__(self, config: ModelConfig, weights: Weights, name: str, suffix: str = "") -> None:
        self.width = config.hidden
        self.input, self.recurrent = take_gru(
            weights.row_by_row(), f"{name}.rnn", config.input_width, config.hidden, suffix
        )

    def start(self, clips: int) -> Carried:
        """The state before the first frame: zeros."""
        return [np.zeros((clips, self.width), np.float32)]

    def advance(self, values: np.ndarray, carried: Carried) -> tuple[np.ndarray, Carried]:
        """Memory (B, S, M) of the next frames (B, S, F), and the last state."""
        (state,) = carried
        memory = np.empty((*values.shape[:2], self.width), np.float32)
        for frame, gates in enumerate(self.input(values).swapaxes(0, 1)):
            state = memory[:, frame] = advance_gru(gates, state, self.recurrent)
        return memory, [state]


class BidirectionalGruEncoder:
    """A recurrent layer in each direction; their outputs are concatenated."""

    def __init__(self, config: ModelConfig, weights: Weights, name: str) -> None:
        self.directions = [GruEncoder(config, weights, name, suffix) for suffix in ("", "_reverse")]
        self.width = 2 * config.hidden

    def __call__(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Memory (B, S, M) of features (B, S, F)."""
        clock = np.arange(values.shape[1])
        frames = np.where(clock < lengths[:, None], lengths[:, None] - 1 - clock, clock)  # each recording backwards
        rows = np.arange(len(values))[:, None]
        forward, back = self.directions
        return np.concatenate((forward(values, lengths), back(values[rows, frames], lengths)[rows, frames]), -1)


class HybridEncoder(CausalEncoder):
    """The MLP for each frame by itself, then a recurrent layer over its output."""

    def __init__(self, config: ModelConfig, weights: Weights, name: str) -> None:
        self.frame = MlpEncoder(config, weights, f"{name}.frame", hidden_layers=1)
        narrow = replace(config, input_width=self.frame.width)
        self.recurrent = GruEncoder(narrow, weights, f"{name}.recurrent")
        self.width = self.recurrent.width

    def start(self, clips: int) -> Carried:
        """The recurrent layer's state."""
        return self.recurrent.start(clips)

    def advance(self, values: np.ndarray, carried: Carried) -> tuple[np.ndarray, Carried]:
        """Memory (B, S, M) of the next frames (B, S, F), and the last state."""
        return self.recurrent.advance(self.frame.advance(values, [])[0], carried)


class _Convolutions:
    """Residual blocks of dilated convolutions, each one product of a window of frames."""

    def __init__(self, config: ModelConfig, weights: Weights, name: str) -> None:
        self.width = width = config.encoder_hidden
        self.project = weights.linear(f"{name}.project", config.input_width, width)
        self.convolutions = []
        for number in range(len(DILATIONS)):
            taps = weights.take(f"{name}.convolutions.{number}.weight", width, width, KERNEL)
            bias = weights.take(f"{name}.convolutions.{number}.bias", width)
            self.convolutions.append(weights.layer(taps.transpose(0, 2, 1).reshape(width, -1), bias))
        self.norms = [weights.norm(f"{name}.norms.{number}", width) for number in range(len(DILATIONS))]

    def block(self, number: int, seen: np.ndarray) -> np.ndarray:
        """What a block adds to the frames (B, S, M), from normalised frames (B, S + reach, M)."""
        dilation = DILATIONS[number]
        frames = seen.shape[1] - (KERNEL - 1) * dilation
        taps = [seen[:, first : first + frames] for first in range(0, KERNEL * dilation, dilation)]
        return np.maximum(self.convolutions[number](np.concatenate(taps, -1)), 0)


class ConvolutionEncoder(_Convolutions):
    """Convolutions that look to either side."""

    def __call__(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Memory (B, S, M) of features (B, S, F)."""
        inside = np.arange(values.shape[1]) < lengths[:, None]
        memory = self.project(values[inside])
        neighbours = Neighbours(lengths.tolist(), self.width, (KERNEL - 1) * max(DILATIONS) // 2)
        for norm, dilation, convolution in zip(self.norms, DILATIONS, self.convolutions, strict=True):
            memory += np.maximum(convolution(neighbours.around(norm(memory), dilation, KERNEL)), 0)
        whole = np.zeros((*values.shape[:2], self.width), np.float32)
        whole[inside] = memory
        return whole


class CausalConvolutionEncoder(_Convolutions, CausalEncoder):
    """Convolutions that look back."""

    def __init__(self, config: ModelConfig, weights: Weights, name: str) -> None:
        super().__init__(config, weights.row_by_row(), name)

    def start(self, clips: int) -> Carried:
        """For each block the frames that it still looks at: zeros."""
        return [np.zeros((clips, (KERNEL - 1) * dilation, self.width), np.float32) for dilation in DILATIONS]

    def advance(self, values: np.ndarray, carried: Carried) -> tuple[np.ndarray, Carried]:
        """Memory (B, S, M) of the next frames (B, S, F), and the frames that each block still looks at."""
        memory, kept = self.project(values), []
        for number, (norm, before) in enumerate(zip(self.norms, carried, strict=True)):
            seen = np.concatenate((before, norm(memory)), 1)
            memory = memory + self.block(number, seen)
            kept.append(seen[:, -before.shape[1] :])
        return memory, kept


class _Transformer:
    """Layers of self-attention to the frames within reach, with a learned score for each offset in time."""

    def __init__(self, config: ModelConfig, weights: Weights, name: str, before: int, after: int) -> None:
        self.width, self.before, self.after = config.encoder_hidden, before, after
        self.project = weights.linear(f"{name}.project", config.input_width, self.width)
        self.layers = [
            _Layer(weights, f"{name}.layers.{number}", self.width, config.heads, before + 1 + after)
            for number in range(LAYERS)
        ]
        self.norm = weights.norm(f"{name}.norm", self.width)


class TransformerEncoder(_Transformer):
    """Self-attention to either side."""

    def __init__(self, config: ModelConfig, weights: Weights, name: str) -> None:
        super().__init__(config, weights, name, REACH, REACH)

    def __call__(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Memory (B, S, M) of features (B, S, F)."""
        memory, sides = self.project(values), (self.before, self.after)
        opened = np.pad(np.arange(values.shape[1]) < lengths[:, None], ((0, 0), sides))
        for layer in self.layers:
            queries, pairs = layer.look(memory)
            memory = layer.add(memory, queries, np.pad(pairs, ((0, 0), sides, (0, 0))), opened)
        return self.norm(memory)


class CausalTransformerEncoder(_Transformer, CausalEncoder):
    """Self-attention to earlier frames."""

    def __init__(self, config: ModelConfig, weights: Weights, name: str) -> None:
        super().__init__(config, weights.row_by_row(), name, 2 * REACH, 0)

    def start(self, clips: int) -> Carried:
        """For each layer the keys and values of the frames within reach, and which of these there are: none."""
        pairs = [np.zeros((clips, self.before, 2 * self.width), np.float32) for _ in self.layers]
        return [*pairs, np.zeros((clips, self.before), np.bool_)]

    def advance(self, values: np.ndarray, carried: Carried) -> tuple[np.ndarray, Carried]:
        """Memory (B, S, M) of the next frames (B, S, F), and what the following ones attend to."""
        memory, kept = self.project(values), []
        opened = np.concatenate((carried[-1], np.ones(values.shape[:2], np.bool_)), 1)
        for layer, before in zip(self.layers, carried, strict=False):
            queries, pairs = layer.look(memory)
            pairs = np.concatenate((before, pairs), 1)
            memory = layer.add(memory, queries, pairs, opened)
            kept.append(pairs[:, -self.before :])
        return self.norm(memory), [*kept, opened[:, -self.before :]]


class _Layer:
    """Attention, then a feed-forward layer; each takes the normalised frames and is added to them."""

    def __init__(self, weights: Weights, name: str, width: int, heads: int, offsets: int) -> None:
        if width % heads:
            raise ValueError(f"model.encoder_hidden is {width}, which model.heads = {heads} does not divide")
        self.heads = heads
        self.attention_norm: LayerNorm = weights.norm(f"{name}.attention_norm", width)
        self.project = weights.linear(f"{name}.project", width, 3 * width)
        self.mix = weights.linear(f"{name}.mix", width, width)
        self.offsets = weights.take(f"{name}.offsets", heads, offsets)[:, None]
        self.forward_norm: LayerNorm = weights.norm(f"{name}.forward_norm", width)
        self.widen = weights.linear(f"{name}.forward_layers.0", width, 2 * width)
        self.narrow = weights.linear(f"{name}.forward_layers.2", 2 * width, width)

    def look(self, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Queries (B, S, M) of the frames, and keys beside values (B, S, 2M)."""
        queries, pairs = np.split(self.project(self.attention_norm(memory)), [memory.shape[-1]], -1)
        return queries, pairs

    def add(self, memory: np.ndarray, queries: np.ndarray, pairs: np.ndarray, opened: np.ndarray) -> np.ndarray:
        """The frames (B, S, M) after this layer; pairs and `opened` also hold the frames around them."""
        clips, frames, width = memory.shape
        reach = self.offsets.shape[-1]
        keys, values = pairs.reshape(clips, -1, 2, self.heads, width // self.heads).transpose(2, 0, 1, 3, 4)
        near_keys, near_values = (sliding_window_view(part, reach, 1) for part in (keys, values))  # (B, S, heads, d, K)
        queries = queries.reshape(clips, frames, self.heads, 1, -1)
        scores = queries @ near_keys * np.float32((width // self.heads) ** -0.5) + self.offsets
        scores = np.where(sliding_window_view(opened, reach, 1)[:, :, None, None], scores, CLOSED)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        looked = scores @ near_values.swapaxes(-1, -2) / scores.sum(-1, keepdims=True)
        memory = memory + self.mix(looked.reshape(clips, frames, width))
        return memory + self.narrow(np.maximum(self.widen(self.forward_norm(memory)), 0))


#: By ModelConfig.encoder, as in encoders.ENCODERS: from configuration, weights and their prefix.
ENCODERS: dict[str, Callable[[ModelConfig, Weights, str], Encoder]] = {
    "mlp": lambda config, weights, name: MlpEncoder(config, weights, name, hidden_layers=1),
    "deep-mlp": lambda config, weights, name: MlpEncoder(config, weights, name, hidden_layers=3),
    "gru": GruEncoder,
    "bigru": BidirectionalGruEncoder,
    "convolution": ConvolutionEncoder,
    "causal-convolution": CausalConvolutionEncoder,
    "transformer": TransformerEncoder,
    "causal-transformer": CausalTransformerEncoder,
    "hybrid": HybridEncoder,
}
