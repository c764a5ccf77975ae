"""The synthetic corpus: procedural recordings with sentences and exact segments, seeded and endless.

`load` gives 3,000 / 300 / 300 of them; sample n of a split is always the same recording, made when it is asked for,
and no two splits share a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import overload

from motion2language.datasets import Lazy, Sample
from motion2language.synthesis import make_recording

SIZES = {"train": 3000, "val": 300, "test": 300}  # chosen: as many as BNR-Compose


def load(root: Path | None, split: str) -> Sequence[Sample]:
    """The samples of `split`, made when indexed; there is no file, so `root` must be None."""
    if root is not None:
        raise ValueError(f"corpus 'synthetic' is made, not read; leave out --root (found {root})")
    return Samples(split, SIZES[split])


def lazily(root: Path | None, split: str) -> Lazy:
    """The same, as makers that a store can tell apart."""
    return Lazy([partial(sample, split, number) for number in range(len(load(root, split)))])


def sample(split: str, number: int) -> Sample:
    """Sample `number` (from 0, without end) of a split."""
    name = f"synthetic_{split}_{number:05d}"
    recording = make_recording([list(SIZES).index(split), number], name=name)
    return Sample(name, recording.motion, recording.captions, split, recording.segments)


class Samples(Sequence[Sample]):
    """The first `size` samples of a split."""

    def __init__(self, split: str, size: int) -> None:
        self.split, self.size = split, size

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(self.size))]
        if not -self.size <= index < self.size:
            raise IndexError(f"sample {index} of {self.size}")
        return sample(self.split, index % self.size)
