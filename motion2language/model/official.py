"""The official code's parameter names (`enc_pose.fc1`, `dec.rnns`, ...) and ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from torch import Tensor

from motion2language.model.config import ModelConfig

_Rules = dict[str, Callable[[re.Match[str]], str]]

_ENCODER: _Rules = {
    r"enc_pose\.fc(\d)\.(weight|bias)": lambda found: f"encoder.layers.{int(found[1]) - 1}.{found[2]}",
    r"enc_pose\.rnns\.(\w+)": lambda found: f"encoder.rnn.{found[1]}",
}
_DECODER: _Rules = {
    r"dec\.embedding\.weight": lambda found: "embedding.weight",
    r"dec\.rnns\.(weight|bias)_(ih|hh)_l0": lambda found: f"cell.{found[1]}_{found[2]}",
    r"dec\.fc\.(weight|bias)": lambda found: f"output.{found[1]}",
}
_SOFT: _Rules = {
    r"dec\.dec_hidden_layer\.(weight|bias)": lambda found: f"attention.query.{found[1]}",
    r"dec\.enc_hidden_layer\.(weight|bias)": lambda found: f"attention.key.{found[1]}",
    r"dec\.proj_vector\.weight": lambda found: "attention.score.weight",
}
_LOCAL: _Rules = {
    r"dec\.dec_hidden_layer\.(weight|bias)": lambda found: f"attention.query.{found[1]}",
    r"dec\.position_layer\.(weight|bias)": lambda found: f"attention.move.{found[1]}",
    r"dec\.proj_vector\.weight": lambda found: "attention.gate.weight",
}


def our_name(official: str, config: ModelConfig) -> str | None:
    """Our name of an official parameter; None when this configuration never uses it."""
    rules = _ENCODER | _DECODER | (_SOFT if config.attention == "soft" else _LOCAL)
    recurrent = config.encoder.endswith("gru")
    for pattern, name in rules.items():
        found = re.fullmatch(pattern, official)
        if found and not (pattern.startswith(r"enc_pose\.") and recurrent != ("rnns" in pattern)):
            return name(found)
    return None


def from_official(state: Mapping[str, Tensor], config: ModelConfig) -> tuple[dict[str, Tensor], list[str]]:
    """Our state dict from an official one, and the official names that were dropped because nothing uses them."""
    named = {name: our_name(name, config) for name in state}
    return (
        {ours: state[official] for official, ours in named.items() if ours is not None},
        sorted(official for official, ours in named.items() if ours is None),
    )
