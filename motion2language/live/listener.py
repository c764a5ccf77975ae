"""Listener: items of a stream in, what becomes certain out, over whatever the stream does.

A stall finishes what was heard, another skeleton and a clock that was set back do the same; each is said, and what
comes next is a new take. A frame far ahead or behind is believed once others that follow are there, too. What cannot be
used is left out and said, at first each time, then once in a hundred. Times that are no seconds show in frames that
each are a take of their own; this is said once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.live.captioner import GAP, Event, LiveCaptioner, Note, require_live
from motion2language.live.clock import FrameRateMonitor
from motion2language.live.draws import PATIENCE, Patience
from motion2language.live.protocol import Fault, Frame, Header, Item, Stall, parse
from motion2language.motion import Skeleton

STALL = 2.0  # seconds without a line after which what was heard is finished; chosen
CLOSEST = 0.0005  # seconds between two frames that are heard; chosen: half of those of a thousand a second
BACK = 5  # frames in a row from the past that show a clock set back; chosen: datagrams overtake a frame or two
APART = 5  # frames in a row that each begin a take, of which it is said what times should be; chosen
SAID = 10  # troubles that are each said; chosen


@dataclass(frozen=True)
class Stream:
    """Lines of one sender, None where nothing came for STALL seconds.

    another  whether this may be another sender than before, whose skeleton is not known
    refuse   tells the sender why it is not heard
    """

    lines: Iterator[str | None]
    another: bool = False
    refuse: Callable[[str], object] = lambda _: None


class Listener:
    """What is heard of one sender after another; a captioner, and what the user says of the streams.

    unit, up, joint_map  as in read_motion, instead of what a header says
    watch                given each frame that is heard: its skeleton, joints (J, 3) in metres, Y up, and time
    """

    def __init__(
        self,
        captioner: Captioner,
        *,
        unit: str | None = None,
        up: str | None = None,
        joint_map: Mapping[str, str] | None = None,
        patience: Patience = PATIENCE,
        watch: Callable[[Skeleton, np.ndarray, float], object] | None = None,
    ) -> None:
        require_live(captioner)
        self.watch = watch
        self.captioner, self.patience = captioner, patience
        self.unit, self.up, self.joint_map = unit, up, joint_map
        self.now = 0.0
        self._header: Header | None = None
        self._troubles, self._hinted = 0, False
        self._begin_take()

    def describe(self, items: Iterable[Item]) -> Iterator[Event]:
        """What becomes certain as the items arrive, all at their end. ValueError when the skeleton is no body."""
        for item in items:
            yield from self.hear(item)
        yield from self.finish()
        if self._header is None:
            raise ValueError(
                "the stream held no header; expected a BVH hierarchy or a JSON line with joints and parents"
            )

    def hear(self, item: Item) -> Iterator[Event]:
        """What an item makes certain."""
        if isinstance(item, Fault):
            yield from self._trouble(item.text)
        elif isinstance(item, Stall):
            yield from self.finish()
            yield Note(f"nothing came for {STALL:g} s; a new take begins with the next frame", self.now)
        elif isinstance(item, Header):
            if item != self._header and self._live is not None:
                yield from self.finish()
                yield Note("another skeleton; a new take begins", self.now)
            self._header = item
        elif self._header is None:
            yield from self._trouble("a frame before any header; left out")
        elif (live := self._ears(self._header)).spoiled(item.positions):
            yield from live.feed(item.positions, item.time)  # which says so; its time may be as wild
        else:
            yield from self._decide_ahead(item)
            yield from self._place(item, self._header)

    def finish(self) -> Iterator[Event]:
        """What is certain now that no more frames come of this take."""
        yield from self._decide_ahead()
        yield from self._leave_behind()
        live = self._live
        self._begin_take()
        if live is not None:
            yield from live.finish()

    def forget(self) -> None:
        """Nothing is known any more of who is heard."""
        self._header, self._troubles, self._hinted = None, 0, False
        self._begin_take()

    def _begin_take(self) -> None:
        self._live: LiveCaptioner | None = None
        self._latest = -np.inf
        self._behind: list[Frame] = []  # frames in a row from the past, of which it is not known yet what they are
        self._ahead: Frame | None = None  # one that came too long after the one before, if its time is to be believed
        self._apart = 0  # frames in a row that each came too long after the one before
        self._monitor = FrameRateMonitor(GAP)

    def _place(self, item: Frame, header: Header) -> Iterator[Event]:
        """Hear a frame where it is not too close to the one before, far behind it or far ahead of it."""
        if 0 < item.time - self._latest < CLOSEST:
            yield from self._trouble(f"a frame less than {1000 * CLOSEST:g} ms after the one before; left out")
        elif item.time < self._latest - GAP:
            yield from self._look_back(item)
        elif GAP < item.time - self._latest < np.inf:
            self._ahead = item
        else:
            yield from self._leave_behind()
            yield from self._hear_frame(item, header)

    def _decide_ahead(self, following: Frame | None = None) -> Iterator[Event]:
        """Hear the frame that is far ahead, or leave it out where the one that follows is not."""
        frame, self._ahead = self._ahead, None
        if frame is None or self._header is None:
            return
        if following is not None and following.time < frame.time - GAP:
            yield from self._trouble(f"a frame {frame.time - following.time:.3g} s ahead of the next; left out")
            return
        yield from self._leave_behind()
        yield from self._hear_frame(frame, self._header)

    def _look_back(self, frame: Frame) -> Iterator[Event]:
        """Keep a frame from the past until there are enough to show a clock set back: they begin the new take."""
        self._behind.append(frame)
        if len(self._behind) < BACK:
            return
        frames, self._behind = self._behind, []
        back = self._latest - frames[0].time
        yield from self.finish()
        yield Note(f"the stream's clock went back by {back:.1f} s; a new take begins", frames[0].time)
        for each in frames:
            yield from self.hear(each)

    def _leave_behind(self) -> Iterator[Event]:
        """Leave out the frames from the past: they were overtaken."""
        frames, self._behind = self._behind, []
        for frame in frames:
            assert self._live is not None
            yield from self._live.feed(frame.positions, frame.time)

    def _hear_frame(self, frame: Frame, header: Header) -> Iterator[Event]:
        """Hear a frame, and notice frames that lack, another rate, and times that are no seconds."""
        step = frame.time - self._latest
        if step > 0:
            self._apart = self._apart + 1 if GAP < step < np.inf else 0
            self.now = self._latest = frame.time
            if text := self._monitor.check(frame.time):
                yield from self._trouble(text)
        live = self._ears(header)
        for event in live.feed(frame.positions, frame.time):
            if isinstance(event, Note) and self._apart > 1:
                yield from self._trouble(event.text)
            else:
                yield event
        if self._apart == APART and not self._hinted:
            self._hinted = True
            yield Note(
                f"{APART} frames in a row are each over {GAP:g} s after the one before, the last {step:.3g} s: "
                "frames are expected more often, and their times in seconds, not milliseconds",
                self.now,
            )
        placed = live.placed()
        if self.watch is not None and placed is not None:
            self.watch(live.skeleton, *placed)

    def _ears(self, header: Header) -> LiveCaptioner:
        if self._live is None:
            self._live = LiveCaptioner(
                self.captioner,
                header.skeleton,
                unit=self.unit or header.unit,
                up=self.up or header.up,
                joint_map=self.joint_map,
                patience=self.patience,
            )
        return self._live

    def _trouble(self, text: str) -> Iterator[Event]:
        self._troubles += 1
        if self._troubles <= SAID or self._troubles % 100 == 0:
            count = f" ({self._troubles} such notes so far)" if self._troubles > SAID else ""
            yield Note(text + count, self.now)


def narrate(streams: Iterable[Stream], listener: Listener) -> Iterator[Event]:
    """What becomes certain of stream after stream; of one that cannot be described, why: its sender is told, too."""
    for stream in streams:
        if stream.another:
            listener.forget()
        try:
            yield from listener.describe(parse(stream.lines))
        except ValueError as error:
            listener.forget()
            yield Note(str(error), listener.now)
            stream.refuse(str(error))
