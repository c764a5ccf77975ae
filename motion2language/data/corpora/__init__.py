"""Corpora: one module each, `load(root, split) -> Sequence[Sample]`; the module's name is `--dataset NAME`.

A corpus whose `load` reads all at once may have `lazily(root, split, store) -> Lazy` beside it, for a store in the
folder `store` (motion2language.data.store); what must be read to know a split may be kept there too.

An underscore in a module's name is a hyphen in the corpus'.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path

from motion2language.data.samples import Lazy, Sample
from motion2language.data.stored import stored


def names() -> tuple[str, ...]:
    """The corpora there are."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def load(name: str, root: Path | None, split: str, store: Path | None = None) -> Sequence[Sample]:
    """The samples of one split (train, val, test) of corpus `name`; ValueError lists the corpora there are.

    store  folder to keep what is read in; from then on it is read from there (motion2language.data.store)
    """
    if name not in names():
        raise ValueError(f"no corpus {name!r}; there are {', '.join(names())}")
    if split not in ("train", "val", "test"):
        raise ValueError(f"no split {split!r}; there are train, val and test")
    corpus = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    if store is None:
        return corpus.load(root, split)
    samples = corpus.lazily(root, split, store) if hasattr(corpus, "lazily") else corpus.load(root, split)
    if not isinstance(samples, Lazy) or not samples:
        return samples
    return stored(f"{name}, {split}", root, samples, store)
