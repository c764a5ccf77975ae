"""NumpyTransducer: a transducer (transducer.py) that describes without PyTorch; contract.py has the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from motion2language.model.config import STRIDE, ModelConfig
from motion2language.model.contract import Carried, stack_frames
from motion2language.model.encoders_numpy import ENCODERS, CausalEncoder
from motion2language.model.layers_numpy import Weights, advance_gru, take_gru


class NumpyTransducer:
    """Encoder, prediction network and joint layer of the weights of a model folder."""

    def __init__(self, config: ModelConfig, arrays: Mapping[str, np.ndarray]) -> None:
        self.config, self.weights = config, dict(arrays)
        weights, size, hidden = Weights(arrays), config.vocabulary_size, config.hidden
        stacked = replace(config, input_width=STRIDE * config.input_width)
        self.encoder = ENCODERS[config.encoder](stacked, weights, "encoder")
        from_word, self._recurrent = take_gru(weights, "predictor", config.embedding, hidden)
        self._words = from_word(
            weights.take("embedding.weight", size, config.embedding)
        )  # each word's part of the gates
        self._seen_words = weights.linear("seen_words", self.encoder.width, size)
        self._said_words = weights.linear("said_words", hidden, size)
        self._seen_gate = weights.linear("seen_gate", self.encoder.width, hidden + 1)
        self._said_gate = weights.linear("said_gate", hidden, hidden + 1)
        weights.require_all_taken()

    @property
    def causal(self) -> bool:
        """Whether later frames do not matter."""
        return isinstance(self.encoder, CausalEncoder)

    def encode(self, values: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Memory (B, S, M) of features (B, T, F), and the number of steps of each recording (B,)."""
        stacked, steps = stack_frames(values, lengths)
        return self.encoder(stacked, steps), steps

    def start(self) -> Carried:
        """What the encoder carries before the first step; ValueError when it is not causal."""
        return self._causal_encoder().start(1)

    def step(self, values: np.ndarray, carried: Carried) -> tuple[np.ndarray, Carried]:
        """Memory (M,) of one more step, the stacked features (STRIDE * F,) of its frames."""
        memory, carried = self._causal_encoder().advance(values[None, None], carried)
        return memory[0, 0], carried

    def predict(self, words: np.ndarray, hidden: np.ndarray | None = None) -> np.ndarray:
        """The prediction network's states (N, H) after one more word (N,)."""
        if hidden is None:
            hidden = np.zeros((len(words), self.config.hidden), np.float32)
        return advance_gru(self._words[words], hidden, self._recurrent)

    def score_memory(self, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The memory's (N, M) part of the joint layer: word scores (N, V), gate (N, 1 + H)."""
        return self._seen_words(memory), self._seen_gate(memory)

    def score_states(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The prediction states' (N, H) part of the joint layer: word scores (N, V), gate (N, 1 + H)."""
        return self._said_words(states), self._said_gate(states)

    def _causal_encoder(self) -> CausalEncoder:
        if isinstance(self.encoder, CausalEncoder):
            return self.encoder
        raise ValueError("this encoder looks ahead; only a causal one can be fed frame by frame")
