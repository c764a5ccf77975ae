"""Measures of sentences beyond the words they share: METEOR, BERTScore, cosine of sentence embeddings.

`load` reads what they need from disk once and reports what cannot be measured; nothing is downloaded. As for the other
measures, sentences are compared in lower case and without punctuation. Needs the extra `semantic`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.language.vocabulary import tokenize
from motion2language.scoring.semantic import meteor


@dataclass(frozen=True, eq=False)
class Semantic:
    """The models and data of the measures.

    notes  for each measure what its numbers depend on, or why it is skipped
    """

    wordnet: Any
    scorer: Any
    encoder: Any
    notes: dict[str, str]

    def measure(self, references: Sequence[Sequence[str]], hypotheses: Sequence[str]) -> dict[str, np.ndarray]:
        """Each clip's "meteor" (unless skipped), "bertscore" (F1), "cosine" (mean over references), "cosine_best"."""
        from rich.console import Console
        from rich.progress import track

        from motion2language.scoring.semantic import bertscore, similarity

        references = [[" ".join(tokenize(sentence)) for sentence in sentences] for sentences in references]
        hypotheses = [" ".join(tokenize(text)) for text in hypotheses]
        console, scores = Console(stderr=True), {}
        for name in track(
            self.notes, "semantic measures", console=console, transient=True, disable=not console.is_terminal
        ):
            if name == "meteor" and self.wordnet is not None:
                scores["meteor"] = meteor.meteor(references, hypotheses, self.wordnet)
            elif name == "bertscore":
                scores["bertscore"] = bertscore.bertscore(self.scorer, references, hypotheses)
            elif name == "cosine":
                cosines = similarity.similarity(self.encoder, references, hypotheses)
                scores["cosine"], scores["cosine_best"] = cosines
        return scores


def load(nltk_data: Path | None = None, bert_model: Path | None = None, bert_layer: int | None = None) -> Semantic:
    """Everything the measures need; ValueError when it is not installed or not in the folders given.

    nltk_data   folder with WordNet; without it nltk's own folders, and METEOR is skipped when these lack WordNet
    bert_model  folder of BERTScore's model; without it the packaged encoder
    """
    from motion2language.scoring.semantic import bertscore, similarity

    scorer, encoder = bertscore.load(bert_model, bert_layer), similarity.load()
    notes = {"bertscore": scorer.name, "cosine": encoder.name}
    try:
        wordnet = meteor.open_wordnet(nltk_data)
    except ValueError as error:
        if nltk_data is not None:
            raise
        return Semantic(None, scorer, encoder, {"meteor": f"skipped: {error}"} | notes)
    return Semantic(wordnet, scorer, encoder, {"meteor": meteor.describe(wordnet)} | notes)
