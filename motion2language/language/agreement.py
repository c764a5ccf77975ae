"""Choose, among many sentences drawn from a model, the one most like all the others (minimum Bayes risk).

The most probable sentence is often an odd one: the probability of a meaning is divided among its paraphrases, so a
short or rare wording may win. The sentence that shares most n-grams with the other draws is the closest to what a
second writer would write (Kumar and Byrne 2004; Eikema and Aziz 2020). The draws also give a confidence for each part
of it. Numpy only.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher

import numpy as np

DRAWS = 64  # sentences drawn; chosen on BNR-Compose's validation split, where more improve little
ORDERS = (1, 2, 3, 4)  # n-grams compared, as in BLEU-4
SMOOTHING = 0.1  # added to each n-gram count, so that a sentence without a common 4-gram still counts; chosen

BEGINNING = -1  # precedes a sentence's first word

Sentence = tuple[int, ...]


def consensus(drawn: Sequence[Sentence], before: Sentence = ()) -> Sentence:
    """The drawn sentence (word ids) whose mean sentence BLEU-4 against all draws is highest.

    before  words that are already fixed and that every draw continues; n-grams reach back into these, or to the
            beginning of the sentence

    >>> consensus([(4, 7, 8), (4, 7, 9), (4, 7, 8), (5, 6)])
    (4, 7, 8)
    """
    context = ((BEGINNING,) * (len(ORDERS) - 1) + before)[1 - len(ORDERS) :]
    counts = Counter(drawn)
    sentences = [sentence for sentence in counts if sentence]
    if not sentences:
        return ()
    shares = np.array([counts[sentence] for sentence in sentences]) / len(drawn)
    gains = _bleu([context + sentence for sentence in sentences]) @ shares
    best = int(gains.argmax())
    return sentences[best] if gains[best] >= counts[()] / len(drawn) else ()


def agreement(chosen: Sequence[Hashable], drawn: Sequence[Sequence[Hashable]]) -> np.ndarray:
    """For each word (or action) of `chosen` the share of `drawn` that has it in the same place, (L,) in [0, 1].

    >>> agreement(["walk", "turn"], [["walk", "turn"], ["walk"], ["walk", "run"], ["run", "turn"]]).tolist()
    [0.75, 0.5]
    """
    shares = np.zeros(len(chosen))
    for other, count in Counter(map(tuple, drawn)).items():
        for block in SequenceMatcher(None, chosen, other, autojunk=False).get_matching_blocks():
            shares[block.a : block.a + block.size] += count / len(drawn)
    return np.minimum(shares, 1.0)


def spread(decisions: int, draws: int) -> np.ndarray:
    """Stratified random numbers in [0, 1), (decisions, draws): one in each of `draws` equal parts, shuffled.

    They are always the same; those of a decision do not depend on how many decisions follow.
    """
    random = np.random.default_rng(0).random((decisions, 2, draws))
    return ((random[:, 0].argsort(axis=1) + random[:, 1]) / draws).astype(np.float32)


def _bleu(sentences: Sequence[Sentence]) -> np.ndarray:
    """(N, N) sentence BLEU-4 of each sentence (row) against each as its only reference (column)."""
    lengths = np.array([len(sentence) for sentence in sentences], dtype=np.float64)
    scores = np.minimum(0.0, 1 - lengths[None] / lengths[:, None])
    for order in ORDERS:
        counts = _ngram_counts(sentences, order)
        shared = _shared(counts)
        scores += np.log((shared + SMOOTHING) / (counts.sum(1)[:, None] + SMOOTHING)) / len(ORDERS)
    return np.exp(scores)


def _shared(counts: np.ndarray) -> np.ndarray:
    """How many n-grams each two sentences have in common, (N, N), from counts (N, G)."""
    shared = np.zeros((len(counts), len(counts)))
    for least in range(1, int(counts.max(initial=0)) + 1):
        having = (counts[:, (counts >= least).any(axis=0)] >= least).astype(np.float32)
        shared += having @ having.T
    return shared


def _ngram_counts(sentences: Sequence[Sentence], order: int) -> np.ndarray:
    """How often each n-gram (column) occurs in each sentence (row), (N, G)."""
    ngrams = [list(zip(*(sentence[first:] for first in range(order)), strict=False)) for sentence in sentences]
    columns = {ngram: column for column, ngram in enumerate(dict.fromkeys(itertools.chain.from_iterable(ngrams)))}
    counts = np.zeros((len(sentences), len(columns)), dtype=np.int16)
    for row, of_sentence in enumerate(ngrams):
        for ngram in of_sentence:
            counts[row, columns[ngram]] += 1
    return counts
