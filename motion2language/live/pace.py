"""What the times of a stream's frames show: that some lack, or that they come at another rate than before."""

from __future__ import annotations

from collections import deque

import numpy as np

SPAN = 1.0  # seconds that are looked at together; chosen
FEWEST, MOST = 6, 240  # frames that are looked at together; chosen
USUAL = 1.5  # times the median step up to which a step is a usual one; chosen
CHANGE = 1.3  # times the median step before, from which the rate is another one; chosen


class Pace:
    """One take's pace; `longest` is the most seconds between two frames of a take."""

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self._times: deque[float] = deque(maxlen=MOST)
        self._step: float | None = None

    def hear(self, time: float) -> str:
        """What a frame at `time` seconds, later than all before it, completes the sight of; mostly nothing, ""."""
        self._times.append(time)
        count = len(self._times)
        if count < FEWEST or (count < MOST and time - self._times[0] < SPAN):
            return ""
        steps = np.diff(self._times)
        step = float(np.quantile(steps, 0.5, method="lower"))  # one that was, never between two rates
        if steps[-1] > USUAL * step or step > self.longest:
            return ""  # whether frames lack here or come more slowly from now on, the next will show
        self._times = deque([time], maxlen=MOST)
        before, self._step = self._step, step
        if before is not None and not 1 / CHANGE < step / before < CHANGE:
            return f"{1 / step:.3g} frames a second, after {1 / before:.3g}"
        lacking = int((np.round(steps[steps <= self.longest] / step) - 1).clip(0).sum())
        return f"frames lack, about {lacking} in {steps.sum():.1f} s; bridged" if lacking else ""
