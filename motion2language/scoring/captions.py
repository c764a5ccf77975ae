"""Scores of captions: every measure of a model's sentences, and of the baselines' sentences beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from motion2language.language.vocabulary import Vocabulary
from motion2language.scoring.baselines import TEXT_BASELINES
from motion2language.scoring.bleu import bleu, bleu_counts, bleu_interval
from motion2language.scoring.bootstrap import interval
from motion2language.scoring.rouge_cider import cider, rouge_l

if TYPE_CHECKING:
    from motion2language.scoring.semantic import Semantic

#: Measures that are means over clips -> factor of the mean in tables; a clip's own value in the rows has factor 1.
MEASURES = {"rouge_l": 100, "cider": 1, "meteor": 100, "bertscore": 100, "cosine": 1, "cosine_best": 1}

Measures = dict[str, float]


@dataclass(frozen=True, eq=False)
class CaptionScores:
    """Scores of sentences.

    clean      measures of the model's sentences
    paper      BLEU by the paper's protocol, None without a vocabulary
    baselines  baseline -> the measures of its sentences
    intervals  measure -> its 95 % interval over clips, as in `clean`
    rows       one per clip: its measures and its counts for BLEU
    """

    clean: Measures
    paper: Measures | None
    baselines: dict[str, Measures]
    intervals: dict[str, list[float]]
    rows: list[Measures]


def caption_scores(
    references: Sequence[Sequence[str]],
    hypotheses: Sequence[str],
    *,
    vocabulary: Vocabulary | None = None,
    semantic: Semantic | None = None,
) -> CaptionScores:
    """The scores of one sentence per clip against its references, one or more per clip.

    vocabulary  adds the paper's protocol, with this vocabulary
    semantic    adds its measures

    >>> scores = caption_scores([["a person walks"], ["a person bows"]], ["a person walks", "a person waves"])
    >>> [round(scores.clean[measure]) for measure in ("bleu_1", "rouge_l")]
    [83, 83]
    >>> [round(row["rouge_l"], 2) for row in scores.rows]
    [1.0, 0.67]
    """
    baselines = _baselines(references)
    measured = _measure(references, {"": list(hypotheses)} | baselines, semantic)
    counts = bleu_counts(references, hypotheses)
    rows = [
        {measure: float(values[clip]) for measure, values in measured[""].items()} | count
        for clip, count in enumerate(counts)
    ]
    intervals = {"bleu_4": bleu_interval(counts)}
    for measure, values in measured[""].items():
        intervals[measure] = [MEASURES[measure] * end for end in interval(values.tolist())]
    return CaptionScores(
        bleu(references, hypotheses) | _means(measured[""]),
        None if vocabulary is None else bleu(references, hypotheses, paper_vocabulary=vocabulary),
        _score_baselines(references, baselines, measured),
        intervals,
        rows,
    )


def text_baselines(references: Sequence[Sequence[str]], semantic: Semantic | None = None) -> dict[str, Measures]:
    """The measures of each baseline of TEXT_BASELINES; {} for a single clip, which has no baseline."""
    baselines = _baselines(references)
    return _score_baselines(references, baselines, _measure(references, baselines, semantic))


def _baselines(references: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Baseline -> its sentence for each clip."""
    return {name: baseline(references) for name, baseline in TEXT_BASELINES.items()} if len(references) > 1 else {}


def _score_baselines(
    references: Sequence[Sequence[str]],
    baselines: Mapping[str, list[str]],
    measured: Mapping[str, Mapping[str, np.ndarray]],
) -> dict[str, Measures]:
    return {name: bleu(references, sentences) | _means(measured[name]) for name, sentences in baselines.items()}


def _measure(
    references: Sequence[Sequence[str]], systems: Mapping[str, list[str]], semantic: Semantic | None
) -> dict[str, dict[str, np.ndarray]]:
    """System -> measure -> each clip's score. Semantic measures embed the sentences of all systems at once."""
    measured = {
        name: {"rouge_l": rouge_l(references, sentences), "cider": cider(references, sentences)}
        for name, sentences in systems.items()
    }
    if semantic is not None and systems:
        texts = [text for sentences in systems.values() for text in sentences]
        for measure, values in semantic.measure([*references] * len(systems), texts).items():
            for name, part in zip(systems, np.split(values, len(systems)), strict=True):
                measured[name][measure] = part
    return measured


def _means(measured: Mapping[str, np.ndarray]) -> Measures:
    return {measure: MEASURES[measure] * float(values.mean()) for measure, values in measured.items()}
