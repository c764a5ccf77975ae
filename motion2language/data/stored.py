"""A corpus' samples read once and kept in a store (motion2language.data.store), from then on views of a mapped file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from motion2language.data.index import Place
from motion2language.data.samples import Lazy, Sample, Samples
from motion2language.data.store import TABLE, Contents, Made, Store, open_or_count, open_or_make
from motion2language.data.store.keys import code, digest
from motion2language.formats.amass import VARIABLE
from motion2language.transcript import Caption, Segment, TimedWord

#: All of the package that what a corpus loads depends on; tests/test_architecture.py follows the imports.
READERS = ("motion", "transcript", "files", "language", "body", "formats", "data")


class Stored(Samples):
    """Samples of a store; one that could not be read when it was made is tried again when asked for, and says why."""

    def __init__(self, store: Store, makers: Sequence[Callable[[], Sample]]) -> None:
        self.store, self.makers = store, makers

    def __len__(self) -> int:
        return len(self.store)

    def at(self, number: int) -> Sample:
        """Sample `number` of the store."""
        made = self.store[number]
        return self.makers[number]() if made is None else _sample(made)


def stored(title: str, root: Path | None, samples: Lazy, directory: Path) -> Sequence[Sample]:
    """The samples from their store in `directory`, made where it is not there.

    Makers that hold what keys.py cannot know all of are left as they are, and read when indexed.
    """
    try:
        key = digest([*code(*READERS), os.environ.get(VARIABLE), *samples.makers])
    except TypeError:
        return samples
    return keep(directory, _name(title, root), title, key, samples.makers)


def counted(
    title: str, root: Path, count: Callable[[Place], int], files: Sequence[Place], directory: Path | None
) -> list[int]:
    """`count` of each file of a corpus; with a `directory` for stores, from a table there, made where it is not there.

    Files that keys.py cannot know are counted each time.
    """
    try:
        key = None if directory is None else digest([*code("data"), *files])
    except TypeError:
        key = None
    if directory is None or key is None:
        return [count(file) for file in files]
    return open_or_count(directory / (_name(title, root) + TABLE), title, key, count, files)


def _name(title: str, root: Path | None) -> str:
    """What a store or table of the corpus at `root` is called on disk."""
    place = "" if root is None else str(Path(root).resolve())
    return f"{title.replace(', ', '-')}-{digest([place])[:8]}"


def keep(directory: Path, name: str, title: str, key: str, makers: Sequence[Callable[[], Sample]]) -> Stored:
    """What the makers make, in the store `name` of `directory`; store.Contents says what the rest is."""
    return Stored(open_or_make(directory, Contents(name, title, key, makers, _made)), makers)


def _made(sample: Sample) -> Made:
    about = {"name": sample.name, "split": sample.split, "captions": [asdict(caption) for caption in sample.captions]}
    return Made(sample.motion, about | {"segments": [asdict(segment) for segment in sample.segments]})


def _sample(made: Made) -> Sample:
    about = made.about
    captions = tuple(Caption(**caption) for caption in about["captions"])
    segments = tuple(map(_segment, about["segments"]))
    return Sample(about["name"], made.motion, captions, about["split"], segments)


def _segment(said: dict[str, Any]) -> Segment:
    return Segment(**(said | {"words": tuple(TimedWord(**word) for word in said["words"])}))
