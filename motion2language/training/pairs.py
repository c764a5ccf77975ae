"""What an epoch draws from: the rows of each recording and the words of each of its sentences, computed once.

The rows of a recording are its features; where recordings are varied, or the features are the positions themselves,
they are the positions. Rows of a store stay in its mapped files; others are kept in memory, one recording after
another in one array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from motion2language.body.absent import PARTS
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.features import feature, seen_parts
from motion2language.data.samples import Sample, Samples, Stored
from motion2language.files import write_atomically
from motion2language.language.corrections import corrector
from motion2language.language.vocabulary import EOS, tokenize
from motion2language.model.config import ModelConfig
from motion2language.motion import CANONICAL
from motion2language.training.augment import AugmentConfig, counts, mirror_sentence, names_pace
from motion2language.training.config import TrainConfig

_FLOAT = np.dtype("<f4")


class Sentence(NamedTuple):
    """The token ids of a sentence, <eos> included, and those of its mirrored one; how far its recording may be varied.

    paced  it names a pace
    whole  it is of several actions or counts something, so that nothing may be cut off
    """

    tokens: np.ndarray
    mirrored: np.ndarray
    paced: bool
    whole: bool


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs of an epoch, N of a recording and its sentences, of which an epoch uses one.

    rows        of each of M recordings, (T, width) float32
    recordings  (N,) the recording of each pair
    sentences   of each pair
    """

    rows: Sequence[np.ndarray]
    recordings: np.ndarray
    sentences: Sequence[tuple[Sentence, ...]]

    def __len__(self) -> int:
        return len(self.recordings)

    @property
    def frames(self) -> np.ndarray:
        """T of each recording, (M,)."""
        return np.array([len(rows) for rows in self.rows], dtype=np.int64)

    @property
    def longest(self) -> np.ndarray:
        """The most words of a sentence of each recording, (M,)."""
        longest = np.zeros(len(self.rows), dtype=np.int64)
        words = [max(len(sentence.tokens) for sentence in texts) - 1 for texts in self.sentences]
        np.maximum.at(longest, self.recordings, words)
        return longest


def make_pairs(samples: Sequence[Sample], captioner: Captioner, config: TrainConfig) -> Pairs:
    """The pairs of prepared samples: one per caption or one per recording (`config.captions`).

    ValueError for variations that these recordings or features cannot have.
    """
    _require_possible(captioner.config, config.augment)
    correct, read = corrector(config.corrections), _Reader(captioner, config.augment)
    recordings: list[int] = []
    sentences: list[tuple[Sentence, ...]] = []
    for number, sample in enumerate(samples):
        texts = [read(correct(caption.text)) for caption in sample.captions]
        groups = [(text,) for text in texts] if config.captions == "all" else [tuple(texts)] if texts else []
        recordings += [number] * len(groups)
        sentences += groups
    name = captioner.config.features
    rows = base_rows(samples, name) if config.augment.any else feature_rows(samples, name)
    _require_width(samples, rows, captioner, config.augment)
    return Pairs(rows, np.array(recordings, dtype=np.int64), sentences)


def base_rows(samples: Sequence[Sample], name: str) -> list[np.ndarray]:
    """What the features `name` of prepared samples are computed from: positions (T, 3 J), or joint angles (T, A).

    For `partial`, `seen_parts` follow the positions.
    """
    if name == "angles":
        return [feature(name)(sample.motion) for sample in samples]
    rows = [sample.motion.positions.reshape(sample.motion.frames, -1) for sample in samples]
    if name == "partial":
        pairs = zip(rows, samples, strict=True)
        return [np.concatenate([row, seen_parts(sample.motion)], axis=1) for row, sample in pairs]
    return rows


def feature_rows(samples: Sequence[Sample], name: str) -> list[np.ndarray]:
    """The features (T, F) of prepared samples, computed once: those of a store into a file of its folder."""
    if name in ("paper", "angles"):
        return base_rows(samples, name)
    parts = samples.parts if isinstance(samples, Samples) else (samples,)
    return [rows for part in parts for rows in _feature_rows(part, name)]


def _feature_rows(samples: Sequence[Sample], name: str) -> list[np.ndarray]:
    compute = feature(name)
    if not isinstance(samples, Stored):
        return _split([compute(sample.motion) for sample in samples])
    frames = [sample.motion.frames for sample in samples]
    if not frames:
        return []
    path, width = samples.store.folder / f"{name}.features", compute(samples[0].motion).shape[1]
    if not path.is_file() or path.stat().st_size != _FLOAT.itemsize * width * sum(frames):
        write_atomically(
            path, lambda file: [file.write(compute(one.motion).astype(_FLOAT).tobytes()) for one in samples]
        )
    values = np.asarray(np.memmap(path, _FLOAT, mode="r")).reshape(-1, width)
    return [values[first:last] for first, last in pairwise(np.cumsum([0, *frames]).tolist())]


def _split(parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The arrays as views of one."""
    if not parts:
        return []
    values = np.concatenate(parts)
    return [values[first:last] for first, last in pairwise(np.cumsum([0, *map(len, parts)]).tolist())]


class _Reader:
    """Makes a Sentence of a text."""

    def __init__(self, captioner: Captioner, augment: AugmentConfig) -> None:
        self.vocabulary, self.lexicon, self.augment = captioner.vocabulary, captioner.lexicon, augment

    def __call__(self, text: str) -> Sentence:
        tokens = self._encode(text)
        mirrored = self._encode(mirror_sentence(text)) if self.augment.mirror else tokens
        whole = bool(self.augment.cut) and (counts(text) or len(self.lexicon.find(tokenize(text))) != 1)
        return Sentence(tokens, mirrored, names_pace(text), whole)

    def _encode(self, text: str) -> np.ndarray:
        return np.array([*self.vocabulary.encode(text), EOS], dtype=np.int64)


def _require_width(
    samples: Sequence[Sample], rows: Sequence[np.ndarray], captioner: Captioner, augment: AugmentConfig
) -> None:
    """ValueError for a recording with another number of features than the model reads."""
    name, width = captioner.config.features, len(captioner.normalizer.mean)
    if augment.any and name not in ("paper", "angles"):
        width = 3 * len(captioner.config.joints) + (len(PARTS) if name == "partial" else 0)
    for number, own in enumerate(rows):
        if own.shape[1] != width:
            raise ValueError(
                f"{samples[number].name}: {own.shape[1]} numbers in each frame, but the model reads {width}; "
                "train on recordings of one skeleton, or set model.features to canonical"
            )


def _require_possible(model: ModelConfig, augment: AugmentConfig) -> None:
    """ValueError where a recording as this model reads it cannot be varied as wanted."""
    if augment.of_bodies and model.joints != CANONICAL.joints:
        raise ValueError(
            f"train.augment.{augment.of_bodies[0]}: only the canonical body can be varied so, and this model reads "
            f"{len(model.joints)} joints of the recordings' own; set model.features to canonical or leave it out"
        )
    if augment.of_positions and model.features == "angles":
        raise ValueError(
            f"train.augment.{augment.of_positions[0]}: varies positions of joints, and this model reads joint angles; "
            "leave it out"
        )
