"""A segmenter learns actions from a few recordings, beside those that it knows.

Its network stays as it is: each new action gets a row of weights over the vectors that the network makes of frames. The
row is learnt on the frames of the new recordings, varied, against frames of the old actions. Recordings of those do not
travel with a model, so it keeps what their vectors are like (`Shown`), and frames are drawn from that. Of drawn frames
the grown segmenter should say what the one before says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from motion2language.captioning.features import feature
from motion2language.model.segmenter import Action, Segmenter, Shown
from motion2language.motion import CANONICAL, Motion
from motion2language.training.segmenting.units import Unit
from motion2language.training.segmenting.vary import Variation, vary

REMEMBERED = 60  # units of an action whose frames are read for `Shown`, at most; chosen
DRAWN = 60  # frames drawn of each old action; chosen
VIEWS = 8  # varied copies of each new recording; chosen
AROUND = 4  # frames of rest on either side of a copy, at most; chosen
KEPT = 2.0  # weight of the old actions, each as much as a new one; chosen
PULL = 0.01  # of the new weights towards zero; chosen
UNLIKELY = -3.0  # bias with which a new action begins; chosen
UPDATES = 300  # of L-BFGS, at most; chosen
RIDGE = 1e-4  # added to the variances, which may be zero; chosen
VARIED = Variation(offsets=0.03, drift=0.03)


@dataclass(frozen=True, eq=False)
class _Frames:
    """Frames as vectors (N, width), the row of the new action that each shows (N,), and their weights (N,)."""

    vectors: Tensor
    rows: Tensor
    weights: Tensor


def remember(segmenter: Segmenter, units: Sequence[Unit]) -> Segmenter:
    """The segmenter, which keeps what the vectors of the units' frames are like; of no action from the rest beside."""
    random, width = np.random.default_rng(1), segmenter.config.names.width
    of_action: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        of_action[unit.action].append(unit)
    numbers = {action: number for number, action in enumerate(segmenter.config.actions, start=1)}
    shown: list[list[np.ndarray]] = [[] for _ in range(1 + len(numbers))]
    for action, own in sorted(of_action.items()):
        for place in random.permutation(len(own))[:REMEMBERED]:
            unit = own[place]
            vectors = _vectors(segmenter, unit.positions[unit.low : unit.high])
            first, last = unit.first - unit.low, unit.last - unit.low
            shown[0] += [vectors[:first], vectors[last:]]
            if action in numbers:
                shown[numbers[action]].append(vectors[first:last])
    frames = [np.concatenate([np.zeros((0, width)), *own]) for own in shown]
    means = np.stack([own.mean(0) if len(own) else np.zeros(width) for own in frames])
    apart = np.concatenate([own - mean for own, mean in zip(frames[1:], means[1:], strict=True)])
    covariance = apart.T @ apart / max(1, len(apart)) + RIDGE * np.eye(width)
    kept = Shown(means.astype(np.float32), np.linalg.cholesky(covariance).astype(np.float32))
    return Segmenter(segmenter.config, segmenter.weights | kept.arrays())


def grow(segmenter: Segmenter, units: Sequence[Unit], actions: Mapping[str, Action], seed: int = 1) -> Segmenter:
    """The segmenter, which also names those of `actions` that it lacks, learnt from the units that show them.

    The same segmenter where it lacks none of these, or nothing is known of the frames that it learnt from.
    """
    new = sorted({unit.action for unit in units} & set(actions) - set(segmenter.config.actions))
    if not new or segmenter.shown is None:
        return segmenter
    random = np.random.default_rng(seed)
    taught = _taught(segmenter, [unit for unit in units if unit.action in new], new, random)
    weight, bias = _learn(segmenter, taught, torch.from_numpy(draw(segmenter.shown, random)), len(new))
    means = [taught.vectors[taught.rows == row].mean(0).numpy() for row in range(len(new))]
    rows = {"actions.weight": weight, "actions.bias": bias, "shown.means": np.stack(means)}
    weights = segmenter.weights | {
        name: np.concatenate([segmenter.weights[name].astype(np.float32), own]) for name, own in rows.items()
    }
    known = dict(segmenter.config.actions) | {name: actions[name] for name in new}
    return Segmenter(replace(segmenter.config, actions=known), weights)


def _taught(segmenter: Segmenter, units: Sequence[Unit], new: Sequence[str], random: np.random.Generator) -> _Frames:
    """The frames of the units and of varied copies; each unit of an action counts alike, and each action."""
    shown: list[np.ndarray] = []
    rows: list[int] = []
    weights: list[float] = []
    count = {action: sum(unit.action == action for unit in units) for action in new}
    for unit in units:
        for view in range(1 + VIEWS):
            before, after = (int(each) for each in random.integers(0, AROUND + 1, 2))
            first, last = max(0, unit.first - before), min(len(unit.positions), unit.last + after)
            positions = unit.positions[first:last]
            if view:
                positions = vary(positions, VARIED, random)
            shown.append(_vectors(segmenter, positions)[unit.first - first : unit.last - first])
            rows += [new.index(unit.action)] * len(shown[-1])
            weights += [1 / (count[unit.action] * (1 + VIEWS) * len(shown[-1]))] * len(shown[-1])
    return _Frames(torch.from_numpy(np.concatenate(shown)), torch.tensor(rows), torch.tensor(weights))


def draw(shown: Shown, random: np.random.Generator) -> np.ndarray:
    """DRAWN vectors of frames of no action and of each action of which something is known, (N, width)."""
    known = shown.means[np.abs(shown.means).max(1) > 0]
    noise = random.standard_normal((len(known), DRAWN, known.shape[1])) @ shown.spread.T
    return np.asarray((known[:, None] + noise).reshape(-1, known.shape[1]), dtype=np.float32)


def _learn(segmenter: Segmenter, taught: _Frames, drawn: Tensor, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (count, width) and biases (count,) of the new actions."""
    old = [torch.from_numpy(segmenter.weights[f"actions.{name}"].astype(np.float32)) for name in ("weight", "bias")]
    before, kept = F.linear(taught.vectors, *old), F.linear(drawn, *old)
    aim, each = kept.softmax(1), KEPT * len(segmenter.config.actions) / max(1, len(drawn))
    weight = torch.zeros(count, drawn.shape[1], requires_grad=True)
    bias = torch.full((count,), UNLIKELY, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=UPDATES, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        said = torch.cat([before, F.linear(taught.vectors, weight, bias)], 1)
        learnt = F.cross_entropy(said, taught.rows + before.shape[1], reduction="none") @ taught.weights
        said = torch.cat([kept, F.linear(drawn, weight, bias)], 1).log_softmax(1)
        lost = -(aim * said[:, : kept.shape[1]]).sum()
        whole: Tensor = learnt + each * lost + PULL * weight.square().sum()
        whole.backward()  # type: ignore[no-untyped-call]
        return whole

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach().numpy(), bias.detach().numpy()


def _vectors(segmenter: Segmenter, positions: np.ndarray) -> np.ndarray:
    """The vectors (T, width) of the frames of a canonical body (T, 21, 3) at the segmenter's rate."""
    config = segmenter.config
    return segmenter.vectors(feature(config.features)(Motion(positions, config.fps, CANONICAL)))
