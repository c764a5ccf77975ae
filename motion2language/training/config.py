"""RunConfig: all settings of a training run, from a TOML file and `--set` overrides.

A file may begin with `base = "other.toml"`, a file beside it whose values hold where it gives none. Unknown keys are
errors that suggest the nearest known one; every field has its unit and source.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from motion2language.files import parse_toml
from motion2language.language.corrections import Rules
from motion2language.model.config import ModelConfig
from motion2language.training.augment import AugmentConfig

LONGEST = 80  # characters of a value that a message shows; chosen


class TrainConfig(BaseModel):
    """How a model is trained. Defaults: arXiv 2310.10594 unless the comment differs."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epochs: int = Field(40, gt=0)
    batch_size: int = Field(32, gt=0)  # captions per update, over all processes and parts
    accumulate: int = Field(1, gt=0)  # parts in which a process computes its share of a batch, to save memory
    learning_rate: float = Field(1e-3, gt=0)  # Adam
    weight_decay: float = Field(0.0, ge=0)  # decoupled (AdamW)
    schedule: Literal["constant", "cosine"] = "constant"  # cosine falls to zero at the last step
    warmup_steps: int = Field(0, ge=0)  # linear, from zero
    gradient_norm: float = Field(1.0, gt=0)  # clipped at this
    teacher_forcing: float = Field(0.5, ge=0, le=1)  # probability that a step is fed the reference word
    teacher_forcing_end: float | None = Field(None, ge=0, le=1)  # ... at the last update; linear in between
    label_smoothing: float = Field(0.0, ge=0, lt=1)  # share of each word's target spread over the vocabulary
    average: float = Field(0.0, ge=0, lt=1)  # decay of the moving average of the weights; 0 keeps the latest weights
    validate_every: int = Field(1, gt=0)  # epochs; the last epoch is always validated
    patience: int | None = Field(None, gt=0)  # stop after this many validations without a better score
    precision: Literal["float32", "bfloat16"] = "float32"  # bfloat16: of large products, weights stay float32
    compile: bool = False  # the encoder by torch.compile; pays on a GPU, in long runs
    captions: Literal["all", "one"] = "all"  # of a recording, per epoch: every caption, or one drawn at random
    corrections: Rules = "spelling"  # of training captions alone (corrections/); "paper": also digits, degrees, units
    minimum_count: int | None = Field(None, gt=0)  # words seen less often become <unk>; None: 1 when a model is trained
    #   further or when there are fewer than 500 sentences, else 3
    rehearse: float = Field(
        0.5, ge=0, lt=1
    )  # of a model trained further: share of recordings by which it rehearses what
    #   it says (rehearse.py); 0 when the recordings show all that it shall keep; chosen
    pull: float = Field(0.0, ge=0)  # of m2l adapt: how hard old weights are pulled back, per unit of the learning rate
    frozen: tuple[str, ...] = ()  # beginnings of the names of weights that stay as they are: "encoder"
    seed: int = Field(11, ge=0)
    augment: AugmentConfig = AugmentConfig()


class RunConfig(BaseModel):
    """A TOML file of `configs/`: [model], [train] and the corpora trained on together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    also: tuple[str, ...] = ()  # further corpora to train on: "synthetic", or with a root: "compose:people.json"
    #: whose phrases name the actions of sentences: "table" (data/actions.toml), a TOML that adds to it, the X.json of a
    #: composed benchmark, or "" for none
    actions: str = ""

    @model_validator(mode="after")
    def _forbid_forcing_for_transducers(self) -> RunConfig:
        if self.model.kind == "transducer" and self.train.teacher_forcing_end is not None:
            raise ValueError("train.teacher_forcing_end: a transducer is always fed the reference words; leave it out")
        return self


#: The keys of each table.
_KEYS = {
    "model": [field.name for field in fields(ModelConfig)],
    "train": list(TrainConfig.model_fields),
    "augment": list(AugmentConfig.model_fields),
}


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> RunConfig:
    """The run that a TOML file describes, with overrides such as `model.encoder=gru`; ValueError names the mistake.

    Without a file it is the defaults: the paper's MLP encoder with recurrent local attention.
    """
    return make_config({} if path is None else _read(Path(path)), overrides, str(path or "configuration"))


def make_config(data: dict[str, Any], overrides: Sequence[str] = (), where: str = "configuration") -> RunConfig:
    """The run that tables of settings describe, with overrides; the ValueError begins with `where`."""
    for override in overrides:
        key, _, value = override.partition("=")
        if not value:
            raise ValueError(f"--set {override!r}: expected KEY=VALUE, such as model.encoder=gru")
        *tables, name = key.split(".")
        table = data
        for part in tables:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ValueError(f"--set {override!r}: {part} is {table!r}, not a table")
        table[name] = _value(value)
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise ValueError(f"{where}: {explain(error)}") from None


def explain(error: ValidationError) -> str:
    """The first mistake in a configuration, in one line, with the nearest known key for an unknown one."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "value_error":  # from a rule between keys; its message is complete
        return ": ".join(filter(None, (where, str(first["ctx"]["error"]))))
    if first["type"] in ("model_type", "dataclass_type"):
        return f"{where}: expected a table, found {shorten(repr(first['input']))}"
    if first["type"] not in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{where}: {first['msg']}, found {shorten(repr(first['input']))}"
    keys = _KEYS.get(".".join(map(str, first["loc"][-2:-1])), list(RunConfig.model_fields))
    near = difflib.get_close_matches(str(first["loc"][-1]), keys, n=1)
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(keys)}"
    return f"unknown key {where}; {advice}"


def shorten(text: str) -> str:
    """A value for a message, without the middle of a long one."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 4 :]}"


def _read(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """A file's tables merged over those of its base; `above` lists the files that refer to this one."""
    try:
        data = parse_toml(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    base = data.pop("base", None)
    if base is None:
        return data
    if not isinstance(base, str):
        raise ValueError(f"{path}: base: expected the name of a file beside it, found {base!r}")
    if path in above:
        raise ValueError(f"{path}: its base leads back to itself; remove the line `base = ...` from one of the files")
    if not (path.parent / base).is_file():
        raise ValueError(f"{path}: base: {path.parent / base} does not exist; give the name of a file beside it")
    return _merge(_read(path.parent / base, (*above, path)), data)


def _merge(below: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """`below` with the values of `data`, tables merged key by key."""
    merged = below | data
    for key, value in data.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            merged[key] = _merge(below[key], value)
    return merged


def _value(text: str) -> Any:
    """An override's value: as TOML where it parses (3, 0.5, true, "x", [1, 2]), else as a plain string."""
    try:
        return parse_toml(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
