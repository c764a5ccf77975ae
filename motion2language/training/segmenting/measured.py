"""Teach a segmenter to name whole pieces by what is measured of them (model/measured.py).

Examples are the actions of composed takes, cut out as pieces are found: give or take some frames, and now and then only
the middle. All are drawn and measured once; weights are averaged over the updates.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motion2language.captioning.features import feature
from motion2language.captioning.measures import MEASURES, measures
from motion2language.model.measured import LIMIT, PREFIX, WIDTH
from motion2language.model.segmenter import Segmenter
from motion2language.motion import CANONICAL, Motion
from motion2language.training.segmenting.compose import Pool
from motion2language.training.segmenting.fit import FitConfig
from motion2language.training.segmenting.vary import vary

BATCH = 256
BESIDE = 3  # frames on either side that are seen too, at most; chosen
INNER, LEFT_OUT = 0.3, 0.2  # how often only the middle is seen, and the share of each side that is not; chosen
NOISE, HIDDEN, DROPOUT = 0.1, 0.15, 0.4  # in standard deviations; share of measures, of units that are hidden; chosen
LEAST_SPREAD = 1e-3  # of a measure; chosen
RATE = 1.5e-3  # AdamW, warmed up over WARM updates, then half a cosine; chosen
WARM = 200
DECAY, SMOOTHING, AVERAGE = 0.05, 0.1, 0.999  # of weights, of labels, of the mean of weights; chosen


class TorchMeasured(nn.Module):
    """Measures (N, MEASURES), standardised, to scores (N, actions)."""

    def __init__(self, actions: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(MEASURES, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.actions = nn.Linear(WIDTH, actions)

    def forward(self, measured: Tensor) -> Tensor:
        """Scores, with parts hidden while it is trained."""
        hide = F.dropout(measured, HIDDEN, self.training)
        memory = F.dropout(F.relu(self.norms[0](self.first(hide))), DROPOUT, self.training)
        memory = memory + F.dropout(F.relu(self.norms[1](self.second(memory))), DROPOUT, self.training)
        scores: Tensor = self.actions(memory)
        return scores


def teach_measured(
    segmenter: Segmenter, pool: Pool, fit: FitConfig, advance: Callable[[], None] = lambda: None
) -> Segmenter:
    """The segmenter, which also names whole pieces: its actions up to the last one that the pool shows.

    So those that it was taught later, and that the pool lacks, are not denied.

    advance  called after each example and each update, fit.measured + fit.measured_steps times
    """
    torch.manual_seed(fit.seed)
    random = np.random.default_rng(fit.seed)
    measured, actions = draw_examples(segmenter, pool, fit, random, advance)
    mean, std = measured.mean(0), measured.std(0) + LEAST_SPREAD
    inputs = torch.from_numpy(np.clip((measured - mean) / std, -LIMIT, LIMIT))
    aims, network = torch.from_numpy(actions), TorchMeasured(int(actions.max()) + 1)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY, fused=True)
    average = {name: value.clone() for name, value in network.state_dict().items()}
    for step in range(fit.measured_steps):
        rate = RATE * min(1.0, step / WARM) * (0.5 + 0.5 * np.cos(np.pi * step / fit.measured_steps))
        optimizer.param_groups[0]["lr"] = float(rate)
        batch = torch.from_numpy(random.integers(0, len(inputs), BATCH))
        seen = inputs[batch] + NOISE * torch.randn(BATCH, MEASURES)
        loss = F.cross_entropy(network(seen), aims[batch], label_smoothing=SMOOTHING)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        kept = min(AVERAGE, step / (step + 10))
        for name, value in network.state_dict().items():
            average[name].lerp_(value, 1 - kept)
        advance()
    arrays = {f"{PREFIX}.{name}": value.numpy() for name, value in average.items()}
    arrays |= {f"{PREFIX}.mean": mean, f"{PREFIX}.std": std}
    return Segmenter(segmenter.config, segmenter.weights | arrays)


def keep_measured(segmenter: Segmenter, start: Segmenter | None) -> Segmenter:
    """The segmenter with the names of whole pieces of the one that it started from, if its actions begin alike."""
    if start is None or start.measured is None:
        return segmenter
    known = start.measured.actions
    if list(segmenter.config.actions)[:known] != list(start.config.actions)[:known]:
        warnings.warn("the actions changed: names of whole pieces are lost; set measured_steps", stacklevel=2)
        return segmenter
    arrays = {name: value for name, value in start.weights.items() if name.startswith(f"{PREFIX}.")}
    return Segmenter(segmenter.config, segmenter.weights | arrays)


def draw_examples(
    segmenter: Segmenter, pool: Pool, fit: FitConfig, random: np.random.Generator, advance: Callable[[], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Measures (N, MEASURES) of varied actions of composed takes, and the number of each action (N,)."""
    config = segmenter.config
    numbers = {action: number for number, action in enumerate(config.actions)}
    if not any(unit.action in numbers for unit in pool.units):
        raise ValueError("none of the recordings shows an action that the segmenter knows")
    compute, found = feature(config.features), np.empty((fit.measured, MEASURES), np.float32)
    actions: list[int] = []
    while len(actions) < fit.measured:
        positions, spans = pool.compose(random, round(fit.seconds * config.fps), fit.compose)
        for start, end, action in spans:
            if action not in numbers or len(actions) == fit.measured:
                continue
            first, last = _seen(start, end, random)
            part = vary(positions[max(0, first) : last], fit.vary, random)
            found[len(actions)] = measures(compute(Motion(part, config.fps, CANONICAL)))
            actions.append(numbers[action])
            advance()
    return found, np.array(actions)


def _seen(start: int, end: int, random: np.random.Generator) -> tuple[int, int]:
    """The frames [first, last) by which an action of frames [start, end) is learnt, two or more."""
    before, after = (int(each) for each in random.integers(0, BESIDE + 1, 2))
    if random.random() < INNER:
        start, end = (
            start + int(random.uniform(0, LEFT_OUT) * (end - start)),
            end - int(random.uniform(0, LEFT_OUT) * (end - start)),
        )
    return start - before, max(end + after, start - before + 2)
