"""Forward and backward of the paper's model, checkouts side by side: `python benchmarks/training.py FOLDER FOLDER ...`.

32 captions of 11 motions of 108 frames, 20 words, one thread; CPU time per caption in milliseconds, the sum and each
stage. The checkouts take turns, so that other load of the machine affects all of them alike.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

ROUNDS, PASSES = 5, 20
CAPTIONS, FRAMES, WORDS = 32, 108, 20
SIZES = {"66 words": 66, "1,300 words": 1300}
STAGES = ("encoder", "decoder and loss", "backward")


def main(folders: list[str]) -> None:
    """Measure and print."""
    measured: dict[tuple[str, str], list[list[float]]] = {(folder, size): [] for size in SIZES for folder in folders}
    for _ in range(ROUNDS):
        for folder in folders:
            environment = os.environ | {"PYTHONPATH": str(Path(folder).resolve()), "OMP_NUM_THREADS": "1"}
            answer = subprocess.run([sys.executable, __file__], env=environment, check=True, capture_output=True)
            for size, times in json.loads(answer.stdout).items():
                measured[folder, size] += times
    print(f"| code | vocabulary | median ms per caption | least | {' | '.join(STAGES)} |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (folder, size), times in measured.items():
        totals = [sum(stages) for stages in times]
        medians = [statistics.median(stage) for stage in zip(*times, strict=True)]
        shares = [f"{median:.2f}, {100 * median / sum(medians):.0f} %" for median in medians]
        print(f"| {folder} | {size} | {statistics.median(totals):.2f} | {min(totals):.2f} | {' | '.join(shares)} |")


def measure() -> None:
    """One checkout's times, as JSON."""
    import torch

    from motion2language.model import batch as values
    from motion2language.model.config import ModelConfig
    from motion2language.model.network import build

    torch.set_num_threads(1)
    half = values.LossOptions(0.5) if hasattr(values, "LossOptions") else 0.5  # older checkouts take the number
    result = {}
    for size, vocabulary in SIZES.items():
        torch.manual_seed(0)
        network = build(ModelConfig(input_width=63, vocabulary_size=vocabulary)).train()
        rows = torch.arange(CAPTIONS) // 3
        motions = torch.randn(int(rows.max()) + 1, FRAMES, 63)
        tokens = torch.randint(4, vocabulary, (CAPTIONS, WORDS))
        if "rows" in values.Batch._fields:
            batch = values.Batch(motions, torch.full((len(motions),), FRAMES), tokens, rows)
        else:  # a checkout that encodes a motion once per caption
            batch = values.Batch(motions[rows], torch.full((CAPTIONS,), FRAMES), tokens)
        marks: list[float] = []
        network.encoder.register_forward_pre_hook(lambda *_, marks=marks: marks.append(time.process_time()))
        network.encoder.register_forward_hook(lambda *_, marks=marks: marks.append(time.process_time()))
        times = []
        for _ in range(3 + PASSES):
            marks.clear()
            network.zero_grad()
            loss = network.loss(batch, half)
            marks.append(time.process_time())
            loss.backward()
            marks.append(time.process_time())
            times.append([1000 * (after - before) / CAPTIONS for before, after in pairwise(marks)])
        result[size] = times[3:]
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:]) if len(sys.argv) > 1 else measure()
