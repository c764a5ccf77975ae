"""Translate the official code's parameter names (`enc_pose.fc1`, `dec.rnns`, ...) to ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from torch import Tensor

from motion2language.model.config import ModelConfig

_Rules = dict[str, Callable[[re.Match[str]], str]]

_ENCODER: _Rules = {
    r"enc_pose\.fc(\d)\.(weight|bias)": lambda match: f"encoder.layers.{int(match[1]) - 1}.{match[2]}",
    r"enc_pose\.rnns\.(\w+)": lambda match: f"encoder.rnn.{match[1]}",
}
_DECODER: _Rules = {
    r"dec\.embedding\.weight": lambda _: "embedding.weight",
    r"dec\.rnns\.(weight|bias)_(ih|hh)_l0": lambda match: f"cell.{match[1]}_{match[2]}",
    r"dec\.fc\.(weight|bias)": lambda match: f"output.{match[1]}",
}
_SOFT: _Rules = {
    r"dec\.dec_hidden_layer\.(weight|bias)": lambda match: f"attention.query.{match[1]}",
    r"dec\.enc_hidden_layer\.(weight|bias)": lambda match: f"attention.key.{match[1]}",
    r"dec\.proj_vector\.weight": lambda _: "attention.score.weight",
}
_LOCAL: _Rules = {
    r"dec\.dec_hidden_layer\.(weight|bias)": lambda match: f"attention.query.{match[1]}",
    r"dec\.position_layer\.(weight|bias)": lambda match: f"attention.move.{match[1]}",
    r"dec\.proj_vector\.weight": lambda _: "attention.gate.weight",
}


def our_name(official: str, config: ModelConfig) -> str | None:
    """Our name for an official parameter; None if this configuration does not use it."""
    rules = _ENCODER | _DECODER | (_SOFT if config.attention == "soft" else _LOCAL)
    recurrent = config.encoder.endswith("gru")
    for pattern, name in rules.items():
        match = re.fullmatch(pattern, official)
        if match and not (pattern.startswith(r"enc_pose\.") and recurrent != ("rnns" in pattern)):
            return name(match)
    return None


def from_official(state: Mapping[str, Tensor], config: ModelConfig) -> tuple[dict[str, Tensor], list[str]]:
    """Our state dict from an official one, and the official names that were dropped because they are not used."""
    named = {name: our_name(name, config) for name in state}
    return (
        {ours: state[official] for official, ours in named.items() if ours is not None},
        sorted(official for official, ours in named.items() if ours is None),
    )
