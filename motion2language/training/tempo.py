"""Vary when each pose of a recording is seen: another tempo, cut or held ends, smoothed movement.

Recordings come as one after another in one array of rows (frames), and leave as (B, T, width), each padded with its
last pose. Each frame is a weighted mean of a few rows around a moment of the recording: linear interpolation where the
recording is slowed down, a wider triangle where it is sped up, as Motion.resample does, so that fast movement does not
alias.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from motion2language.training.augment import AugmentConfig
from motion2language.training.draws import Draws


@dataclass(frozen=True)
class Tempo:
    """How time passes in each of B varied recordings; all but the rate and the bend in frames.

    lengths  (B,) of the varied recordings, int64
    first    (B,) the moment of the recording that comes first
    rate     (B,) how much faster it passes, on average
    bend     (B,) how much faster still at its beginning, and slower at its end, relative to the rate
    moving   (B,) frames between the held poses, 1 or more
    held     (B,) frames that the first pose is held
    width    (B,) least half width of the triangle
    """

    lengths: np.ndarray
    first: np.ndarray
    rate: np.ndarray
    bend: np.ndarray
    moving: np.ndarray
    held: np.ndarray
    width: np.ndarray

    @property
    def reach(self) -> int:
        """Frames to either side of a moment that any triangle covers."""
        return math.ceil(max(1.0, (self.rate * (1 + np.abs(self.bend))).max(), self.width.max()))


def draw_tempo(
    frames: np.ndarray, fps: float, config: AugmentConfig, draws: Draws, paced: np.ndarray, whole: np.ndarray
) -> Tempo:
    """A tempo for each of B recordings of `frames` (B,).

    paced, whole  (B,) whether the sentence names a pace, and whether it needs the whole recording
    """
    warp = np.where(paced, 0.0, config.warp)
    rate = (1 + config.speed * draws.around_zero("speed")) * np.exp(warp * draws.around_zero("warp"))
    cut = np.where(whole[:, None], 0.0, config.cut * draws.uniform("cut")) * frames[:, None]
    moving = np.maximum(1, np.rint((frames - cut.sum(1)) / rate))
    for_how_long, whether = np.split(draws.uniform("hold"), 2, axis=1)
    held = np.rint(config.hold * fps * for_how_long) * (whether < 0.5)
    return Tempo(
        lengths=(held.sum(1) + moving).astype(np.int64),
        first=cut[:, 0],
        rate=rate,
        bend=config.bend * draws.around_zero("bend"),
        moving=moving,
        held=held[:, 0],
        width=config.smoothing * fps * draws.one("smoothing"),
    )


def pad(rows: Tensor, frames: np.ndarray) -> Tensor:
    """The recordings (B, T, width) as they are, of rows (sum of frames, width)."""
    last = torch.from_numpy(frames - 1).to(rows.device)[:, None]
    first = torch.from_numpy(_starts(frames)).to(rows.device)[:, None]
    places = first + torch.minimum(torch.arange(int(frames.max()), device=rows.device), last)
    return rows.index_select(0, places.flatten()).view(*places.shape, -1)


def vary_tempo(rows: Tensor, frames: np.ndarray, tempo: Tempo) -> Tensor:
    """The recordings in their new tempo, (B, T, width), of rows (sum of frames, width)."""
    table = np.stack([tempo.first, tempo.rate, tempo.bend, tempo.moving, tempo.held, tempo.width], 1)
    first, rate, bend, moving, held, least = torch.from_numpy(table).to(rows.device).float().T[..., None]
    clock = torch.arange(int(tempo.lengths.max()), device=rows.device) - held
    clock = torch.minimum(clock.clamp(min=0), moving - 1)
    phase = clock * (math.pi / moving)
    moments = first + rate * (clock + bend * moving / math.pi * phase.sin())
    width = torch.maximum((rate * (1 + bend * phase.cos())).clamp(min=1), least)[..., None]
    around = torch.arange(-tempo.reach, tempo.reach + 1, device=rows.device)
    taps = moments.round()[..., None] + around
    weights = (1 - (taps - moments[..., None]).abs() / width).clamp(min=0)
    weights = weights / weights.sum(-1, keepdim=True)
    start, last = (torch.from_numpy(part).to(rows.device)[:, None, None] for part in (_starts(frames), frames - 1))
    places = start + torch.minimum(taps.long().clamp(min=0), last)
    seen = F.embedding_bag(places.flatten(0, 1), rows, per_sample_weights=weights.flatten(0, 1), mode="sum")
    return seen.view(*clock.shape, -1)


def _starts(frames: np.ndarray) -> np.ndarray:
    return np.cumsum(frames) - frames
