"""Recordings as a model reads them: on its joints and at its frame rate, each prepared once.

Samples of a store are prepared into another store; others are prepared in memory.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial, reduce

from motion2language.captioning.features import OF_THE_BODY, prepare
from motion2language.data.samples import Sample, Samples, Stored
from motion2language.data.store.keys import code, digest
from motion2language.model.config import ModelConfig
from motion2language.motion import CANONICAL


def with_joints(config: ModelConfig, samples: Sequence[Sample]) -> ModelConfig:
    """The configuration with the joints that its features use: the canonical body's, or the recordings' own."""
    if config.joints or not samples:
        return config
    of_the_body = config.features in OF_THE_BODY
    return replace(config, joints=CANONICAL.joints if of_the_body else samples[0].motion.skeleton.joints)


def prepare_samples(samples: Sequence[Sample], config: ModelConfig) -> Samples[Sample]:
    """The samples as a model of `config` reads them; if it has no joints, `with_joints` adds them.

    Recordings that cannot be brought there are left out, with a warning that counts them and says why of the first; a
    ValueError when none is left of those that stand together.
    """
    config = with_joints(config, samples)
    parts = samples.parts if isinstance(samples, Samples) else (samples,)
    return reduce(operator.add, (_prepare_part(part, config) for part in parts))


def _prepare_part(samples: Sequence[Sample], config: ModelConfig) -> Samples[Sample]:
    prepare_one = partial(_prepare_sample, config)
    if not isinstance(samples, Stored):
        made: list[Sample] = []
        faults: list[ValueError] = []
        for sample in samples:
            try:
                made.append(prepare_one(sample))
            except ValueError as error:
                faults.append(error)
        return Samples.of(made) if _some_are_left(len(made), faults) else Samples([])
    store, settings = samples.store, (config.joints, config.fps, config.features == "angles")  # all that preparing uses
    folder = store.folder.with_name(f"{store.folder.name}-{digest([settings])[:8]}")
    key = digest([store.header.key, settings, *code("captioning/features", "body", "motion")])
    prepared = samples.map(prepare_one).cache(folder, f"{store.header.title}, prepared", key)
    faults = [_fault(prepared, number) for number in prepared.store.unreadable]
    _some_are_left(len(prepared) - len(faults), faults)
    return prepared.readable() if faults else prepared


def _fault(samples: Samples[Sample], number: int) -> ValueError:
    try:
        samples[number]
    except ValueError as error:
        return error
    return ValueError(f"recording {number}: could not be stored")


def _some_are_left(left: int, faults: Sequence[ValueError]) -> bool:
    """Warn about what is left out; ValueError when everything is."""
    if faults and not left:
        raise faults[0]
    if faults:
        count = len(faults)
        warnings.warn(
            f"{count} of {left + count} recordings cannot be trained on and are left out: {faults[0]}"
            + (f"; and {count - 1} more" if count > 1 else ""),
            stacklevel=4,
        )
    return left > 0


def _prepare_sample(config: ModelConfig, sample: Sample) -> Sample:
    return replace(sample, motion=prepare(sample.motion, config))
