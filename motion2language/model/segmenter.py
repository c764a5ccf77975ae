"""Segmenter: what each frame shows, and which stretches of a recording are one action, in numpy.

Two networks of dilated convolutions read the features of a prepared recording. The first says of each frame which of
its actions it shows, or none. The second, which sees a few seconds in steps of two frames, says where actions begin and
end, and of each stretch between two moments whether both its bounds are those of one action: it sees the moments
before, at and after both bounds and the mean in between, so it may learn that a punch which swings back is over, and
that the same punch again is another one. A row of pieces is made of these answers (captioning/search_segments.py).

They are two since they generalise differently: names of actions get better the longer the first is trained, while the
second, trained as long, learns what composed motions look like where they were joined.

segmenter_torch.py has the same networks for training, on composed motions, whose joins are exact; no person marked a
time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from motion2language.model.layers_numpy import LayerNorm, Linear, Weights

PAIR = 2  # frames of a step of the second network
KERNEL = 5  # steps a convolution sees
CHUNK = 3000  # steps computed together; chosen: five or ten minutes, some 50 MB


class Action(BaseModel):
    """An action's label in segments, and a phrase that says it: "sit", "sits down".

    continues  whether any part of it shows it (walking, waving), so that two of them in a row are one
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(min_length=1)
    phrase: str = Field(min_length=1)
    continues: bool = False


class Tower(BaseModel):
    """The shape of one network: channels, and the dilation of each convolution, in its steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(gt=0, le=8192)
    dilations: tuple[Annotated[int, Field(gt=0, le=64)], ...] = Field(min_length=1, max_length=32)

    @property
    def reach(self) -> int:
        """Steps to either side that a step sees."""
        return (KERNEL - 1) // 2 * sum(self.dilations)


class SegmenterConfig(BaseModel):
    """A segmenter's shape, its actions, and the prices of its search."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    actions: dict[str, Action] = Field(min_length=1)
    features: str = "canonical"  # a key of features.FEATURES
    fps: float = Field(10.0, gt=0, le=1000)
    input_width: int = Field(124, gt=0, le=2**16)
    names: Tower = Tower(width=128, dilations=(1, 1, 2, 2, 4, 4, 8))
    bounds: Tower = Tower(width=64, dilations=(1, 1, 2, 2))
    hidden: int = Field(64, gt=0, le=8192)  # of the question about stretches
    longest: int = Field(60, gt=1, le=1000)  # steps of a stretch
    price: float = Field(0.06, ge=0, le=1)  # of a piece, in chances that it is right
    trust: float = Field(0.5, ge=0)  # power of the chance of a piece's action
    #: logit of a calibrated probability: constant and weights of what search_segments.Piece says of it
    calibration: dict[str, tuple[float, ...]] = {}

    @property
    def labels(self) -> list[str]:
        """The labels in order; several actions may share one."""
        return list(dict.fromkeys(action.label for action in self.actions.values()))


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a segmenter says of a recording of T frames, in S steps.

    frames  (T, 1 + A) chance of no action and of each action, in the order of the configuration
    starts  (T,) log odds that an action begins here; ends likewise, of its last frame
    pieces  (S, longest) chance that both bounds of the stretch from the beginning of step s, of n + 1 steps, are right;
            0 where it would not end within the recording
    """

    frames: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    pieces: np.ndarray


class Segmenter:
    """The networks of a model folder's segmenter files."""

    def __init__(self, config: SegmenterConfig, arrays: Mapping[str, np.ndarray]) -> None:
        self.config, self.weights = config, dict(arrays)
        weights = Weights(arrays)
        width, hidden = config.bounds.width, config.hidden
        self.mean, self.std = weights.take("mean", config.input_width), weights.take("std", config.input_width)
        if not (self.std > 0).all():
            raise ValueError("std holds a number that is not above zero")
        self._names = _Convolutions(config.names, config.input_width, weights, "names")
        self._actions = weights.linear("actions", config.names.width, 1 + len(config.actions))
        self._bounds = _Convolutions(config.bounds, PAIR * config.input_width, weights, "bounds")
        self._edges = weights.linear("edges", width, PAIR * 2)
        self._here = weights.linear("here", width, hidden)
        self._beside = weights.take("beside.weight", hidden, width).T
        self._inside = weights.take("inside.weight", hidden, width).T
        self._length = weights.take("length.weight", config.longest, hidden)
        self._right = weights.linear("right", hidden, 1)
        weights.require_all_taken()

    def __call__(self, values: np.ndarray) -> Evidence:
        """The evidence for the features (T, F) of a recording, before standardising; memory grows with T alone."""
        values = ((values - self.mean) / self.std).astype(np.float32)
        scores = _rows(self._actions, self._names(values))
        scores = np.exp(scores - scores.max(1, keepdims=True))
        frames = scores / scores.sum(1, keepdims=True)
        paired = values if len(values) % PAIR == 0 else np.concatenate([values, values[-1:]])
        memory = self._bounds(paired.reshape(len(paired) // PAIR, -1))
        starts, ends = _rows(self._edges, memory).reshape(-1, 2)[: len(values)].T
        return Evidence(frames, starts, ends, self.judge(memory))

    def judge(self, memory: np.ndarray) -> np.ndarray:
        """Evidence.pieces for vectors (S, width)."""
        chances = np.zeros((len(memory), self.config.longest), np.float32)
        for first in range(0, len(memory), CHUNK):
            last = min(len(memory), first + CHUNK)
            low, high = max(0, first - 1), min(len(memory), last + self.config.longest + 1)
            chances[first:last] = self._judge(memory[low:high], first - low, last - first)
        return chances

    def _judge(self, memory: np.ndarray, first: int, count: int) -> np.ndarray:
        """Chances of the stretches that begin at `count` steps from `first` on, of the vectors around them."""
        outside = np.zeros((1, memory.shape[1]), np.float32)
        padded = np.concatenate([outside, memory, outside])
        here, beside = _rows(self._here, padded), padded @ self._beside
        sums = np.concatenate([np.zeros((1, self.config.hidden), np.float32), (memory @ self._inside).cumsum(0)])
        begins, ends = here[1:-1] - beside[:-2], beside[1:-1] - here[2:]  # of a first step, of a last step
        starts = first + np.arange(count)
        chances = np.zeros((count, self.config.longest), np.float32)
        for steps in range(1, self.config.longest + 1):
            own = starts[starts + steps <= len(memory)]
            mean = (sums[own + steps] - sums[own]) / np.float32(steps)
            units = np.maximum(begins[own] + ends[own + steps - 1] + mean + self._length[steps - 1], 0)
            odds = units @ self._right.columns[:, 0] + self._right.bias[0]
            chances[: len(own), steps - 1] = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
        return chances


class _Convolutions:
    """Residual blocks of dilated convolutions over standardised steps (S, F); vectors (S, width)."""

    def __init__(self, tower: Tower, inputs: int, weights: Weights, name: str) -> None:
        self._tower, width = tower, tower.width
        self._project = weights.linear(f"{name}.project", inputs, width)
        self._norms: list[LayerNorm] = []
        self._taps: list[tuple[np.ndarray, np.ndarray]] = []
        for number in range(len(tower.dilations)):
            taps = weights.take(f"{name}.convolutions.{number}.weight", width, width, KERNEL)
            bias = weights.take(f"{name}.convolutions.{number}.bias", width)
            self._taps.append((np.ascontiguousarray(taps.transpose(2, 1, 0).reshape(-1, width)), bias))
            self._norms.append(weights.norm(f"{name}.norms.{number}", width))
        self._norm = weights.norm(f"{name}.norm", width)

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        """The vectors, computed CHUNK steps at a time."""
        reach, parts = self._tower.reach, []
        for first in range(0, len(steps), CHUNK):
            low, high = max(0, first - reach), min(len(steps), first + CHUNK + reach)
            parts.append(self._compute(steps[low:high])[first - low :][:CHUNK])
        return np.concatenate(parts)

    def _compute(self, steps: np.ndarray) -> np.ndarray:
        memory = _rows(self._project, steps)
        for norm, (taps, bias), dilation in zip(self._norms, self._taps, self._tower.dilations, strict=True):
            side = (KERNEL - 1) * dilation // 2
            seen = np.pad(norm(memory), ((side, side), (0, 0)))
            window = np.concatenate([seen[tap * dilation :][: len(memory)] for tap in range(KERNEL)], 1)
            memory = memory + np.maximum(window @ taps + bias, 0)
        return self._norm(memory)


def _rows(layer: Linear, rows: np.ndarray) -> np.ndarray:
    """The outputs of a linear layer for many rows at once."""
    return np.asarray(rows @ layer.columns + layer.bias)
