"""What the searches need of a transducer, in numpy arrays.

NumpyTransducer (transducer_numpy.py) needs no PyTorch; TorchTransducer (transducer_torch.py) is a torch network seen
through arrays. The searches are written once, against this contract.

Axes: B recordings, T frames, F features, S steps of `config.STRIDE` frames, M memory, N rows, H hidden, V vocabulary.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from motion2language.model.config import STRIDE, ModelConfig

Carried = list[np.ndarray]  # what an encoder keeps from one step to the next


class TransducerContract(Protocol):
    """A transducer for searches. All arrays are float32 except ids and lengths, which are int64."""

    config: ModelConfig

    @property
    def causal(self) -> bool:
        """Whether later frames do not matter, so that the encoder can be fed step by step."""

    def encode(self, values: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Memory (B, S, M) of features (B, T, F), and the number of steps of each recording (B,)."""

    def start(self) -> Carried:
        """What the encoder carries before the first step; ValueError when it is not causal."""

    def step(self, values: np.ndarray, carried: Carried) -> tuple[np.ndarray, Carried]:
        """Memory (M,) of one more step, the stacked features (STRIDE * F,) of its frames, as `encode` gives it."""

    def predict(self, words: np.ndarray, hidden: np.ndarray | None = None) -> np.ndarray:
        """The prediction network's states (N, H) after one more word (N,); hidden None: these are the first words."""

    def score_memory(self, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The memory's (N, M) part of the joint layer: word scores (N, V), gate (N, 1 + H)."""

    def score_states(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The prediction states' (N, H) part of the joint layer: word scores (N, V), gate (N, 1 + H)."""


def stack_frames(values: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The features (B, T, F) of STRIDE frames in one row, (B, S, STRIDE * F), and the steps of each recording (B,).

    The last frame is repeated where one is missing.
    """
    steps = -(-lengths // STRIDE)
    frames = np.minimum(np.arange(STRIDE * int(steps.max())), lengths[:, None] - 1)
    stacked = values[np.arange(len(values))[:, None], frames]
    return stacked.reshape(len(values), -1, STRIDE * values.shape[2]), steps
