"""Joining what was drawn into one motion on the canonical body.

Each part goes on where the last one ended: with its heading, at its place, its bones as long as those of the first
part, so that no change of a body tells the join. A blend leads from pose to pose, shorter between near ones, and keeps
going as fast as both. Actions that are joined directly meet in the middle of their blend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motion2language.data.actions import Meaning
from motion2language.data.composing.dense import Dense
from motion2language.data.composing.drawing import Held, Shown, distances
from motion2language.data.composing.joining import blend, continue_from, hold
from motion2language.data.composing.pool import Pool
from motion2language.motion import CANONICAL

_LEG = [CANONICAL.index(f"{side}_{part}") for side in ("left", "right") for part in ("knee", "ankle")]
_HIPS = [CANONICAL.index("left_hip"), CANONICAL.index("right_hip")]


@dataclass(frozen=True)
class Placed:
    """An action of a motion, in frames [start, end); `take` is the name of the take that shows it."""

    meaning: Meaning
    start: int
    end: int
    take: str
    exact: bool


@dataclass(frozen=True, eq=False)
class Mixed:
    """positions (T, 21, 3) metres, actions in order, and the style that all takes share, or ""."""

    positions: np.ndarray
    actions: tuple[Placed, ...]
    style: str


def mix(steps: Sequence[Shown | Held], pool: Pool, dense: Dense, random: np.random.Generator) -> Mixed:
    """The motion that shows `steps`, its first frame above the origin."""
    shown = [step for step in steps if isinstance(step, Shown)]
    growing = _Growing(pool, dense, pool.takes[shown[0].take].lengths, random)
    for step in steps:
        if isinstance(step, Held):
            growing.wait(step.frames)
        else:
            growing.show(step)
    styles = {pool.takes[step.take].named.style for step in shown if step.deeds}
    positions = np.concatenate(growing.pieces).astype(np.float32)
    return Mixed(positions, tuple(growing.placed), styles.pop() if len(styles) == 1 else "")


class _Growing:
    """A motion while it is being put together: its pieces, its frames so far, and the actions in them."""

    def __init__(self, pool: Pool, dense: Dense, lengths: np.ndarray, random: np.random.Generator) -> None:
        self.pool, self.dense, self.lengths, self.random = pool, dense, lengths, random
        self.pieces: list[np.ndarray] = []
        self.placed: list[Placed] = []
        self.frames = 0
        self._waiting = 0  # frames to hold before anything is shown
        self._pose: np.ndarray | None = None  # the last one in body axes

    def wait(self, count: int) -> None:
        """Hold the last pose."""
        if not self.pieces:
            self._waiting += count
        else:
            self._add(hold(self.pieces[-1][-1], count, self.dense.noise, self.random))

    def show(self, step: Shown) -> None:
        """Go on with what a step shows."""
        poses, start = self.pool.takes[step.take].poses, self.frames
        frames = self._played(step)
        if self._pose is None:
            frames -= frames[0, 0] * np.array([1, 0, 1])
            self._add(hold(frames[0], self._waiting, self.dense.noise, self.random))
            start = self.frames
        else:
            between, frames = self._join(frames, float(distances(self._pose[None], poses[[step.first]])[0, 0]))
            start += len(between) // 2
            if self.placed and self.placed[-1].end == self.frames:
                self.placed[-1] = replace(self.placed[-1], end=start)
            self._add(between)
        self._place(step, start)
        self._add(frames)
        self._pose = poses[step.end - 1]

    def _add(self, frames: np.ndarray) -> None:
        self.pieces.append(frames)
        self.frames += len(frames)

    def _played(self, step: Shown) -> np.ndarray:
        """The frames of a step at its tempo, on the body of the first one, float64."""
        take = self.pool.takes[step.take]
        places = step.first + (np.arange(step.frames) * step.tempo)
        below = np.minimum(places.astype(int), step.end - 1)
        share = (places - below)[:, None, None]
        above = np.minimum(below + 1, step.end - 1)
        frames = (1 - share) * take.positions[below] + share * take.positions[above]
        return with_lengths(frames, take.lengths, self.lengths)

    def _join(self, frames: np.ndarray, far: float) -> tuple[np.ndarray, np.ndarray]:
        """A blend from the last frame, and the frames moved to go on after it; `far` is how far apart the poses are."""
        per_metre, least, most = self.dense.blend
        count = max(1, round(float(np.clip(per_metre * far, least, most)) * self.pool.rate))
        before = self.pieces[-1]
        last = before[-1]
        across = [pose[_HIPS[0]] - pose[_HIPS[1]] for pose in (frames[0], last)]
        moved = continue_from(frames, last, *across)
        steps = [part[-1, 0] - part[-2, 0] for part in (before, moved[1::-1]) if len(part) > 1]
        going = sum(steps[:1], np.zeros(3)) - sum(steps[1:], np.zeros(3))
        moved += going * (0.5, 0, 0.5) * (count + 1)
        return blend(last, moved[0], count, CANONICAL.parents), moved

    def _place(self, step: Shown, start: int) -> None:
        """Note the actions of a step whose first frame comes next; one that begins with it begins at `start`."""
        take = self.pool.takes[step.take]
        for deed in step.deeds:
            begin, stop = (self.frames + round((frame - step.first) / step.tempo) for frame in (deed.begin, deed.stop))
            begin = start if deed.begin == step.first else begin
            stop = min(stop, self.frames + step.frames)
            self.placed.append(Placed(deed.meaning, begin, max(stop, begin + 1), take.named.name, deed.exact))


def with_lengths(frames: np.ndarray, own: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Frames (T, 21, 3) with bones of other lengths (21,) in the same directions; `own` are those of the recording.

    The root moves and rises in proportion to the legs. Where a sensor lets a bone's length vary, it still varies.
    """
    scale = wanted / np.maximum(own, 1e-3)
    result = np.empty_like(frames)
    result[:, 0] = frames[:, 0] * (wanted[_LEG].sum() / max(float(own[_LEG].sum()), 1e-3))
    for joint, parent in enumerate(CANONICAL.parents[1:], start=1):
        result[:, joint] = result[:, parent] + (frames[:, joint] - frames[:, parent]) * scale[joint]
    return result
