"""Forward and backward of the paper's model, checkouts side by side: `python benchmarks/training.py FOLDER FOLDER ...`.

32 captions of 11 motions of 108 frames, 20 words, one thread; milliseconds a caption. The checkouts take turns, so that
what else the machine does falls on all of them alike.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS, PASSES = 5, 20
CAPTIONS, FRAMES, WORDS = 32, 108, 20
SIZES = {"66 words in the vocabulary": 66, "1,300 words": 1300}


def main(folders: list[str]) -> None:
    """Measure and print."""
    found: dict[str, dict[str, list[float]]] = {folder: {size: [] for size in SIZES} for folder in folders}
    for _ in range(ROUNDS):
        for folder in folders:
            environment = os.environ | {"PYTHONPATH": str(Path(folder).resolve()), "OMP_NUM_THREADS": "1"}
            answer = subprocess.run([sys.executable, __file__], env=environment, check=True, capture_output=True)
            for size, times in json.loads(answer.stdout).items():
                found[folder][size] += times
    print("| code | vocabulary | median ms a caption | least |\n| --- | --- | --- | --- |")
    for size in SIZES:
        for folder in folders:
            times = found[folder][size]
            print(f"| {folder} | {size} | {statistics.median(times):.2f} | {min(times):.2f} |")


def measure() -> None:
    """One checkout's times, as JSON."""
    import torch

    from motion2language.model.batch import Batch
    from motion2language.model.config import ModelConfig
    from motion2language.model.network import build

    torch.set_num_threads(1)
    result = {}
    for size, vocabulary in SIZES.items():
        torch.manual_seed(0)
        network = build(ModelConfig(input_width=63, vocabulary_size=vocabulary)).train()
        rows = torch.arange(CAPTIONS) // 3
        motions = torch.randn(int(rows.max()) + 1, FRAMES, 63)
        tokens = torch.randint(4, vocabulary, (CAPTIONS, WORDS))
        if "rows" in Batch._fields:
            batch = Batch(motions, torch.full((len(motions),), FRAMES), tokens, rows)
        else:  # a checkout that encodes a motion for each of its captions
            batch = Batch(motions[rows], torch.full((CAPTIONS,), FRAMES), tokens)
        times = []
        for _ in range(3 + PASSES):
            start = time.perf_counter()
            network.zero_grad()
            network.loss(batch, 0.5).backward()
            times.append(1000 * (time.perf_counter() - start) / CAPTIONS)
        result[size] = times[3:]
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:]) if len(sys.argv) > 1 else measure()
