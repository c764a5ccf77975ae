"""ModelConfig: everything needed to rebuild a network and the path from a recording to its input.

Saved as `config.json` in a model folder. Unknown keys are errors; every field's comment gives its unit and source.
"""

from __future__ import annotations

import difflib
import json
import math
import operator
import reprlib
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, Literal, get_args, get_type_hints

_LARGEST = 8192  # units of a layer; chosen: more is a typing error, and would fill the memory

# Shapes that are the same in every network.
STRIDE = 2  # frames in one step of a transducer's clock: 10 Hz -> 5 Hz; chosen
KERNEL = 5  # frames a convolution sees; chosen
DILATIONS = (1, 1, 2, 2)  # of an encoder's convolutions: 24 frames together, 4.8 s at the transducer's 5 Hz; chosen
LAYERS = 2  # of an encoder's transformer; chosen
REACH = 10  # frames that a layer attends to on either side, as in arXiv 2409.09177; when causal, twice as many before

_LIMITS = {
    "gt": (operator.gt, "greater than"), "ge": (operator.ge, "greater than or equal to"),
    "lt": (operator.lt, "less than"), "le": (operator.le, "less than or equal to"),
}  # fmt: skip
_KINDS = {bool: "true or false", int: "a whole number", float: "a finite number", str: "text", tuple: "a list of texts"}


def _number(default: float | None, **limits: float) -> Any:
    """A field for a number within `limits`, keys of _LIMITS that Pydantic, which reads a RunConfig, understands too."""
    return field(default=default, metadata=limits)


@dataclass(frozen=True)
class ModelConfig:
    """A network's shape and its input. Source of the defaults: arXiv 2310.10594 unless noted.

    A value that its field cannot have is a ValueError that begins with the key.
    """

    #: For Pydantic, when it reads a RunConfig.
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}

    kind: Literal["attention", "transducer"] = "attention"  # the paper's model, or monotonic alignments marginalised
    variant: Literal["kit", "humanml3d"] = "kit"  # which of the paper's two published variants
    encoder: str = "mlp"  # a key of model.encoders.ENCODERS
    attention: str = "recurrent-local"  # a key of model.attention.ATTENTIONS
    monotone: bool = False  # cross attention never looks back
    mask: bool = True  # cut the Gaussian window at the half window
    half_window: float | None = _number(None, gt=0)  # D in frames of the model's clock; the paper uses 5 and 9
    half_window_seconds: float | None = _number(None, gt=0)  # D in seconds, instead of frames
    hidden: int = _number(64, gt=0, le=_LARGEST)  # decoder units H
    embedding: int = _number(64, gt=0, le=_LARGEST)  # word embedding
    encoder_hidden: int = _number(128, gt=0, le=_LARGEST)  # of the MLP's hidden layers, convolution, transformer
    heads: int = _number(4, gt=0, le=64)  # of the transformer and of cross attention, as in arXiv 2409.09177
    dropout: float = _number(0.5, ge=0, lt=1)
    early: float = _number(0.0, ge=0)  # transducer: log probability a word loses per second of delay, in training
    features: str = "paper"  # a key of features.FEATURES
    fps: float = _number(10.0, gt=0, ge=0.1, le=1000)  # the model's clock, frames per second
    joints: tuple[str, ...] = ()  # joints used for the features, in order; filled in from the corpus
    input_width: int = _number(0, ge=0, le=2**20)  # F; filled in from the corpus
    vocabulary_size: int = _number(0, ge=0, le=2**20)  # V; filled in from the corpus
    max_words: int = _number(40, gt=0, le=1000)  # a caption's length limit; chosen
    max_seconds: float = _number(30.0, gt=0, le=3600)  # of a recording captioned in one piece

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, _checked(each, getattr(self, each.name)))
        if self.half_window is not None and self.half_window_seconds is not None:
            raise ValueError("give half_window (frames) or half_window_seconds, not both")
        if self.monotone and (self.kind, self.attention) != ("attention", "cross"):
            found = f"attention is {self.attention!r}" if self.kind == "attention" else "kind is 'transducer'"
            raise ValueError(
                f"monotone is for the attention model with attention 'cross'; here {found}; "
                "'recurrent-local' and every transducer only go forward anyway"
            )

    @classmethod
    def from_json(cls, text: str | bytes) -> ModelConfig:
        """The configuration that `to_json` wrote; ValueError for any other text."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"Invalid JSON: {error}") from None
        if not isinstance(values, dict):
            raise ValueError(f'expected an object with keys such as "kind", found {type(values).__name__}')
        known = [each.name for each in fields(cls)]
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                raise ValueError(f"{key[:80]}: unknown; " + (f"did you mean {near[0]}?" if near else "remove it"))
        return cls(**values)

    def to_json(self) -> str:
        """Indented JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @property
    def half_window_frames(self) -> float:
        """D in frames of the model's clock; 5, the paper's, when neither unit is given."""
        if self.half_window_seconds is not None:
            return self.half_window_seconds * self.fps
        return 5.0 if self.half_window is None else self.half_window


def _checked(each: Field, value: Any) -> Any:
    """The value as the field's type; ValueError when it is of another, or not among those that the field may have."""
    if value is None and each.default is None:
        return None
    kind = float if each.default is None else type(each.default)
    if kind is float and type(value) is int and abs(value) < 2**53:
        value = float(value)
    elif kind is tuple and isinstance(value, list):
        value = tuple(value)
    fits = type(value) is kind and not (isinstance(value, float) and not math.isfinite(value))
    if not fits or (isinstance(value, tuple) and not all(isinstance(name, str) for name in value)):
        raise ValueError(f"{each.name}: expected {_KINDS[kind]}, found {reprlib.repr(value)}")
    choices = _choices().get(each.name)
    if choices and value not in choices:
        raise ValueError(f"{each.name}: expected {' or '.join(choices)}, found {reprlib.repr(value)}")
    for name, limit in each.metadata.items():
        holds, words = _LIMITS[name]
        if not holds(value, limit):
            raise ValueError(f"{each.name}: expected a number {words} {limit:g}, found {value!r}")
    return value


@cache
def _choices() -> dict[str, tuple[str, ...]]:
    """The values that a field of few values may have."""
    hints = get_type_hints(ModelConfig)
    return {
        name: get_args(hint) for name, hint in hints.items() if get_args(hint) and isinstance(get_args(hint)[0], str)
    }
