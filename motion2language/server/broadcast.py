"""Broadcast: what is said and the latest frame, kept by the thread that describes, read by as many pages as look.

Nothing waits for a page: it reads on from where it was, as fast as it can. What was said it gets in order and whole,
as long as it is no further behind than KEPT; of the frames only the newest when it looks, so that a slow page sees
fewer. Every page that opens late, or again, gets what was said so far.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from motion2language.body import map_joints
from motion2language.body.axes import stature
from motion2language.live.captioner import Event
from motion2language.live.stream import as_dict
from motion2language.motion import Motion, Skeleton
from motion2language.viewer import sides

KEPT = 5000  # words, sentences and notes; chosen: more than an hour of speaking, 1 MB
QUIET = 2.0  # seconds without a frame that are called a stall; chosen
MEDIUM = 1.7  # metres, of a body whose height cannot be told; chosen


@dataclass(frozen=True)
class Frame:
    """One frame: joints (J, 3) in metres, Y up, at a time of the stream, its body, and its number among all shown."""

    body: dict[str, Any]
    number: int
    time: float
    positions: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """JSON data: whole millimetres, joint after joint."""
        millimetres = np.round(1000 * self.positions).astype(int)
        return {"kind": "frame", "time": round(self.time, 3), "pose": millimetres.ravel().tolist()}


class Broadcast:
    """What pages are to show. `say`, `show`, `end` and `close` are for one thread, the rest for any other."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(4)  # tells a page that came back whether it is still the same
        self.frame: Frame | None = None
        self.ended = self.closed = False
        self._skeleton: Skeleton | None = None
        self._said: deque[tuple[int, str]] = deque(maxlen=KEPT)
        self._count = 0
        self._heard = time.monotonic()
        self._lock = threading.Lock()

    def say(self, event: Event) -> None:
        """Tell a word, a sentence or a note."""
        text = json.dumps(as_dict(event), ensure_ascii=False)
        with self._lock:
            self._count += 1
            self._said.append((self._count, text))

    def show(self, skeleton: Skeleton, positions: np.ndarray, moment: float) -> None:
        """Show a frame: joints (J, 3) in metres, Y up, at a moment of the stream."""
        before, same = self.frame, skeleton == self._skeleton
        body = before.body if before and same else _body(skeleton, positions)
        self._skeleton, self._heard = skeleton, time.monotonic()
        self.frame = Frame(body, before.number + 1 if before else 1, moment, positions)

    def end(self) -> None:
        """Say that no more will come."""
        self.ended = True

    def close(self) -> None:
        """Let all pages go."""
        self.closed = True

    def said_since(self, number: int) -> tuple[list[tuple[int, str]], int]:
        """What was said after the event of a number: (number, JSON) each, and how many more are no longer kept."""
        with self._lock:
            later = [each for each in self._said if each[0] > number] if number < self._count else []
            return later, max(0, self._count - len(self._said) - number)

    def state(self) -> dict[str, Any]:
        """How the stream stands: waiting, live, stalled or ended, and seconds since its last frame or the start."""
        quiet = time.monotonic() - self._heard
        if self.ended:
            name = "ended"
        elif self.frame is None:
            name = "waiting"
        else:
            name = "live" if quiet < QUIET else "stalled"
        return {"kind": "state", "state": name, "quiet": round(quiet, 1)}


def _body(skeleton: Skeleton, positions: np.ndarray) -> dict[str, Any]:
    """What a page needs to draw a skeleton, seen in its first frame."""
    motion = Motion(positions[None], 1.0, skeleton)
    try:
        height = stature(map_joints(skeleton, motion.positions).apply(motion.positions))
    except ValueError:  # its joints are known by a joint map
        height = MEDIUM
    return {
        "kind": "body",
        "joints": skeleton.joints,
        "parents": skeleton.parents,
        "height": round(height, 3),
        **sides.describe(motion),
    }
