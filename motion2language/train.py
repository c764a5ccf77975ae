"""Training: one loop that can be read, for every kind of model.

A run folder holds `config.json` (everything resolved), `log.csv`, TensorBoard events, `last/` and `best/` (model
folders) and `state.pt` (what `--resume` needs). All randomness of an epoch is drawn from (seed, epoch), so a resumed
run repeats an unbroken one number for number. The vocabulary, statistics and action words come from the training
split alone; the validation that picks `best` runs free, without references.
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from motion2language import metrics, timing
from motion2language.actions import ActionLexicon
from motion2language.batches import Item, batches, make_batch, make_items, steps
from motion2language.captioner import Captioner, load_model, prepare
from motion2language.datasets import Sample
from motion2language.features import FEATURES, Normalizer
from motion2language.files import write_text
from motion2language.model import checkpoint
from motion2language.model.network import build
from motion2language.model.transducer import Transducer
from motion2language.motion import CANONICAL
from motion2language.run_config import RunConfig, TrainConfig
from motion2language.vocabulary import Vocabulary


def train(
    run: RunConfig,
    training: Sequence[Sample],
    validation: Sequence[Sample],
    out: Path,
    *,
    resume: bool = False,
    device: str = "cpu",
    start: Captioner | None = None,
) -> Captioner:
    """Train on `training`, validate on `validation` each epoch, write to the run folder `out`; returns the best.

    start  a trained captioner to go on from: its weights, vocabulary, statistics and action words; else fresh ones

    Ctrl-C ends it; the state after the last finished epoch is on disk and `resume` goes on from there. ValueError
    when `out` already holds a run, or another one than `run` on resuming.
    """
    torch.manual_seed(run.train.seed)
    captioner = untrained(run, training) if start is None else _continued(run, start)
    run = run.model_copy(update={"model": captioner.config})
    _claim(Path(out), run, resume)
    items = make_items(captioner, training, run.train)
    state = _State(captioner.network.to(device), run.train)
    if resume:
        state.load(Path(out) / "state.pt")
    total = steps(items, run.train)
    with _Log(Path(out), state.epoch) as log, _progress() as progress:
        bar = progress.add_task("training", total=run.train.epochs * total, completed=state.epoch * total, detail="")
        for epoch in range(state.epoch, run.train.epochs):
            shuffled = batches(items, run.train, np.random.default_rng([run.train.seed, epoch]))
            torch.manual_seed(run.train.seed * 100_003 + epoch)
            losses, started = [], time.perf_counter()
            for pairs, random in shuffled:
                losses.append(state.step(captioner, pairs, run.train, random, total))
                speed = len(losses) * run.train.batch_size / (time.perf_counter() - started)
                detail = f"epoch {epoch + 1}, loss {np.mean(losses[-50:]):.2f}, {speed:.0f} captions/s"
                progress.update(bar, advance=1, detail=detail)
            candidate = replace(captioner, network=state.kept(run, device), name=Path(out).name)
            row = {"epoch": epoch + 1, "loss": float(np.mean(losses)), "captions_per_s": speed}
            row |= validate(candidate, validation)
            log.write(row)
            progress.console.print("  ".join(f"{key} {value:.4g}" for key, value in row.items()), soft_wrap=True)
            candidate.save(Path(out) / "last")
            if row["score"] > state.best:
                candidate.save(Path(out) / "best")
            state.finish(epoch, row["score"], Path(out) / "state.pt")
    return load_model(Path(out) / "best", device)


def untrained(run: RunConfig, training: Sequence[Sample]) -> Captioner:
    """A captioner with fresh weights; vocabulary, statistics and action words from the training split alone."""
    texts = [caption.text for sample in training for caption in sample.captions]
    if not texts:
        raise ValueError(f"{len(training)} training samples hold no caption; nothing can be learnt from them")
    vocabulary = Vocabulary.build(texts, run.train.minimum_count)
    first = training[0].motion
    joints = run.model.joints or (
        CANONICAL.joints if run.model.features in ("canonical", "live") else first.skeleton.joints
    )
    config = run.model.model_copy(update={"joints": joints})
    compute = FEATURES[config.features]
    normalizer = Normalizer.fit(compute(prepare(sample.motion, config)) for sample in training)
    config = config.model_copy(update={"input_width": len(normalizer.mean), "vocabulary_size": len(vocabulary)})
    return Captioner(config, vocabulary, normalizer, ActionLexicon.learn(texts), build(config))


def _continued(run: RunConfig, start: Captioner) -> Captioner:
    """A captioner with a trained one's weights, to be trained as `run` says; ValueError when it is another network."""
    known = {"joints", "input_width", "vocabulary_size"}
    config = run.model.model_copy(update={key: getattr(start.config, key) for key in known})
    free = {"early", "dropout", "max_words", "max_seconds", "half_window", "half_window_seconds"}
    other = [key for key, value in config if key not in free and value != getattr(start.config, key)]
    if other:
        raise ValueError(
            f"model {start.name!r} is another network than the configuration's: {', '.join(other)} differ; "
            "give the configuration it was trained with"
        )
    network = build(config)
    network.load_state_dict(start.network.state_dict())
    return replace(start, config=config, network=network)


def validate(captioner: Captioner, samples: Sequence[Sample]) -> dict[str, float]:
    """Greedy free-running scores of a split; `score`, BLEU-4 + 100 x IoU where times are known, picks the best."""
    transcripts = list(captioner.transcribe_all([sample.motion for sample in samples], beam=1))
    references = [[caption.text for caption in sample.captions] for sample in samples]
    result = {"bleu_4": metrics.bleu(references, [transcript.text for transcript in transcripts])["bleu_4"]}
    timed = [pair for pair in zip(samples, transcripts, strict=True) if pair[0].segments]
    if timed:
        anchors = [timing.anchors(found, captioner.lexicon) for _, found in timed]
        scores = metrics.segment_scores(
            [sample.segments for sample, _ in timed], [found for _, found in timed], anchors
        )
        result |= {"verbs": scores["verbs_exact/all"], "iou": scores["iou/strict/all"]}
    return result | {"score": result["bleu_4"] + 100 * result.get("iou", 0.0)}


class _State:
    """What training changes: weights, their moving average, the optimiser and how far it got."""

    def __init__(self, network: torch.nn.Module, config: TrainConfig) -> None:
        self.network = network
        self.optimizer = optimizer_of(network, config)
        self.averaged = {key: value.clone() for key, value in network.state_dict().items()}
        self.epoch, self.updates, self.best = 0, 0, -math.inf

    def step(
        self, captioner: Captioner, pairs: Sequence[Item], config: TrainConfig, random: np.random.Generator, total: int
    ) -> float:
        """One update from a batch of pairs; its loss. ValueError when the loss is no longer a number."""
        network = captioner.network
        network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(config, self.updates, config.epochs * total)
        batch = make_batch(captioner, pairs, config.augment, random).to(next(network.parameters()).device)
        loss = network.loss(batch) if isinstance(network, Transducer) else network.loss(batch, config.teacher_forcing)
        if not math.isfinite(loss.item()):
            raise ValueError(f"the loss became {loss.item()} in epoch {self.epoch + 1}; lower train.learning_rate")
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.gradient_norm)
        self.optimizer.step()
        self.updates += 1
        decay = min(config.average, self.updates / (self.updates + 10))
        for key, value in network.state_dict().items():
            self.averaged[key].lerp_(value, 1 - decay)
        return loss.item()

    def kept(self, run: RunConfig, device: str) -> Any:
        """A network with the averaged weights (the latest ones when nothing is averaged)."""
        network = build(run.model).to(device)
        network.load_state_dict(self.averaged)
        return network

    def finish(self, epoch: int, score: float, path: Path) -> None:
        """Note a finished epoch and write everything needed to go on."""
        self.epoch, self.best = epoch + 1, max(self.best, score)
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged,
            "optimizer": self.optimizer.state_dict(),
            "progress": {"epoch": self.epoch, "updates": self.updates, "best": self.best},
        }
        temporary = path.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(path)

    def load(self, path: Path) -> None:
        """Go on from the state `finish` wrote, if there is one."""
        if not path.is_file():
            return
        try:
            state = checkpoint.load(path)
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.averaged = state["averaged"]
            self.epoch, self.updates, self.best = (state["progress"][key] for key in ("epoch", "updates", "best"))
        except (ValueError, LookupError, TypeError, RuntimeError) as error:
            raise ValueError(f"{path}: cannot be resumed from ({' '.join(str(error).split())[:200]})") from None


def optimizer_of(network: torch.nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay, all parameters in one call."""
    return torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True)


def learning_rate(config: TrainConfig, update: int, updates: int) -> float:
    """The rate of an update (counted from 0) among `updates`."""
    warm = min(1.0, (update + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    fall = 0.5 * (1 + math.cos(math.pi * update / updates)) if config.schedule == "cosine" else 1.0
    return config.learning_rate * warm * fall


def _claim(out: Path, run: RunConfig, resume: bool) -> None:
    """Make the run folder and write its configuration; ValueError when it holds another run."""
    path, text = out / "config.json", run.model_dump_json(indent=2) + "\n"
    if path.is_file():
        if not resume:
            raise ValueError(f"{out}: already holds a run; add --resume to continue it or choose another --out")
        if path.read_text(encoding="utf-8") != text:
            raise ValueError(f"{out}: holds a run of another configuration or corpus; choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


class _Log:
    """`log.csv`, and TensorBoard events where it is installed: one row an epoch."""

    def __init__(self, out: Path, finished: int) -> None:
        self.path = out / "log.csv"
        if self.path.is_file():  # an epoch that was logged but not finished will be logged again
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
            write_text(self.path, "".join(lines[: finished + 1]))
        try:
            from torch.utils.tensorboard import SummaryWriter

            self.events: SummaryWriter | None = SummaryWriter(str(out))
        except ImportError:
            self.events = None

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *_: object) -> None:
        if self.events is not None:
            self.events.close()

    def write(self, row: Mapping[str, float]) -> None:
        fresh = not self.path.is_file()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            if fresh:
                writer.writeheader()
            writer.writerow(row)
        if self.events is not None:
            for key, value in row.items():
                self.events.add_scalar(key, value, int(row["epoch"]))
            self.events.flush()


def _progress() -> Progress:
    return Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[detail]}"))
