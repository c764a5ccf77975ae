"""The recipe of dense motions: how many actions of real people's takes in a motion, how fast, with which pauses.

`drawing.py` draws by it, `mixing.py` joins what is drawn.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from motion2language.files import parse_toml


class Dense(BaseModel):
    """Every number that decides how dense motions are drawn. Seconds; ranges are drawn evenly on a logarithmic scale.

    The numbers are those of a trial on real people's takes, where the comment gives no other source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: probabilities of 1, 2, ... actions in a motion; the trial's eight, thinned out to ten
    counts: tuple[float, ...] = (0.12, 0.16, 0.2, 0.18, 0.13, 0.09, 0.05, 0.03, 0.02, 0.02)
    #: probabilities of staying with one person, staying with one source, going across sources; chosen
    stay: tuple[float, float, float] = (0.35, 0.25, 0.4)
    #: probability that a stretch is followed by the next one of its take, as it was; chosen
    onward: float = Field(0.5, ge=0, le=1)
    #: most repetitions of one action that are taken together; chosen
    repetitions: int = Field(4, ge=1)
    tempo: tuple[float, float] = (0.6, 1.7)
    #: probability that a take is cut to its core
    core: float = Field(0.6, ge=0, le=1)
    #: most of a take that is shown before and after its core, when it is not cut to that; chosen
    around: float = Field(1.5, ge=0)
    #: shortest part of a stretch of which any part shows the action; chosen
    part: float = Field(1.0, gt=0)
    #: shortest and longest stretch
    lengths: tuple[float, float] = (0.5, 20.0)
    #: longest motion; a last stretch that would pass it is left out; as long as a model captions in one piece
    longest: float = Field(30.0, gt=0)
    #: probability of a pause between two stretches, and its range
    between: float = Field(0.5, ge=0, le=1)
    pause: tuple[float, float] = (0.1, 2.0)
    #: probability of a pause before the first and after the last stretch; chosen
    outside: float = Field(0.5, ge=0, le=1)
    #: shortest pause in which somebody is shown at rest, from a take; shorter ones hold the pose; chosen
    rest: float = Field(0.5, ge=0)
    #: stretches drawn, of which the nearest comes next; rests too; chosen
    candidates: int = Field(6, ge=1)
    #: mean distance of joints, in leg lengths, up to which a rest is near enough to be shown; chosen
    near: float = Field(0.15, ge=0)
    #: seconds of a blend per leg length of mean distance between the poses, and its bounds; chosen
    blend: tuple[float, float, float] = (1.0, 0.1, 0.5)
    #: metres, standard deviation of each coordinate while a pose is held
    noise: float = Field(0.0006, ge=0)
    captions: int = Field(3, ge=1)

    @field_validator("counts", "stay")
    @classmethod
    def _are_probabilities(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if not values or min(values) < 0 or abs(sum(values) - 1) > 1e-6:
            raise ValueError(f"expected probabilities that sum to 1, found {sum(values):g}")
        return values

    @field_validator("tempo", "lengths", "pause")
    @classmethod
    def _is_a_range(cls, values: tuple[float, float]) -> tuple[float, float]:
        if not 0 < values[0] <= values[1]:
            raise ValueError(f"expected a range above 0, the lower end first, found {values[0]:g} to {values[1]:g}")
        return values


def load_dense(path: Path | None = None) -> Dense:
    """The recipe of a TOML file, or the usual one; the ValueError names the key that is wrong."""
    if path is None:
        return Dense()
    try:
        return Dense.model_validate(parse_toml(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}") from None
