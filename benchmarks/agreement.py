"""Whether two versions say the same: `python benchmarks/agreement.py --against CHECKOUT --root bnr_compose.json`.

Both describe the test split of BNR-Compose with the shipped models; prints how many sentences are the same and, of
these, the largest difference of a time and of a probability, and in how many recordings it is above 1e-6.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
DESCRIBE = """
import json, sys
from pathlib import Path
from motion2language import load_model
try:
    from motion2language.data.corpora import load
except ModuleNotFoundError:  # older versions
    from motion2language.datasets import load
captioner, samples = load_model(sys.argv[1]), load("compose", Path(sys.argv[2]), "test", None)
for transcript in captioner.transcribe_all([sample.motion for sample in samples]):
    parts = [*transcript.words, *transcript.segments]
    numbers = [number for part in parts for number in (part.start, part.end)] + [word.time for word in transcript.words]
    print(json.dumps([transcript.text, numbers, [word.probability for word in transcript.words]]))
"""
LEAST = 1e-6


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, required=True, help="folder of another version")
    parser.add_argument("--root", type=Path, required=True, help="bnr_compose.json")
    parser.add_argument("--models", nargs="*", default=["default", "live"])
    given = parser.parse_args()
    print("| model | recordings | same sentences | times: largest difference | above 1e-6 s | probabilities | above |")
    print("| --- " * 7 + "|")
    for model in given.models:
        found = [describe(version, model, given.root.resolve()) for version in (HERE, given.against.resolve())]
        pairs = list(zip(*found, strict=True))
        same = [(ours, theirs) for ours, theirs in pairs if ours[0] == theirs[0]]
        times, chances = ([largest(ours[part], theirs[part]) for ours, theirs in same] for part in (1, 2))
        cells = [f"{max(parts):.1e} | {sum(part > LEAST for part in parts)}" for parts in (times, chances)]
        print(f"| `{model}` | {len(pairs)} | {len(same)} | {cells[0].replace(' |', ' s |')} | {cells[1]} |", flush=True)


def describe(version: Path, model: str, root: Path) -> list[list]:
    """Text, times and probabilities of each recording, by a process of a version."""
    environment = os.environ | {"PYTHONPATH": str(version), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", DESCRIBE, model, str(root)]
    output = subprocess.run(words, check=True, stdout=subprocess.PIPE, env=environment, cwd=version).stdout
    return [json.loads(line) for line in output.splitlines()]


def largest(ours: list[float], theirs: list[float]) -> float:
    """The largest difference of two rows of numbers; infinite where one has more."""
    if len(ours) != len(theirs):
        return float("inf")
    return max((abs(one - other) for one, other in zip(ours, theirs, strict=True)), default=0.0)


if __name__ == "__main__":
    main()
