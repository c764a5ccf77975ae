"""Recordings as a model reads them: on its joints and at its frame rate, each prepared once.

Samples of a store are prepared into another store; others are prepared in memory.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace
from functools import partial, reduce

from motion2language.captioning.features import prepare
from motion2language.data.samples import Sample, Samples, Stored
from motion2language.data.store.keys import code, digest
from motion2language.model.config import ModelConfig
from motion2language.motion import CANONICAL


def with_joints(config: ModelConfig, samples: Sequence[Sample]) -> ModelConfig:
    """The configuration with the joints that its features use: the canonical body's, or the recordings' own."""
    if config.joints or not samples:
        return config
    canonical = config.features in ("canonical", "live")
    return replace(config, joints=CANONICAL.joints if canonical else samples[0].motion.skeleton.joints)


def prepare_samples(samples: Sequence[Sample], config: ModelConfig) -> Samples[Sample]:
    """The samples as a model of `config` reads them; if it has no joints, `with_joints` adds them."""
    config = with_joints(config, samples)
    parts = samples.parts if isinstance(samples, Samples) else (samples,)
    return reduce(operator.add, (_prepare_part(part, config) for part in parts))


def _prepare_part(samples: Sequence[Sample], config: ModelConfig) -> Samples[Sample]:
    prepare_one = partial(_prepare_sample, config)
    if not isinstance(samples, Stored):
        return Samples.of(map(prepare_one, samples))
    store, settings = samples.store, (config.joints, config.fps, config.features == "angles")  # all that preparing uses
    folder = store.folder.with_name(f"{store.folder.name}-{digest([settings])[:8]}")
    key = digest([store.header.key, settings, *code("captioning/features", "body", "motion")])
    return samples.map(prepare_one).cache(folder, f"{store.header.title}, prepared", key)


def _prepare_sample(config: ModelConfig, sample: Sample) -> Sample:
    return replace(sample, motion=prepare(sample.motion, config))
