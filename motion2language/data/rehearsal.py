"""Movements that travel with the package, so that a model trained further does not forget what it knew.

rehearsal.npz holds short pieces of recordings on the canonical body at 10 Hz, rounded to half a centimetre, as steps
from frame to frame. They show some forty actions. Sources and terms: CMU Graphics Lab Motion Capture Database (free for
research and commercial use; obtained from mocap.cs.cmu.edu, created with funding from NSF EIA-0196217), DeepMimic (MIT,
Xue Bin Peng), IntelliRehabDS (CC BY 4.0, Miron et al. 2021; joints mapped, resampled, cut and rounded here).
`python -m motion2language.data.rehearsal PEOPLE` writes the file anew from labelled recordings of these sources.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from motion2language.body import FeetWarning, to_canonical
from motion2language.data.labelled.form import read_motion
from motion2language.data.labelled.selection import choose, read_selection
from motion2language.files import read_arrays, write_atomically
from motion2language.motion import CANONICAL, Motion

PATH = Path(__file__).parent / "rehearsal.npz"
SOURCES = ("cmu_*", "deepmimic", "irds")  # whose terms allow it
FPS = 10.0
STEP = 0.005  # metres; chosen
SECONDS = 5.0  # of a piece; longer recordings give several; chosen
EACH = 10  # pieces of an action at most; chosen


@cache
def movements() -> tuple[Motion, ...]:
    """The movements, on the canonical body."""
    values = read_arrays(PATH)
    steps, offsets = values["steps"].astype(np.int32), values["offsets"].tolist()
    return tuple(
        Motion((steps[first:last].cumsum(0) * STEP).reshape(last - first, -1, 3), FPS, CANONICAL, f"rehearsal {number}")
        for number, (first, last) in enumerate(pairwise(offsets))
    )


def write(motions: Sequence[Motion], path: Path = PATH) -> None:
    """Write movements on the canonical body at 10 Hz as rehearsal.npz."""
    places = [np.rint((each.positions - each.positions[0, 0] * (1, 0, 1)) / STEP).astype(np.int16) for each in motions]
    steps = [np.diff(each.reshape(len(each), -1), axis=0, prepend=0) for each in places]
    packed = io.BytesIO()
    offsets = np.cumsum([0, *map(len, steps)]).astype(np.int32)
    np.savez_compressed(packed, steps=np.concatenate(steps).astype(np.int16), offsets=offsets)
    write_atomically(path, lambda file: file.write(packed.getbuffer()))


def choose_movements(root: Path) -> list[Motion]:
    """Up to EACH pieces of every action of the labelled recordings of SOURCES at `root`, spread over the recordings."""
    chosen = choose(read_selection(root).model_copy(update={"sources": SOURCES}))
    pieces: dict[str, list[Motion]] = defaultdict(list)
    for each in chosen.recordings:
        motion = read_motion(each.arrays, each.fps, each.entry.number, each.entry.name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FeetWarning)
            body = to_canonical(motion).resample(FPS)
        bounds = np.linspace(0, body.frames, max(1, round(body.duration / SECONDS)) + 1).astype(int).tolist()
        for action in {meaning.action for meaning in each.meanings[:1]}:
            pieces[action] += [body.frames_between(first, last) for first, last in pairwise(bounds)]
    kept = []
    for _, own in sorted(pieces.items()):
        kept += [own[place] for place in np.unique(np.linspace(0, len(own) - 1, EACH).round().astype(int))]
    return kept


if __name__ == "__main__":
    made = choose_movements(Path(sys.argv[1]))
    write(made)
    print(f"{PATH}: {len(made)} movements, {sum(each.duration for each in made):.0f} s, {PATH.stat().st_size} bytes")
