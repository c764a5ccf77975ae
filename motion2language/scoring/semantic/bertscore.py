"""BERTScore: each word's embedding against the nearest of the other sentence, as the package bert-score computes it.

Without idf weights and without rescaling by a baseline. The numbers depend on the model and its layer, and cannot be
compared with those of another (Zhang et al. 2020).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from motion2language.scoring.semantic import models

LONGEST = 512  # word pieces of a sentence, for models that do not specify it; RoBERTa states two more than it takes


class Scorer(NamedTuple):
    """A model's layer that embeds words."""

    tokenizer: Any
    model: torch.nn.Module
    name: str


def load(folder: Path | None = None, layer: int | None = None) -> Scorer:
    """The scorer of the model in a folder, by default of the packaged model.

    layer  the layer that embeds words, from 1; by default the one that bert-score recommends for a model of the
           folder's name, else the last
    """
    try:
        import bert_score
    except ModuleNotFoundError as error:
        raise ValueError(f"{error.name} is missing: {models.INSTALL}") from None
    name = models.PACKAGED if folder is None else folder.absolute().name
    folder = folder or models.find_packaged()
    tokenizer, model = models.load(folder)
    layers = model.config.num_hidden_layers
    if layer is None:
        known = {key.split("/")[-1]: number for key, number in bert_score.utils.model2layers.items()}
        layer = known.get(name, layers)
    if not 1 <= layer <= layers:
        raise ValueError(f"{folder}: layer {layer} of a model of {layers} layers; give --bert-layer 1 to {layers}")
    longest = min(tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", LONGEST))
    tokenizer.model_max_length = longest - 2  # a longer sentence is cut
    what = f"{name} {models.fingerprint(folder)}, layer {layer} of {layers}, no idf, not rescaled"
    return Scorer(tokenizer, _Layer(model, layer), f"bert-score {version('bert-score')}, {what}")


def bertscore(scorer: Scorer, references: Sequence[Sequence[str]], hypotheses: Sequence[str]) -> np.ndarray:
    """BERTScore's F1 of each clip's sentence, (N,), the best over its references; an empty sentence scores 0."""
    from bert_score.utils import bert_cos_score_idf

    weights: dict[int, float] = defaultdict(lambda: 1.0)
    weights |= {scorer.tokenizer.sep_token_id: 0.0, scorer.tokenizer.cls_token_id: 0.0}
    clips = [
        [(sentence, text) for sentence in sentences if sentence.strip() and text.strip()]
        for sentences, text in zip(references, hypotheses, strict=True)
    ]
    truths, texts = ([pair[side] for pairs in clips for pair in pairs] for side in (0, 1))
    measured = bert_cos_score_idf(scorer.model, truths, texts, scorer.tokenizer, weights, device="cpu")
    scores = iter(measured[:, 2].tolist())
    return np.array([max((next(scores) for _ in pairs), default=0.0) for pairs in clips])


class _Layer(torch.nn.Module):
    """A model's states after a layer, in the form that bert-score expects."""

    def __init__(self, model: Any, layer: int) -> None:
        super().__init__()
        self.model = model.get_encoder() if model.config.is_encoder_decoder else model
        self.layer = layer

    def forward(
        self, tokens: torch.Tensor, attention_mask: torch.Tensor, output_hidden_states: bool = False
    ) -> tuple[torch.Tensor]:
        states = self.model(tokens, attention_mask=attention_mask, output_hidden_states=True).hidden_states
        return (states[self.layer],)
