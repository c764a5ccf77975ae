"""A corpus of 15,000 recordings with and without a store: `python benchmarks/store.py [--clips N] [--batches N]`.

The corpus, in HumanML3D's layout, is made in a temporary folder (about 1.2 GB with its stores). Every measurement is a
separate process. Memory is the private memory of that process (RssAnon); pages of mapped files, which the system can
reclaim, are listed separately. Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from rich.progress import track

CONFIG = Path(__file__).parent.parent / "configs" / "mlp-recurrent-local.toml"
SHORTEST, LONGEST = 40, 196  # frames at 20 per second, as in HumanML3D
SMPL = (
    "pelvis left_hip right_hip spine left_knee right_knee spine left_ankle right_ankle chest left_toe right_toe neck "
    "left_collar right_collar head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist"
).split()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=15000)
    parser.add_argument("--batches", type=int, default=300)
    parser.add_argument("--stage", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        stage, folder = options.stage
        print(json.dumps(STAGES[stage](Path(folder), options.batches)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_corpus(folder / "corpus", options.clips)
        results = {stage: run(stage, folder, options.batches) for stage in STAGES}
    opened = results["open"]
    print(f"{options.clips:,} recordings, {opened['frames']:,} frames, {opened['megabytes']:,.0f} MB\n")
    print("| | |\n| --- | --- |")
    print(f"| making the store, both cores | {results['make']['seconds']:.1f} s |")
    print(f"| opening it, from a cold start of Python | {opened['seconds']:.2f} s |")
    print(f"| reading a recording from it, with its sentences, in random order | {opened['ms']:.3f} ms |")
    print(f"| reading a recording from its file | {opened['ms_file']:.2f} ms |")
    print("\n| training | before | peak | mapped | first batch after | captions/s |")
    print("| --- | --- | --- | --- | --- | --- |")
    for stage, what in (("first", "store, prepared for the first time"), ("stored", "store"), ("memory", "--no-store")):
        row = results[stage]
        memory = " | ".join(f"{row[key]:,.0f} MB" for key in ("before", "peak", "mapped"))
        print(f"| {what} | {memory} | {row['start']:.1f} s | {row['captions_per_s']:,.0f} |")


def run(stage: str, folder: Path, batches: int) -> dict[str, float]:
    """The measurements of a stage, made in a separate process."""
    command = [sys.executable, __file__, "--batches", str(batches), "--stage", stage, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def write_corpus(folder: Path, clips: int) -> None:
    """Parts of synthetic recordings with their sentences."""
    from motion2language.data.corpora.synthetic import sample

    random = np.random.default_rng(0)
    for name in ("new_joints", "texts"):
        (folder / name).mkdir(parents=True)
    sources = [sample("train", number) for number in range(60)]
    order = [sources[0].motion.skeleton.index(name) for name in SMPL]
    bodies = [np.concatenate(3 * [source.motion.resample(20.0).positions[:, order]]) for source in sources]
    for number in track(range(clips), "writing the corpus"):
        index, frames = random.integers(len(sources)), random.integers(SHORTEST, LONGEST + 1)
        first = random.integers(max(1, len(bodies[index]) - frames))
        body = bodies[index][first : first + frames] + random.normal(0, 1e-4, 3)
        np.save(folder / "new_joints" / f"{number:06}.npy", body.astype(np.float32))
        lines = [f"{caption.text}#a/DET#0.0#0.0\n" for caption in sources[index].captions]
        (folder / "texts" / f"{number:06}.txt").write_text("".join(lines))
    for split, part in (("train", slice(20, None)), ("val", slice(10)), ("test", slice(10, 20))):
        (folder / f"{split}.txt").write_text("\n".join(f"{number:06}" for number in range(clips)[part]))


def make(folder: Path, _: int) -> dict[str, float]:
    """Seconds to make the store of the training split."""
    from motion2language.data import corpora

    started = time.perf_counter()
    corpora.load("humanml3d", folder / "corpus", "train", folder / "stores")
    return {"seconds": time.perf_counter() - started}


def open_again(folder: Path, _: int) -> dict[str, float]:
    """Seconds to open it, and milliseconds per recording."""
    started = time.perf_counter()
    from motion2language.data import corpora

    samples = corpora.load("humanml3d", folder / "corpus", "train", folder / "stores")
    seconds = time.perf_counter() - started
    order = np.random.default_rng(0).permutation(len(samples)).tolist()
    started = time.perf_counter()
    frames = sum(samples[number].motion.frames for number in order)
    ms = 1000 * (time.perf_counter() - started) / len(samples)
    direct, sampled = corpora.load("humanml3d", folder / "corpus", "train"), order[:500]
    started = time.perf_counter()
    for number in sampled:
        direct[number]
    ms_file = 1000 * (time.perf_counter() - started) / len(sampled)
    megabytes = sum(path.stat().st_size for path in (folder / "stores").rglob("*")) / 1e6
    return {"seconds": seconds, "ms": ms, "ms_file": ms_file, "frames": frames, "megabytes": megabytes}


def train_stored(folder: Path, batches: int) -> dict[str, float]:
    """Training through the store."""
    return train(folder, batches, folder / "stores")


def train_in_memory(folder: Path, batches: int) -> dict[str, float]:
    """Training with all recordings in memory."""
    return train(folder, batches, None)


def train(folder: Path, batches: int, store: Path | None) -> dict[str, float]:
    """Memory, seconds until the first batch, and speed of `batches` updates, as m2l train makes them."""
    import torch

    from motion2language.training.config import load_config
    from motion2language.training.learner import Learner
    from motion2language.training.pairs import make_pairs
    from motion2language.training.prepare import prepare_samples
    from motion2language.training.train import build_untrained, load_splits

    torch.set_num_threads(1)
    with Memory() as memory:
        started = time.perf_counter()
        run = load_config(CONFIG, ["model.variant=humanml3d"])
        samples, _ = load_splits(run, "humanml3d", folder / "corpus", store)
        samples = prepare_samples(samples, run.model)
        captioner = build_untrained(run, samples)
        pairs = make_pairs(samples, captioner, run.train)
        learner = Learner(captioner, run.train, batches)
        start, captions = time.perf_counter() - started, 0
        started = time.perf_counter()
        for _, parts in zip(range(batches), learner.make_epoch(pairs), strict=False):
            learner.step(parts)
            captions += parts[0].captions
        speed = captions / (time.perf_counter() - started)
    mapped = _resident("RssFile") - memory.mapped_before
    return {"before": memory.before, "peak": memory.peak, "mapped": mapped, "start": start, "captions_per_s": speed}


class Memory:
    """The peak of this process's private memory while the block runs, MB."""

    def __enter__(self) -> Memory:
        self.before = self.peak = _resident("RssAnon")
        self.mapped_before = _resident("RssFile")
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while not self.done.wait(0.02):
            self.peak = max(self.peak, _resident("RssAnon"))

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()


def _resident(kind: str) -> float:
    """This process's resident memory of one kind (a key of /proc/self/status), MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) / 1000


STAGES = {"make": make, "open": open_again, "first": train_stored, "stored": train_stored, "memory": train_in_memory}

if __name__ == "__main__":
    main()
