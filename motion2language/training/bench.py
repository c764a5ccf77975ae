"""Speed and memory of training, decoding and loading on a corpus: `m2l bench train|decode|load`.

Every measurement runs the code of training and captioning: `train` makes the learner's own updates, with precision,
compilation, accumulation and averaging as configured. A stage's time excludes the stages inside it, so the encoder
does not count in the loss. On CUDA the device is synchronised between stages, which training does not do. Figures
depend on the other load of the machine; compare only figures of one run.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.loading import load_model
from motion2language.data.samples import Sample, load_into_memory
from motion2language.model.transducer_numpy import NumpyTransducer
from motion2language.training.batches import BatchMaker, Drawn, batches, steps
from motion2language.training.config import RunConfig
from motion2language.training.learner import Learner
from motion2language.training.pairs import Pairs, make_pairs
from motion2language.training.prepare import prepare_samples
from motion2language.training.processes import Processes
from motion2language.training.train import build_untrained

WARM_UP = 5  # batches before the clock starts; chosen
ALONE = 60  # recordings decoded one at a time, for comparison; chosen


@dataclass(frozen=True)
class Report:
    """The figures of a measurement: counts, seconds per stage, and the `special` ones of its kind."""

    what: str
    captions: int
    frames: int
    seconds: dict[str, float]
    batch_size: int
    threads: int
    device: str
    special: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float = field(default_factory=lambda: peak_memory_mb())  # noqa: PLW0108 - defined below

    @property
    def figures(self) -> dict[str, Any]:
        """All figures by name, as `--json` prints them."""
        total = sum(self.seconds.values())
        return {
            **{key: value for key, value in asdict(self).items() if key not in ("seconds", "special")},
            "captions_per_s": self.captions / total,
            "frames_per_s": self.frames / total,
            "ms_a_caption": 1000 * total / self.captions,
            "shares": {stage: seconds / total for stage, seconds in self.seconds.items()},
            **self.special,
        }

    def __str__(self) -> str:
        figures = self.figures
        lines = [
            f"{self.what}: {self.captions:,} captions, {self.frames:,} frames, "
            f"batches of {self.batch_size}, {self.threads} thread(s), {self.device}",
            f"{figures['captions_per_s']:,.0f} captions/s, {figures['ms_a_caption']:.3f} ms per caption",
            f"{figures['frames_per_s']:,.0f} frames/s",
            f"{self.peak_memory_mb:,.0f} MB peak memory",
            *(
                f"{value:.3f} {name.replace('_a_caption', '_per_caption').replace('_', ' ')}"
                for name, value in self.special.items()
            ),
            "",
            "| stage | share | ms per caption |",
            "| --- | --- | --- |",
        ]
        for stage, seconds in self.seconds.items():
            lines.append(f"| {stage} | {100 * figures['shares'][stage]:.0f} % | {1000 * seconds / self.captions:.3f} |")
        return "\n".join(lines)

    def to_json(self) -> str:
        """The figures in one line."""
        return json.dumps(self.figures)


def bench(
    what: str,
    read: Callable[[str], Sequence[Sample]],
    run: RunConfig,
    model: str | None,
    count: int,
    beam: int | None,
    device: str,
) -> Report:
    """Measure `what` (train, decode, load) on a corpus: its training split, for decode its test split.

    read   gives the samples of a split
    model  a trained model to decode with; None takes new weights of the run's configuration
    count  batches of training
    beam   width of the beam search; None: as `m2l caption`, 0: the most typical of sampled sentences
    """
    started = time.perf_counter()
    training = load_into_memory(read("train"))
    reading = time.perf_counter() - started
    torch.manual_seed(run.train.seed)  # other weights give sentences of other lengths
    if model is None:
        captioner = build_untrained(run, prepare_samples(training, run.model))
    else:
        captioner = load_model(model, device)
    if model is None or what == "train":
        captioner = replace(captioner, network=captioner.torch_network().to(device))
    if what == "load":
        return bench_load(captioner, training, run, reading)
    if what == "decode":
        return bench_decode(captioner, load_into_memory(read("test")), run.train.batch_size, beam)
    return bench_train(captioner, training, run, count)


def bench_train(captioner: Captioner, samples: Sequence[Sample], run: RunConfig, count: int) -> Report:
    """Measure the first `count` updates of training after a short warm-up; the captioner's weights change."""
    config, device = run.train, _device(captioner)
    pairs = make_pairs(prepare_samples(samples, captioner.config), captioner, config)
    total = max(config.epochs * steps(pairs, config), WARM_UP + count)
    learner = Learner(captioner, config, total, Processes(device=str(device)))
    watch = _Stopwatch(device)
    captions = frames = 0
    with (
        watch.inside(learner.network, "encode", "encoder"),
        watch.inside(learner.loss, "forward", "decoder and loss"),
        watch.inside(learner, "add_gradients", "backward"),
    ):
        for number, drawn in enumerate(itertools.islice(_draw(learner, pairs), WARM_UP + count)):
            if number == WARM_UP:
                watch.reset()
                captions = frames = 0
            with watch("batch"):
                parts = learner.make_parts(drawn)
            with watch("update"):
                learner.step(parts)
            captions += len(drawn)
            frames += sum(int(part.batch.lengths.sum()) for part in parts if part.weight)
    passes = sum(watch.seconds[stage] for stage in ("encoder", "decoder and loss", "backward"))
    special = {"ms_a_caption_forward_and_backward": 1000 * passes / captions}
    return _report("train", watch, captions, frames, config.batch_size, device, special)


def _draw(learner: Learner, pairs: Pairs) -> Iterator[Drawn]:
    """The batches of epoch after epoch."""
    for epoch in itertools.count():
        yield from learner.draw_epoch(pairs)
        learner.finish(epoch, math.nan)


def bench_decode(captioner: Captioner, samples: Sequence[Sample], batch_size: int, beam: int | None) -> Report:
    """Measure decoding of all recordings in batches of similar length, and of some one at a time for comparison."""
    device = _device(captioner)
    watch, alone = _Stopwatch(device), _Stopwatch(device)
    motions = sorted((captioner.prepare(sample.motion) for sample in samples), key=lambda motion: motion.frames)
    captioner.search([captioner.values(motions[0])], beam)  # warm up
    every = -(-len(motions) // ALONE)
    words = singles = 0
    for first in range(0, len(motions), batch_size):
        batch = motions[first : first + batch_size]
        with watch.inside(captioner.network, "encode", "encoder"):
            with watch("features"):
                values = [captioner.values(motion) for motion in batch]
            with watch("search"):
                words += sum(len(hypothesis.tokens) for hypothesis in captioner.search(values, beam))
        for motion in batch[-first % every :: every]:
            with alone("alone"):
                captioner.search([captioner.values(motion)], beam)
            singles += 1
    ms_alone = 1000 * alone.seconds["alone"] / singles
    special = {
        "words_a_caption": words / len(motions),
        "ms_one_at_a_time": ms_alone,
        "times_faster_than_one_at_a_time": ms_alone * len(motions) / (1000 * sum(watch.seconds.values())),
    }
    frames = sum(motion.frames for motion in motions)
    return _report("decode", watch, len(motions), frames, batch_size, device, special)


def bench_load(captioner: Captioner, samples: Sequence[Sample], run: RunConfig, reading: float) -> Report:
    """Measure making an epoch's batches without a network; `reading` is the seconds of reading samples from disk."""
    watch = _Stopwatch(torch.device("cpu"))
    watch.seconds["read"] = reading
    with watch("prepare"):
        pairs = make_pairs(prepare_samples(samples, captioner.config), captioner, run.train)
    maker = BatchMaker(captioner, run.train.augment, torch.device("cpu"))
    frames = 0
    for drawn in batches(pairs, run.train, captioner.config.fps, np.random.default_rng(run.train.seed)):
        with watch("batch"):
            batch = maker.make(drawn)
        frames += int(batch.lengths.sum())
    special = {"batch_captions_per_s": len(pairs) / watch.seconds["batch"]}
    return _report("load", watch, len(pairs), frames, run.train.batch_size, torch.device("cpu"), special)


def _device(captioner: Captioner) -> torch.device:
    """Where the network computes."""
    network = captioner.network
    return torch.device("cpu") if isinstance(network, NumpyTransducer) else next(network.parameters()).device


def peak_memory_mb() -> float:
    """The peak memory of this process; NaN where the system does not report it."""
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


class _Stopwatch:
    """Seconds per stage; time spent in a stage within another counts for the inner one only."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds: dict[str, float] = defaultdict(float)
        self.open: list[str] = []
        self.since = 0.0

    def reset(self) -> None:
        """Discard all measured seconds."""
        self.seconds.clear()

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        self._enter(stage)
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def inside(self, owner: Any, method: str, stage: str) -> Iterator[None]:
        """Within this block every call of a method of `owner` is a stage."""
        plain = getattr(owner, method)

        def timed(*arguments: Any) -> Any:
            with self(stage):
                return plain(*arguments)

        setattr(owner, method, timed)
        try:
            yield
        finally:
            delattr(owner, method)

    def _enter(self, stage: str) -> None:
        self._lap()
        self.open.append(stage)

    def _leave(self) -> None:
        self._lap()
        self.open.pop()

    def _lap(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        now = time.perf_counter()
        if self.open:
            self.seconds[self.open[-1]] += now - self.since
        self.since = now


def _report(
    what: str,
    watch: _Stopwatch,
    captions: int,
    frames: int,
    batch_size: int,
    device: torch.device,
    special: dict[str, float],
) -> Report:
    if device.type == "cuda":
        special = {**special, "peak_device_memory_mb": torch.cuda.max_memory_allocated(device) / 2**20}
    return Report(
        what, captions, frames, dict(watch.seconds), batch_size, torch.get_num_threads(), device.type, special
    )
