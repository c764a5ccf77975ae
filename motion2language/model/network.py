"""build(config): the torch network that a configuration describes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from motion2language.model.config import ModelConfig
from motion2language.model.decoder import AttentionCaptioner
from motion2language.model.transducer import Transducer

Network = AttentionCaptioner | Transducer

NETWORKS: dict[str, type[AttentionCaptioner] | type[Transducer]] = {  # by ModelConfig.kind
    "attention": AttentionCaptioner,
    "transducer": Transducer,
}


def build(config: ModelConfig, weights: Mapping[str, np.ndarray] | None = None) -> Network:
    """A network with new weights, or with these; RuntimeError when they are those of another network."""
    network = NETWORKS[config.kind](config)
    if weights is not None:
        network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return network
