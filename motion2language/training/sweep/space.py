"""The search space of a sweep: a TOML file with choices or a range for keys of a configuration."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, ValidationError, model_validator

from motion2language.files import parse_toml
from motion2language.training.config import load_config

Value = bool | int | float | str


class Choices(BaseModel):
    """One of several values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    choices: tuple[Value, ...] = Field(min_length=1)

    @property
    def examples(self) -> tuple[Value, ...]:
        """Every value, to be checked against the configuration."""
        return self.choices


class Range(BaseModel):
    """A number from `low` to `high`, both included; whole when both are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: StrictInt | StrictFloat
    high: StrictInt | StrictFloat
    log: bool = False  # even steps of the logarithm

    @model_validator(mode="after")
    def _a_range(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"low {self.low} has no logarithm; leave out log or give a number above 0")
        return self

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are tried."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def examples(self) -> tuple[Value, ...]:
        """Values to be checked against the configuration: both ends and, unless whole, a number with a fraction."""
        between = self.low + (self.high - self.low) / math.pi
        return (self.low, self.high) if self.whole else (self.low, self.high, between)


Space = dict[str, Choices | Range]


def load_space(path: Path, config: Path, overrides: Sequence[str] = ()) -> Space:
    """The search space of a TOML file, by key (`model.encoder`); each value is valid for `config` with `overrides`.

    ValueError names the mistake, with the nearest key for an unknown one.
    """
    try:
        data = parse_toml(Path(path).read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    space: Space = {}
    for key, table in _leaves(path, data):
        try:
            space[key] = (Choices if "choices" in table else Range).model_validate(table)
        except ValidationError as error:
            raise ValueError(f"{path}: [{key}]: {_explain(error)}") from None
        for value in space[key].examples:
            try:
                load_config(config, [*overrides, override(key, value)])
            except ValueError as error:
                raise ValueError(f"{path}: [{key}] cannot be {value!r}: {error}") from None
    if not space:
        raise ValueError(f"{path}: nothing to try; give keys of the configuration choices, or low and high")
    return space


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "value_error":
        return first["msg"].removeprefix("Value error, ")
    name = first["loc"][0]
    problem = {"missing": f"{name} is missing", "extra_forbidden": f"{name} means nothing here"}.get(
        first["type"], f"{name} cannot be {first['input']!r}"
    )
    return f"{problem}; expected choices = [...], or the numbers low and high, and log = true if wanted"


def _leaves(path: Path, data: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each table without a table in it, with its key."""
    for name, table in data.items():
        key = f"{above}{name}"
        if not isinstance(table, dict):
            raise ValueError(f"{path}: {key} = {table!r}; expected a table [{key}] with choices, or low and high")
        if any(isinstance(value, dict) for value in table.values()):
            yield from _leaves(path, table, f"{key}.")
        else:
            yield key, table


def override(key: str, value: Value) -> str:
    """A key and value in the form that `--set` takes."""
    return f"{key}={json.dumps(value)}"


def distributions(space: Space) -> dict[str, Any]:
    """The space as Optuna's distributions; ValueError when Optuna is missing."""
    try:
        from optuna import distributions as optuna
    except ImportError:
        raise ValueError("sweeps need Optuna, which is not installed; pip install 'motion2language[train]'") from None
    result: dict[str, Any] = {}
    for key, part in space.items():
        if isinstance(part, Choices):
            result[key] = optuna.CategoricalDistribution(part.choices)
        elif part.whole:
            result[key] = optuna.IntDistribution(int(part.low), int(part.high), log=part.log)
        else:
            result[key] = optuna.FloatDistribution(part.low, part.high, log=part.log)
    return result
