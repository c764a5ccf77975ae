"""Speed and memory that a user sees: `python benchmarks/speed.py [--against CHECKOUT]`; prints one Markdown table.

Every figure is the median of whole processes. With CHECKOUT, a folder with another version of the package, each process
of this version is followed by one of the other, with the same Python and the same libraries; the last columns are what
this version takes of the other's time on the clock and of its processor time. On a busy machine the latter says more.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from motion2language.data.synthesis import make_recording
from motion2language.formats import bvh

HERE = Path(__file__).resolve().parent.parent
M2L = ["-m", "motion2language"]

# What a process without its start takes: its last line is seconds on the clock and of processor time for each frame.
TIMED = """
import sys, time
def timed(work, times, frames):
    work()
    start = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    print((time.perf_counter() - start[0]) / times / frames, (time.process_time() - start[1]) / times / frames)
from motion2language import load_model, read_motion
"""
READ = TIMED + "timed(lambda: read_motion(sys.argv[1]), 5, 1)"
LIVE = (
    TIMED
    + """
from motion2language.live.captioner import transcribe
captioner, motion = load_model("live"), read_motion(sys.argv[1]).resample(100.0)
timed(lambda: transcribe(captioner, motion), 3, motion.frames)
"""
)


@dataclass(frozen=True)
class Measured:
    """Seconds on the clock, seconds of processor time, and peak memory in MB."""

    seconds: float
    processor: float
    memory: float = 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, help="folder of another version, measured in turn with this one")
    parser.add_argument("--runs", type=int, default=3, help="processes of each version for each row")
    parser.add_argument("--files", type=int, default=1000, help="different recordings described in one call")
    given = parser.parse_args()
    versions = [HERE] if given.against is None else [HERE, given.against.resolve()]
    columns = ["", "this version", "the other", "share of its time", "of its processor time"]
    columns = columns if given.against else columns[:2]
    with tempfile.TemporaryDirectory() as folder:
        take, long = Path(folder) / "take.bvh", Path(folder) / "long.bvh"
        motion = make_recording([9, 9, 9], ("walk", "bow", "jump")).motion.clip(0, 10)
        bvh.write(motion, take)
        bvh.write(motion.resample(300.0), long)
        takes = [write_synthetic(number, Path(folder) / f"{number}.bvh") for number in range(given.files)]
        print(f"| {' | '.join(columns)} |\n|" + " --- |" * len(columns))

        def measure(arguments: list, timed: bool = False) -> list[list[Measured]]:
            run = run_timed if timed else run_whole
            turns = [[run(version, arguments, folder) for version in versions] for _ in range(given.runs)]
            return [list(of_version) for of_version in zip(*turns, strict=True)]

        show('`python -c "import motion2language"`', measure(["-c", "import motion2language"]), 1000, "ms")
        show("`m2l --help`", measure([*M2L, "--help"]), 1000, "ms")
        cold = measure([*M2L, "caption", take])
        show("`m2l caption` of one 10 s BVH from a cold start", cold, 1000, "ms")
        show("its peak memory", cold, 1, "MB", lambda measured: measured.memory)
        many = measure([*M2L, "caption", *takes, "--out", Path(folder) / "out"])
        show(f"`m2l caption` of {given.files:,} different BVH in one call, each", many, 1000 / given.files, "ms")
        reading = measure(["-c", READ, long], timed=True)
        show("reading a BVH of 3,000 frames and 126 channels", reading, 1000, "ms")
        live = measure(["-c", LIVE, take], timed=True)
        show("live captions, one thread, per frame at 100 frames per second", live, 1000, "ms")


def write_synthetic(number: int, path: Path) -> Path:
    """Write a synthetic recording, another one for each number: 1.4 to 19 s, 8.6 s on average."""
    bvh.write(make_recording([9, number]).motion, path)
    return path


def run_whole(version: Path, arguments: list, folder: str) -> Measured:
    """A process of a version, from its start to its end, away from any checkout."""
    start = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(version)}
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, cwd=folder, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{version}: {arguments[:3]} failed")
    return Measured(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def run_timed(version: Path, arguments: list, folder: str) -> Measured:
    """What a process of a version measures itself, on one thread."""
    environment = os.environ | {"PYTHONPATH": str(version), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, *map(str, arguments)]
    output = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=True).stdout
    return Measured(*map(float, output.split()[-2:]))


def show(
    name: str,
    measured: list[list[Measured]],
    factor: float,
    unit: str,
    value: Callable[[Measured], float] = lambda measured: measured.seconds,
) -> None:
    """Print one row of the table: medians, and the shares of the other version's."""
    medians = [statistics.median(map(value, of_version)) for of_version in measured]
    cells = [f"{digits(factor * median)} {unit}" for median in medians]
    if len(medians) == 2:
        cells.append(f"{medians[0] / medians[1]:.2f}")
        busy = [statistics.median(one.processor for one in of_version) for of_version in measured]
        cells.append(f"{busy[0] / busy[1]:.2f}" if unit != "MB" else "")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def digits(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
