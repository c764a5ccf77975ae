"""BVH to glTF to BVH: `python benchmarks/there_and_back.py FOLDER`, with .bvh files in it and in its folders.

Each file is written as .glb, that one as .bvh, and both are read. Prints how far joints are from where they were,
over all frames and joints. BVH ends each limb in a site, which is read as one more joint.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np

from motion2language.formats.reading import read_motion
from motion2language.formats.writing import write_motion


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    warnings.simplefilter("ignore")
    print("| file | joints | frames | as .glb, largest mm | and as .bvh again, largest mm |")
    print("| --- | --- | --- | --- | --- |")
    worst = 0.0
    for path in sorted(parser.parse_args().folder.rglob("*.bvh")):
        motion = read_motion(path)
        with tempfile.TemporaryDirectory() as folder:
            glb, bvh = Path(folder, "a.glb"), Path(folder, "a.bvh")
            write_motion(motion, glb)
            first = read_motion(glb)
            write_motion(first, bvh)
            second = read_motion(bvh)
        found = []
        for other in (first, second):
            if other.frames != motion.frames:
                raise SystemExit(f"{path}: {other.frames} frames came back of {motion.frames}")
            columns = [other.skeleton.index(joint) for joint in motion.skeleton.joints]
            steps = other.positions[:, columns].astype(np.float64) - motion.positions
            found.append(1000 * float(np.linalg.norm(steps, axis=2).max()))
        worst = max(worst, *found)
        size = f"{len(motion.skeleton.joints)} | {motion.frames}"
        print(f"| {path.name} | {size} | {found[0]:.4f} | {found[1]:.4f} |")
    print(f"\nThe largest of all: {worst:.4f} mm")


if __name__ == "__main__":
    main()
