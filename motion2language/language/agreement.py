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
from functools import lru_cache

import numpy as np

DRAWS = 64  # sentences drawn; chosen on BNR-Compose's validation split, where more improve little
ORDERS = (1, 2, 3, 4)  # n-grams compared, as in BLEU-4
SMOOTHING = 0.1  # added to each n-gram count, so that a sentence without a common 4-gram still counts; chosen

BEGINNING = -1  # precedes a sentence's first word
PADDING = -2  # follows a sentence's last word

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
    counts = Counter(map(tuple, drawn))
    numbers = {word: number for number, word in enumerate(dict.fromkeys(itertools.chain(chosen, *counts)))}
    others = _padded([[numbers[word] for word in other] for other in counts])
    edges = np.zeros(len(chosen) + 1)
    if len(chosen) and others.size:
        which, first, size = _matching_blocks(np.array([numbers[word] for word in chosen]), others)
        weights = np.array(list(counts.values()))[which] / len(drawn)
        np.add.at(edges, first, weights)
        np.add.at(edges, first + size, -weights)
    return np.minimum(edges.cumsum()[:-1], 1.0)


def _matching_blocks(chosen: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What one sequence (L,) has in common with each of others (N, M), as from _padded, as difflib finds it.

    The longest run of equal words is a block; what is left of it and what is right of it are searched likewise. Of
    runs of one length the first in `chosen` counts, then the first in the other. All ranges of a depth are searched
    at once. Returns for each block its row of `others`, where it begins in `chosen`, and its words.
    """
    length, width = len(chosen), others.shape[1]
    runs = np.zeros((len(others), length + 1, width + 1), np.int16)  # of equal words from each pair of places on
    for place in range(length - 1, -1, -1):
        runs[:, place, :-1] = (runs[:, place + 1, 1:] + 1) * (others == chosen[place])
    rows, columns = np.arange(length, dtype=np.int16)[:, None], np.arange(width, dtype=np.int16)
    which = np.arange(len(others))
    ranges = np.array([[0, length, 0, width]], np.int16).repeat(len(others), 0)  # from and to in `chosen`, in the other
    found = []
    while len(which):
        top, bottom, left, right = ranges.T[:, :, None, None]
        inside = np.minimum(np.minimum(runs[which, :-1, :-1], bottom - rows), right - columns)
        inside[(rows < top) | (columns < left)] = 0
        places = inside.reshape(len(which), -1).argmax(1)
        first, second = np.divmod(places, width)
        size = inside[np.arange(len(which)), first, second]
        some = size > 0
        which, ranges, first, second, size = which[some], ranges[some], first[some], second[some], size[some]
        found.append((which, first, size))
        before = np.stack((ranges[:, 0], first, ranges[:, 2], second), 1, dtype=np.int16, casting="unsafe")
        after = np.stack((first + size, ranges[:, 1], second + size, ranges[:, 3]), 1, dtype=np.int16, casting="unsafe")
        which, ranges = np.concatenate((which, which)), np.concatenate((before, after))
        open_ = (ranges[:, 0] < ranges[:, 1]) & (ranges[:, 2] < ranges[:, 3])
        which, ranges = which[open_], ranges[open_]
    which, first, size = (np.concatenate(part) for part in zip(*found, strict=True))
    return which, first, size


def spread(decisions: int, draws: int) -> np.ndarray:
    """Stratified random numbers in [0, 1), (decisions, draws): one in each of `draws` equal parts, shuffled.

    They are always the same; those of a decision do not depend on how many decisions follow.
    """
    return _spread(1 << max(decisions - 1, 0).bit_length(), draws)[:decisions]


@lru_cache(maxsize=8)
def _spread(decisions: int, draws: int) -> np.ndarray:
    random = np.random.default_rng(0).random((decisions, 2, draws))
    numbers = ((random[:, 0].argsort(axis=1) + random[:, 1]) / draws).astype(np.float32)
    numbers.flags.writeable = False  # shared by all callers
    return numbers


def _bleu(sentences: Sequence[Sentence]) -> np.ndarray:
    """(N, N) sentence BLEU-4 of each sentence (row) against each as its only reference (column)."""
    words = _padded(sentences)
    lengths = (words >= BEGINNING).sum(1).astype(np.float64)
    scores = np.minimum(0.0, 1 - lengths[None] / lengths[:, None])
    ngrams = np.zeros_like(words)  # by number, the one that begins at each place
    for order in ORDERS:
        counts, ngrams = _ngram_counts(words, ngrams, order)
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


def _ngram_counts(words: np.ndarray, shorter: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each n-gram (column) occurs in each sentence (row), (N, G), and the number of that at each place.

    words    (N, M) as from _padded
    shorter  (N, M) the numbers of the n-grams that are a word shorter
    """
    width = words.shape[1] - order + 1
    if width <= 0:
        return np.zeros((len(words), 1)), shorter[:, :0]
    last = words[:, order - 1 :]
    numbers, ngrams = np.unique(shorter[:, :width] * (words.max() + 3) + last + 2, return_inverse=True)
    ngrams = ngrams.reshape(last.shape)
    rows, columns = np.nonzero(last >= BEGINNING)
    places = rows * len(numbers) + ngrams[rows, columns]
    return np.bincount(places, minlength=len(words) * len(numbers)).reshape(len(words), -1), ngrams


def _padded(sentences: Sequence[Sequence[int]]) -> np.ndarray:
    """Sentences in rows (N, M), padded with PADDING."""
    width = max(map(len, sentences), default=0)
    return np.array([(*sentence, *[PADDING] * (width - len(sentence))) for sentence in sentences], dtype=np.int64)
