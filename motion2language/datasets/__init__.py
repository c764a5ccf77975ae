"""Corpora: one module each, `load(root, split) -> Sequence[Sample]`; the module's name is `--dataset NAME`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

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


def names() -> tuple[str, ...]:
    """The corpora there are."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def load(name: str, root: Path | None, split: str) -> Sequence[Sample]:
    """The samples of one split (train, val, test) of corpus `name`; ValueError lists the corpora there are."""
    if name not in names():
        raise ValueError(f"no corpus {name!r}; there are {', '.join(names())}")
    if split not in ("train", "val", "test"):
        raise ValueError(f"no split {split!r}; there are train, val and test")
    return importlib.import_module(f"{__name__}.{name}").load(root, split)
