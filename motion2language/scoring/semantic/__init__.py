"""Measures of sentences beyond the words they share: METEOR, BERTScore, cosine of sentence embeddings.

`load` finds what they need on disk, once, and says what cannot be measured; nothing is downloaded. Both sides are read
as the other measures read them, in lower case and without punctuation. Needs the extra `semantic`.
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
    """What `load` found.

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

        from motion2language.scoring.semantic import bertscore, sentences

        references = [[" ".join(tokenize(one)) for one in some] for some in references]
        hypotheses = [" ".join(tokenize(said)) for said in hypotheses]
        console, scores = Console(stderr=True), {}
        for name in track(self.notes, "meaning", console=console, transient=True, disable=not console.is_terminal):
            if name == "meteor" and self.wordnet is not None:
                scores["meteor"] = meteor.meteor(references, hypotheses, self.wordnet)
            elif name == "bertscore":
                scores["bertscore"] = bertscore.bertscore(self.scorer, references, hypotheses)
            elif name == "cosine":
                scores["cosine"], scores["cosine_best"] = sentences.similarity(self.encoder, references, hypotheses)
        return scores


def load(nltk_data: Path | None = None, bert_model: Path | None = None, bert_layer: int | None = None) -> Semantic:
    """Everything the measures need; ValueError when it is not installed, or not where the user says.

    nltk_data   folder that holds WordNet; without it nltk's own, and METEOR is skipped where there is none
    bert_model  folder of BERTScore's model; without it the packaged encoder
    """
    from motion2language.scoring.semantic import bertscore, sentences

    scorer, encoder = bertscore.load(bert_model, bert_layer), sentences.load()
    notes = {"bertscore": scorer.name, "cosine": encoder.name}
    try:
        wordnet = meteor.open_wordnet(nltk_data)
    except ValueError as error:
        if nltk_data is not None:
            raise
        return Semantic(None, scorer, encoder, {"meteor": f"skipped: {error}"} | notes)
    return Semantic(wordnet, scorer, encoder, {"meteor": meteor.describe(wordnet)} | notes)
