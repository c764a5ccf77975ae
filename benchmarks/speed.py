"""Speed and memory that a user sees: `python benchmarks/speed.py`; prints medians of several runs as Markdown."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from motion2language.captioning.captioner import load_model
from motion2language.data.synthesis import make_recording
from motion2language.formats import bvh
from motion2language.formats.reading import read
from motion2language.live.captioner import transcribe
from motion2language.motion import Motion

RUNS = 5
CLIPS = 1000
M2L = Path(sys.executable).parent / "m2l"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        recording = make_recording([9, 9, 9], ("walk", "bow", "jump"))
        take = Path(folder) / "take.bvh"
        bvh.write(recording.motion.clip(0, 10), take)
        print("| what | median | least | most |\n| --- | --- | --- | --- |")
        commands = {
            '`python -c "import motion2language"`': [sys.executable, "-c", "import motion2language"],
            "`m2l --help`": [M2L, "--help"],
            "`m2l caption` of one 10 s BVH, from a cold start": [M2L, "caption", take],
        }
        for name, command in commands.items():
            seconds, memory = zip(*(whole(command) for _ in range(RUNS)), strict=True)
            row(name, seconds, "s")
        row("its peak memory", memory, "MB")
        row("reading 3,000 frames of 60 channels, with forward kinematics", reading(Path(folder) / "long.bvh"), "s")
        takes = [Path(folder) / f"{number}.bvh" for number in range(CLIPS)]
        for path in takes:
            path.symlink_to(take)
        seconds, _ = whole([M2L, "caption", *takes, "--out", Path(folder) / "out"])
        row(f"`m2l caption` of {CLIPS:,} such files in one call, each", [1000 * seconds / CLIPS], "ms")
        row("live captions, one thread, per frame at 100 frames per second", live_frames(recording.motion), "ms")


def whole(command: list) -> tuple[float, float]:
    """Wall seconds of a whole process, and its peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def reading(path: Path) -> list[float]:
    """Seconds to read a BVH of 19 joints, 60 channels and 3,000 frames."""
    joint = "JOINT j{}\n{{\nOFFSET 1 10 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
    head = (
        "HIERARCHY\nROOT r\n{\nOFFSET 0 90 0\nCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
    )
    head += "".join(joint.format(number) for number in range(18)) + "End Site\n{\nOFFSET 0 1 0\n}\n" + "}\n" * 19
    frames = np.random.default_rng(0).normal(0, 30, (3000, 60))
    rows = "\n".join(" ".join(f"{value:.4f}" for value in frame) for frame in frames)
    path.write_text(f"{head}MOTION\nFrames: 3000\nFrame Time: 0.0083333\n{rows}\n")
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        read(path)
        seconds.append(time.perf_counter() - start)
    return seconds


def live_frames(motion: Motion) -> list[float]:
    """Mean milliseconds per frame of the live captioner at 100 frames per second, in each of several runs."""
    torch.set_num_threads(1)
    captioner, motion = load_model("live"), motion.resample(100.0)
    milliseconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        transcribe(captioner, motion)
        milliseconds.append(1000 * (time.perf_counter() - start) / motion.frames)
    return milliseconds


def row(name: str, values: list[float] | tuple[float, ...], unit: str) -> None:
    """Print one row of the table."""
    cells = " | ".join(f"{value:.3g} {unit}" for value in (statistics.median(values), min(values), max(values)))
    print(f"| {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
