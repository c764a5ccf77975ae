"""Corpora: one module each, `load(root, split, store) -> Samples`; the module's name is `--dataset NAME`.

`store` is the folder for what is read once (motion2language.data.store), or None. What `load` below is given is kept
there without the module's doing; a module uses it for what must be read before a split is known.

An underscore in a module's name is a hyphen in the corpus'.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path

from motion2language.data.samples import Sample, Samples
from motion2language.data.store import store_name
from motion2language.data.store.keys import code, digest
from motion2language.formats.amass import VARIABLE

#: All of the package that what a corpus loads depends on; tests/test_architecture.py follows the imports.
READERS = ("motion", "transcript", "files", "language", "body", "formats", "data")


def names() -> tuple[str, ...]:
    """The corpora there are."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def load(name: str, root: Path | None, split: str, store: Path | None = None) -> Samples[Sample]:
    """The samples of one split (train, val, test) of corpus `name`; ValueError lists the corpora there are.

    store  folder to keep what is read in; from then on it is read from there (motion2language.data.store)
    """
    if name not in names():
        raise ValueError(f"no corpus {name!r}; there are {', '.join(names())}")
    if split not in ("train", "val", "test"):
        raise ValueError(f"no split {split!r}; there are train, val and test")
    corpus = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    samples = corpus.load(root, split, store)
    return samples if store is None or not samples else keep(f"{name}, {split}", root, samples, store)


def keep(title: str, root: Path | None, samples: Samples[Sample], directory: Path) -> Samples[Sample]:
    """The samples from their store in `directory`, made if it is not there.

    Samples whose makers are not fully known to keys.py are returned as they are.
    """
    try:
        key = digest([*code(*READERS), os.environ.get(VARIABLE), *samples.makers])
    except TypeError:
        return samples
    return samples.keep(directory / store_name(title, root), title, key)
