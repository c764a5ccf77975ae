"""Corpora: one module each, `load(root, split, store) -> Samples`; the module's name is `--dataset NAME`.

`store` is the cache folder (motion2language.data.store), or None. `load` below caches the samples that a module
returns; the module itself uses the folder only for what it must read before it knows a split.

An underscore in a module's name is a hyphen in the corpus's name. The functions below import what they need, so that
help texts can list the corpora quickly.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motion2language.data.samples import Sample, Samples

#: Units of the package whose code decides what a corpus loads; tests/test_architecture.py follows the imports.
READERS = ("motion", "transcript", "files", "language", "body", "formats", "data")


def names() -> tuple[str, ...]:
    """The names of all corpora."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def load(name: str, root: Path | None, split: str, store: Path | None = None) -> Samples[Sample]:
    """The samples of one split (train, val, test) of corpus `name`; ValueError lists the names.

    store  folder to cache the samples in; later calls read them from there (motion2language.data.store)
    """
    if name not in names():
        raise ValueError(f"no corpus {name!r}; there are {', '.join(names())}")
    if split not in ("train", "val", "test"):
        raise ValueError(f"no split {split!r}; there are train, val and test")
    corpus = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    samples = corpus.load(root, split, store)
    return samples if store is None or not samples else cache(f"{name}, {split}", root, samples, store)


def cache(title: str, root: Path | None, samples: Samples[Sample], directory: Path) -> Samples[Sample]:
    """The samples from their store in `directory`, which is made if it does not exist.

    Samples whose makers keys.py cannot hash are returned unchanged.
    """
    from motion2language.data.store import store_name
    from motion2language.data.store.keys import code, digest
    from motion2language.formats.amass import VARIABLE

    try:
        key = digest([*code(*READERS), os.environ.get(VARIABLE), *samples.makers])
    except TypeError:
        return samples
    return samples.cache(directory / store_name(title, root), title, key)
