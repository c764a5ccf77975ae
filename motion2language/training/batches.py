"""Batches for training: pairs of a recording and a sentence, shuffled in buckets of similar length, then assembled.

The sentences of one recording stay together, so that it is encoded once for all of them. Each pair draws its randomness
from a number of its own, so neither the process nor the rest of the batch matters. A batch's rows are gathered on the
CPU, without padding; padding, variations, features and their standardising follow on the device.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from motion2language.body.absent import PARTS
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.features import feature
from motion2language.language.vocabulary import PAD
from motion2language.model.batch import Batch
from motion2language.motion import CANONICAL, Motion, Skeleton
from motion2language.training.augment import AugmentConfig
from motion2language.training.batched_features import BATCHED
from motion2language.training.bodies import Bodies, Sensor, draw_mirrored
from motion2language.training.config import TrainConfig
from motion2language.training.draws import Draws
from motion2language.training.pairs import Pairs, Sentence
from motion2language.training.tempo import draw_tempo, pad, vary_tempo

BUCKET_SECONDS = 1.0  # recordings whose lengths differ by less may share a batch; chosen
BUCKET_WORDS = 4  # ... if their longest captions also differ by fewer words; chosen
AHEAD = 2  # batches that are made while another is trained on; chosen

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Drawn:
    """Pairs of a batch, by index (B,), and for each the number (B,) that seeds all its randomness."""

    pairs: Pairs
    index: np.ndarray
    numbers: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    def part(self, part: slice) -> Drawn:
        """Some of them."""
        return Drawn(self.pairs, self.index[part], self.numbers[part])


def steps(pairs: Pairs, config: TrainConfig) -> int:
    """The number of batches in an epoch."""
    return -(-len(pairs) // config.batch_size)


def batches(pairs: Pairs, config: TrainConfig, fps: float, random: np.random.Generator) -> Iterator[Drawn]:
    """Every pair once, in random batches of similar length; `fps` is the recordings' frame rate."""
    rank = np.empty(len(pairs), dtype=np.int64)
    rank[random.permutation(len(pairs))] = np.arange(len(pairs))
    place = np.zeros(len(pairs.rows), dtype=np.int64)
    np.maximum.at(place, pairs.recordings, rank)
    seconds = (pairs.frames / (fps * BUCKET_SECONDS)).astype(np.int64)
    keys = place, pairs.longest // BUCKET_WORDS, seconds  # the last matters most
    order = np.lexsort([key[pairs.recordings] for key in keys])
    groups = [order[first : first + config.batch_size] for first in range(0, len(order), config.batch_size)]
    random.shuffle(groups)
    numbers = random.integers(2**63, size=len(pairs))
    for group in groups:
        yield Drawn(pairs, group, numbers[group])


def make_ahead(make: Callable[[Given], Made], given: Iterable[Given]) -> Iterator[Made]:
    """What `make` gives for each, in order, made by a thread a few ahead of the one that is asked for."""
    worker = ThreadPoolExecutor(1, "batches")
    waiting: deque[Future[Made]] = deque()
    try:
        for one in given:
            waiting.append(worker.submit(make, one))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        worker.shutdown(cancel_futures=True)


class BatchMaker:
    """Makes the batches of a captioner's training on a device."""

    def __init__(self, captioner: Captioner, augment: AugmentConfig, device: torch.device) -> None:
        self.config, self.augment, self.device = captioner.config, augment, device
        self._scale = torch.from_numpy(1 / captioner.normalizer.std).to(device)
        self._shift = torch.from_numpy(-captioner.normalizer.mean / captioner.normalizer.std).to(device)
        joints, fps = self.config.joints, self.config.fps
        self._bodies = Bodies(augment, fps, device) if joints == CANONICAL.joints else None
        self._sensor = Sensor(augment, fps, 3 * len(joints), device)

    def make(self, drawn: Drawn) -> Batch:
        """Padded features on the device; lengths and tokens of one sentence of each pair on the CPU.

        A recording comes once unless it is varied.
        """
        pairs, recordings, rows = drawn.pairs, drawn.pairs.recordings[drawn.index], None
        sentences = [pairs.sentences[index] for index in drawn.index.tolist()]
        chosen = [texts[number % len(texts)] for texts, number in zip(sentences, drawn.numbers.tolist(), strict=True)]
        if self.augment.any:
            values, lengths, tokens = self._varied(pairs, recordings, chosen, Draws(drawn.numbers))
        else:
            once, places = np.unique(recordings, return_inverse=True)
            if len(once) < len(recordings):
                recordings, rows = once, torch.from_numpy(places)
            joined, lengths = self._gather(pairs, recordings)
            values, tokens = pad(joined, lengths), [sentence.tokens for sentence in chosen]
        torch.addcmul(self._shift, values, self._scale, out=values)
        return Batch(values, torch.from_numpy(lengths), _padded_tokens(tokens), rows)

    def _varied(
        self, pairs: Pairs, recordings: np.ndarray, chosen: list[Sentence], draws: Draws
    ) -> tuple[Tensor, np.ndarray, list[np.ndarray]]:
        """Features of the varied recordings (B, T, F), their lengths (B,), and the tokens of the sentences."""
        joined, frames = self._gather(pairs, recordings)
        if self.augment.of_time:
            paced, whole = (np.array([sentence[part] for sentence in chosen]) for part in (2, 3))
            tempo = draw_tempo(frames, self.config.fps, self.augment, draws, paced, whole)
            varied, lengths = vary_tempo(joined, frames, tempo), tempo.lengths
        else:
            varied, lengths = pad(joined, frames), frames
        mirrored = draw_mirrored(self.augment, draws).tolist()
        tokens = [one.mirrored if swap else one.tokens for one, swap in zip(chosen, mirrored, strict=True)]
        return self._features(varied, lengths, draws), lengths, tokens

    def _gather(self, pairs: Pairs, recordings: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """The rows of recordings one after another, (sum of frames, width), on the device; their frames (B,)."""
        parts = [pairs.rows[index] for index in recordings.tolist()]
        frames = np.array([len(part) for part in parts], dtype=np.int64)
        on_gpu = self.device.type == "cuda"
        joined = torch.empty(int(frames.sum()), parts[0].shape[1], pin_memory=on_gpu)
        np.concatenate(parts, out=joined.numpy())
        return joined.to(self.device, non_blocking=on_gpu), frames

    def _features(self, varied: Tensor, lengths: np.ndarray, draws: Draws) -> Tensor:
        """The features of padded rows (B, T, 3 J) after further variations; joint angles are their own."""
        name, fps = self.config.features, self.config.fps
        if name == "angles":
            return varied
        if name == "partial" and self._bodies is not None:
            rows, seen = varied[..., : -len(PARTS)], varied[..., -len(PARTS) :]
            positions = self._bodies.vary(rows.contiguous(), lengths, draws)
            pose = BATCHED["canonical"](positions, torch.from_numpy(lengths).to(self.device), fps)
            return torch.cat([pose, self._bodies.vary_seen(seen, draws)], 2)
        if self._bodies is not None:
            positions = self._bodies.vary(varied, lengths, draws)
        else:
            varied = self._sensor.vary(varied, draws)
            positions = varied.view(*varied.shape[:2], -1, 3).transpose(2, 3)
        if name in BATCHED:
            return BATCHED[name](positions, torch.from_numpy(lengths).to(self.device), fps)
        joints = self.config.joints
        skeleton = CANONICAL if self._bodies else Skeleton("own", joints, tuple(range(-1, len(joints) - 1)))
        each = zip(positions.transpose(2, 3).cpu().numpy(), lengths.tolist(), strict=True)
        motions = (Motion(rows[:length], fps, skeleton) for rows, length in each)
        features = [torch.from_numpy(feature(name)(motion)) for motion in motions]
        return torch.nn.utils.rnn.pad_sequence(features, batch_first=True).to(self.device)


def _padded_tokens(tokens: list[np.ndarray]) -> Tensor:
    """(B, L), padded with <pad>."""
    padded = np.full((len(tokens), max(map(len, tokens))), PAD, dtype=np.int64)
    for row, words in zip(padded, tokens, strict=True):
        row[: len(words)] = words
    return torch.from_numpy(padded)
