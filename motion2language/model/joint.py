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

    odds  (N, V)      exp of the words' scores over that of the best word
    gate  (N, H + 2)  the product of a row of each side is the logit of waiting
    """

    odds: np.ndarray
    gate: np.ndarray

    def __len__(self) -> int:
        return len(self.odds)

    def rows(self, which: slice | np.ndarray) -> Side:
        """These steps or prefixes."""
        return Side(self.odds[which], self.gate[which])


def steps_side(network: TransducerContract, memory: np.ndarray) -> Side:
    """The side of the memory (S, M)."""
    scores, gate = network.score_memory(memory)
    scale = np.float32((gate.shape[1] - 1) ** -0.5)
    return _side(scores, gate[:, 1:] * scale, gate[:, :1], np.ones_like(gate[:, :1]))


def _side(scores: np.ndarray, *gate: np.ndarray) -> Side:
    odds = scores - scores.max(1, keepdims=True)
    return Side(np.exp(odds, out=odds), np.concatenate(gate, 1))


class Prefixes:
    """The beginnings of sentences met so far, by number. Number 0 is empty.

    The state of each is computed once, whoever shares it; its side of the joint layer, six times as large, when it is
    asked for.
    """

    def __init__(self, network: TransducerContract) -> None:
        self.network, self._size = network, network.config.vocabulary_size
        self._numbers: dict[int, int] = {}  # by prefix * V + word
        self._sentences: dict[int, Sentence] = {0: ()}  # those asked for
        self._count = 1
        self._states = network.predict(np.array([SOS]))
        self._links = np.zeros((1, 3), np.int64)  # prefix without the last word, that word, number of words

    def __len__(self) -> int:
        return self._count

    def lengths(self, prefixes: np.ndarray) -> np.ndarray:
        """Their numbers of words."""
        return self._links[prefixes, 2]

    def sentence(self, prefix: int) -> Sentence:
        """The words of a prefix."""
        words, before = [], prefix
        while before not in self._sentences:
            before, word, _ = self._links[before].tolist()
            words.append(word)
        return self._sentences.setdefault(prefix, self._sentences[before] + tuple(reversed(words)))

    def sentences(self, prefixes: np.ndarray) -> list[Sentence]:
        """The words of each of many prefixes (N,)."""
        lengths = self.lengths(prefixes)
        words = np.zeros((len(prefixes), int(lengths.max(initial=0))), np.int64)
        for column in range(words.shape[1] - 1, -1, -1):
            own = np.flatnonzero(lengths > column)
            prefixes, words[own, column] = prefixes.copy(), self._links[prefixes[own], 1]
            prefixes[own] = self._links[prefixes[own], 0]
        return [tuple(row[:length]) for row, length in zip(words.tolist(), lengths.tolist(), strict=True)]

    def side(self, prefixes: np.ndarray) -> Side:
        """Their side of the joint layer."""
        scores, gate = self.network.score_states(self._states[prefixes])
        return _side(scores, gate[:, 1:], np.ones_like(gate[:, :1]), gate[:, :1])

    def extend(self, prefixes: np.ndarray, words: np.ndarray) -> np.ndarray:
        """The numbers (N,) of prefixes (N,), each with one more word (N,)."""
        keys, places = np.unique(prefixes * self._size + words, return_inverse=True)
        listed = keys.tolist()
        new = [key for key in listed if key not in self._numbers]
        if new:
            self._add(new)
        return np.array([self._numbers[key] for key in listed])[places]

    def path(self, sentence: Sentence) -> np.ndarray:
        """The numbers (L + 1,) of the sentence's prefixes, from the empty one to the whole."""
        numbers = [0]
        for word in sentence:
            key = numbers[-1] * self._size + word
            if key not in self._numbers:
                self._add([key])
            numbers.append(self._numbers[key])
        return np.array(numbers)

    def _add(self, keys: list[int]) -> None:
        """Compute new prefixes, by key."""
        parents, words = np.divmod(np.array(keys), self._size)
        count, after = self._count, self._count + len(keys)
        states = self.network.predict(words, self._states[parents])
        if after > len(self._states):
            self._states = _with_room(self._states, count, 2 * after)
            self._links = _with_room(self._links, count, 2 * after)
        self._states[count:after] = states
        self._links[count:after] = np.stack((parents, words, self._links[parents, 2] + 1), 1)
        self._numbers |= zip(keys, range(count, after), strict=True)
        self._count = after


def _with_room(rows: np.ndarray, count: int, room: int) -> np.ndarray:
    """An array of `room` rows that begins with `count` of these."""
    wider = np.empty((room, *rows.shape[1:]), rows.dtype)
    wider[:count] = rows[:count]
    return wider


def waiting_shares(gate: np.ndarray, special: np.ndarray, every: np.ndarray) -> np.ndarray:
    """The probability of waiting against all words that may be emitted, for each prefix and step, (P, S).

    gate     products of the gates of both sides; this and the others are overwritten
    special  products of their odds of the special tokens, those before FIRST; every: of all tokens
    """
    special /= np.maximum(every, LEAST, out=every)
    np.subtract(1, special, out=special)
    special *= np.exp(np.minimum(np.negative(gate, out=gate), LARGEST, out=gate), out=gate)
    special += 1
    return np.divide(1, special, out=special)


def next_word(step: Side, prefix: Side) -> tuple[np.ndarray, np.ndarray]:
    """Log probabilities of waiting (N,) and of each word (N, V), for pairs of a step and a prefix.

    One of the two sides may have a single row.
    """
    gate, odds = (step.gate * prefix.gate).sum(1), step.odds * prefix.odds
    speak = -np.logaddexp(0, gate) - np.log(np.maximum(odds.sum(1), LEAST))
    odds[:, :FIRST] = 0
    with np.errstate(divide="ignore"):  # impossible words
        return -np.logaddexp(0, -gate), np.log(odds) + speak[:, None]


def lattice(steps: Side, path: Side, sentence: Sentence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log probabilities of waiting (S, L+1), of not waiting (S, L) and of the sentence's next word if so (S, L).

    path  the prefixes of the sentence, from the empty one to the whole
    """
    gate = (steps.gate @ path.gate.T).astype(np.float64)
    total = np.maximum(steps.odds @ path.odds.T, LEAST)[:, :-1]
    words = np.array(sentence, dtype=np.int64)
    named = steps.odds[:, words] * path.odds[np.arange(len(words)), words]
    word = np.log(np.maximum(named, LEAST)) - np.log(total)
    return -np.logaddexp(0, -gate), -np.logaddexp(0, gate[:, :-1]), word.astype(np.float64)
