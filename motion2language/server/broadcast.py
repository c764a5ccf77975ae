"""Broadcast: the captions so far and the latest frame, written by the captioning thread, read by any number of pages.

The writer never waits for a page: each page continues from where it was, as fast as it can. It gets the events in
order and complete, unless it falls more than KEPT behind; of the frames it gets only the newest at each look, so that
a slow page sees fewer. A page that opens late or again first gets the events so far.
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
from motion2language.live.events import Event
from motion2language.live.stream import as_dict
from motion2language.motion import Motion, Skeleton
from motion2language.viewer import sides

KEPT = 5000  # words, sentences and notes; chosen: more than an hour of captions, 1 MB
QUIET = 2.0  # seconds without a frame after which the stream counts as stalled; chosen
DEFAULT_HEIGHT = 1.7  # metres, of a body whose height is unknown; chosen


@dataclass(frozen=True)
class PageFrame:
    """A frame to show: joints (J, 3) in metres, Y up, at a time of the stream, its body, and its number in the run."""

    body: dict[str, Any]
    number: int
    time: float
    positions: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """JSON data: whole millimetres, joint after joint."""
        millimetres = np.round(1000 * self.positions).astype(int)
        return {"kind": "frame", "time": round(self.time, 3), "pose": millimetres.ravel().tolist()}


class Broadcast:
    """What pages show. One thread calls `add`, `show`, `end` and `close`; any other may call the rest."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(4)  # tells a page that reconnects whether the program is still the same
        self.frame: PageFrame | None = None
        self.ended = self.closed = False
        self._skeleton: Skeleton | None = None
        self._events: deque[tuple[int, str]] = deque(maxlen=KEPT)
        self._count = 0
        self._last_frame_at = time.monotonic()
        self._lock = threading.Lock()

    def add(self, event: Event) -> None:
        """Add a word, a sentence or a note."""
        text = json.dumps(as_dict(event), ensure_ascii=False)
        with self._lock:
            self._count += 1
            self._events.append((self._count, text))

    def show(self, skeleton: Skeleton, positions: np.ndarray, moment: float) -> None:
        """Show a frame: joints (J, 3) in metres, Y up, at a moment of the stream."""
        before, same = self.frame, skeleton == self._skeleton
        body = before.body if before and same else _describe_body(skeleton, positions)
        self._skeleton, self._last_frame_at, self.ended = skeleton, time.monotonic(), False
        self.frame = PageFrame(body, before.number + 1 if before else 1, moment, positions)

    def end(self) -> None:
        """Mark the stream as ended, until another one's first frame."""
        self.ended = True

    def close(self) -> None:
        """Disconnect all pages."""
        self.closed = True

    def events_since(self, number: int) -> tuple[list[tuple[int, str]], int]:
        """The events after the one with this number, as (number, JSON), and how many more are no longer kept."""
        with self._lock:
            later = [event for event in self._events if event[0] > number] if number < self._count else []
            return later, max(0, self._count - len(self._events) - number)

    def state(self) -> dict[str, Any]:
        """The stream's state: waiting, live, stalled or ended, and seconds since its last frame or the start."""
        quiet = time.monotonic() - self._last_frame_at
        if self.ended:
            name = "ended"
        elif self.frame is None:
            name = "waiting"
        else:
            name = "live" if quiet < QUIET else "stalled"
        return {"kind": "state", "state": name, "quiet": round(quiet, 1)}


def _describe_body(skeleton: Skeleton, positions: np.ndarray) -> dict[str, Any]:
    """The data with which a page draws a skeleton, from its first frame."""
    motion = Motion(positions[None], 1.0, skeleton)
    try:
        height = stature(map_joints(skeleton, motion.positions).apply(motion.positions))
    except ValueError:  # a skeleton that needs a joint map
        height = DEFAULT_HEIGHT
    return {
        "kind": "body",
        "joints": skeleton.joints,
        "parents": skeleton.parents,
        "height": round(height, 3),
        **sides.describe(motion),
    }
