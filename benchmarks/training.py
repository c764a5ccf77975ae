"""Whole updates of training, measured side by side: `python benchmarks/training.py FOLDER ... [--official FOLDER]`.

32 captions of 11 motions of 108 frames, 20 words, one thread; processor time per caption in milliseconds, the sum and
each stage. An update also clips the gradient, steps the optimiser and averages the weights. FOLDERs are checkouts of
this project; --official is a checkout of the paper's code, which encodes a motion once for each of its captions. All
take turns, so that other load of the machine affects them alike. The last column is how many times the first one's
time each takes. The transducer, as configs/transducer.toml has it, is measured in checkouts only; --bfloat16 is what
`train.precision` does there, --compile what `train.compile` does. With --batches checkouts make batches of BNR-Compose
for the transducer instead.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

PASSES, WARM_UP = 20, 3
CAPTIONS, FRAMES, WORDS, JOINTS = 32, 108, 20, 21
PAPER, TRANSDUCER = "paper's MLP", "transducer"
SIZES = {"66 words": 66, "1,300 words": 1300}
STAGES = ("encoder", "decoder and loss", "backward", "update")
ROWS = [(kind, size) for kind in (PAPER, TRANSDUCER) for size in SIZES]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", nargs="*", help="folders with this project")
    parser.add_argument("--official", help="folder with the paper's code: architectures/crnns.py")
    parser.add_argument("--bfloat16", action="store_true", help="large products of checkouts in half precision")
    parser.add_argument(
        "--compile", action="store_true", help="compile the encoder of checkouts, as train.compile does"
    )
    parser.add_argument("--batches", type=Path, help="bnr_compose.json: measure making batches instead")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each")
    parser.add_argument("--measure", help=argparse.SUPPRESS)  # what a process of its own does
    given = parser.parse_args()
    if given.measure:
        own = given.measure == "official"
        print(json.dumps(measure_official() if own else measure_checkout(given.bfloat16, given.compile)))
        return
    if given.batches:
        show_batches(given.checkouts or ["."], given.batches, given.rounds)
        return
    codes = [(folder, "checkout") for folder in given.checkouts or ["."]]
    codes += [(given.official, "official")] if given.official else []
    measured: dict[tuple[str, str], list[list[float]]] = {}
    for _ in range(given.rounds):
        for folder, which in codes:
            environment = os.environ | {"PYTHONPATH": str(Path(folder).resolve()), "OMP_NUM_THREADS": "1"}
            words = [sys.executable, __file__, "--measure", which, *["--bfloat16"] * given.bfloat16]
            words += ["--compile"] * given.compile
            answer = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE)
            for row, times in json.loads(answer.stdout.splitlines()[-1]).items():
                measured.setdefault((folder, row), []).extend(times)
    show(measured)


def show(measured: dict[tuple[str, str], list[list[float]]]) -> None:
    """Print the table."""
    print(f"| model | code | median ms per caption | least | {' | '.join(STAGES)} | times |")
    print("| --- " * (len(STAGES) + 5) + "|")
    for row in (f"{kind}, {size}" for kind, size in ROWS):
        first = 0.0
        for (folder, _), times in ((key, times) for key, times in measured.items() if key[1] == row):
            totals = [sum(stages) for stages in times]
            medians = [statistics.median(stage) for stage in zip(*times, strict=True)]
            shares = [f"{median:.2f}, {100 * median / sum(medians):.0f} %" for median in medians]
            first = first or statistics.median(totals)
            cells = [f"{statistics.median(totals):.2f}", f"{min(totals):.2f}", *shares]
            print(f"| {row} | {folder} | {' | '.join(cells)} | {statistics.median(totals) / first:.2f} |")


def measure_checkout(bfloat16: bool, compiled: bool) -> dict[str, list[list[float]]]:
    """The times of a checkout of this project."""
    import torch

    from motion2language.model import batch as values
    from motion2language.model.config import ModelConfig
    from motion2language.model.network import build

    torch.set_num_threads(1)
    half = values.LossOptions(0.5) if hasattr(values, "LossOptions") else 0.5  # older checkouts take the number
    widths = {PAPER: 63, TRANSDUCER: 124}  # features: positions; canonical
    result = {}
    for kind, size in ROWS:
        shape: dict[str, Any] = {"input_width": widths[kind], "vocabulary_size": SIZES[size]}
        if kind == TRANSDUCER:
            shape |= {"kind": "transducer", "encoder": "convolution", "hidden": 96, "dropout": 0.2}
        torch.manual_seed(0)
        network = build(ModelConfig(**shape)).train()
        if compiled:
            network.encoder.compile(dynamic=True)
        rows = torch.arange(CAPTIONS) // 3
        motions = torch.randn(int(rows.max()) + 1, FRAMES, widths[kind])
        tokens = torch.randint(4, SIZES[size], (CAPTIONS, WORDS))
        if "rows" in values.Batch._fields:
            batch = values.Batch(motions, torch.full((len(motions),), FRAMES), tokens, rows)
        else:  # a checkout that encodes a motion once per caption
            batch = values.Batch(motions[rows], torch.full((CAPTIONS,), FRAMES), tokens)
        averaged = {key: value.clone() for key, value in network.state_dict().items()}
        optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0.01, fused=True)
        updates = make_updates(network, optimizer)

        def update(optimizer: Any = optimizer, updates: Any = updates, averaged: Any = averaged) -> None:
            updates.clip(1.0)
            updates.step(averaged, 0.995)
            optimizer.zero_grad()

        def loss(network: Any = network, batch: Any = batch) -> Any:
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                return network.loss(batch, half)

        result[f"{kind}, {size}"] = time_stages(network.encoder, loss, update)
    return result


def make_updates(network: Any, optimizer: Any) -> Any:
    """The checkout's updates."""
    try:
        from motion2language.training.updates import Updates
    except ImportError:
        return _EarlierUpdates(network, optimizer)
    return Updates(network, optimizer)


class _EarlierUpdates:
    """Updates as checkouts make them that have no training/updates.py."""

    def __init__(self, network: Any, optimizer: Any) -> None:
        self.network, self.optimizer = network, optimizer

    def clip(self, largest: float) -> float:
        import torch

        return float(torch.nn.utils.clip_grad_norm_(self.network.parameters(), largest).item())

    def step(self, averaged: Any, decay: float) -> None:
        self.optimizer.step()
        for key, value in self.network.state_dict().items():
            averaged[key].lerp_(value, 1 - decay)


MAKE_BATCHES = """
import json, sys, time
from pathlib import Path
import numpy as np, torch
from motion2language.data import corpora
from motion2language.data.samples import load_into_memory
from motion2language.training.batches import BatchMaker, batches
from motion2language.training.config import load_config
from motion2language.training.pairs import make_pairs
from motion2language.training.prepare import prepare_samples
from motion2language.training.train import build_untrained
torch.set_num_threads(1)
samples, times = load_into_memory(corpora.load("compose", Path(sys.argv[1]), "train", None)[:600]), {}
for name, changes in (("without augmentation", ["train.augment={}"]), ("with augmentation", [])):
    run = load_config(Path(sys.argv[2]), [*changes, "train.batch_size=32"])
    prepared = prepare_samples(samples, run.model)
    captioner = build_untrained(run, prepared)
    pairs = make_pairs(prepared, captioner, run.train)
    maker, times[name] = BatchMaker(captioner, run.train.augment, torch.device("cpu")), []
    for epoch in range(6):
        for drawn in batches(pairs, run.train, run.model.fps, np.random.default_rng(epoch)):
            begin = time.process_time()
            maker.make(drawn)
            times[name].append(1000 * (time.process_time() - begin) / len(drawn))
    del times[name][:10]
print(json.dumps(times))
"""


def show_batches(folders: list[str], corpus: Path, rounds: int) -> None:
    """Measure and print the making of batches."""
    config = Path(__file__).resolve().parent.parent / "configs" / "transducer.toml"
    measured: dict[tuple[str, str], list[float]] = {}
    for folder in folders * rounds:
        environment = os.environ | {"PYTHONPATH": str(Path(folder).resolve()), "OMP_NUM_THREADS": "1"}
        words = [sys.executable, "-c", MAKE_BATCHES, str(corpus), str(config)]
        answer = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE)
        for name, times in json.loads(answer.stdout.splitlines()[-1]).items():
            measured.setdefault((name, folder), []).extend(times)
    print("| batches | code | median ms per caption | least |\n" + "| --- " * 4 + "|")
    for (name, folder), times in sorted(measured.items(), reverse=True):
        print(f"| {name} | {folder} | {statistics.median(times):.3f} | {min(times):.3f} |")


def measure_official() -> dict[str, list[list[float]]]:
    """The times of the paper's code, with its settings for KIT-ML: words and frames come first in its arrays."""
    import torch
    from architectures.crnns import seq2seq

    torch.set_num_threads(1)
    result = {}
    for size, vocabulary in SIZES.items():
        torch.manual_seed(0)
        network = seq2seq(
            vocabulary, 64, 64, dropout=0.5, bidirectional=False, attention="local_recurrent", encoder_type="MLP", D=5
        ).train()
        motions = torch.randn(-(-CAPTIONS // 3), FRAMES, 3 * JOINTS)[torch.arange(CAPTIONS) // 3].transpose(0, 1)
        first = torch.ones(1, CAPTIONS, dtype=torch.int64)
        words = torch.cat((first, torch.randint(4, vocabulary, (WORDS, CAPTIONS))))
        criterion = torch.nn.CrossEntropyLoss(ignore_index=0)
        optimizer = torch.optim.Adam(network.parameters(), 1e-3)

        def update(optimizer: Any = optimizer) -> None:
            optimizer.step()
            optimizer.zero_grad()

        def loss(network: Any = network, motions: Any = motions, words: Any = words, criterion: Any = criterion) -> Any:
            scores = network(motions, words, None, teacher_force_ratio=0.5, src_lens=torch.full((CAPTIONS,), FRAMES))
            return criterion(scores.flatten(0, 1), words[1:].flatten())

        result[f"{PAPER}, {size}"] = time_stages(network.enc_pose, loss, update)
    return result


def time_stages(encoder: Any, loss: Callable[[], Any], update: Callable[[], None]) -> list[list[float]]:
    """Milliseconds per caption of each stage, for each of PASSES updates."""
    marks: list[float] = []
    encoder.register_forward_pre_hook(lambda *_: marks.append(time.process_time()))
    encoder.register_forward_hook(lambda *_: marks.append(time.process_time()))
    times = []
    for _ in range(WARM_UP + PASSES):
        marks.clear()
        begin = time.process_time()
        value = loss()
        marks.append(time.process_time())
        value.backward()
        marks.append(time.process_time())
        update()
        marks.append(time.process_time())
        before, after, *ends = marks
        stages = [before - begin + after - before, ends[0] - after, *(b - a for a, b in pairwise(ends))]
        times.append([1000 * seconds / CAPTIONS for seconds in stages])
    return times[WARM_UP:]


if __name__ == "__main__":
    main()
