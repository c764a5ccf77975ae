"""The state of a training run and its updates: weights, their moving average, the optimiser, and the progress.

A batch may be computed in parts: several processes share it (processes.py), and each computes its share in
`accumulate` pieces. The mean loss of a part counts in proportion to its words, so that parts of unequal size give
the gradient of the whole batch. bench.py times the stages of an update: `make_parts`, `loss`, `add_gradients`, `step`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from motion2language.captioning.captioner import Captioner
from motion2language.files import write_atomically
from motion2language.model.batch import Batch, LossOptions
from motion2language.model.network import Network, build
from motion2language.training import checkpoint
from motion2language.training.batches import BatchMaker, Drawn, batches, make_ahead
from motion2language.training.config import TrainConfig
from motion2language.training.pairs import Pairs
from motion2language.training.processes import Processes, shares
from motion2language.training.updates import Updates

ALONE = Processes()


class Part(NamedTuple):
    """What one process computes at a time: a share of a batch, on the process's device.

    weight    the number of its terms in the mean loss: its words (a transducer: its captions); 0 for an empty share
    captions  of the whole batch
    """

    batch: Batch
    weight: int
    captions: int


class Learner:
    """A captioner's network being trained; `total` is the number of updates of the whole run."""

    def __init__(self, captioner: Captioner, config: TrainConfig, total: int, processes: Processes = ALONE) -> None:
        least = processes.count * config.accumulate
        if config.batch_size < least:
            raise ValueError(
                f"train.batch_size {config.batch_size}: cannot be cut into {least} parts, {config.accumulate} for each "
                f"of {processes.count} process(es); give {least} or more"
            )
        self.captioner, self.config, self.total, self.processes = captioner, config, total, processes
        self.network = captioner.torch_network().to(processes.device)
        freeze(self.network, config.frozen)
        self.maker = BatchMaker(captioner, config.augment, torch.device(processes.device))
        if config.compile:
            self.network.encoder.compile(dynamic=True)
        self.loss: nn.Module = _Loss(self.network, config.precision)
        if processes.count > 1:
            self.loss = DistributedDataParallel(self.loss)
        self.optimizer = make_optimizer(self.network, config)
        self.updater = Updates(self.network, self.optimizer)
        self.averaged = {key: value.clone() for key, value in self.network.state_dict().items()}
        self.epoch, self.updates, self.best, self.stale = 0, 0, -math.inf, 0

    def draw_epoch(self, pairs: Pairs) -> Iterator[Drawn]:
        """The batches of the next epoch. All its randomness is drawn from the seed, the epoch and the process."""
        seed = self.config.seed
        torch.manual_seed(seed * 100_003 + self.epoch + 1_000_000_007 * self.processes.rank)
        yield from batches(pairs, self.config, self.captioner.config.fps, np.random.default_rng([seed, self.epoch]))

    def make_epoch(self, pairs: Pairs) -> Iterator[Sequence[Part]]:
        """The parts of each batch of the next epoch, made by a thread while those before are trained on."""
        yield from make_ahead(self.make_parts, self.draw_epoch(pairs))

    def make_parts(self, drawn: Drawn) -> list[Part]:
        """This process's parts of a batch."""
        pieces, parts = self.config.accumulate, []
        mine = shares(len(drawn), self.processes.count * pieces)[self.processes.rank * pieces :][:pieces]
        for share in mine:  # the last batch may leave some parts empty; these are computed with weight 0
            own = drawn.part(share)
            batch = self.maker.make(own if len(own) else drawn.part(slice(1)))
            weight = self.network.terms(batch) if len(own) else 0  # while the tokens are on the CPU
            parts.append(Part(batch.to(self.maker.device), weight, len(drawn)))
        return parts

    def step(self, parts: Sequence[Part]) -> float:
        """Make one update, the same in every process; returns its loss.

        ValueError when the loss or its gradient is not finite.
        """
        self.network.train()
        self.optimizer.zero_grad()
        loss = self._backward(parts)
        if not math.isfinite(loss):
            raise ValueError(f"the loss became {loss} in epoch {self.epoch + 1}; lower train.learning_rate")
        self._update()
        return loss

    def _backward(self, parts: Sequence[Part]) -> float:
        """Add up the gradients of the whole batch's mean loss; returns that loss."""
        options, count = self._loss_options(), self.processes.count
        terms = self.processes.sum(sum(part.weight for part in parts))
        loss = 0.0
        for number, part in enumerate(parts):
            with self._exchange_gradients(last=number == len(parts) - 1):
                own = self.loss(part.batch, options) * (part.weight / terms)
                self.add_gradients(own * count)  # DistributedDataParallel takes the mean over processes
            loss += own.item()
        return self.processes.sum(loss)

    def add_gradients(self, loss: Tensor) -> None:
        """Add the gradient of a part's loss to those of the parts before."""
        torch.autograd.backward(loss)

    def _update(self) -> None:
        """Change the weights and their average; ValueError when the gradient is not finite."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.config, self.updates, self.total)
        norm = self.updater.clip(self.config.gradient_norm)
        if not math.isfinite(norm):  # it would make every weight NaN, and only the next loss would show that
            raise ValueError(f"the gradient became {norm} in epoch {self.epoch + 1}; lower train.learning_rate")
        self.updates += 1
        self.updater.step(self.averaged, min(self.config.average, self.updates / (self.updates + 10)))

    def _loss_options(self) -> LossOptions:
        """The options of the next update's loss, the same for all its parts."""
        return LossOptions(
            teacher_forcing(self.config, self.updates, self.total),
            self.config.seed * 1_000_003 + self.updates,
            self.config.label_smoothing,
        )

    @contextmanager
    def _exchange_gradients(self, last: bool) -> Iterator[None]:
        """The processes exchange gradients once per update, with the last part."""
        if last or not isinstance(self.loss, DistributedDataParallel):
            yield
            return
        with self.loss.no_sync():
            yield

    def averaged_network(self) -> Network:
        """A new network with the averaged weights (the latest ones when nothing is averaged)."""
        network = build(self.captioner.config).to(self.processes.device)
        network.load_state_dict(self.averaged)
        return network

    def finish(self, epoch: int, score: float) -> None:
        """Count a finished epoch; `score` is NaN when the epoch was not validated."""
        self.epoch = epoch + 1
        if score > self.best:
            self.best, self.stale = score, 0
        elif not math.isnan(score):
            self.stale += 1

    @property
    def stopped(self) -> bool:
        """Whether the score has not risen in the last `patience` validations."""
        return self.config.patience is not None and self.stale >= self.config.patience

    def save(self, path: Path) -> None:
        """Write everything that resuming after the last finished epoch needs."""
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged,
            "optimizer": self.optimizer.state_dict(),
            "progress": {key: getattr(self, key) for key in _PROGRESS},
        }
        packed = checkpoint.pack(state)
        write_atomically(path, lambda file: file.write(packed))

    def load(self, path: Path) -> None:
        """Resume from the file that `save` wrote, if there is one."""
        if not path.is_file():
            return
        try:
            state = checkpoint.load(path)
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            for group in self.optimizer.param_groups:  # the settings of this run, not of the one that wrote the state
                group["weight_decay"] = self.config.weight_decay
            self.averaged = {key: value.to(self.processes.device) for key, value in state["averaged"].items()}
            for key in _PROGRESS:
                setattr(self, key, state["progress"][key])
        except (ValueError, LookupError, TypeError, RuntimeError) as error:
            raise ValueError(f"{path}: cannot be resumed from ({' '.join(str(error).split())[:200]})") from None


_PROGRESS = ("epoch", "updates", "best", "stale")


class _Loss(nn.Module):
    """A network's loss as a module, because DistributedDataParallel wraps the forward of a module."""

    def __init__(self, network: Network, precision: str) -> None:
        super().__init__()
        self.network, self.precision = network, precision

    def forward(self, batch: Batch, options: LossOptions) -> Tensor:
        """The mean loss, with large products in the configured precision."""
        with torch.autocast(batch.values.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            return self.network.loss(batch, options)


def freeze(network: nn.Module, frozen: Sequence[str]) -> None:
    """Keep the weights whose names begin so as they are; ValueError for a beginning of none."""
    names = [name for name, _ in network.named_parameters()]
    for begin in frozen:
        if not any(name.startswith(begin) for name in names):
            parts = sorted({name.partition(".")[0] for name in names})
            raise ValueError(f"train.frozen: no weights are called {begin!r}; there are {', '.join(parts)}")
    for name, weight in network.named_parameters():
        weight.requires_grad_(not name.startswith(tuple(frozen)))


def make_optimizer(network: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay that updates all parameters in one call."""
    return torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True)


def learning_rate(config: TrainConfig, update: int, updates: int) -> float:
    """The learning rate of an update (counted from 0) out of `updates`."""
    warm = min(1.0, (update + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    fall = 0.5 * (1 + math.cos(math.pi * update / updates)) if config.schedule == "cosine" else 1.0
    return config.learning_rate * warm * fall


def teacher_forcing(config: TrainConfig, update: int, updates: int) -> float:
    """The probability that a step of an update is fed the reference word: linear from the first to the last update."""
    first = config.teacher_forcing
    last = first if config.teacher_forcing_end is None else config.teacher_forcing_end
    return first + (last - first) * update / max(1, updates - 1)
