"""Scores of sentences: the model's and, beside them, those of floors that see no motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from motion2language.language.vocabulary import Vocabulary
from motion2language.scoring.captions import bleu, bleu_counts, bleu_interval
from motion2language.scoring.floors import TEXT_FLOORS
from motion2language.scoring.intervals import interval
from motion2language.scoring.overlap import cider, rouge_l

if TYPE_CHECKING:
    from motion2language.scoring.semantic import Semantic

Scores = dict[str, Any]
#: Measures that are means over clips -> what a mean is multiplied by; a clip's own in the rows is not.
MEASURES = {"rouge_l": 100, "cider": 1, "meteor": 100, "bertscore": 100, "cosine": 1, "cosine_best": 1}


def add(
    sentences: Sequence[Sequence[str]],
    texts: Sequence[str],
    rows: Sequence[dict[str, Any]],
    scores: dict[str, Scores],
    *,
    vocabulary: Vocabulary | None = None,
    semantic: Semantic | None = None,
) -> None:
    """Add the scores of `texts`, one a clip, to `scores` and, clip by clip, to `rows`.

    sentences  references of each clip, one or more
    """
    blind = _blind(sentences)
    measured = _measured(sentences, {"": list(texts)} | blind, semantic)
    scores["captions"] = bleu(sentences, texts) | _means(measured[""])
    if vocabulary is not None:
        scores["captions (paper)"] = bleu(sentences, texts, paper_vocabulary=vocabulary)
    scores |= _floors(sentences, blind, measured, semantic)
    counts = bleu_counts(sentences, texts)
    for place, (row, count) in enumerate(zip(rows, counts, strict=True)):
        row.update({measure: float(values[place]) for measure, values in measured[""].items()}, **count)
    scores["intervals"] |= {"bleu_4": bleu_interval(counts)} | {
        measure: [MEASURES[measure] * end for end in interval(values.tolist())]
        for measure, values in measured[""].items()
    }


def floors(sentences: Sequence[Sequence[str]], semantic: Semantic | None = None) -> dict[str, Scores]:
    """The scores of TEXT_FLOORS under "text floors", and under "semantic" what they depend on.

    sentences  references of each clip, one or more; of a single clip there is no floor
    """
    blind = _blind(sentences)
    return _floors(sentences, blind, _measured(sentences, blind, semantic), semantic)


def _blind(sentences: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Floor -> what it says of each clip."""
    return {name: floor(sentences) for name, floor in TEXT_FLOORS.items()} if len(sentences) > 1 else {}


def _floors(
    sentences: Sequence[Sequence[str]],
    blind: Mapping[str, list[str]],
    measured: Mapping[str, Mapping[str, np.ndarray]],
    semantic: Semantic | None,
) -> dict[str, Scores]:
    found = {name: bleu(sentences, said) | _means(measured[name]) for name, said in blind.items()}
    notes = {} if semantic is None else {"semantic": semantic.notes}
    return ({"text floors": found} if found else {}) | notes


def _measured(
    sentences: Sequence[Sequence[str]], systems: Mapping[str, list[str]], semantic: Semantic | None
) -> dict[str, dict[str, np.ndarray]]:
    """System -> measure -> each clip's score. What models embed is measured of all systems at once, each text once."""
    measured = {
        name: {"rouge_l": rouge_l(sentences, said), "cider": cider(sentences, said)} for name, said in systems.items()
    }
    if semantic is not None and systems:
        together = semantic.measure([*sentences] * len(systems), [text for said in systems.values() for text in said])
        for measure, values in together.items():
            for name, part in zip(systems, np.split(values, len(systems)), strict=True):
                measured[name][measure] = part
    return measured


def _means(measured: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {measure: MEASURES[measure] * float(values.mean()) for measure, values in measured.items()}
