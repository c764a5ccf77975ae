"""build(config): the network that a configuration describes."""

from __future__ import annotations

from motion2language.model.config import ModelConfig
from motion2language.model.decoder import AttentionCaptioner
from motion2language.model.transducer import Transducer

Network = AttentionCaptioner | Transducer

NETWORKS: dict[str, type[AttentionCaptioner] | type[Transducer]] = {  # by ModelConfig.kind
    "attention": AttentionCaptioner,
    "transducer": Transducer,
}


def build(config: ModelConfig) -> Network:
    """A network with new weights."""
    return NETWORKS[config.kind](config)
