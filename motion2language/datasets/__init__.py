"""Corpora: one module each, `load(root, split) -> Sequence[Sample]`; the module's name is `--dataset NAME`.

An underscore in a module's name is a hyphen in the corpus'. Modules that begin with one are no corpora.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

from motion2language.motion import Motion
from motion2language.transcript import Caption, Segment


@dataclass(frozen=True, eq=False)
class Sample:
    """A recording with its reference sentences and, where known, reference segments (for scoring only).

    name      unique in its corpus; the only key that joins annotations
    split     train, val or test
    segments  label = the action's verb; empty where nobody annotated times
    """

    name: str
    motion: Motion
    captions: tuple[Caption, ...]
    split: str
    segments: tuple[Segment, ...] = field(default=())


class Lazy(Sequence[Sample]):
    """Samples that are read when indexed, so that a corpus need not fit in memory: one for each maker, in order."""

    def __init__(self, makers: Sequence[Callable[[], Sample]]) -> None:
        self.makers = makers

    def __len__(self) -> int:
        return len(self.makers)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        return Lazy(self.makers[index]) if isinstance(index, slice) else self.makers[index]()


def names() -> tuple[str, ...]:
    """The corpora there are."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name.replace("_", "-") for name in modules if not name.startswith("_")))


def load(name: str, root: Path | None, split: str) -> Sequence[Sample]:
    """The samples of one split (train, val, test) of corpus `name`; ValueError lists the corpora there are."""
    if name not in names():
        raise ValueError(f"no corpus {name!r}; there are {', '.join(names())}")
    if split not in ("train", "val", "test"):
        raise ValueError(f"no split {split!r}; there are train, val and test")
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}").load(root, split)
