"""Facts on labels that people gave: `python benchmarks/facts.py CLIPS.npz MSRC12.npz` prints Markdown tables.

CLIPS   Bandai Namco's clips: the acting side, turns, directions, walking or running
MSRC12  labelled recordings with an instant marked for each repetition: counts, for both halves of the people

Synthetic exercises, whose repetitions are known exactly, and the time that facts take need no data.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from motion2language.body import map_joints
from motion2language.captioning.facts.find import facts, facts_of
from motion2language.captioning.facts.measure import measure
from motion2language.data.clips import find_clips
from motion2language.data.labelled.form import read_motion, read_source
from motion2language.data.synthesis.body import Body
from motion2language.data.synthesis.exercises import EXERCISES, STYLES, make_exercise
from motion2language.data.synthesis.phrases import ACTIONS
from motion2language.data.synthesis.recording import pose_stage
from motion2language.data.synthesis.stage import Stage
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Facts

PACES, NOISES = (0.5, 1.0, 2.0, 4.0), (0.0, 0.005, 0.01, 0.02, 0.03)  # seconds of a repetition; metres
#: What a fact must be on clips with each label.
RIGHT: dict[str, tuple[str, Callable[[Facts], bool]]] = {
    **{
        f"{action}-{side}-hand{'s' * (side == 'both')}": ("acting side", lambda found, side=side: found.side == side)
        for action in ("raise-up", "wave")
        for side in ("left", "right", "both")
    },
    "bye": ("acting side", lambda found: found.side in ("left", "right")),
    "walk-turn-left": ("turning while walking", lambda found: (found.turn or 0) > 0),
    "walk-turn-right": ("turning while walking", lambda found: (found.turn or 0) < 0),
    "walk-back": ("walking backward", lambda found: found.direction == "backward"),
    "walk": ("walk or run", lambda found: found.gait == "walk"),
    "run": ("walk or run", lambda found: found.gait == "run"),
    "dash": ("walk or run", lambda found: found.gait == "run"),
}


def main(clips: Path, marked: Path) -> None:
    """Measure and print."""
    print("| fact | clips | right |\n| --- | --- | --- |")
    answers: dict[str, list[bool]] = defaultdict(list)
    for clip in find_clips(clips):
        if clip.label in RIGHT:
            name, right = RIGHT[clip.label]
            answers[name].append(right(facts(clip.read())))
    for name, given in answers.items():
        print(f"| {name} | {len(given)} | {np.mean(given):.1%} |")
    print("\n| repetitions | recordings | exact | off by one | within one | not counted |\n" + "| --- " * 6 + "|")
    for name, errors in (*_marked(marked), ("synthetic", _synthetic(0)), ("synthetic, others", _synthetic(1))):
        print(f"| {name} | {len(errors)} | {_share(errors, 0, 0)} | {_share(errors, 1, 1)} | {_share(errors, 0, 1)} | "
              f"{np.isnan(errors).mean():.1%} |")  # fmt: skip
    errors = _steps()
    shares = _share(errors, 0, 0), _share(errors, 0, 1)
    print(f"\nSteps of {len(errors)} synthetic walks and runs: exact {shares[0]}, within one {shares[1]}.")
    print(f"\nFacts of a take of 10 s at 120 frames per second: {_cost():.1f} ms of CPU time, the median of 15.")


def _marked(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """How far the counts are from the marked ones, for every other person and for the rest."""
    source = read_source(path)
    errors: dict[str, list[float]] = defaultdict(list)
    people = sorted({entry.person for entry in source.entries})
    for entry in source.entries:
        motion = read_motion(path, source.fps, entry.number, entry.name)
        body = Motion(map_joints(motion.skeleton, motion.positions).apply(motion.positions), motion.fps, CANONICAL)
        half = "one half of the people" if people.index(entry.person) % 2 == 0 else "the other half"
        errors[half].append(_error(body, len(entry.points)))
    for half, found in sorted(errors.items()):
        yield f"{source.name}, {half}", np.array(found)


def _synthetic(seed: int) -> np.ndarray:
    """The same for exercises at four paces, with five amounts of noise, in three styles."""
    random, errors = np.random.default_rng(seed), []
    for kind in EXERCISES:
        for number, seconds in enumerate(PACES):
            for style in STYLES:
                for noise in NOISES:
                    often = int(random.integers(2, 11))
                    exercise = make_exercise(
                        [number, often, len(errors) + 1000 * seed],
                        kind,
                        often,
                        seconds=seconds,
                        style=style,
                        noise=noise,
                    )
                    errors.append(_error(exercise.motion, often))
    return np.array(errors)


def _steps() -> np.ndarray:
    """How far the steps found are from those drawn, for synthetic bodies that walk every way and run."""
    errors = []
    for seed in range(15):
        for action in ("walk", "walk_back", "walk_left", "walk_right", "run"):
            random = np.random.default_rng([seed, len(errors)])
            plan = ACTIONS[action].plan(random)
            stage = Stage(Body.random(random), round((plan.seconds + 1.0) * 30), 30.0)
            plan.draw(stage, 15)
            motion = Motion(pose_stage(stage, random), 30.0, CANONICAL)
            errors.append(float((facts(motion).steps or 0) - len(stage.steps)))
    return np.array(errors)


def _error(motion: Motion, often: int) -> float:
    """Repetitions found, or steps where these are the repetitions, less the true ones; NaN when none are counted."""
    found = facts_of(measure(motion))
    counted = found.repetitions or (found.steps if found.direction == "in place" else None)
    return float("nan") if not counted else counted - often


def _share(errors: np.ndarray, least: int, most: int) -> str:
    return f"{np.mean((abs(errors) >= least) & (abs(errors) <= most)):.1%}"


def _cost() -> float:
    motion = make_exercise(1, "jumping jack", 9, noise=0.005, fps=120.0).motion.clip(0, 10)
    taken = []
    for _ in range(15):
        start = time.process_time()
        facts(motion)
        taken.append(1000 * (time.process_time() - start))
    return float(np.median(taken))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
