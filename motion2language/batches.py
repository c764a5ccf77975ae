"""Batches for training: recordings and one caption each, shuffled in buckets of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from motion2language.augment import AugmentConfig, vary
from motion2language.captioner import Captioner
from motion2language.datasets import Sample
from motion2language.model.batch import Batch
from motion2language.motion import Motion
from motion2language.run_config import TrainConfig
from motion2language.vocabulary import EOS, PAD

BUCKET_SECONDS = 1.0  # recordings whose lengths differ by less may share a batch; chosen


@dataclass(frozen=True, eq=False)
class Item:
    """One training pair: a prepared motion and the texts an epoch may show it with."""

    motion: Motion
    texts: tuple[str, ...]


def make_items(captioner: Captioner, samples: Sequence[Sample], config: TrainConfig) -> list[Item]:
    """The pairs of an epoch: one for each caption, or one for each recording (`captions`)."""
    items = []
    for sample in samples:
        texts = tuple(caption.text for caption in sample.captions)
        motion = captioner.prepare(sample.motion)
        items += [Item(motion, (text,)) for text in texts] if config.captions == "all" else [Item(motion, texts)]
    return [item for item in items if item.texts]


def steps(items: Sequence[Item], config: TrainConfig) -> int:
    """Batches in an epoch."""
    return -(-len(items) // config.batch_size)


def batches(
    items: Sequence[Item], config: TrainConfig, random: np.random.Generator
) -> Iterator[tuple[list[Item], np.random.Generator]]:
    """Every item once, in random batches of similar length, each with the generator for what is random in it."""
    shuffled = random.permutation(len(items)).tolist()
    order = sorted(shuffled, key=lambda number: int(items[number].motion.duration / BUCKET_SECONDS))
    groups = [order[first : first + config.batch_size] for first in range(0, len(order), config.batch_size)]
    random.shuffle(groups)
    for group in groups:
        yield [items[number] for number in group], random


def make_batch(
    captioner: Captioner, items: Sequence[Item], augment: AugmentConfig, random: np.random.Generator
) -> Batch:
    """Padded features and tokens of the items, each varied and with one of its texts."""
    values, tokens = [], []
    for item in items:
        text = item.texts[random.integers(len(item.texts))]
        motion = item.motion
        if augment != AugmentConfig():
            motion, text = vary(motion, text, augment, random)
        values.append(torch.from_numpy(captioner.values(motion)))
        tokens.append(torch.tensor([*captioner.vocabulary.encode(text), EOS]))
    return Batch(
        torch.nn.utils.rnn.pad_sequence(values, batch_first=True),
        torch.tensor([len(value) for value in values]),
        torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True, padding_value=PAD),
    )
