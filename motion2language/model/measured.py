"""Measured: which action a whole piece is, by what was measured of it (captioning/measures.py), in numpy.

The segmenter's first network names frames by what they and their neighbours show. This one knows nothing of frames: the
two err in different ways, above all on sensors that neither learnt from. training/segmenting/measured.py teaches it.
"""

from __future__ import annotations

import numpy as np

from motion2language.model.layers_numpy import Weights

PREFIX = "measured"  # of its weights among those of a segmenter
WIDTH = 256
LIMIT = 4.0  # standard deviations at which a measure is cut off


class Measured:
    """The chance of each action that it learnt: the first ones of a segmenter's `most`.

    Those that a segmenter was taught later are unknown to it.
    """

    def __init__(self, weights: Weights, most: int) -> None:
        self.measures, self.actions = (weights.rows(f"{PREFIX}.{name}") for name in ("mean", "actions.bias"))
        if self.actions > most:
            raise ValueError(f"{PREFIX}.actions names {self.actions} actions, the segmenter {most}")
        self._mean, self._std = (weights.take(f"{PREFIX}.{name}", self.measures) for name in ("mean", "std"))
        if not (self._std > 0).all():
            raise ValueError(f"{PREFIX}.std holds a number that is not above zero")
        self._first, self._second = (
            weights.linear(f"{PREFIX}.{name}", size, WIDTH)
            for name, size in (("first", self.measures), ("second", WIDTH))
        )
        self._norms = [weights.norm(f"{PREFIX}.norms.{number}", WIDTH) for number in range(2)]
        self._scores = weights.linear(f"{PREFIX}.actions", WIDTH, self.actions)

    def __call__(self, measured: np.ndarray) -> np.ndarray:
        """The chances (N, actions) of pieces of these measures (N, M)."""
        standard = np.clip((measured - self._mean) / self._std, -LIMIT, LIMIT).astype(np.float32, copy=False)
        memory = np.maximum(self._norms[0](self._first(standard)), 0)
        memory = memory + np.maximum(self._norms[1](self._second(memory)), 0)
        scores = self._scores(memory)
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(scores / scores.sum(1, keepdims=True))
