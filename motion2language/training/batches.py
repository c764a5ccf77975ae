"""Batches for training: pairs of a recording and a caption, shuffled in buckets of similar length.

The captions of one recording stay together, so that it is encoded once for all of them. Each pair draws its randomness
from a number of its own, so neither the process nor the rest of the batch matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from motion2language.captioning.captioner import Captioner
from motion2language.data.samples import Sample
from motion2language.language.corrections import corrector
from motion2language.language.vocabulary import EOS, PAD
from motion2language.model.batch import Batch
from motion2language.motion import Motion
from motion2language.training.augment import AugmentConfig, vary
from motion2language.training.config import TrainConfig

BUCKET_SECONDS = 1.0  # recordings whose lengths differ by less may share a batch; chosen
BUCKET_WORDS = 4  # ... if their longest captions also differ by fewer words; chosen


@dataclass(frozen=True, eq=False)
class Item:
    """One training pair: a prepared motion and its texts; an epoch uses one of them."""

    motion: Motion
    texts: tuple[str, ...]


class Drawn(NamedTuple):
    """An item's turn in an epoch, and the number that seeds all its randomness."""

    item: Item
    number: int


def make_items(samples: Sequence[Sample], config: TrainConfig) -> list[Item]:
    """The pairs of an epoch of prepared samples: one per caption or one per recording (`config.captions`)."""
    correct, items = corrector(config.corrections), []
    for sample in samples:
        texts, motion = tuple(correct(caption.text) for caption in sample.captions), sample.motion
        items += [Item(motion, (text,)) for text in texts] if config.captions == "all" else [Item(motion, texts)]
    return [item for item in items if item.texts]


def steps(items: Sequence[Item], config: TrainConfig) -> int:
    """The number of batches in an epoch."""
    return -(-len(items) // config.batch_size)


def batches(items: Sequence[Item], config: TrainConfig, random: np.random.Generator) -> Iterator[list[Drawn]]:
    """Every item once, in random batches of similar length."""
    place, longest = dict[int, int](), dict[int, int]()
    for rank, index in enumerate(random.permutation(len(items)).tolist()):
        motion, words = id(items[index].motion), max(len(text.split()) for text in items[index].texts)
        place[motion], longest[motion] = rank, max(words, longest.get(motion, 0))

    def key(item: Item) -> tuple[int, int, int]:
        motion = id(item.motion)
        return int(item.motion.duration / BUCKET_SECONDS), longest[motion] // BUCKET_WORDS, place[motion]

    order = sorted(range(len(items)), key=lambda index: key(items[index]))
    groups = [order[first : first + config.batch_size] for first in range(0, len(order), config.batch_size)]
    random.shuffle(groups)
    numbers = random.integers(2**63, size=len(items)).tolist()
    for group in groups:
        yield [Drawn(items[index], numbers[index]) for index in group]


def make_batch(captioner: Captioner, drawn: Sequence[Drawn], augment: AugmentConfig) -> Batch:
    """Padded features and tokens of the items, each with one of its texts; a motion comes once unless varied."""
    values: list[torch.Tensor] = []
    tokens: list[torch.Tensor] = []
    rows: list[int] = []
    known: dict[int, int] = {}
    for item, number in drawn:
        text, motion = item.texts[number % len(item.texts)], item.motion
        row = known.setdefault(id(item.motion), len(values))
        if augment != AugmentConfig():
            motion, text = vary(motion, text, augment, np.random.default_rng(number))
            row = len(values)
        if row == len(values):
            values.append(torch.from_numpy(captioner.values(motion)))
        rows.append(row)
        tokens.append(torch.tensor([*captioner.vocabulary.encode(text), EOS]))
    return Batch(
        torch.nn.utils.rnn.pad_sequence(values, batch_first=True),
        torch.tensor([len(value) for value in values]),
        torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True, padding_value=PAD),
        None if len(values) == len(rows) else torch.tensor(rows),
    )
