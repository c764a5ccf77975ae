"""Scores of sentences against references: BLEU-1 to BLEU-4, corpus level, as sacrebleu computes it.

Two protocols, never mixed in a table:
`clean`  no <eos>, references untouched but for the tokeniser
`paper`  <eos> at the end of both sides and <unk> for the references' words outside the vocabulary, as in the official
         code of arXiv 2310.10594 (both raise the score)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from motion2language.vocabulary import Vocabulary, tokenize


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

    most = max(len(sentences) for sentences in references)
    streams: Any = [  # sacrebleu's own type leaves out that a missing reference is None
        [_line(sentences[index], paper_vocabulary) if index < len(sentences) else None for sentences in references]
        for index in range(most)
    ]
    lines = [_line(sentence, paper_vocabulary) for sentence in hypotheses]
    scores = {
        f"bleu_{order}": BLEU(tokenize="none", force=True, max_ngram_order=order, smooth_method="none")
        .corpus_score(lines, streams)
        .score
        for order in (1, 2, 3, 4)
    }
    return scores | {"clips": len(hypotheses), "references": sum(len(sentences) for sentences in references)}


def _line(sentence: str, vocabulary: Vocabulary | None) -> str:
    words = tokenize(sentence)
    if vocabulary is not None:
        words = [word if word in vocabulary.words else "<unk>" for word in words] + ["<eos>"]
    return " ".join(words)
