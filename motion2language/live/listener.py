"""Listener: items of a stream in, live captions out, however irregular the stream is.

A stall, another skeleton and a clock that was set back end the take; each is noted, and the next frame begins a new
one. A frame far ahead or behind is accepted once others confirm its time. Whatever cannot be used is skipped with a
note, at first each time, then once in a hundred. When each frame begins a take of its own, its times are probably not
in seconds; one note says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.formats.limits import clean_message
from motion2language.live.captioner import GAP, LiveCaptioner, require_live
from motion2language.live.clock import FrameRateMonitor
from motion2language.live.draws import PATIENCE, Patience
from motion2language.live.events import Event, Note
from motion2language.live.protocol import STALL, Fault, Frame, Header, Item, Stall, Stream, parse
from motion2language.motion import Skeleton

CLOSEST = 0.0005  # least seconds between two accepted frames; chosen: half of those at 1000 frames per second
BACK = 5  # frames in a row from the past that show a clock set back; chosen: datagrams overtake a frame or two
APART = 5  # frames in a row that each begin a take, after which a note states the expected times; chosen
FIRST_NOTES = 10  # problems that are each noted, before one in a hundred is; chosen

Watch = Callable[[Skeleton, np.ndarray, float], object]


class Listener:
    """Captions the streams of one sender after another.

    unit, up, joint_map  as in read_motion, instead of those in a header
    facts                as a LiveCaptioner's
    watch                called with each accepted frame: its skeleton, joints (J, 3) in metres, Y up, and time
    """

    def __init__(
        self,
        captioner: Captioner,
        *,
        unit: str | None = None,
        up: str | None = None,
        joint_map: Mapping[str, str] | None = None,
        patience: Patience = PATIENCE,
        facts: bool = False,
        watch: Watch | None = None,
    ) -> None:
        require_live(captioner)
        self.watch = watch
        self.captioner, self.patience, self.facts = captioner, patience, facts
        self.unit, self.up, self.joint_map = unit, up, joint_map
        self.now = 0.0
        self._header: Header | None = None
        self._problems, self._hinted = 0, False
        self._begin_take()

    def describe_lines(self, lines: Iterable[str | None]) -> Iterator[Event]:
        """The events of a stream, as its lines arrive. ValueError when the skeleton is not a human body."""
        return self.describe(parse(lines))

    def describe(self, items: Iterable[Item]) -> Iterator[Event]:
        """The events of a stream, as its items arrive. ValueError when the skeleton is not a human body."""
        try:
            for item in items:
                yield from self.feed(item)
            yield from self.finish()
        except ValueError as error:  # it may hold names of the header
            raise ValueError(clean_message(str(error))) from None
        if self._header is None:
            raise ValueError(
                "the stream contained no header; expected a BVH hierarchy or a JSON line with joints and parents"
            )

    def feed(self, item: Item) -> Iterator[Event]:
        """The events that an item makes final."""
        if isinstance(item, Fault):
            yield from self._note_problem(item.text)
        elif isinstance(item, Stall):
            yield from self.finish()
            yield Note(f"no input for {STALL:g} s; a new take begins with the next frame", self.now)
        elif isinstance(item, Header):
            if item != self._header and self._live is not None:
                yield from self.finish()
                yield Note("the skeleton changed; a new take begins", self.now)
            self._header = item
        elif self._header is None:
            yield from self._note_problem("a frame before any header; skipped")
        elif (live := self._live_captioner(self._header)).find_fault(item.positions):
            yield from live.feed(item.positions, item.time)  # which notes the fault; its time may be wrong as well
        else:
            yield from self._resolve_ahead(item)
            yield from self._check_time(item, self._header)

    def finish(self) -> Iterator[Event]:
        """The remaining events, now that no more frames of this take come."""
        yield from self._resolve_ahead()
        yield from self._skip_behind()
        live = self._live
        self._begin_take()
        if live is not None:
            yield from live.finish()

    def forget(self) -> None:
        """Forget the sender: its header and its problems."""
        self._header, self._problems, self._hinted = None, 0, False
        self._begin_take()

    def _begin_take(self) -> None:
        self._live: LiveCaptioner | None = None
        self._latest = -np.inf
        self._behind: list[Frame] = []  # frames in a row from the past: overtaken, or after the clock was set back
        self._ahead: Frame | None = None  # one that came after a gap; the next frame shows whether its time is right
        self._apart = 0  # frames in a row that each came after a gap
        self._monitor = FrameRateMonitor(GAP)

    def _check_time(self, item: Frame, header: Header) -> Iterator[Event]:
        """Accept a frame unless it is too close to the previous one, far behind it or far ahead of it."""
        if 0 < item.time - self._latest < CLOSEST:
            yield from self._note_problem(f"a frame less than {1000 * CLOSEST:g} ms after the previous one; skipped")
        elif item.time < self._latest - GAP:
            yield from self._hold_behind(item)
        elif GAP < item.time - self._latest < np.inf:
            self._ahead = item
        else:
            yield from self._skip_behind()
            yield from self._accept(item, header)

    def _resolve_ahead(self, following: Frame | None = None) -> Iterator[Event]:
        """Accept the frame that came after a gap, or skip it if the following one is earlier."""
        frame, self._ahead = self._ahead, None
        if frame is None or self._header is None:
            return
        if following is not None and following.time < frame.time - GAP:
            yield from self._note_problem(f"a frame {frame.time - following.time:.3g} s ahead of the next; skipped")
            return
        yield from self._skip_behind()
        yield from self._accept(frame, self._header)

    def _hold_behind(self, frame: Frame) -> Iterator[Event]:
        """Hold a frame from the past until enough of them show a clock set back: they begin the new take."""
        self._behind.append(frame)
        if len(self._behind) < BACK:
            return
        frames, self._behind = self._behind, []
        back = self._latest - frames[0].time
        yield from self.finish()
        yield Note(f"the stream's clock went back by {back:.1f} s; a new take begins", frames[0].time)
        for held in frames:
            yield from self.feed(held)

    def _skip_behind(self) -> Iterator[Event]:
        """Skip the held frames from the past: they were overtaken."""
        frames, self._behind = self._behind, []
        for frame in frames:
            assert self._live is not None
            yield from self._live.feed(frame.positions, frame.time)

    def _accept(self, frame: Frame, header: Header) -> Iterator[Event]:
        """Feed a frame to the captioner, and note missing frames, a changed frame rate and times not in seconds."""
        step = frame.time - self._latest
        if step > 0:
            self._apart = self._apart + 1 if GAP < step < np.inf else 0
            self.now = self._latest = frame.time
            if text := self._monitor.check(frame.time):
                yield from self._note_problem(text)
        live = self._live_captioner(header)
        for event in live.feed(frame.positions, frame.time):
            if isinstance(event, Note) and self._apart > 1:
                yield from self._note_problem(event.text)
            else:
                yield event
        if self._apart == APART and not self._hinted:
            self._hinted = True
            yield Note(
                f"{APART} frames in a row came over {GAP:g} s after the previous one, the last after {step:.3g} s: "
                f"expected more than {1 / GAP:g} frames per second, and times in seconds, not milliseconds",
                self.now,
            )
        latest = live.latest_frame()
        if self.watch is not None and latest is not None:
            self.watch(live.skeleton, *latest)

    def _live_captioner(self, header: Header) -> LiveCaptioner:
        """This take's captioner, made for its first frame."""
        if self._live is None:
            self._live = LiveCaptioner(
                self.captioner,
                header.skeleton,
                unit=self.unit or header.unit,
                up=self.up or header.up,
                joint_map=self.joint_map,
                patience=self.patience,
                facts=self.facts,
            )
        return self._live

    def _note_problem(self, text: str) -> Iterator[Event]:
        self._problems += 1
        if self._problems <= FIRST_NOTES or self._problems % 100 == 0:
            count = f" ({self._problems} such notes so far)" if self._problems > FIRST_NOTES else ""
            yield Note(text + count, self.now)


class LineListener(Protocol):
    """What narrates: a Listener, here or in a process of its own."""

    now: float

    def describe_lines(self, lines: Iterable[str | None]) -> Iterator[Event]:
        """The events of a stream."""

    def finish(self) -> Iterator[Event]:
        """The remaining events of a stream that was left in the middle."""

    def forget(self) -> None:
        """Forget the sender."""


def narrate(streams: Iterable[Stream], listener: LineListener) -> Iterator[Event]:
    """The events of one stream after another; one that cannot be described is refused, with a Note."""
    for stream in streams:
        if stream.new_sender:
            listener.forget()
        try:
            yield from listener.describe_lines(stream.lines)
        except ValueError as error:
            listener.forget()
            yield Note(str(error), listener.now)
            stream.refuse(str(error))
