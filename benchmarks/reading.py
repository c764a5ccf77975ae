"""Time of reading one file of each kind, in turn with a checkout of another version: processor time, the least of many.

python benchmarks/reading.py FILE ... --against CHECKOUT
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[1]
PROCESSES, READINGS = 3, 30  # of each version, and of a file in each process; chosen
MEASURE = f"""
import sys, time, warnings
warnings.simplefilter("ignore")
from motion2language import read_motion
least = float("inf")
for _ in range({READINGS}):
    begin = time.process_time()
    read_motion(sys.argv[1])
    least = min(least, time.process_time() - begin)
print(least)
"""


def main() -> None:
    """Print a table: a row for each file, milliseconds before and now."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--against", type=Path, required=True, help="a checkout of the version before")
    options = parser.parse_args()
    print("| file | before, ms | now, ms |\n| --- | --- | --- |")
    for file in options.files:
        times: dict[Path, list[float]] = {options.against.resolve(): [], HERE: []}
        for _ in range(PROCESSES):
            for version, measured in times.items():
                measured.append(read_time(version, file.resolve()))
        before, now = (1000 * min(measured) for measured in times.values())
        print(f"| {file.name} | {before:.1f} | {now:.1f} |", flush=True)


def read_time(version: Path, file: Path) -> float:
    """Seconds of processor time in which a checkout's code reads a file."""
    environment = os.environ | {"PYTHONPATH": str(version), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", MEASURE, str(file)]
    done = subprocess.run(command, cwd=version, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
