"""Sample, and lazy sequences of samples: what a corpus loads, and what training, scoring and statistics read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload

from motion2language.data.store import Record, Store, StoreSpec, open_or_make
from motion2language.motion import Motion
from motion2language.transcript import Caption, Facts, Segment, TimedWord

Item = TypeVar("Item")
Other = TypeVar("Other")


@dataclass(frozen=True, eq=False)
class Sample:
    """A recording with its reference sentences and, where known, reference segments (for scoring only).

    name      unique in its corpus; the only key that joins annotations
    split     train, val or test
    segments  label = the action's verb; empty if nobody annotated times

    >>> import numpy as np
    >>> from motion2language.motion import CANONICAL
    >>> standing = Motion(np.zeros((20, 21, 3)), 10.0, CANONICAL, "take")
    >>> sample = Sample("take", standing, (Caption("a person stands"),), "train")
    >>> sample.motion.duration, sample.captions[0].text, sample.segments
    (2.0, 'a person stands', ())
    """

    name: str
    motion: Motion
    captions: tuple[Caption, ...]
    split: str
    segments: tuple[Segment, ...] = field(default=())


class Samples(Sequence[Item]):
    """Samples, or what `map` makes of them, each made when it is indexed: a corpus need not fit in memory.

    makers  one function per sample, in order. For `cache` each is a partial of a module's function, with everything
            that its sample depends on as arguments and each file as a path (motion2language.data.store.keys)
    """

    def __init__(self, makers: Sequence[Callable[[], Item]]) -> None:
        self.makers = makers
        self._parts: tuple[Samples[Item], ...] = ()

    @classmethod
    def of(cls, items: Iterable[Item]) -> Samples[Item]:
        """The items, kept in memory."""
        return Samples([partial(_same, item) for item in items])

    def __len__(self) -> int:
        return len(self.makers)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Samples[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Samples[Item]:
        return Samples(self.makers[index]) if isinstance(index, slice) else self.makers[index]()

    def map(self, function: Callable[[Item], Other]) -> Samples[Other]:
        """The results of the function, which is called each time a sample is indexed."""
        return Samples([partial(_apply, function, make) for make in self.makers])

    def __add__(self, other: Samples[Item]) -> Samples[Item]:
        both = Samples([*self.makers, *other.makers])
        both._parts = (*self.parts, *other.parts)
        return both

    @property
    def parts(self) -> tuple[Samples[Item], ...]:
        """The samples that were added together to give these."""
        return self._parts or (self,)

    def cache(self: Samples[Sample], folder: Path, title: str, key: str) -> Stored:
        """The samples from the store `folder`, made if it does not exist; title and key as in store.StoreSpec."""
        spec = StoreSpec(folder.name, title, key, self.makers, _pack)
        return Stored(open_or_make(folder.parent, spec), self.makers)


class Stored(Samples[Sample]):
    """Samples of a store; one that could not be stored is read from its file when indexed, and raises its error."""

    def __init__(self, store: Store, makers: Sequence[Callable[[], Sample]], without: Collection[int] = ()) -> None:
        super().__init__([_FromStore(store, n, make) for n, make in enumerate(makers) if n not in without])
        self.store, self._made_by = store, makers

    def readable(self) -> Stored:
        """The samples that were stored."""
        return Stored(self.store, self._made_by, frozenset(self.store.unreadable))


@dataclass(frozen=True, eq=False, slots=True)
class _FromStore:
    """Reads a sample from its store. Pickling it sends the sample, so that another process need not open the store."""

    store: Store
    number: int
    make: Callable[[], Sample]

    def __call__(self) -> Sample:
        record = self.store[self.number]
        return self.make() if record is None else _unpack(record)

    def __reduce__(self) -> tuple[Any, ...]:
        record = self.store[self.number]
        return (partial, (self.make,)) if record is None else (partial, (_same, _unpack(record)))


def load_into_memory(samples: Sequence[Sample]) -> Samples[Sample]:
    """The samples, to be read many times: those of a store unchanged, others loaded into memory.

    ValueError with the first that cannot be read, and how many cannot.
    """
    read: list[Sample] = []
    faults: list[ValueError] = []
    for number in samples.store.unreadable if isinstance(samples, Stored) else range(len(samples)):
        try:
            read.append(samples[number])
        except ValueError as error:
            faults.append(error)
    if faults:
        raise ValueError(f"{faults[0]} ({len(faults)} of {len(samples)} recordings cannot be read)")
    return samples if isinstance(samples, Stored) else Samples.of(read)


def _same(item: Item) -> Item:
    return item


def _apply(function: Callable[[Item], Other], make: Callable[[], Item]) -> Other:
    return function(make())


def _pack(sample: Sample) -> Record:
    about = {"name": sample.name, "split": sample.split, "captions": [asdict(caption) for caption in sample.captions]}
    return Record(sample.motion, about | {"segments": [asdict(segment) for segment in sample.segments]})


def _unpack(record: Record) -> Sample:
    about = record.about
    captions = tuple(Caption(**caption) for caption in about["captions"])
    segments = tuple(map(_segment, about["segments"]))
    return Sample(about["name"], record.motion, captions, about["split"], segments)


def _segment(values: dict[str, Any]) -> Segment:
    facts = values.get("facts")
    words = tuple(TimedWord(**word) for word in values["words"])
    return Segment(**(values | {"words": words, "facts": None if facts is None else Facts.from_dict(facts)}))
