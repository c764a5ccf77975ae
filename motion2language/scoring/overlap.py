"""ROUGE-L and CIDEr of sentences against references, on the project's own tokens.

ROUGE-L (Lin 2004): F-measure of the longest common subsequence, recall counting 1.2 times; of several references the
best precision and the best recall, as captioning scorers have it. CIDEr (Vedantam, Zitnick, Parikh 2015), in the
variant CIDEr-D that captioning reports: cosine of n-gram counts weighed by how rare n-grams are among the references of
all clips, clipped, and falling with the difference in length; times 10.
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
    """ROUGE-L of each clip's sentence, (N,) in [0, 1]; an empty sentence scores 0."""
    return np.array([_rouge(tokenize(said), [tokenize(one) for one in sentences])
                     for sentences, said in zip(references, hypotheses, strict=True)])  # fmt: skip


def cider(references: Sequence[Sequence[str]], hypotheses: Sequence[str]) -> np.ndarray:
    """CIDEr-D of each clip's sentence, (N,), 10 at most; rare n-grams are those of few clips' references."""
    wanted = [[_ngrams(tokenize(one)) for one in sentences] for sentences in references]
    clips: Ngrams = Counter()
    for sentences in wanted:
        clips.update({ngram for sentence in sentences for ngram in sentence})
    rarity = {ngram: math.log(len(wanted)) - math.log(max(1, count)) for ngram, count in clips.items()}
    unseen = math.log(len(wanted)) if wanted else 0.0
    scores = []
    for sentences, said in zip(wanted, hypotheses, strict=True):
        given = _ngrams(tokenize(said))
        scores.append(10 * np.mean([_cosine(given, sentence, rarity, unseen) for sentence in sentences]))
    return np.array(scores)


def _rouge(said: Sequence[str], sentences: Sequence[Sequence[str]]) -> float:
    if not said:
        return 0.0
    common = [_longest_common(said, sentence) for sentence in sentences]
    precision = max(length / len(said) for length in common)
    recall = max(length / max(1, len(sentence)) for length, sentence in zip(common, sentences, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def _longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for word in first:
        before = 0
        for place, other in enumerate(second, start=1):
            here = row[place]
            row[place] = before + 1 if word == other else max(here, row[place - 1])
            before = here
    return row[-1]


def _ngrams(words: Sequence[str]) -> Ngrams:
    return Counter(tuple(words[at : at + order]) for order in ORDERS for at in range(len(words) - order + 1))


def _cosine(said: Ngrams, wanted: Ngrams, rarity: dict[tuple[str, ...], float], unseen: float) -> float:
    """Mean over orders of the clipped cosine, times the penalty of length."""
    lengths = [sum(count for ngram, count in some.items() if len(ngram) == 2) for some in (said, wanted)]
    total = 0.0
    for order in ORDERS:
        given, known = (
            {ngram: count * rarity.get(ngram, unseen) for ngram, count in some.items() if len(ngram) == order}
            for some in (said, wanted)
        )
        shared = sum(min(weight, known[ngram]) * known[ngram] for ngram, weight in given.items() if ngram in known)
        norms = [math.sqrt(sum(weight**2 for weight in some.values())) for some in (given, known)]
        total += shared / (norms[0] * norms[1]) if all(norms) else 0.0
    return total / len(ORDERS) * math.exp(-((lengths[0] - lengths[1]) ** 2) / (2 * SPREAD**2))
