"""Part of a body named as the whole: `python benchmarks/partial_bodies.py --people FOLDER [--models default]`.

Recordings of people held out of training (docs/guide/labelled-recordings.md) are described whole; those whose action is
named right are described again with the legs alone (pelvis, hips, knees, ankles, toes) or with the upper body alone
(pelvis, neck, head, arms; or chest, neck, head, arms, without a pelvis). Prints for each
action how many of them keep their name.
"""

from __future__ import annotations

import argparse
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np

from motion2language.body import canonical_tree, to_canonical
from motion2language.captioning.loading import load_model
from motion2language.data.actions import load_actions
from motion2language.motion import CANONICAL, Motion
from motion2language.scoring.naming import Reader
from motion2language.scoring.people import Question, ask_recordings
from motion2language.training.reproduce.people import split_recordings

PARTS = {
    "legs": ("pelvis", "hip", "knee", "ankle", "toe"),
    "arms": ("pelvis", "neck", "head", "shoulder", "elbow", "wrist"),
    "arms from the chest": ("chest", "neck", "head", "shoulder", "elbow", "wrist"),
}
_OF_ARMS = ("wave", "clap", "punch", "drink")
ASKED = {"legs": ("walk", "run", "kick", "squat"), "arms": _OF_ARMS, "arms from the chest": _OF_ARMS}
SEED = 7  # chosen


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--models", nargs="+", default=["default"])
    parser.add_argument("--most", type=int, default=10, help="recordings of an action, drawn at random")
    parser.add_argument("--split", default="test")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    questions = draw(ask_recordings(split_recordings(given.people)[given.split]), given.most)
    print("| model | part | action | recordings | named whole | of these named by the part |\n|" + " --- |" * 6)
    for model in given.models:
        for part, actions in ASKED.items():
            rows = [count(model, part, [each for each in questions if each.wanted == action]) for action in actions]
            for action, row in (*zip(actions, rows, strict=True), ("all", np.sum(rows, axis=0))):
                share = f" ({row[2] / row[1]:.0%})" if row[1] else ""
                print(f"| {model} | {part} | {action} | {row[0]} | {row[1]} | {row[2]}{share} |", flush=True)


def draw(questions: list[Question], most: int) -> list[Question]:
    """At most `most` questions of each action that is asked about."""
    by_action = defaultdict(list)
    for question in questions:
        by_action[question.wanted].append(question)
    random = np.random.default_rng(SEED)
    drawn = []
    for action in dict.fromkeys(action for actions in ASKED.values() for action in actions):
        known = by_action[action]
        drawn += [known[number] for number in random.permutation(len(known))[:most]]
    return drawn


def count(model: str, part: str, questions: list[Question]) -> tuple[int, int, int]:
    """How many recordings are asked about, named right whole, and of these named right by the part."""
    captioner, reader = load_model(model), Reader(load_actions())
    bodies = [to_canonical(question.read()) for question in questions]

    def name(motions: list[Motion], asked: list[Question]) -> list[bool]:
        described = captioner.transcribe_all(motions)
        pairs = zip(asked, described, strict=True)
        return [reader.answer(each.name, each.source, each.wanted, said).right for each, said in pairs]

    right = [number for number, named in enumerate(name(bodies, questions)) if named] if bodies else []
    kept = name([take(bodies[n], part) for n in right], [questions[n] for n in right]) if right else []
    return len(questions), len(right), sum(kept)


def take(body: Motion, part: str) -> Motion:
    """The joints of a part of a canonical body alone."""
    skeleton = canonical_tree(part, [joint for joint in CANONICAL.joints if joint.rpartition("_")[2] in PARTS[part]])
    columns = [CANONICAL.index(joint) for joint in skeleton.joints]
    return Motion(body.positions[:, columns], body.fps, skeleton, body.name)


if __name__ == "__main__":
    main()
