"""`python -m motion2language.data.synthesis.own_takes FOLDER` writes takes of an action that no shipped model knows.

Five invented people spin a hoop around the waist, walk and clap: BVH files and labels.csv, for the guide “Your own
actions” and for tests of m2l adapt.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import numpy as np

from motion2language.data.synthesis.actions import towards_hand
from motion2language.data.synthesis.body import SIDES, Body
from motion2language.data.synthesis.phrases import ACTIONS
from motion2language.data.synthesis.recording import make_motion
from motion2language.data.synthesis.stage import Plan, Stage, bell
from motion2language.files import make_folder, write_text
from motion2language.formats import bvh
from motion2language.motion import Motion

PEOPLE = ("ann", "bob", "cyd", "dan", "eve")
PHRASE = "spins a hoop around the waist"
TAKES = {"hoop": 4, "walk": 1, "clap": 1}  # of each person
_SEED = 8  # of no other recordings


def spin_hoop(random: np.random.Generator) -> Plan:
    """The pelvis circles and the hands are held out to the sides."""
    duration, beat = random.uniform(2.5, 5.0), random.uniform(1.0, 1.8)
    breadth, turn = random.uniform(0.05, 0.1), float(random.choice([-1.0, 1.0]))
    hands = (random.uniform(0.9, 1.3), random.uniform(-0.2, 0.3), random.uniform(0.7, 0.9))

    def draw(stage: Stage, start: float) -> None:
        count = round(duration * stage.fps)
        envelope = bell(count, min(0.4, 0.5 / duration), min(0.4, 0.5 / duration))
        phase = 2 * np.pi * beat * np.arange(count) / stage.fps
        stage.add("weight", start, breadth * envelope * np.sin(phase))
        stage.add("back", start, breadth * turn * envelope * np.cos(phase))
        stage.add("lean", start, -1.5 * breadth * envelope * np.sin(phase))
        stage.add("twist", start, 2 * breadth * envelope * np.cos(phase))
        for side in SIDES:
            towards_hand(stage, side, start, envelope, hands)

    return Plan(duration, draw)


def make_take(person: int, label: str, take: int) -> Motion:
    """A take of one of PEOPLE; the same numbers give the same take."""
    random = np.random.default_rng([_SEED, person, [*TAKES].index(label), take])
    plan = spin_hoop(random) if label == "hoop" else ACTIONS[label].plan(random)
    body = Body.random(np.random.default_rng([_SEED, person]))
    return make_motion([plan], random, name=f"{PEOPLE[person]}_{label}_{take + 1}", body=body)[0]


def write(folder: Path) -> int:
    """Write the takes and labels.csv into a folder; returns the number of takes."""
    make_folder(folder)
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("file", "label", "person", "phrase"))
    count = 0
    for person, name in enumerate(PEOPLE):
        for label, takes in TAKES.items():
            for take in range(takes):
                motion = make_take(person, label, take)
                bvh.write(motion, folder / f"{motion.name}.bvh")
                rows.writerow((motion.name, label, name, PHRASE if label == "hoop" else ""))
                count += 1
    write_text(folder / "labels.csv", table.getvalue())
    return count


if __name__ == "__main__":
    print(f"{sys.argv[1]}: {write(Path(sys.argv[1]))} takes and labels.csv")
