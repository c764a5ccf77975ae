"""ModelConfig: everything needed to rebuild a network and the path from a recording to its input.

Saved as `config.json` in a model folder. Unknown keys are errors; every field's comment gives its unit and source.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_LARGEST = 8192  # units of a layer; chosen: more is a typing error, and would fill the memory

# Shapes that are the same in every network.
STRIDE = 2  # frames in one step of a transducer's clock: 10 Hz -> 5 Hz; chosen
KERNEL = 5  # frames a convolution sees; chosen
DILATIONS = (1, 1, 2, 2)  # of an encoder's convolutions: 24 frames together, 4.8 s at the transducer's 5 Hz; chosen
LAYERS = 2  # of an encoder's transformer; chosen
REACH = 10  # frames that a layer attends to on either side, as in arXiv 2409.09177; when causal, twice as many before


class ModelConfig(BaseModel):
    """A network's shape and its input. Source of the defaults: arXiv 2310.10594 unless noted."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Literal["attention", "transducer"] = "attention"  # the paper's model, or monotonic alignments marginalised
    variant: Literal["kit", "humanml3d"] = "kit"  # which of the paper's two published variants
    encoder: str = "mlp"  # a key of model.encoders.ENCODERS
    attention: str = "recurrent-local"  # a key of model.attention.ATTENTIONS
    monotone: bool = False  # cross attention never looks back
    mask: bool = True  # cut the Gaussian window at the half window
    half_window: float | None = Field(None, gt=0)  # D in frames of the model's clock; the paper uses 5 and 9
    half_window_seconds: float | None = Field(None, gt=0)  # D in seconds, instead of frames
    hidden: int = Field(64, gt=0, le=_LARGEST)  # decoder units H
    embedding: int = Field(64, gt=0, le=_LARGEST)  # word embedding
    encoder_hidden: int = Field(
        128, gt=0, le=_LARGEST
    )  # units of the MLP's hidden layers, of convolution and transformer
    heads: int = Field(4, gt=0, le=64)  # of the transformer and of cross attention, as in arXiv 2409.09177
    dropout: float = Field(0.5, ge=0, lt=1)
    early: float = Field(0.0, ge=0)  # transducer: log probability that a word loses per second of delay, in training
    features: str = "paper"  # a key of features.FEATURES
    fps: float = Field(10.0, gt=0, le=1000)  # the model's clock, frames per second
    joints: tuple[str, ...] = ()  # joints used for the features, in order; filled in from the corpus
    input_width: int = Field(0, ge=0, le=2**20)  # F; filled in from the corpus
    vocabulary_size: int = Field(0, ge=0, le=2**20)  # V; filled in from the corpus
    max_words: int = Field(40, gt=0, le=1000)  # a caption's length limit; chosen
    max_seconds: float = Field(30.0, gt=0, le=3600)  # longest recording captioned in one piece; longer ones in windows

    @model_validator(mode="after")
    def _one_half_window(self) -> ModelConfig:
        if self.half_window is not None and self.half_window_seconds is not None:
            raise ValueError("give half_window (frames) or half_window_seconds, not both")
        return self

    @model_validator(mode="after")
    def _monotone_where_it_means_something(self) -> ModelConfig:
        if self.monotone and (self.kind, self.attention) != ("attention", "cross"):
            found = f"attention is {self.attention!r}" if self.kind == "attention" else "kind is 'transducer'"
            raise ValueError(
                f"monotone is for the attention model with attention 'cross'; here {found}; "
                "'recurrent-local' and every transducer only go forward anyway"
            )
        return self

    @property
    def half_window_frames(self) -> float:
        """D in frames of the model's clock; 5, the paper's, when neither unit is given."""
        if self.half_window_seconds is not None:
            return self.half_window_seconds * self.fps
        return 5.0 if self.half_window is None else self.half_window
