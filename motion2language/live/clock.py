"""The times of a stream's frames: Clock resamples them for the model, FrameRateMonitor reports irregular ones.

Frames arrive at any rate, late, twice or not at all. Pose k of a take is at k/fps seconds after its first frame: the
mean of the frames around it, weighted by a triangle one output frame wide to either side (as Motion.resample does for
whole recordings), or, where frames are missing on one side, the linear interpolation between its two neighbours. It is
given out as soon as the frames it needs have arrived: 1/fps later, or at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

SPARSE = 0.9  # output frames between two arriving ones from which they count as sparse; chosen
SPAN = 1.0  # seconds of frames that the monitor looks at together; chosen
FEWEST, MOST = 6, 240  # frames that the monitor looks at together; chosen
USUAL = 1.5  # times the median step, up to which a step is regular; chosen
CHANGE = 1.3  # times the previous median step, from which the frame rate has changed; chosen


class Clock:
    """Resamples one take's frames to poses; memory is bounded by what arrives within two output frames."""

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
        # Frames no denser than the poses are joined by lines, which need no later frame.
        reach = 1 / self.fps if time - self.latest < SPARSE / self.fps else 0.0
        self.latest = time
        self._frames.append((time, positions))
        while self._next_time() + reach <= time + 1e-9:
            yield self._pose()

    def finish(self) -> Iterator[np.ndarray]:
        """The poses up to the last frame, when no more will come."""
        while self._frames and self._next_time() <= self.latest + 1e-9:
            yield self._pose()

    def _next_time(self) -> float:
        return (self.begin or 0.0) + self.given / self.fps

    def _pose(self) -> np.ndarray:
        """The next pose; frames that no later pose can need are dropped."""
        moment = self._next_time()
        self.given += 1
        times = np.array([time for time, _ in self._frames])
        weights = np.clip(1 - np.abs(times - moment) * self.fps, 0, None)
        used = times[weights > 1e-6] - moment
        if not (len(used) and used[0] < 0 < used[-1]):
            weights = self._linear_weights(times, moment)
        pose = sum(weight * frame for weight, (_, frame) in zip(weights, self._frames, strict=True) if weight > 0)
        while len(self._frames) > 1 and self._frames[1][0] <= self._next_time() - 1 / self.fps:
            self._frames.popleft()
        return np.asarray(pose) / weights.sum()

    @staticmethod
    def _linear_weights(times: np.ndarray, moment: float) -> np.ndarray:
        """Weights that interpolate linearly at a moment."""
        after = int(np.clip(np.searchsorted(times, moment), 0, len(times) - 1))
        before = max(after - 1, 0) if times[after] > moment else after
        weights = np.zeros(len(times))
        span = times[after] - times[before]
        share = (moment - times[before]) / span if span > 0 else 1.0
        weights[before] = 1 - share
        weights[after] += share
        return weights


class FrameRateMonitor:
    """Watches one take's frame times for missing frames and a changed frame rate.

    longest  the most seconds between two frames of a take
    """

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self._times: deque[float] = deque(maxlen=MOST)
        self._step: float | None = None

    def check(self, time: float) -> str:
        """What a frame at `time` seconds, later than all before it, shows to be irregular; "" if nothing."""
        self._times.append(time)
        count = len(self._times)
        if count < FEWEST or (count < MOST and time - self._times[0] < SPAN):
            return ""
        steps = np.diff(self._times)
        step = float(np.quantile(steps, 0.5, method="lower"))  # an observed step, never one between two rates
        if steps[-1] > USUAL * step or step > self.longest:
            return ""  # the next frame shows whether frames are missing here or come more slowly from now on
        self._times = deque([time], maxlen=MOST)
        before, self._step = self._step, step
        if before is not None and not 1 / CHANGE < step / before < CHANGE:
            return f"the frame rate changed from {1 / before:.3g} to {1 / step:.3g} per second"
        missing = int((np.round(steps[steps <= self.longest] / step) - 1).clip(0).sum())
        return f"frames missing, about {missing} in {steps.sum():.1f} s; interpolated" if missing else ""
