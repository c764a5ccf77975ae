"""`python -m motion2language.data.synthesis FOLDER` writes the four sample recordings of `m2l demo` as BVH."""

from __future__ import annotations

import sys
from pathlib import Path

from motion2language.data.synthesis import make_recording
from motion2language.formats import bvh

#: file -> seed and actions. Seeds of three numbers are those of no split of the synthetic corpus.
SAMPLES: dict[str, tuple[list[int], tuple[str, ...]]] = {
    "1_wave": ([7, 0, 1], ("wave_right",)),
    "2_walk_bow": ([7, 0, 2], ("walk", "bow")),
    "3_turn_jump_punch": ([7, 0, 3], ("turn_left", "jump", "punch")),
    "4_walk_sideways_kick_clap_run": ([7, 0, 4], ("walk_right", "kick_left", "clap", "run")),
}


def main(folder: Path) -> None:
    """Write the samples into `folder`, each with its actions in seconds on standard output."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (seed, actions) in SAMPLES.items():
        recording = make_recording(seed, actions, name=name)
        bvh.write(recording.motion, folder / f"{name}.bvh")
        spans = ", ".join(f"{part.label} {part.start:.1f}-{part.end:.1f}" for part in recording.segments)
        print(f"{name}.bvh: {recording.motion.duration:.1f} s: {spans}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m motion2language.data.synthesis FOLDER")
    main(Path(sys.argv[1]))
