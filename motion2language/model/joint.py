"""The joint layer of a transducer in numpy: the probabilities of waiting and of each next word.

Both sides of the joint layer are computed once: that of the memory for each step of a recording, that of the
prediction network for each prefix, the beginning of a sentence. Each pair of a step and a prefix then costs two dot
products, as transducer.py defines them.

Axes: S steps, P prefixes, L words, V vocabulary, H hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion2language.language.agreement import Sentence
from motion2language.language.vocabulary import SOS, UNK
from motion2language.model.contract import TransducerContract

FIRST = UNK + 1  # the first word; smaller ids are special tokens, which are never emitted
LEAST = np.float32(1e-30)  # least sum over the vocabulary, so that its logarithm is finite
LARGEST = np.float32(80)  # largest logit, so that its exponential is finite in float32


@dataclass(frozen=True)
class Side:
    """One side of the joint layer, for N steps or prefixes.

    scores  (N, V)      log scores of the words; the largest is 0
    odds    (N, V)      exp(scores)
    gate    (N, H + 2)  the product of a row of each side is the logit of waiting
    """

    scores: np.ndarray
    odds: np.ndarray
    gate: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)

    def rows(self, which: slice | np.ndarray) -> Side:
        """These steps or prefixes."""
        return Side(self.scores[which], self.odds[which], self.gate[which])


def steps_side(network: TransducerContract, memory: np.ndarray) -> Side:
    """The side of the memory (S, M)."""
    scores, gate = network.score_memory(memory)
    scale = np.float32((gate.shape[1] - 1) ** -0.5)
    return _side(scores, gate[:, 1:] * scale, gate[:, :1], np.ones_like(gate[:, :1]))


def _side(scores: np.ndarray, *gate: np.ndarray) -> Side:
    scores = scores - scores.max(1, keepdims=True)
    return Side(scores, np.exp(scores), np.concatenate(gate, 1))


class Prefixes:
    """The beginnings of sentences met so far, by number. Each is computed once, whoever shares it. Number 0 is empty.

    sentences  the words of each
    """

    def __init__(self, network: TransducerContract) -> None:
        self.network, self._size = network, network.config.vocabulary_size
        self.sentences: list[Sentence] = [()]
        self._numbers: dict[int, int] = {}  # by prefix * V + word
        self._rows = self._describe(network.predict(np.array([SOS])))

    def extend(self, prefixes: np.ndarray, words: np.ndarray) -> np.ndarray:
        """The numbers (N,) of prefixes (N,), each with one more word (N,)."""
        keys, places = np.unique(prefixes * self._size + words, return_inverse=True)
        new = [key for key in keys.tolist() if key not in self._numbers]
        if new:
            self._add(new)
        return np.array([self._numbers[key] for key in keys.tolist()])[places]

    def path(self, sentence: Sentence) -> np.ndarray:
        """The numbers (L + 1,) of the sentence's prefixes, from the empty one to the whole."""
        numbers = [np.zeros(1, np.int64)]
        for word in sentence:
            numbers.append(self.extend(numbers[-1], np.array([word])))
        return np.concatenate(numbers)

    def side(self, prefixes: np.ndarray) -> Side:
        """Their side of the joint layer."""
        rows, size = self._rows[prefixes], self._size
        return Side(rows[:, :size], rows[:, size : 2 * size], rows[:, 2 * size : -self._hidden])

    @property
    def _hidden(self) -> int:
        return self.network.config.hidden

    def _add(self, keys: list[int]) -> None:
        """Compute new prefixes, by key."""
        parents, words = np.divmod(np.array(keys), self._size)
        count, states = len(self.sentences), self._rows[parents, -self._hidden :]
        if count + len(keys) > len(self._rows):
            more = np.empty((len(self._rows) + 2 * len(keys), self._rows.shape[1]), np.float32)
            self._rows = np.concatenate((self._rows, more))
        self._rows[count : count + len(keys)] = self._describe(self.network.predict(words, states))
        self._numbers |= zip(keys, range(count, count + len(keys)), strict=True)
        self.sentences += [
            (*self.sentences[parent], word) for parent, word in zip(parents, words.tolist(), strict=True)
        ]

    def _describe(self, states: np.ndarray) -> np.ndarray:
        """Scores, odds, gate and state of prefixes in one row each, from their states (N, H)."""
        scores, gate = self.network.score_states(states)
        side = _side(scores, gate[:, 1:], np.ones_like(gate[:, :1]), gate[:, :1])
        return np.concatenate((side.scores, side.odds, side.gate, states), 1)


def waiting_shares(steps: Side, prefixes: Side) -> np.ndarray:
    """The probability of waiting against all words that may be emitted, for each step and prefix, (S, P)."""
    every = steps.odds @ prefixes.odds.T
    special = steps.odds[:, :FIRST] @ prefixes.odds[:, :FIRST].T
    against = np.exp(np.minimum(-(steps.gate @ prefixes.gate.T), LARGEST)) * (1 - special / np.maximum(every, LEAST))
    return 1 / (1 + against)


def next_word(step: Side, prefix: Side) -> tuple[np.ndarray, np.ndarray]:
    """Log probabilities of waiting (N,) and of each word (N, V), for pairs of a step and a prefix.

    One of the two sides may have a single row.
    """
    gate = (step.gate * prefix.gate).sum(1)
    total = np.log(np.maximum((step.odds * prefix.odds).sum(1), LEAST))
    words = step.scores + prefix.scores + (-np.logaddexp(0, gate) - total)[:, None]
    words[:, :FIRST] = -np.inf
    return -np.logaddexp(0, -gate), words


def lattice(steps: Side, path: Side, sentence: Sentence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log probabilities of waiting (S, L+1), of not waiting (S, L) and of the sentence's next word if so (S, L).

    path  the prefixes of the sentence, from the empty one to the whole
    """
    gate = (steps.gate @ path.gate.T).astype(np.float64)
    total = np.log(np.maximum(steps.odds @ path.odds.T, LEAST))[:, :-1]
    words = np.array(sentence, dtype=np.int64)
    named = steps.scores[:, words] + path.scores[np.arange(len(words)), words]
    return -np.logaddexp(0, -gate), -np.logaddexp(0, gate[:, :-1]), (named - total).astype(np.float64)
