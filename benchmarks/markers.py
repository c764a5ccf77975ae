"""The loss when a recording becomes markers: `python benchmarks/markers.py FOLDER...`; tables as Markdown.

Plug-in Gait's markers are put on the skin of bodies with known joints (tests/marked.py) and written as C3D: synthetic
recordings, the shipped samples, and the BVH files of the folders. The tables show the error of the joints read back,
and whether `default` describes both alike.
"""

import sys
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from motion2language import load_model, read_motion
from motion2language.body import to_canonical
from motion2language.cli.caption import SAMPLES
from motion2language.data.synthesis import make_recording
from motion2language.formats import files_in
from motion2language.motion import CANONICAL, Motion

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from marked import FULL, skin, write_c3d

SYNTHETIC = 100  # recordings
PARTS = "pelvis spine chest neck head collar shoulder elbow wrist hip knee ankle toe".split()


def main(folders: Iterable[Path]) -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    corpora = {"synthetic": [make_recording(seed).motion for seed in range(SYNTHETIC)]}
    corpora |= {folder.name: [read_motion(path) for path in files_in(folder)] for folder in (SAMPLES, *folders)}
    measured = {name: measure([to_canonical(motion) for motion in motions]) for name, motions in corpora.items()}
    print("| recordings | n | same actions in the same order | the same sentence |\n| --- | --- | --- | --- |")
    for name, (_, actions, sentences) in measured.items():
        print(f"| {name} | {len(corpora[name])} | {actions} | {sentences} |")
    print(f"\n| centimetres off | {' | '.join(PARTS)} |\n{'| --- ' * (len(PARTS) + 1)}|")
    for name, (off, _, _) in measured.items():
        columns = [[column for column, joint in enumerate(CANONICAL.joints) if joint.endswith(part)] for part in PARTS]
        print(f"| {name} | {' | '.join(f'{100 * off[column].mean():.1f}' for column in columns)} |")


def measure(motions: list[Motion]) -> tuple[np.ndarray, int, int]:
    """The error of each joint (21,), metres, the mean over frames and recordings, and two counts of recordings."""
    captioner = load_model("default")
    off, actions, sentences = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for motion in motions:
            put = {label: path for label, path in skin(motion.positions).items() if label in FULL}
            read = to_canonical(read_motion(write_c3d(Path(folder) / "take.c3d", put, motion.fps)))
            off.append(np.linalg.norm(read.positions - motion.positions, axis=2).mean(axis=0))
            before, after = captioner.transcribe(motion), captioner.transcribe(read)
            actions += [part.label for part in before.segments] == [part.label for part in after.segments]
            sentences += before.text == after.text
    return np.mean(off, axis=0), actions, sentences


if __name__ == "__main__":
    main(map(Path, sys.argv[1:]))
