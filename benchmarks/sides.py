"""Left and right: `python benchmarks/sides.py PEOPLE [CLIPS.npz SOURCE]` prints a Markdown table by source.

Whether recordings of labelled people are taken for swapped, how many of their mirror images are, and how often the limb
that does something is told, where the label tells it too.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from motion2language.body import map_joints
from motion2language.body.sides import measure_sides
from motion2language.data.actions import Meaning, load_actions
from motion2language.data.clips import find_clips
from motion2language.data.composing.cores import find_core, find_side, in_body_axes
from motion2language.data.labelled.form import find_sources, read_motion, read_source
from motion2language.motion import CANONICAL, Motion

TABLE = load_actions()
TOES, ANKLES = ([CANONICAL.index(f"{side}_{part}") for side in ("left", "right")] for part in ("toe", "ankle"))
MIRROR = np.array([-1, 1, 1])
RATE = 10.0  # frames per second at which limbs are compared, as in composing


def main(people: Path, clips: Path | None = None, source: str = "bandai") -> None:
    """Measure and print."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, meanings, motion in [*recordings(people), *(archive(clips, source) if clips else ())]:
        row = measure(meanings, motion)
        counts[name].update(row)
        counts["all"].update(row)
    heads = ("source", "recordings", "refused", "feet doubtful", "with feet", "mirror images found")
    print("| " + " | ".join((*heads, "side labelled", "told", "wrong")) + " |")
    print("| --- " * 9 + "|")
    columns = ("recordings", "refused", "doubtful", "feet", "found", "labelled", "told", "wrong")
    for name, row in sorted(counts.items(), key=lambda pair: pair[0] == "all"):
        print(f"| {name} | " + " | ".join(f"{row[column]:,}" for column in columns) + " |")


def recordings(root: Path) -> Iterator[tuple[str, tuple[Meaning, ...], Motion]]:
    """Source, meanings and recording of all labelled recordings in a folder."""
    for path in find_sources(root):
        found = read_source(path)
        for entry in found.entries:
            motion = read_motion(path, found.fps, entry.number, entry.name)
            yield found.name, TABLE.meanings(found.name, entry.label) if entry.label else (), motion


def archive(clips: Path, source: str) -> Iterator[tuple[str, tuple[Meaning, ...], Motion]]:
    """The same of an archive of labelled clips."""
    for clip in find_clips(clips):
        yield source, TABLE.meanings(source, clip.label), clip.read()


def measure(meanings: tuple[Meaning, ...], motion: Motion) -> Counter[str]:
    """What is counted of one recording."""
    body = map_joints(motion.skeleton, motion.positions).apply(motion.positions)
    sides = measure_sides(body)
    feet = not np.array_equal(body[:, TOES], body[:, ANKLES])
    row = Counter(recordings=1, refused=int(sides.swapped), doubtful=int(sides.doubtful), feet=int(feet))
    row["found"] = int(feet and measure_sides(body * MIRROR).swapped)
    limb = TABLE.actions[meanings[0].action].limb if len(meanings) == 1 else ""
    if limb and meanings[0].side:
        axes = in_body_axes(Motion(body, motion.fps, CANONICAL).resample(RATE).positions)
        first, end = find_core(axes, RATE)
        said = find_side(axes[first:end], limb)
        row.update(labelled=1, told=int(said != ""), wrong=int(said not in ("", meanings[0].side)))
    return row


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit("usage: python benchmarks/sides.py PEOPLE [CLIPS.npz SOURCE]")
    main(Path(sys.argv[1]), *([Path(sys.argv[2]), sys.argv[3]] if len(sys.argv) == 4 else []))
