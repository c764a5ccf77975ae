"""The running count of live captions: `python benchmarks/live_count.py [MSRC12.npz [RECORDINGS]]` prints a table.

Synthetic exercises, each with rest before and after; MSRC12 has an instant marked for each repetition. The count is the
longest series that was counted; its delay is from the middle of a repetition, for those that have a true one near.
"""

import sys
import time
from pathlib import Path

import numpy as np

from motion2language.body import map_joints
from motion2language.data.labelled.form import read_motion, read_source
from motion2language.data.synthesis.exercises import EXERCISES, STYLES, make_exercise
from motion2language.live.measuring import Measurer
from motion2language.motion import CANONICAL, Motion

PACES = (0.7, 1.5, 3.0)  # seconds of a repetition


def main(marked: Path | None, most: int) -> None:
    """Count and print."""
    print("| recordings | | exact | within one | too many | series, mean | delay, median | 95 % | CPU per second |")
    print("| --- " * 9 + "|")
    _show("synthetic", [_run(motion, times) for motion, times in _exercises()])
    if marked is not None:
        _show(marked.stem, [_run(motion, times) for motion, times in _people(marked, most)])


def _exercises() -> list[tuple[Motion, tuple[float, ...]]]:
    random, made = np.random.default_rng(1), []
    for kind in EXERCISES:
        for number, seconds in enumerate(PACES):
            for style in STYLES:
                often = int(random.integers(3, 11))
                one = make_exercise(
                    [1, number, often, len(made)], kind, often, seconds=seconds, style=style, noise=0.005
                )
                made.append((one.motion, one.times))
    return made


def _people(path: Path, most: int) -> list[tuple[Motion, tuple[float, ...]]]:
    source = read_source(path)
    found = []
    step = max(1, len(source.entries) // most)
    for entry in source.entries[step // 2 :: step]:
        motion = read_motion(path, source.fps, entry.number, entry.name)
        body = map_joints(motion.skeleton, motion.positions).apply(motion.positions)
        found.append((Motion(body, motion.fps, CANONICAL), tuple(entry.points)))
    return found


def _run(motion: Motion, truth: tuple[float, ...]) -> tuple[float, int, list[float], float]:
    """Count less the truth, series, delays, and CPU time per second of a recording."""
    measurer, counts, delays = Measurer(), [0], []
    begin = time.process_time()
    for number, pose in enumerate(motion.positions):
        for count, middle in measurer.feed(number / motion.fps, pose):
            counts.append(count)
            delays.append(number / motion.fps - middle)
    spent = time.process_time() - begin
    return max(counts) - len(truth), counts.count(1), delays, spent / motion.duration


def _show(name: str, runs: list[tuple[float, int, list[float], float]]) -> None:
    errors = np.array([run[0] for run in runs])
    delays = np.array([delay for run in runs for delay in run[2]])
    print(
        f"| {name} | {len(runs)} | {np.mean(errors == 0):.1%} | {np.mean(abs(errors) <= 1):.1%} | "
        f"{np.mean(errors > 0):.1%} | {np.mean([run[1] for run in runs]):.2f} | {np.median(delays):.1f} s | "
        f"{np.percentile(delays, 95):.1f} s | {1000 * np.median([run[3] for run in runs]):.0f} ms |"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None, int(sys.argv[2]) if len(sys.argv) > 2 else 60)
