"""Scores of sentences against references: BLEU-1 to BLEU-4, corpus level, as sacrebleu computes it.

Two protocols, never mixed in a table:
`clean`  no <eos>, references untouched but for the tokeniser
`paper`  as in the official code of arXiv 2310.10594: sentences corrected and in its notation (corrections/), <eos> at
         their end and <unk> for words outside the vocabulary (both raise the score). Here so on both sides, that a
         model which was taught another notation is not graded by it
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from motion2language.language.corrections import shipped
from motion2language.language.vocabulary import Vocabulary, tokenize
from motion2language.scoring.intervals import DRAWS, LEVEL


def bleu(
    references: Sequence[Sequence[str]], hypotheses: Sequence[str], *, paper_vocabulary: Vocabulary | None = None
) -> dict[str, float]:
    """BLEU-1..4 in percent, with counts: {"bleu_1": ..., "bleu_4": ..., "clips": n, "references": n}.

    references        sentences of each clip, any number but none
    hypotheses        one sentence a clip; an empty one is allowed
    paper_vocabulary  given: the paper's protocol, with this vocabulary; else the clean one
    """
    if not hypotheses or len(references) != len(hypotheses):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} clips; BLEU needs one each, at least one")
    empty = sum(not sentences for sentences in references)
    if empty:
        raise ValueError(f"{empty} of {len(references)} clips have no reference sentence; leave them out and say so")
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ModuleNotFoundError:
        raise ValueError("BLEU needs sacrebleu: pip install 'motion2language[eval]'") from None

    known = None if paper_vocabulary is None else _in_notation(paper_vocabulary)
    most = max(len(sentences) for sentences in references)
    streams: Any = [  # sacrebleu's own type leaves out that a missing reference is None
        [_line(sentences[index], known) if index < len(sentences) else None for sentences in references]
        for index in range(most)
    ]
    lines = [_line(sentence, known) for sentence in hypotheses]
    scores = {
        f"bleu_{order}": BLEU(tokenize="none", force=True, max_ngram_order=order, smooth_method="none")
        .corpus_score(lines, streams)
        .score
        for order in (1, 2, 3, 4)
    }
    return scores | {"clips": len(hypotheses), "references": sum(len(sentences) for sentences in references)}


def bleu_counts(references: Sequence[Sequence[str]], hypotheses: Sequence[str]) -> list[dict[str, float]]:
    """What each clip adds to corpus BLEU: "bleu_hits_n", "bleu_total_n" (1 to 4), "bleu_length", "bleu_reference"."""
    from sacrebleu.metrics.bleu import BLEU

    scorer = BLEU(tokenize="none", force=True, smooth_method="none", effective_order=False)
    found = []
    for sentences, said in zip(references, hypotheses, strict=True):
        one = scorer.corpus_score([_line(said, None)], [[_line(sentence, None)] for sentence in sentences])
        counts = {f"bleu_hits_{order}": float(count) for order, count in enumerate(one.counts, start=1)}
        counts |= {f"bleu_total_{order}": float(count) for order, count in enumerate(one.totals, start=1)}
        found.append(counts | {"bleu_length": float(one.sys_len), "bleu_reference": float(one.ref_len)})
    return found


def bleu_interval(counts: Sequence[dict[str, float]]) -> list[float]:
    """The 95 % interval of BLEU-4 over clips, in percent."""
    table = _table(counts)
    low, high = np.quantile(_bleu_4(_drawn(table)), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [float(low), float(high)]


def compare_bleu(first: Sequence[dict[str, float]], second: Sequence[dict[str, float]]) -> dict[str, float]:
    """BLEU-4 of two systems on the same clips: "first", "second", "difference", "low" and "high" of it, and "p"."""
    one, other = _table(first), _table(second)
    means = [float(_bleu_4(table.sum(0)[None])[0]) for table in (one, other)]
    gains = _bleu_4(_drawn(other)) - _bleu_4(_drawn(one))
    low, high = np.quantile(gains, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    swaps = np.random.default_rng(1).integers(2, size=(DRAWS, len(one))).astype(float)
    moved = swaps @ (other - one)
    chance = np.abs(_bleu_4(other.sum(0) - moved) - _bleu_4(one.sum(0) + moved)) >= abs(means[1] - means[0]) - 1e-9
    p = float((chance.sum() + 1) / (DRAWS + 1))
    gain = {"difference": means[1] - means[0], "low": float(low), "high": float(high), "p": p}
    return {"first": means[0], "second": means[1]} | gain


def _table(counts: Sequence[dict[str, float]]) -> np.ndarray:
    """Hits and totals of each order, length and reference length, (clips, 10)."""
    names = [f"bleu_{what}_{order}" for what in ("hits", "total") for order in (1, 2, 3, 4)]
    return np.array([[row[name] for name in (*names, "bleu_length", "bleu_reference")] for row in counts])


def _drawn(table: np.ndarray) -> np.ndarray:
    """Sums over clips drawn again with replacement, (DRAWS, 10)."""
    picks = np.random.default_rng(0).integers(len(table), size=(DRAWS, len(table)))
    return np.stack([table[pick].sum(0) for pick in picks])


def _bleu_4(sums: np.ndarray) -> np.ndarray:
    """BLEU-4 in percent of summed counts (N, 10)."""
    hits, totals, said, wanted = sums[:, :4], sums[:, 4:8], sums[:, 8], sums[:, 9]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.exp(np.log(hits / np.maximum(totals, 1)).mean(1))
        brevity = np.exp(np.minimum(0.0, 1 - wanted / said))
    return 100 * np.nan_to_num(precision * brevity)


def _line(sentence: str, known: frozenset[str] | None) -> str:
    """The tokens with spaces between; with words that are `known` by the paper's protocol."""
    if known is None:
        return " ".join(tokenize(sentence))
    words = shipped().paper(sentence).split()
    return " ".join([*(word if word in known else "<unk>" for word in words), "<eos>"])


def _in_notation(vocabulary: Vocabulary) -> frozenset[str]:
    """A vocabulary's words as the paper's notation has them; each given twice, since a last `one` is no number."""
    return frozenset(each for word in vocabulary.words for each in shipped().paper(f"{word} {word}").split())
