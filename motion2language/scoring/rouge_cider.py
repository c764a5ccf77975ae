"""ROUGE-L and CIDEr of sentences against references, on the project's own tokens.

ROUGE-L (Lin 2004): F-measure of the longest common subsequence, recall counting 1.2 times; of several references the
best precision and the best recall, as captioning scorers do. CIDEr (Vedantam, Zitnick, Parikh 2015), in the variant
CIDEr-D that captioning reports: cosine of n-gram counts weighted by how rare n-grams are among the references of all
clips, clipped, with a penalty for the difference in length; times 10.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from motion2language.language.vocabulary import tokenize

BETA = 1.2  # weight of recall in ROUGE-L, as in the captioning scorers
ORDERS = (1, 2, 3, 4)
SPREAD = 6.0  # words of length difference that CIDEr-D forgives, its sigma

Ngrams = Counter[tuple[str, ...]]


def rouge_l(references: Sequence[Sequence[str]], hypotheses: Sequence[str]) -> np.ndarray:
    """ROUGE-L of each clip's sentence, (N,) in [0, 1]; an empty sentence scores 0.

    >>> rouge_l([["a person walks"], ["a person bows"]], ["a person walks", ""]).tolist()
    [1.0, 0.0]
    """
    return np.array([_rouge(tokenize(text), [tokenize(sentence) for sentence in sentences])
                     for sentences, text in zip(references, hypotheses, strict=True)])  # fmt: skip


def cider(references: Sequence[Sequence[str]], hypotheses: Sequence[str]) -> np.ndarray:
    """CIDEr-D of each clip's sentence, (N,), at most 10; rare n-grams are those in few clips' references.

    >>> cider([["a person walks in circles"], ["somebody bows"]], ["a person walks in circles", "nobody"]).round(2)
    array([10.,  0.])
    """
    wanted = [[_ngrams(tokenize(sentence)) for sentence in sentences] for sentences in references]
    clips: Ngrams = Counter()
    for sentences in wanted:
        clips.update({ngram for sentence in sentences for ngram in sentence})
    rarity = {ngram: math.log(len(wanted)) - math.log(max(1, count)) for ngram, count in clips.items()}
    unseen = math.log(len(wanted)) if wanted else 0.0
    scores = []
    for sentences, text in zip(wanted, hypotheses, strict=True):
        given = _ngrams(tokenize(text))
        scores.append(10 * np.mean([_cosine(given, sentence, rarity, unseen) for sentence in sentences]))
    return np.array(scores)


def _rouge(words: Sequence[str], sentences: Sequence[Sequence[str]]) -> float:
    if not words:
        return 0.0
    common = [_longest_common(words, sentence) for sentence in sentences]
    precision = max(length / len(words) for length in common)
    recall = max(length / max(1, len(sentence)) for length, sentence in zip(common, sentences, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def _longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for word in first:
        before = 0
        for column, other in enumerate(second, start=1):
            above = row[column]
            row[column] = before + 1 if word == other else max(above, row[column - 1])
            before = above
    return row[-1]


def _ngrams(words: Sequence[str]) -> Ngrams:
    return Counter(tuple(words[at : at + order]) for order in ORDERS for at in range(len(words) - order + 1))


def _cosine(hypothesis: Ngrams, reference: Ngrams, rarity: dict[tuple[str, ...], float], unseen: float) -> float:
    """Mean over orders of the clipped cosine, times the length penalty."""
    sides = hypothesis, reference
    lengths = [sum(count for ngram, count in side.items() if len(ngram) == 2) for side in sides]
    total = 0.0
    for order in ORDERS:
        given, known = (
            {ngram: count * rarity.get(ngram, unseen) for ngram, count in side.items() if len(ngram) == order}
            for side in sides
        )
        shared = sum(min(weight, known[ngram]) * known[ngram] for ngram, weight in given.items() if ngram in known)
        norms = [math.sqrt(sum(weight**2 for weight in side.values())) for side in (given, known)]
        total += shared / (norms[0] * norms[1]) if all(norms) else 0.0
    return total / len(ORDERS) * math.exp(-((lengths[0] - lengths[1]) ** 2) / (2 * SPREAD**2))
