"""The synthetic corpus: procedural recordings with sentences and exact segments, seeded and endless.

`load` gives 3,000 / 300 / 300 of them. Sample n of a split is always the same recording, made when it is indexed; no
two splits share a seed.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from motion2language.data.samples import Sample, Samples
from motion2language.data.synthesis import make_recording

SIZES = {"train": 3000, "val": 300, "test": 300}  # chosen: as many as BNR-Compose


def load(root: Path | None, split: str, _: Path | None = None) -> Samples[Sample]:
    """The samples of `split`, made when indexed; there are no files, so `root` must be None."""
    if root is not None:
        raise ValueError(f"corpus 'synthetic' is made, not read; leave out --root (found {root})")
    return samples(split, SIZES[split])


def samples(split: str, size: int) -> Samples[Sample]:
    """The first `size` samples of a split."""
    return Samples([partial(sample, split, number) for number in range(size)])


def sample(split: str, number: int) -> Sample:
    """Sample `number` (from 0, unlimited) of a split."""
    name = f"synthetic_{split}_{number:05d}"
    recording = make_recording([list(SIZES).index(split), number], name=name)
    return Sample(name, recording.motion, recording.captions, split, recording.segments)
