"""Measurer: the facts of a stream's segments, and a running count of what repeats; a count is never taken back.

It keeps the last KEPT seconds of a take's body at the rate that facts are measured at. Every LOOK seconds it looks for
repetitions since the series under way began. One counts when it is over and two looks in a row found it. The series
ends when no further repetition came for LATE of them, or when something else repeats.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from motion2language.captioning.facts.find import facts_of
from motion2language.captioning.facts.limbs import find_limbs
from motion2language.captioning.facts.measure import RATE, Body, measure
from motion2language.captioning.facts.repetitions import Repetitions, find_repetitions
from motion2language.live.body import with_seen, without_seen
from motion2language.live.clock import Clock
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Segment

# All settings are chosen; benchmarks/live_count.py prints what they lead to.
KEPT = 30.0  # seconds of the body that are kept: more than the longest live sentence
SPAN = 20.0  # most seconds that are searched for repetitions: more would cost more and find no more
LOOK = 0.5  # seconds between two looks
BEGIN = 3  # repetitions from which a series is counted: two alike are often chance
OVER = 0.35  # of a period after the middle of a repetition, when it counts as over
SAME = 0.4  # of a period that a repetition may lie away from where it was found before
LATE = 2.0  # periods without a further repetition that end a series
WAIT = 2.0  # least seconds of them


class Measurer:
    """Measures one take, from its first canonical pose on; memory and the cost of a look are bounded."""

    def __init__(self) -> None:
        self._clock = Clock(RATE)
        self._poses: deque[np.ndarray] = deque(maxlen=round(KEPT * RATE))  # (21, 4), as with_seen gives them
        self._next_look = -np.inf
        self._begin = -np.inf  # seconds of the stream since which repetitions are looked for
        self._counted: list[float] = []  # middles of the series' repetitions that were given out
        self._seen: tuple[float, ...] = ()  # middles that the look before found
        self._period = 0.0
        self._strange = 0  # looks in a row that found something else than what was counted

    def feed(self, time: float, pose: np.ndarray, seen: np.ndarray | None = None) -> Iterator[tuple[int, float]]:
        """The repetitions that a canonical pose (21, 3) at `time` seconds ends: each with its number and its middle.

        seen  (21,) bool, False for joints that are not seen; None if all are
        """
        seen = np.ones(len(pose), bool) if seen is None else seen
        self._poses.extend(self._clock.feed(time, with_seen(pose, seen)))
        if time >= self._next_look and self._poses:
            self._next_look = time + LOOK
            yield from self._look()

    def measure(self, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        """Segments of the stream with their facts; one that began before what is kept has none."""
        if not self._poses:
            return segments
        body = self._body(-np.inf)
        first, last = body.start - 1 / RATE, body.start + body.duration
        return tuple(
            replace(segment, facts=facts_of(body.part(segment.start, segment.end)))
            if first <= segment.start < last
            else segment
            for segment in segments
        )

    def _time_of(self, number: int) -> float:
        """Seconds of the stream at a kept pose."""
        return (self._clock.begin or 0.0) + (self._clock.given - len(self._poses) + number) / RATE

    def _body(self, start: float) -> Body:
        """The kept body from `start` seconds of the stream on, or from the first kept pose."""
        first = min(max(0, round((max(start, self._time_of(0)) - self._time_of(0)) * RATE)), len(self._poses) - 1)
        kept = [without_seen(pose) for pose in islice(self._poses, first, None)]
        poses, seen = (np.stack(each) for each in zip(*kept, strict=True))
        return replace(measure(Motion(poses, RATE, CANONICAL, seen=seen)), start=self._time_of(first))

    def _look(self) -> Iterator[tuple[int, float]]:
        """Look for repetitions; those that are new, over and confirmed."""
        now = self._time_of(len(self._poses) - 1)
        if self._counted and now - self._counted[-1] > max((LATE + 0.5) * self._period, WAIT):
            self._end_series()
        if not self._counted:
            self._begin = max(self._begin, now - SPAN)
        found = self._find()
        before, self._seen = self._seen, found.times
        if found.period is None:
            return
        if self._counted and found.times[0] > self._counted[-1] + SAME * self._period:
            self._strange += 1
            if self._strange > 1:
                self._end_series()
            return
        self._strange = 0
        after = self._counted[-1] + (1 - SAME) * self._period if self._counted else -np.inf
        new = [middle for middle in found.times if after < middle <= now - OVER * found.period]
        confirmed = [middle for middle in new if _near(middle, before, SAME * found.period)]
        if confirmed != new[: len(confirmed)] or (not self._counted and len(confirmed) < BEGIN):
            return
        for middle in confirmed:
            self._counted.append(middle)
            yield len(self._counted), middle
        if self._counted:
            self._period = float(np.median(np.diff(self._counted[-6:])))
        self._drop_early(now)

    def _find(self) -> Repetitions:
        """What repeats since the series began; nothing for a body that does not move."""
        body = self._body(self._begin)
        if find_limbs(body, goes=False).limb is None:
            return Repetitions(reason="nothing moves")
        return find_repetitions(body)

    def _drop_early(self, now: float) -> None:
        """Look no further back than SPAN, from between two repetitions on, so that later ones stay where they are."""
        for earlier, later in zip(self._counted, self._counted[1:], strict=False):
            if now - self._begin > SPAN and later < now - SPAN / 2:
                self._begin = max(self._begin, (earlier + later) / 2)

    def _end_series(self) -> None:
        """Begin again after the last repetition counted."""
        self._begin = self._counted[-1] + self._period / 2
        self._counted, self._seen, self._strange = [], (), 0


def _near(moment: float, moments: tuple[float, ...], most: float) -> bool:
    """Whether one of the moments is at most so many seconds away."""
    return any(abs(moment - other) <= most for other in moments)
