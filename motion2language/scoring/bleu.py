"""BLEU-1 to BLEU-4 of sentences against references, corpus level, as sacrebleu computes it.

Two protocols, never mixed in a table:
`clean`  without <eos>, references changed by the tokeniser alone
`paper`  as in the official code of arXiv 2310.10594: sentences corrected and in its notation (language/corrections/),
         with <eos> at their end and <unk> for words outside the vocabulary (both raise the score). Applied to both
         sides, so that a model trained on another notation is not graded by its notation
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from motion2language.language.corrections import shipped
from motion2language.language.vocabulary import Vocabulary, tokenize
from motion2language.scoring.bootstrap import DRAWS, LEVEL


def bleu(
    references: Sequence[Sequence[str]], hypotheses: Sequence[str], *, paper_vocabulary: Vocabulary | None = None
) -> dict[str, float]:
    """BLEU-1..4 in percent, with counts: {"bleu_1": ..., "bleu_4": ..., "clips": n, "references": n}.

    references        sentences of each clip, at least one
    hypotheses        one sentence per clip; an empty one is allowed
    paper_vocabulary  the paper's protocol, with this vocabulary; without it the clean protocol

    >>> references = [["a person walks in a circle"], ["somebody bows"]]
    >>> scores = bleu(references, ["a person walks in a circle", "somebody waves"])
    >>> round(scores["bleu_1"], 1), scores["clips"], scores["references"]
    (87.5, 2, 2)
    """
    if not hypotheses or len(references) != len(hypotheses):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} clips; BLEU needs one each, at least one")
    empty = sum(not sentences for sentences in references)
    if empty:
        raise ValueError(
            f"{empty} of {len(references)} clips have no reference sentence; leave them out and report their number"
        )
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ModuleNotFoundError:
        raise ValueError("BLEU needs sacrebleu: pip install 'motion2language[eval]'") from None

    known = None if paper_vocabulary is None else _in_notation(paper_vocabulary)
    most = max(len(sentences) for sentences in references)
    streams: Any = [  # sacrebleu takes None for a missing reference, which its type omits
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
    """What each clip adds to corpus BLEU: "bleu_hits_n", "bleu_total_n" (1 to 4), "bleu_length", "bleu_reference".

    >>> counts = bleu_counts([["a person walks"]], ["a person runs"])[0]
    >>> counts["bleu_hits_1"], counts["bleu_total_1"], counts["bleu_length"]
    (2.0, 3.0, 3.0)
    """
    from sacrebleu.metrics.bleu import BLEU

    scorer = BLEU(tokenize="none", force=True, smooth_method="none", effective_order=False)
    clips = []
    for sentences, text in zip(references, hypotheses, strict=True):
        score = scorer.corpus_score([_line(text, None)], [[_line(sentence, None)] for sentence in sentences])
        counts = {f"bleu_hits_{order}": float(count) for order, count in enumerate(score.counts, start=1)}
        counts |= {f"bleu_total_{order}": float(count) for order, count in enumerate(score.totals, start=1)}
        clips.append(counts | {"bleu_length": float(score.sys_len), "bleu_reference": float(score.ref_len)})
    return clips


def bleu_interval(counts: Sequence[dict[str, float]]) -> list[float]:
    """The 95 % interval of BLEU-4 over clips, in percent.

    counts  as `bleu_counts` gives them

    >>> bleu_interval(bleu_counts([["a person walks slowly"]] * 3, ["a person walks slowly"] * 3))
    [100.0, 100.0]
    """
    table = _table(counts)
    low, high = np.quantile(_bleu_4(_resample(table)), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [float(low), float(high)]


def compare_bleu(first: Sequence[dict[str, float]], second: Sequence[dict[str, float]]) -> dict[str, float]:
    """BLEU-4 of two systems on the same clips: "first", "second", "difference", its interval "low" to "high", and "p".

    >>> references = [["a person walks around"]] * 4
    >>> waves, walks = (bleu_counts(references, [text] * 4) for text in ("waves", "a person walks around"))
    >>> result = compare_bleu(waves, walks)
    >>> result["first"], round(result["second"])
    (0.0, 100)
    """
    own, other = _table(first), _table(second)
    means = [float(_bleu_4(table.sum(0)[None])[0]) for table in (own, other)]
    gains = _bleu_4(_resample(other)) - _bleu_4(_resample(own))
    low, high = np.quantile(gains, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    swaps = np.random.default_rng(1).integers(2, size=(DRAWS, len(own))).astype(float)
    moved = swaps @ (other - own)
    chance = np.abs(_bleu_4(other.sum(0) - moved) - _bleu_4(own.sum(0) + moved)) >= abs(means[1] - means[0]) - 1e-9
    p = float((chance.sum() + 1) / (DRAWS + 1))
    gain = {"difference": means[1] - means[0], "low": float(low), "high": float(high), "p": p}
    return {"first": means[0], "second": means[1]} | gain


def _table(counts: Sequence[dict[str, float]]) -> np.ndarray:
    """Hits and totals of each order, length and reference length, (clips, 10)."""
    names = [f"bleu_{what}_{order}" for what in ("hits", "total") for order in (1, 2, 3, 4)]
    return np.array([[row[name] for name in (*names, "bleu_length", "bleu_reference")] for row in counts])


def _resample(table: np.ndarray) -> np.ndarray:
    """Sums over clips drawn with replacement, (DRAWS, 10)."""
    picks = np.random.default_rng(0).integers(len(table), size=(DRAWS, len(table)))
    return np.stack([table[pick].sum(0) for pick in picks])


def _bleu_4(sums: np.ndarray) -> np.ndarray:
    """BLEU-4 in percent of summed counts (N, 10)."""
    hits, totals, lengths, references = sums[:, :4], sums[:, 4:8], sums[:, 8], sums[:, 9]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.exp(np.log(hits / np.maximum(totals, 1)).mean(1))
        brevity = np.exp(np.minimum(0.0, 1 - references / lengths))
    return 100 * np.nan_to_num(precision * brevity)


def _line(sentence: str, known: frozenset[str] | None) -> str:
    """The tokens joined by spaces; with a set of `known` words by the paper's protocol."""
    if known is None:
        return " ".join(tokenize(sentence))
    words = shipped().paper(sentence).split()
    return " ".join([*(word if word in known else "<unk>" for word in words), "<eos>"])


def _in_notation(vocabulary: Vocabulary) -> frozenset[str]:
    """A vocabulary's words in the paper's notation; each is given twice, since `one` at the end is not a number."""
    return frozenset(word for known in vocabulary.words for word in shipped().paper(f"{known} {known}").split())
