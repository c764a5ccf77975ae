"""Recorded bodies that stand: what is drawn on them keeps their skeleton, their trembling and their legs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from motion2language.body import to_canonical
from motion2language.data.labelled.form import read_motion, write_source
from motion2language.data.labelled.persons import split_by_person
from motion2language.data.labelled.selection import Usable, choose, read_selection
from motion2language.data.synthesis.body import SIDES
from motion2language.motion import CANONICAL, Motion

FPS = 10.0
#: What a body that stands does at most: metres that it goes, lifts a foot, and sinks; radians that it leans. Chosen.
GOES, LIFTS, SINKS, LEANS = 0.35, 0.12, 0.12, 0.5
LEAST, ENOUGH = 12, 300  # frames of a body; chosen

ABOVE = [
    CANONICAL.index(name)
    for name in CANONICAL.joints
    if name in ("spine", "chest", "neck", "head") or name.endswith(("collar", "shoulder"))
]
HIPS, SHOULDERS, ANKLES, WRISTS = (
    [CANONICAL.index(f"{side}_{joint}") for side in SIDES] for joint in ("hip", "shoulder", "ankle", "wrist")
)
SPINE, NECK = CANONICAL.index("spine"), CANONICAL.index("neck")


def standing(positions: np.ndarray) -> np.ndarray:
    """The longest part of a recording of a canonical body (T, 21, 3) in which it stands upright in its place.

    The first of ENOUGH frames where there is one, so that the time grows with the recording's length alone.
    """
    trunk = positions[:, NECK] - positions[:, 0]
    upright = trunk[:, 1] >= np.cos(LEANS) * np.linalg.norm(trunk, axis=1)
    places = np.concatenate(
        [positions[:, 0, ::2] / GOES, positions[:, :1, 1] / SINKS, positions[:, ANKLES, 1] / LIFTS], 1
    )
    best, start = (0, 0), 0
    for frame in range(len(positions)):
        if not upright[frame]:
            start = frame + 1
        while start <= frame and np.ptp(places[start : frame + 1], axis=0).max() > 1:
            start += 1
        best = max(best, (frame + 1 - start, start))
        if best[0] == ENOUGH:
            break
    return positions[best[1] : best[1] + best[0]]


def to_and_fro(length: int, frames: int, random: np.random.Generator) -> np.ndarray:
    """`frames` frame numbers of a recording, from a random one on."""
    clock = (np.arange(frames) + int(random.integers(0, max(1, length - frames + 1)))) % max(1, 2 * (length - 1))
    return np.where(clock < length, clock, 2 * (length - 1) - clock)


def bone_length(base: np.ndarray, start: int, end: int) -> float:
    """The bone between two joints: its median over the frames, at least 5 cm."""
    return max(0.05, float(np.median(np.linalg.norm(base[:, end] - base[:, start], axis=1))))


def trembling(base: np.ndarray) -> float:
    """How much the wrists of a recording tremble, in metres; at least 2 mm."""
    if len(base) < 3:
        return 0.002
    return max(0.002, float(np.median(np.abs(np.diff(base[:, WRISTS], 2, axis=0)))) / 2)


def turn_above(positions: np.ndarray, turns: np.ndarray) -> None:
    """Turn all that is above the pelvis by rotations (T, 3, 3), in place."""
    above = positions[:, ABOVE] - positions[:, :1]
    positions[:, ABOVE] = positions[:, :1] + np.einsum("tij,taj->tai", turns, above)


def chest_axes(positions: np.ndarray) -> np.ndarray:
    """(T, 3, 3) with columns left, up and forward of the chest."""
    return axes(positions[:, SHOULDERS[0]] - positions[:, SHOULDERS[1]], positions[:, NECK] - positions[:, SPINE])


def hip_axes(positions: np.ndarray) -> np.ndarray:
    """(T, 3, 3) with columns left, up and forward of the hips, level."""
    across = (positions[:, HIPS[0]] - positions[:, HIPS[1]]) * [1, 0, 1]
    return axes(across, np.broadcast_to([0.0, 1.0, 0.0], across.shape))


def axes(across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(T, 3, 3) with columns left, up and forward, of a direction to the left and one upward (T, 3)."""
    upward = unit(up)
    forward = unit(np.cross(across, upward))
    return np.stack([np.cross(upward, forward), upward, forward], -1)


def unit(vectors: np.ndarray) -> np.ndarray:
    """The directions of vectors (..., 3)."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6))


def training_recordings(people: Path) -> Iterator[tuple[Usable, Motion]]:
    """The labelled recordings of people who train, each on the canonical body at FPS."""
    chosen = choose(read_selection(people))
    entries = [each.entry for each in chosen.recordings]
    training = {entry.name for entry in split_by_person(entries, chosen.selection.val, chosen.selection.test)["train"]}
    for each in chosen.recordings:
        if each.entry.name in training:
            motion = read_motion(each.arrays, each.fps, each.entry.number, each.entry.name)
            yield each, to_canonical(motion).resample(FPS)


def bodies_of(people: Path) -> dict[str, tuple[list[np.ndarray], list[np.ndarray]]]:
    """For each source the recordings of standing and of walking bodies, of people who train."""
    bodies: dict[str, tuple[list[np.ndarray], list[np.ndarray]]] = defaultdict(lambda: ([], []))
    for each, motion in training_recordings(people):
        part = standing(motion.positions)
        if len(part) >= LEAST:
            bodies[each.entry.source][0].append(part)
        if each.meanings and each.meanings[0].action == "walk" and motion.frames >= LEAST:
            bodies[each.entry.source][1].append(motion.positions)
    return bodies


def write_shown(path: Path, shown: Sequence[tuple[str, Motion]], about: str) -> int:
    """Write actions and what shows them as the labelled recordings of one source; returns how many."""
    clips = [
        {"id": f"{action.replace(' ', '_')}_{number}", "label": action} for number, (action, _) in enumerate(shown)
    ]
    write_source(path, {"source": path.name, "about": about}, clips, [motion for _, motion in shown])
    return len(shown)
