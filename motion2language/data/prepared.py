"""A split's recordings as a model reads them, prepared once: in a store of their own where the recordings are from one.

Those that are held in memory, such as a corpus of a single file, are held prepared instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import overload

from motion2language.captioning.features import prepare
from motion2language.data.samples import Joined, Sample, Samples
from motion2language.data.store.keys import code, digest
from motion2language.data.stored import Stored, keep
from motion2language.model.config import ModelConfig
from motion2language.motion import CANONICAL


@dataclass(frozen=True, eq=False)
class Prepared(Samples):
    """Samples whose motions have the joints and the rate that `config` says."""

    samples: Sequence[Sample]
    config: ModelConfig

    def __len__(self) -> int:
        return len(self.samples)

    def at(self, number: int) -> Sample:
        """Sample `number`."""
        return self.samples[number]


def held(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The samples, ready to be gone through again and again: those of a store as they are, others read and held.

    ValueError with the first that cannot be read, and how many cannot.
    """
    found: list[Sample] = []
    faults: list[ValueError] = []
    for number in samples.store.lost if isinstance(samples, Stored) else range(len(samples)):
        try:
            found.append(samples[number])
        except ValueError as error:
            faults.append(error)
    if faults:
        raise ValueError(f"{faults[0]} ({len(faults)} of {len(samples)} recordings cannot be read)")
    return samples if isinstance(samples, Stored) else found


def with_joints(config: ModelConfig, samples: Sequence[Sample]) -> ModelConfig:
    """The configuration with the joints that its features are of: the canonical body's, or the recordings' own."""
    if config.joints or not samples:
        return config
    canonical = config.features in ("canonical", "live")
    return config.model_copy(update={"joints": CANONICAL.joints if canonical else samples[0].motion.skeleton.joints})


def prepared(samples: Sequence[Sample], config: ModelConfig) -> Prepared:
    """The samples as a model of `config` reads them; those that are prepared for it already, as they are."""
    if isinstance(samples, Prepared) and _settings(samples.config) == _settings(config):
        return samples
    return Prepared(_prepared(samples, config), config)


def _prepared(samples: Sequence[Sample], config: ModelConfig) -> Sequence[Sample]:
    if isinstance(samples, Joined):
        return Joined([_prepared(part, config) for part in samples.parts])
    if not isinstance(samples, Stored):
        return [_prepare(sample, config) for sample in samples]
    source, settings = samples.store, _settings(config)
    name = f"{source.folder.name}-{digest([settings])[:8]}"
    key = digest([source.head.key, settings, *code("captioning/features", "body", "motion")])
    makers = _Makers(samples, config)
    return keep(source.folder.parent, name, f"{source.head.title}, prepared", key, makers)


def _settings(config: ModelConfig) -> tuple[object, ...]:
    """All of a configuration that preparing depends on."""
    return config.joints, config.fps, config.features == "angles"


@dataclass(frozen=True, eq=False)
class _Makers(Sequence[Callable[[], Sample]]):
    """What prepares each sample; the recording itself goes along, not the store, to whichever process does it."""

    samples: Stored
    config: ModelConfig

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> Callable[[], Sample]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Callable[[], Sample]]: ...
    def __getitem__(self, index: int | slice) -> Callable[[], Sample] | Sequence[Callable[[], Sample]]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return partial(_prepare, self.samples[index], self.config)


def _prepare(sample: Sample, config: ModelConfig) -> Sample:
    return replace(sample, motion=prepare(sample.motion, config))
