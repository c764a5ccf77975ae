"""Searches for a transducer: greedy, beam and consensus, from padded features to one Hypothesis per motion.

All decide the words first. A second pass over the finished sentence then finds where each word belongs: its posterior
under all alignments. Positions and weights are given in input frames.

Axes: B motions, T frames, S steps, L words, N draws.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from motion2language.captioning.drawing import WORDS_PER_STEP, Recordings, draw
from motion2language.captioning.hypothesis import Hypothesis, require_count
from motion2language.captioning.timing import with_agreement
from motion2language.language.agreement import DRAWS, Sentence
from motion2language.language.agreement import consensus as most_typical
from motion2language.model.alignments_numpy import emission_posteriors
from motion2language.model.config import STRIDE
from motion2language.model.contract import TransducerContract
from motion2language.model.joint import Prefixes, Side, lattice, next_word

WORD_BONUS = 0.6  # log probability a word adds to a sentence in the beam; chosen on BNR-Compose's validation split


def find(
    network: TransducerContract, values: np.ndarray, lengths: np.ndarray, max_words: int, width: int | None = None
) -> list[Hypothesis]:
    """One Hypothesis for each row of values (B, T, F), lengths (B,).

    width  0 or None: by consensus; 1: greedy; more: by a beam
    """
    require_count("max_words", max_words)
    require_count("beam", 0 if width is None else width, 0)
    if not width:
        return consensus(network, values, lengths, max_words)
    if width == 1:
        return greedy(network, values, lengths, max_words)
    return beam(network, values, lengths, max_words, width)


def greedy(network: TransducerContract, values: np.ndarray, lengths: np.ndarray, max_words: int) -> list[Hypothesis]:
    """The likeliest decision at every step: one Hypothesis for each row of values (B, T, F), lengths (B,)."""
    return _find_each(network, values, lengths, partial(_greedy, max_words=max_words))


def beam(
    network: TransducerContract,
    values: np.ndarray,
    lengths: np.ndarray,
    max_words: int,
    width: int,
    word_bonus: float = WORD_BONUS,
) -> list[Hypothesis]:
    """The best sentence among the `width` prefixes kept at every step; equal prefixes are merged.

    Sentences are compared by log P(sentence | motion) + word_bonus * words. Without a bonus the likeliest sentence
    wins, which is short: the many wordings of a longer one share its probability.
    """
    require_count("width", width)

    def search(prefixes: Prefixes, steps: Side) -> Sentence:
        kept = PrefixSearch(prefixes, max_words, width, word_bonus)
        for step in range(len(steps)):
            kept.advance(steps.rows(slice(step, step + 1)))
        return kept.best

    return _find_each(network, values, lengths, search)


def consensus(
    network: TransducerContract, values: np.ndarray, lengths: np.ndarray, max_words: int, draws: int = DRAWS
) -> list[Hypothesis]:
    """The most typical of `draws` sentences drawn from the model (language/agreement.py).

    A word's probability is the share of the draws that have it in its place.
    """
    require_count("draws", draws)
    memory, counts = network.encode(values, lengths)
    prefixes, recordings = Prefixes(network), Recordings.of(network, memory, counts)
    drawn = draw(prefixes, recordings, max_words, draws)
    return [
        with_agreement(align(prefixes, steps, frames, most_typical(sentences)), sentences)
        for steps, frames, sentences in zip(recordings, lengths.tolist(), drawn, strict=True)
    ]


def _find_each(
    network: TransducerContract, values: np.ndarray, lengths: np.ndarray, search: Callable[[Prefixes, Side], Sentence]
) -> list[Hypothesis]:
    """A Hypothesis for each row of values (B, T, F), lengths (B,), with the sentence that `search` finds."""
    memory, counts = network.encode(values, lengths)
    prefixes, recordings = Prefixes(network), Recordings.of(network, memory, counts)
    return [
        align(prefixes, steps, frames, search(prefixes, steps))
        for steps, frames in zip(recordings, lengths.tolist(), strict=True)
    ]


def _greedy(prefixes: Prefixes, steps: Side, max_words: int) -> Sentence:
    prefix, step, turn = np.zeros(1, np.int64), 0, 0
    while prefixes.lengths(prefix)[0] < max_words:
        wait, words = next_word(steps.rows(slice(step, None)), prefixes.side(prefix))
        speaks = words.max(1) > wait
        speaks[0] &= turn < WORDS_PER_STEP
        if not speaks.any():
            break
        ahead = int(speaks.argmax())
        step, turn = step + ahead, 1 if ahead else turn + 1
        prefix = prefixes.extend(prefix, words[ahead].argmax(keepdims=True))
    return prefixes.sentence(int(prefix[0]))


def align(prefixes: Prefixes, steps: Side, frames: int, sentence: Sentence) -> Hypothesis:
    """Where each word of a sentence belongs in a recording of so many frames."""
    wait, speak, word = lattice(steps, prefixes.side(prefixes.path(sentence)), sentence)
    posteriors, log_prob = emission_posteriors(wait, speak + word)
    return _hypothesis(sentence, posteriors, np.exp(word.T), frames, log_prob)


def _hypothesis(
    sentence: Sentence, posteriors: np.ndarray, certainty: np.ndarray, frames: int, log_prob: float
) -> Hypothesis:
    """From posteriors (L, S) over steps: a position is the posterior mean, a word's probability the mean under it."""
    mass = np.maximum(posteriors.sum(1), 1e-9)
    centres = np.arange(posteriors.shape[1]) * STRIDE + (STRIDE - 1) / 2
    frames_per_step = np.full(posteriors.shape[1], STRIDE)  # the last step may have fewer
    frames_per_step[-1] = frames - STRIDE * (len(frames_per_step) - 1)
    return Hypothesis(
        tokens=np.array(sentence, dtype=np.int64),
        positions=np.clip(posteriors @ centres / mass, 0, frames - 1).astype(np.float32),
        weights=np.repeat(posteriors / frames_per_step, frames_per_step, axis=1).astype(np.float32),
        log_prob=log_prob,
        word_log_probs=np.log(np.clip((posteriors * certainty).sum(1) / mass, 1e-9, 1)).astype(np.float32),
    )


class PrefixSearch:
    """The best sentences so far of one recording, advanced one encoder step at a time; equal prefixes are merged.

    `kept` maps the number of each, best first, to its log probability plus bonus.
    """

    def __init__(self, prefixes: Prefixes, max_words: int, width: int, word_bonus: float = WORD_BONUS) -> None:
        self.prefixes, self.max_words, self.width, self.word_bonus = prefixes, max_words, width, word_bonus
        self.kept: dict[int, float] = {0: 0.0}

    @property
    def best(self) -> Sentence:
        """The best sentence so far."""
        return self.prefixes.sentence(next(iter(self.kept)))

    def advance(self, step: Side) -> None:
        """Take in one more step."""
        arriving, waited = self.kept, dict[int, float]()
        for _ in range(WORDS_PER_STEP + 1):
            numbers = np.array(list(arriving))
            wait, words = next_word(step, self.prefixes.side(numbers))
            for number, score in zip(arriving, wait.tolist(), strict=True):
                waited[number] = float(np.logaddexp(waited.get(number, -np.inf), arriving[number] + score))
            floor = sorted(waited.values())[-self.width] if len(waited) >= self.width else -np.inf
            arriving = self._extend(arriving, numbers, words, floor)
            if not arriving:
                break
        self.kept = _best(waited, self.width)

    def _extend(
        self, arriving: dict[int, float], numbers: np.ndarray, words: np.ndarray, floor: float
    ) -> dict[int, float]:
        """The best extensions of prefixes by a word, those above `floor`; words (P, V) are log probabilities."""
        top = np.argsort(-words, axis=1, kind="stable")[:, : self.width]
        scores = np.array(list(arriving.values()))[:, None] + np.take_along_axis(words, top, 1) + self.word_bonus
        open_ = self.prefixes.lengths(numbers) < self.max_words
        which, column = np.nonzero((scores > floor) & open_[:, None])
        best = np.argsort(-scores[which, column], kind="stable")[: self.width]
        which, column = which[best], column[best]
        if not len(which):
            return {}
        longer = self.prefixes.extend(numbers[which], top[which, column])
        return dict(zip(longer.tolist(), scores[which, column].tolist(), strict=True))


def _best(scores: dict[int, float], width: int) -> dict[int, float]:
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:width])
