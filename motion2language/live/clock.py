"""Frames that arrive at any rate, late, twice or not at all, to poses on the model's even clock.

Pose k of a take is at k/fps seconds after its first frame: the mean of the frames around it, weighted by a triangle one
output frame wide to either side (as Motion.resample does for whole recordings), or, where frames lack on a side of it,
on the line between the two next to it. It is given out as soon as what it needs is there: 1/fps later, or at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

SPARSE = 0.9  # output frames between two arriving ones from which they count as sparse; chosen


class Clock:
    """One take's frames to poses; memory is bounded by what arrives within two output frames."""

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self.begin: float | None = None
        self.latest = -np.inf
        self.given = 0
        self._frames: deque[tuple[float, np.ndarray]] = deque()

    def feed(self, time: float, positions: np.ndarray) -> Iterator[np.ndarray]:
        """The poses that a frame at `time` seconds, later than all before it, completes."""
        if self.begin is None:
            self.begin = time
        # Frames no denser than the poses are joined by lines, for which nothing later is needed.
        reach = 1 / self.fps if time - self.latest < SPARSE / self.fps else 0.0
        self.latest = time
        self._frames.append((time, positions))
        while self._moment() + reach <= time + 1e-9:
            yield self._pose()

    def finish(self) -> Iterator[np.ndarray]:
        """The poses up to the last frame, when no more will come."""
        while self._frames and self._moment() <= self.latest + 1e-9:
            yield self._pose()

    def _moment(self) -> float:
        return (self.begin or 0.0) + self.given / self.fps

    def _pose(self) -> np.ndarray:
        """The next pose; frames no later pose can need are forgotten."""
        moment = self._moment()
        self.given += 1
        times = np.array([time for time, _ in self._frames])
        weights = np.clip(1 - np.abs(times - moment) * self.fps, 0, None)
        used = times[weights > 1e-6] - moment
        if not (len(used) and used[0] < 0 < used[-1]):
            weights = self._between(times, moment)
        pose = sum(weight * frame for weight, (_, frame) in zip(weights, self._frames, strict=True) if weight > 0)
        while len(self._frames) > 1 and self._frames[1][0] <= self._moment() - 1 / self.fps:
            self._frames.popleft()
        return np.asarray(pose) / weights.sum()

    @staticmethod
    def _between(times: np.ndarray, moment: float) -> np.ndarray:
        """Weights that interpolate linearly at a moment."""
        after = int(np.clip(np.searchsorted(times, moment), 0, len(times) - 1))
        before = max(after - 1, 0) if times[after] > moment else after
        weights = np.zeros(len(times))
        span = times[after] - times[before]
        share = (moment - times[before]) / span if span > 0 else 1.0
        weights[before] = 1 - share
        weights[after] += share
        return weights
