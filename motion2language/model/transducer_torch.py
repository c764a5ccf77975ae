"""TorchTransducer: a torch transducer for the searches, which work on numpy arrays; contract.py has the contract.

Used on a GPU, for a network in training, and for an encoder that encoders_numpy.py does not have.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from motion2language.model.contract import Carried
from motion2language.model.transducer import Transducer


class TorchTransducer:
    """A transducer in eval mode, seen through arrays; its weights may change between calls."""

    def __init__(self, network: Transducer) -> None:
        self.network, self.config = network, network.config

    @property
    def causal(self) -> bool:
        """Whether later frames do not matter."""
        return self.network.encoder.causal

    @torch.inference_mode()
    def encode(self, values: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Memory (B, S, M) of features (B, T, F), and the number of steps of each recording (B,)."""
        memory, steps = self.network.encode(self._tensor(values), self._tensor(lengths))
        return _array(memory), _array(steps)

    @torch.inference_mode()
    def start(self) -> Carried:
        """What the encoder carries before the first step; ValueError when it is not causal."""
        return [_array(part) for part in self.network.encoder.start(1)]

    @torch.inference_mode()
    def step(self, values: np.ndarray, carried: Carried) -> tuple[np.ndarray, Carried]:
        """Memory (M,) of one more step, the stacked features (STRIDE * F,) of its frames."""
        before = [self._tensor(part) for part in carried]
        memory, after = self.network.encoder.step(self._tensor(values[None]), before)
        return _array(memory[0]), [_array(part) for part in after]

    @torch.inference_mode()
    def predict(self, words: np.ndarray, hidden: np.ndarray | None = None) -> np.ndarray:
        """The prediction network's states (N, H) after one more word (N,)."""
        before = None if hidden is None else self._tensor(hidden)[None]
        return _array(self.network.predict(self._tensor(words)[:, None], before)[0][:, 0])

    @torch.inference_mode()
    def score_memory(self, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The memory's (N, M) part of the joint layer: word scores (N, V), gate (N, 1 + H)."""
        rows = self._tensor(memory)
        return _array(self.network.seen_words(rows)), _array(self.network.seen_gate(rows))

    @torch.inference_mode()
    def score_states(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The prediction states' (N, H) part of the joint layer: word scores (N, V), gate (N, 1 + H)."""
        rows = self._tensor(states)
        return _array(self.network.said_words(rows)), _array(self.network.said_gate(rows))

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.network.seen_words.weight.device)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.cpu().numpy()
