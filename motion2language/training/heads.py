"""Training of a transducer's words alone: what it sees of a recording, its encoder, stays as it is.

Recordings are encoded anew, varied, for every epoch of `UPDATES` updates; the words are learnt on their memories. A
third kind of example are imagined memories (imagine.py), by which the model keeps the actions that no recording shows.
Old weights are pulled back to where they were, so that they move only as far as the examples insist; rows of new words
are free. After every epoch the state is on disk, and an interrupted training goes on from it with the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from motion2language.captioning.captioner import Captioner
from motion2language.data.samples import Sample, Samples
from motion2language.files import write_atomically
from motion2language.language.vocabulary import EOS, PAD
from motion2language.model.network import build
from motion2language.model.transducer import Transducer
from motion2language.training import checkpoint
from motion2language.training.batches import BatchMaker, batches
from motion2language.training.config import TrainConfig
from motion2language.training.grow import WORD_ROWS
from motion2language.training.imagine import Memory, negative_log_likelihood, stack
from motion2language.training.learner import learning_rate, make_optimizer
from motion2language.training.pairs import Pairs, make_pairs

UPDATES = 25  # of an epoch; chosen
PART = 14  # examples of a batch that are computed together; chosen
SHARES = {"takes": 5, "rehearsed": 2, "imagined": 7}  # of a batch; chosen
Log = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the words are learnt on.

    takes      prepared recordings of a user and motions composed of them
    rehearsed  prepared recordings with the model's own sentences
    imagined   memories of the model's actions
    """

    takes: Samples[Sample]
    rehearsed: Samples[Sample]
    imagined: Sequence[Memory]


class WordLearner:
    """A grown captioner whose words are learnt; `known` is the number of its old words."""

    def __init__(self, captioner: Captioner, known: int, config: TrainConfig, lesson: Lesson) -> None:
        network = captioner.torch_network()
        if not isinstance(network, Transducer):
            raise ValueError(f"model {captioner.name!r}: only a transducer's words can be learnt alone")
        self.captioner, self.config, self.network, self.known = captioner, config, network, known
        for name, weight in network.named_parameters():
            weight.requires_grad_(not name.startswith("encoder."))
        self.lesson, self.maker = lesson, BatchMaker(captioner, config.augment, torch.device("cpu"))
        self.pairs = {
            "takes": make_pairs(lesson.takes, captioner, config),
            "rehearsed": make_pairs(lesson.rehearsed, captioner, config),
        }
        self.origin = {name: weight.detach().clone() for name, weight in network.named_parameters()}
        self.averaged = {name: value.clone() for name, value in network.state_dict().items()}
        self.optimizer = make_optimizer(network, config)
        self.epoch = self.updates = 0

    def run(self, state: Path, log: Log, step: Callable[[], None]) -> Captioner:
        """Train the epochs that are left, saving `state` after each; returns the captioner with averaged weights.

        step  called after each update
        """
        while self.epoch < self.config.epochs:
            losses = []
            for examples in self._epoch():
                losses.append(self._update(examples))
                step()
            self.epoch += 1
            self.save(state)
            log(f"epoch {self.epoch}  loss {np.mean(losses):.4g}")
        network = build(self.captioner.config)
        network.load_state_dict(self.averaged)
        return replace(self.captioner, network=network.eval())

    def _epoch(self) -> Iterator[list[Memory]]:
        """The examples of each update of the next epoch; all is drawn from the seed and the epoch."""
        random = np.random.default_rng([self.config.seed, self.epoch])
        torch.manual_seed(self.config.seed * 100_003 + self.epoch)
        kinds: dict[str, Sequence[Memory]] = {
            name: self._memories(pairs, random) for name, pairs in self.pairs.items() if len(pairs)
        }
        kinds |= {"imagined": self.lesson.imagined} if self.lesson.imagined else {}
        whole = sum(SHARES[name] for name in kinds)
        for _ in range(UPDATES):
            yield [
                own[place]
                for name, own in kinds.items()
                for place in random.integers(len(own), size=max(1, self.config.batch_size * SHARES[name] // whole))
            ]

    def _memories(self, pairs: Pairs, random: np.random.Generator) -> list[Memory]:
        """The memories of all pairs, varied by this epoch's draws, each with a sentence."""
        self.network.eval()
        found: list[Memory] = []
        with torch.no_grad():
            for drawn in batches(pairs, self.config, self.captioner.config.fps, random):
                batch = self.maker.make(drawn)
                values, steps = (batch.each_caption(part) for part in self.network.encode(batch.values, batch.lengths))
                if batch.tokens is None:
                    raise ValueError("recordings without sentences")
                found += [
                    Memory(own[:count], words[(words != PAD) & (words != EOS)])
                    for own, count, words in zip(values, steps.tolist(), batch.tokens, strict=True)
                ]
        return found

    def _update(self, examples: Sequence[Memory]) -> float:
        self.network.train()
        rate = learning_rate(self.config, self.updates, self.config.epochs * UPDATES)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        mean = 0.0
        ordered = sorted(examples, key=lambda one: len(one.values))  # parts of similar length need little padding
        for first in range(0, len(ordered), PART):
            values, tokens, steps = stack(ordered[first : first + PART])
            values = self.network.dropout(values)
            losses = negative_log_likelihood(self.network, values, tokens, steps, self.config.label_smoothing)
            part = losses.sum() / len(ordered)
            part.backward()  # type: ignore[no-untyped-call]
            mean += float(part.item())
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_norm)
        if not bool(torch.isfinite(norm)):
            raise ValueError(f"the gradient became {norm} in epoch {self.epoch + 1}; lower train.learning_rate")
        self.optimizer.step()
        self._pull(min(1.0, rate * self.config.pull))
        self.updates += 1
        decay = min(self.config.average, self.updates / (self.updates + 10))
        for name, value in self.network.state_dict().items():
            self.averaged[name].lerp_(value, 1 - decay)
        return mean

    @torch.no_grad()
    def _pull(self, share: float) -> None:
        """Move the old words' weights back by a share of the way that they have come."""
        for name, weight in self.network.named_parameters():
            if weight.requires_grad:
                old = slice(0, self.known) if name in WORD_ROWS else slice(None)
                weight[old].lerp_(self.origin[name][old], share)

    def save(self, path: Path) -> None:
        """Write what going on after the last finished epoch needs."""
        state = {
            "network": self.network.state_dict(), "averaged": self.averaged, "optimizer": self.optimizer.state_dict(),
            "progress": {"epoch": self.epoch, "updates": self.updates},
        }  # fmt: skip
        packed = checkpoint.pack(state)
        write_atomically(path, lambda file: file.write(packed))

    def load(self, path: Path) -> None:
        """Go on from the file that `save` wrote, if there is one."""
        if not path.is_file():
            return
        try:
            state = checkpoint.load(path)
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            averaged: dict[str, Tensor] = state["averaged"]
            self.averaged = averaged
            self.epoch, self.updates = state["progress"]["epoch"], state["progress"]["updates"]
        except (ValueError, LookupError, TypeError, RuntimeError) as error:
            raise ValueError(f"{path}: cannot be resumed from ({' '.join(str(error).split())[:200]})") from None
