"""The numpy networks' weights and elementary operations, in float32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


class Weights:
    """Arrays by name, each taken once; what is missing, left over or of another shape is a ValueError."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._left, self._layer = dict(arrays), Linear

    def row_by_row(self) -> Weights:
        """The same arrays, for linear layers that compute each row by itself."""
        same = Weights({})
        same._left, same._layer = self._left, RowLinear
        return same

    def take(self, name: str, *shape: int) -> np.ndarray:
        """The array of this name and shape, in float32."""
        if name not in self._left:
            raise ValueError(f"{name} is missing")
        array = self._left.pop(name)
        if array.shape != shape or not np.issubdtype(array.dtype, np.floating):
            raise ValueError(f"{name} is {array.dtype} {array.shape}, expected floating point {shape}")
        return np.ascontiguousarray(array, dtype=np.float32)

    def has(self, name: str) -> bool:
        """Whether there is an array of this name that was not taken."""
        return name in self._left

    def rows(self, name: str) -> int:
        """How many rows the array of this name has; ValueError for none."""
        rows = np.shape(self._left.get(name, 0.0))[:1]
        if not rows or not rows[0]:
            raise ValueError(f"{name} is missing or empty")
        return int(rows[0])

    def linear(self, name: str, inputs: int, outputs: int) -> Linear:
        """The linear layer of this name."""
        return self.layer(self.take(f"{name}.weight", outputs, inputs), self.take(f"{name}.bias", outputs))

    def layer(self, weight: np.ndarray, bias: np.ndarray) -> Linear:
        """The linear layer of a weight (O, I) and a bias (O,)."""
        return self._layer(weight, bias)

    def norm(self, name: str, width: int) -> LayerNorm:
        """The layer normalisation of this name."""
        return LayerNorm(self.take(f"{name}.weight", width), self.take(f"{name}.bias", width))

    def require_all_taken(self) -> None:
        """ValueError when an array was not taken."""
        if self._left:
            raise ValueError(f"{', '.join(sorted(self._left))}: not expected")


class Linear:
    """A linear layer, one product for all rows."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        self.columns, self.bias = np.ascontiguousarray(weight.T), bias

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Outputs (..., O) of rows (..., I)."""
        outputs = rows.reshape(-1, rows.shape[-1]) @ self.columns
        outputs += self.bias
        return outputs.reshape(*rows.shape[:-1], -1)


class RowLinear(Linear):
    """A linear layer whose output for a row depends on that row alone, to the last bit.

    A library chooses its kernel by the number of rows, and kernels round differently. Here each row is a product of
    its own, so that a step of a stream is computed as in a whole recording. That takes two to three times as long.
    """

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Outputs (..., O) of rows (..., I)."""
        return np.matmul(rows[..., None, :], self.columns)[..., 0, :] + self.bias


class LayerNorm:
    """Standardises each row, then scales and shifts it."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        self.weight, self.bias = weight, bias

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Rows (..., I) standardised."""
        width = np.float32(rows.shape[-1])
        rows = rows - np.add.reduce(rows, -1, keepdims=True) / width
        scale = np.sqrt(np.add.reduce(rows * rows, -1, keepdims=True) / width + np.float32(1e-5))
        rows /= scale  # as torch.nn.LayerNorm
        rows *= self.weight
        rows += self.bias
        return rows


class Neighbours:
    """The rows of several recordings, one recording behind another, each row with those around it.

    Beyond the ends of a recording there are zeros. So recordings of all lengths are computed together, and none sees
    another.
    """

    def __init__(self, lengths: Sequence[int], width: int, reach: int) -> None:
        gaps = reach * np.arange(1, len(lengths) + 1)  # zeros before and behind each recording
        self._places = np.arange(sum(lengths)) + np.repeat(gaps, lengths)
        self._rows = np.zeros((len(self._places) + gaps[-1] + reach, width), np.float32)

    def around(self, rows: np.ndarray, dilation: int, count: int) -> np.ndarray:
        """For each row (N, W) an odd `count` of rows, every `dilation`-th, itself in the middle: (N, count * W)."""
        self._rows[self._places] = rows
        return self._rows[self._places[:, None] + dilation * (np.arange(count) - count // 2)].reshape(len(rows), -1)


def sigmoid(values: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow."""
    half = np.float32(0.5)
    return np.tanh(values * half) * half + half


def take_gru(weights: Weights, name: str, inputs: int, hidden: int, suffix: str = "") -> tuple[Linear, Linear]:
    """A recurrent layer: from the input and from the state to the gates (reset, update, new)."""
    parts = [
        (
            weights.take(f"{name}.weight_{part}_l0{suffix}", 3 * hidden, size),
            weights.take(f"{name}.bias_{part}_l0{suffix}", 3 * hidden),
        )
        for part, size in (("ih", inputs), ("hh", hidden))
    ]
    from_input, from_state = (weights.layer(*pair) for pair in parts)
    return from_input, from_state


def advance_gru(from_input: np.ndarray, state: np.ndarray, recurrent: Linear) -> np.ndarray:
    """The next state (N, H) of a recurrent layer, from the input's part of its gates (N, 3H)."""
    from_state, width = recurrent(state), state.shape[-1]
    opened = sigmoid(from_input[:, : 2 * width] + from_state[:, : 2 * width])
    reset, update = opened[:, :width], opened[:, width:]
    new = np.tanh(from_input[:, 2 * width :] + reset * from_state[:, 2 * width :])
    return new + update * (state - new)
