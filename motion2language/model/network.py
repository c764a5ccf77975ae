"""build(config): the network a configuration describes."""

from __future__ import annotations

from motion2language.model.config import ModelConfig
from motion2language.model.decoder import AttentionCaptioner
from motion2language.model.transducer import Transducer

Network = AttentionCaptioner | Transducer


def build(config: ModelConfig) -> Network:
    """A network with fresh weights."""
    return Transducer(config) if config.kind == "transducer" else AttentionCaptioner(config)
