"""Train a segmenter on takes put together anew for every update, then fit its price and its probabilities.

Three losses, added: of each frame the action or none (cross-entropy, rare actions weigh more), of each frame whether an
action begins or ends (within a frame), of each stretch whether both its bounds are right (within two steps; an eighth
of the takes, of which every stretch counts). Weights are averaged over the updates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from motion2language.captioning.features import Normalizer, feature
from motion2language.model.segmenter import PAIR, Segmenter, SegmenterConfig
from motion2language.model.segmenter_torch import TorchSegmenter
from motion2language.motion import CANONICAL, Motion
from motion2language.training.segmenting.compose import Composition, Pool, Span
from motion2language.training.segmenting.vary import Variation, vary

MEASURED = 300  # takes for the statistics of the features and the frequencies of actions; chosen
ALONE, BESIDE = 0.35, 4  # how often the names learn from one action of a take alone, and frames beside it; chosen
RARE = 0.2  # power of the frequency of an action's frames by which they weigh less; chosen
NEAR = ((3.0, 0.3), (2.0, 1.0))  # steps that both bounds may be off, and the chance of being right that is learnt


class FitConfig(BaseModel):
    """How a segmenter is trained; every value chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    steps: int = Field(3000, ge=0)  # updates of the names; 0 keeps those that it starts from
    bound_steps: int = Field(600, ge=0)  # updates of the bounds, from nothing; 0 keeps those that it starts from
    measured_steps: int = Field(0, ge=0)  # updates of the names of whole pieces (measured.py), from nothing; 0: none
    measured: int = Field(200_000, ge=1)  # examples that these are learnt from
    keep: float = Field(0.0, ge=0, lt=1)  # share of the names that it starts from in the names that come out
    takes: int = Field(24, ge=5)  # in a batch
    seconds: float = Field(18.0, ge=4, le=120)  # of a take
    learning_rate: float = Field(2e-3, gt=0)  # AdamW, one cycle
    weight_decay: float = Field(0.02, ge=0)
    dropout: float = Field(0.2, ge=0, lt=1)
    label_smoothing: float = Field(0.05, ge=0, lt=1)
    average: float = Field(0.995, ge=0, lt=1)
    precision: str = Field("bfloat16", pattern="^(float32|bfloat16)$")  # of the encoder's products
    seed: int = Field(1, ge=0)
    compose: Composition = Composition()
    vary: Variation = Variation()


@dataclass(frozen=True, eq=False)
class Targets:
    """What a batch should answer; padded like its features.

    actions  (B, T) number of the action, 0 for none
    bounds   (B, T, 2) whether an action begins or ends within a frame
    right    (B', S, longest) chance that both bounds of a stretch are right, for the first B' takes
    """

    actions: Tensor
    bounds: Tensor
    right: Tensor


class Fitting:
    """A segmenter in training on the takes of a pool.

    start  a segmenter of the same shape. Its names go on being learnt, actions that it lacks begin from nothing. Its
           bounds are kept, or begin from nothing: trained for long they learn what composed takes look like
    """

    def __init__(
        self,
        pool: Pool,
        config: SegmenterConfig,
        fit: FitConfig,
        device: str = "cpu",
        start: Segmenter | None = None,
    ) -> None:
        require_learnable(fit, start is not None)
        self.pool, self.config, self.fit, self.device = pool, config, fit, torch.device(device)
        self.random, self.done = np.random.default_rng(fit.seed), 0
        torch.manual_seed(fit.seed)
        self.numbers = {action: number for number, action in enumerate(config.actions, start=1)}
        self.network = TorchSegmenter(config, fit.dropout).to(self.device)
        self._kept: dict[str, tuple[Any, Tensor]] = {}  # the rows that it starts from, by the name of the weights
        self.normalizer, self.weights = self._measure()
        if start is not None:
            self._take_over(start)
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}
        self._low = fit.precision == "bfloat16"
        self._optimizers = [
            self._optimizer(names, steps) for names, steps in ((True, fit.steps), (False, fit.bound_steps)) if steps
        ]

    def _optimizer(self, names: bool, steps: int) -> tuple[Any, Any]:
        """AdamW and its one cycle of `steps` for the weights of the names, or for those of the bounds."""
        own = [weight for name, weight in self.network.named_parameters() if _is_of_names(name) == names]
        optimizer = torch.optim.AdamW(own, self.fit.learning_rate, weight_decay=self.fit.weight_decay, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.fit.learning_rate, steps + 1, pct_start=0.15)
        return optimizer, schedule

    def _take_over(self, start: Segmenter) -> None:
        """Begin with the weights of another segmenter, an action's own by its name, and its features' statistics."""
        shapes = [(each.names, each.bounds, each.hidden, each.longest) for each in (start.config, self.config)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"the segmenter to start from has the shape {shapes[0]}, the settings say {shapes[1]}")
        state = self.network.state_dict()
        rows = {name: number for number, name in enumerate(start.config.actions, start=1)}
        common = [(0, 0)] + [(number, rows[name]) for name, number in self.numbers.items() if name in rows]
        own, theirs = (list(column) for column in zip(*common, strict=True))
        for name, value in state.items():
            if self.fit.bound_steps and not _is_of_names(name):
                continue
            given = torch.from_numpy(start.weights[name].astype(np.float32)).to(self.device)
            if name.startswith("actions."):
                value[own] = given[theirs]
            else:
                value.copy_(given)
        self.normalizer = Normalizer(start.mean, start.std)
        self._kept = {
            name: (own if name.startswith("actions.") else slice(None), state[name].clone())
            for name in state
            if _is_of_names(name)
        }

    @property
    def steps(self) -> int:
        """Updates in all."""
        return max(self.fit.steps, self.fit.bound_steps)

    def step(self) -> dict[str, float]:
        """One update; its losses, and the share of frames whose action is right."""
        takes = [self._take() for _ in range(self.fit.takes)]
        values, lengths = self._values([positions for positions, _ in takes])
        targets = self._targets([spans for _, spans in takes], values.shape[1])
        inside = torch.arange(values.shape[1], device=self.device) < lengths[:, None]
        self.network.train()
        loss, row = torch.zeros((), device=self.device), {}
        if self.done < self.fit.steps:
            scores, right = self.network.name(values, lengths, self._low)[inside], targets.actions[inside]
            loss = loss + F.cross_entropy(scores, right, self.weights, label_smoothing=self.fit.label_smoothing)
            row = {"names": loss.item(), "right": (scores.argmax(1) == right).float().mean().item()}
        if self.done < self.fit.bound_steps:
            edges, memory = self.network.bound(values, lengths, self._low)
            bounds = F.binary_cross_entropy_with_logits(edges[inside], targets.bounds[inside])
            pieces = self._loss_of_pieces(memory, lengths, targets.right)
            loss = loss + bounds + pieces
            row |= {"bounds": bounds.item(), "pieces": pieces.item()}
        self._update(loss)
        return row

    def _update(self, loss: Tensor) -> None:
        for optimizer, _ in self._optimizers:
            optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.done += 1
        for optimizer, schedule in self._optimizers:
            parameters = optimizer.param_groups[0]["params"]
            if parameters[0].grad is None:
                continue
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
        decay = min(self.fit.average, self.done / (self.done + 10))
        for name, value in self.network.state_dict().items():
            self.average[name].lerp_(value, 1 - decay)

    def segmenter(self, config: SegmenterConfig | None = None) -> Segmenter:
        """The segmenter of the averaged weights, for the search."""
        network = TorchSegmenter(self.config)
        state = {name: value.clone() for name, value in self.average.items()}
        for name, (rows, before) in self._kept.items():
            state[name][rows] = state[name][rows].lerp(before[rows], self.fit.keep)
        network.load_state_dict(state)
        return Segmenter(config or self.config, network.arrays(self.normalizer.mean, self.normalizer.std))

    def _loss_of_pieces(self, memory: Tensor, lengths: Tensor, right: Tensor) -> Tensor:
        """Mean over steps of the summed loss of the stretches that begin there and end within the recording."""
        odds = self.network.judge(memory[: len(right)])
        ends = torch.arange(odds.shape[1], device=self.device)[:, None] + torch.arange(
            1, odds.shape[2] + 1, device=self.device
        )
        valid = ends <= -(-lengths[: len(right), None, None] // PAIR)
        loss = F.binary_cross_entropy_with_logits(odds[valid], right[valid], reduction="sum")
        return loss / (len(right) * odds.shape[1])

    def _take(self) -> tuple[np.ndarray, list[Span]]:
        """Part of a composed take, at most `seconds`; or, once the bounds are learnt, one of its actions alone."""
        frames = round(self.fit.seconds * self.config.fps)
        positions, spans = self.pool.compose(self.random, frames, self.fit.compose)
        early = [span for span in spans if span[0] < frames - BESIDE]
        if early and self.done >= self.fit.bound_steps and self.random.random() < ALONE:
            return self._alone(positions[:frames], early)
        first = int(self.random.integers(0, max(0, len(positions) - frames) + 1))
        own = [(start - first, end - first, action) for start, end, action in spans]
        return positions[first : first + frames], [span for span in own if span[1] > 0 and span[0] < frames]

    def _alone(self, positions: np.ndarray, spans: Sequence[Span]) -> tuple[np.ndarray, list[Span]]:
        """One of a take's actions, cut out as judge_pieces.name_alone cuts a piece, give or take some frames."""
        start, end, action = spans[int(self.random.integers(len(spans)))]
        before, after = (int(each) for each in self.random.integers(0, BESIDE + 1, 2))
        first, last = max(0, start - before), min(len(positions), end + after)
        return positions[first:last], [(start - first, min(end, last) - first, action)]

    def _values(self, takes: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Standardised features (B, T, F) of the takes, varied, the last frame repeated; and their lengths (B,)."""
        lengths, compute = np.array([len(take) for take in takes]), feature(self.config.features)
        longest = -(-lengths.max() // PAIR) * PAIR
        values = np.empty((len(takes), longest, self.config.input_width), np.float32)
        for row, take in zip(values, takes, strict=True):
            varied = vary(take, self.fit.vary, self.random)
            row[: len(take)] = self.normalizer.apply(compute(Motion(varied, self.config.fps, CANONICAL)))
            row[len(take) :] = row[len(take) - 1]
        return torch.from_numpy(values).to(self.device), torch.from_numpy(lengths).to(self.device)

    def _targets(self, spans: Sequence[Sequence[Span]], frames: int) -> Targets:
        actions = np.zeros((len(spans), frames), np.int64)
        bounds = np.zeros((len(spans), frames, 2), np.float32)
        for row, own in enumerate(spans):
            for start, end, action in own:
                first, last = max(start, 0), min(end, frames)
                actions[row, first:last] = self.numbers[action]
                bounds[row, max(0, first - 1) : first + 2, 0] = 1
                bounds[row, max(0, last - 2) : last + 1, 1] = 1
        right = [right_stretches(own, frames // PAIR, self.config.longest) for own in spans[: max(1, len(spans) // 8)]]
        parts = (torch.from_numpy(part).to(self.device) for part in (actions, bounds, np.stack(right)))
        return Targets(*parts)

    def _measure(self) -> tuple[Normalizer, Tensor]:
        """Statistics of the features of composed takes, and a weight for each action."""
        compute, values, counts = feature(self.config.features), [], np.zeros(len(self.numbers) + 1)
        for _ in range(MEASURED):
            positions, spans = self._take()
            values.append(compute(Motion(positions, self.config.fps, CANONICAL)))
            inside = 0
            for start, end, action in spans:
                own = min(end, len(positions)) - max(start, 0)
                counts[self.numbers[action]] += own
                inside += own
            counts[0] += len(positions) - inside
        weights = (counts + 50) ** -RARE
        weights *= counts.sum() / (weights * counts).sum()
        return Normalizer.fit(values), torch.from_numpy(weights.astype(np.float32)).to(self.device)


def require_learnable(fit: FitConfig, starts: bool) -> None:
    """ValueError when a training of nothing is asked for, or one that needs a segmenter to start from and has none."""
    if not starts and (fit.steps == 0 or fit.bound_steps == 0 or fit.keep > 0):
        raise ValueError("steps 0, bound_steps 0 and keep need a segmenter to start from, and it is missing")
    if fit.steps == fit.bound_steps == 0:
        raise ValueError("steps 0 and bound_steps 0: nothing would be learnt")


def _is_of_names(weight: str) -> bool:
    return weight.startswith(("names.", "actions."))


def right_stretches(spans: Sequence[Span], steps: int, longest: int) -> np.ndarray:
    """(steps, longest) chance that a stretch is an action: 1 where both bounds are within two steps of its bounds."""
    right = np.zeros((steps, longest), np.float32)
    for start, end, _ in spans:
        for off, chance in NEAR:
            low, high = max(0, math.ceil(start / PAIR - off)), math.floor(start / PAIR + off)
            first, last = max(0, math.ceil(end / PAIR - off)), min(steps, math.floor(end / PAIR + off))
            for step in range(low, min(steps - 1, high) + 1):
                own = right[step, max(0, first - step - 1) : max(0, last - step)]
                np.maximum(own, chance, out=own)
    return right


def fit_line(values: np.ndarray, right: np.ndarray, strength: float = 1.0) -> tuple[float, ...]:
    """Constant and weights of the logistic line from values (N, K) to the chance of `right` (N,); Newton's method."""
    inputs = np.concatenate([np.ones((len(values), 1)), values], 1)
    weights, pull = np.zeros(inputs.shape[1]), strength * np.eye(inputs.shape[1])
    pull[0, 0] = 1e-6
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (right - chance) - pull @ weights
        weights += np.linalg.solve((inputs * (chance * (1 - chance))[:, None]).T @ inputs + pull, slope)
    return tuple(float(weight) for weight in weights)


def summary(rows: Sequence[Mapping[str, float]]) -> str:
    """The mean losses of some updates, on one line; not all need have the same.

    >>> summary([{"names": 1.0, "bounds": 0.5}, {"names": 2.0}])
    'names 1.500, bounds 0.500'
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return ", ".join(f"{name} {np.mean([row[name] for row in rows if name in row]):.3f}" for name in names)
