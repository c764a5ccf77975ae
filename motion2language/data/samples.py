"""Sample, and sequences of samples: what a corpus loads, and what training, scoring and statistics read."""

from __future__ import annotations

import bisect
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
    """Samples that are read when indexed, so that a corpus need not fit in memory: one for each maker, in order.

    A maker is a partial of a function on all that its sample depends on, each file as a path of its own: then `load`
    can keep what it makes in a store (motion2language.data.store.keys).
    """

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


class Samples(Sequence[Sample], ABC):
    """Samples that are got by their number; a slice is a list."""

    @abstractmethod
    def at(self, number: int) -> Sample:
        """Sample `number`, from 0."""

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        numbers = range(len(self))[index]
        return self.at(numbers) if isinstance(numbers, int) else [self.at(number) for number in numbers]


class Joined(Samples):
    """The samples of several corpora, one after another."""

    def __init__(self, parts: Sequence[Sequence[Sample]]) -> None:
        self.parts = parts
        self.ends = list(itertools.accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def at(self, number: int) -> Sample:
        """Sample `number` of all."""
        part = bisect.bisect_right(self.ends, number)
        return self.parts[part][number - (self.ends[part - 1] if part else 0)]
