"""A listener in a process of its own, so that no stream holds up the program or fills its memory.

A stream is a stranger's. The process asks for each line once it has done with the one before. When it takes too long
for a line, or too much memory, it is ended with all that it holds: that sender is refused, another process takes its
place, and the next sender is served. On Linux it ends with its parent, even in the middle of a line.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from motion2language.captioning.recordings import load_captioner
from motion2language.captioning.workers import end_process, end_with_parent, limit_memory, one_thread, to_send
from motion2language.live.events import Event
from motion2language.live.listener import Listener, Watch
from motion2language.motion import Skeleton

STARTING = 60.0  # seconds in which the process must load its model; chosen

# What the process sends, each with a value: it has its model, or not; it wants the next line; what the Listener gives;
# the end of the stream, or why it is refused.
READY, FAILED, ASK, EVENT, FRAME, WARNING, END, REFUSED = range(8)


def load_listener(model: str, watch: Watch | None = None, **options: Any) -> Listener:
    """The Listener of a model's name or folder; options as a Listener's."""
    return Listener(load_captioner(model, "cpu"), watch=watch, **options)


class SeparateListener:
    """Captions the lines of one sender after another, as a Listener does.

    make       makes the Listener in its process; called with the Listener's watch
    seconds    of one line at most
    gigabytes  of memory at most; no limit on Windows

    `watch` may be set to what a Listener's watch is.
    What `make` raises is raised here. ValueError for a limit that is not above zero.
    """

    def __init__(self, make: Callable[[Watch], Listener], seconds: float, gigabytes: float) -> None:
        if not (seconds > 0 and gigabytes > 0):
            raise ValueError(f"{seconds:g} seconds and {gigabytes:g} gigabytes: both must be above zero")
        self.make, self.seconds, self.gigabytes = make, seconds, gigabytes
        self.watch: Watch | None = None
        self.now = 0.0
        self._skeleton: Skeleton | None = None
        self._forget = False
        self._start()
        try:
            self._require_ready()
        except BaseException:
            self.close()
            raise

    def describe_lines(self, lines: Iterable[str | None]) -> Iterator[Event]:
        """The events of a stream, as its lines arrive.

        ValueError when its skeleton is not a human body, when it takes too long or more memory than allowed, and when
        the process dies.
        """
        if not self._process.is_alive():
            self._restart()
        self._require_ready()
        with suppress(OSError):  # it dies, as _receive reports
            self._connection.send(self._forget)
        self._deadline = time.monotonic() + self.seconds
        self._forget, self._open = False, True
        yield from self._answer(iter(lines))

    def finish(self) -> Iterator[Event]:
        """The remaining events of a stream that was left in the middle."""
        with suppress(ValueError):  # what is wrong with it matters no longer
            if self._open:
                yield from self._answer(iter(()))

    def forget(self) -> None:
        """Forget the sender, before the next stream."""
        self._forget = True

    def close(self) -> None:
        """End the process."""
        end_process(self._process)
        self._connection.close()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        arguments = (other, self.make, int(1e9 * self.gigabytes))
        self._process = context.Process(target=_serve, args=arguments, name="m2l-listener", daemon=True)
        with one_thread():
            self._process.start()
        other.close()
        self._ready = self._open = self._asked = False
        self._deadline = time.monotonic() + STARTING

    def _restart(self) -> None:
        self.close()
        self._start()

    def _require_ready(self) -> None:
        """Wait until the process has its model; raises what it raises."""
        if self._ready:
            return
        kind, value = self._receive()
        if kind == FAILED:
            raise value
        self._ready = True

    def _answer(self, lines: Iterator[str | None]) -> Iterator[Event]:
        """Give the process the lines that it asks for, until the stream ends; its events."""
        while True:
            if self._asked:
                line = list(islice(lines, 1))  # none at the end
                self._deadline = time.monotonic() + self.seconds
                with suppress(OSError):
                    self._connection.send(line)
                self._asked = False
            kind, value = self._receive()
            if kind == ASK:
                self._asked = True
            elif kind == EVENT:
                yield value
            elif kind == FRAME:
                self._show(*value)
            elif kind == WARNING:
                warnings.warn(value[0], value[1], stacklevel=2)
            elif kind in (END, REFUSED):
                self._open = self._asked = False
                self.now, reason = value
                if kind == REFUSED:
                    raise ValueError(reason)
                return

    def _show(self, skeleton: Skeleton | None, positions: np.ndarray, moment: float) -> None:
        self._skeleton = skeleton or self._skeleton
        if self.watch is not None and self._skeleton is not None:
            self.watch(self._skeleton, positions, moment)

    def _receive(self) -> tuple[int, Any]:
        """What the process sends next; ValueError, and another process, when it is late or ends."""
        try:
            if self._connection.poll(max(0.0, self._deadline - time.monotonic())):
                kind, value = self._connection.recv()
                if not isinstance(value, MemoryError):
                    return kind, value
                reason = f"needs more than {self.gigabytes:g} GB of memory"
            else:
                reason = f"a line takes more than {self.seconds:g} s"
        except (EOFError, OSError):
            reason = "the process that describes it died; was it killed for its memory?"
        what = "the stream cannot be described" if self._ready else "the model cannot be loaded"
        self._restart()
        raise ValueError(f"{what}: {reason}")


# In the process


def _serve(connection: Connection, make: Callable[[Watch], Listener], memory: int) -> None:
    """What the process runs: one stream after another, until its parent closes the connection."""
    end_with_parent()
    limit_memory(memory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    with suppress(EOFError, OSError):
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, category, *_: connection.send((WARNING, (str(message), category)))
        try:
            listener = make(_send_frames(connection))
        except Exception as error:
            connection.send((FAILED, to_send(error, ValueError)))
            return
        connection.send((READY, None))
        while True:
            if connection.recv():
                listener.forget()
            connection.send(_describe(listener, connection))


def _describe(listener: Listener, connection: Connection) -> tuple[int, Any]:
    """Send the events of a stream; the last message on it."""
    try:
        for event in listener.describe_lines(_ask_for_lines(connection)):
            connection.send((EVENT, event))
    except MemoryError:
        return REFUSED, MemoryError()
    except (OSError, EOFError):
        raise
    except ValueError as error:
        return REFUSED, (listener.now, str(error))
    except Exception as error:
        return REFUSED, (listener.now, f"the stream cannot be described ({type(error).__name__}: {error})")
    return END, (listener.now, "")


def _ask_for_lines(connection: Connection) -> Iterator[str | None]:
    while True:
        connection.send((ASK, None))
        line = connection.recv()
        if not line:
            return
        yield line[0]


def _send_frames(connection: Connection) -> Watch:
    """A watch that sends each frame, and the skeleton where it is another."""
    latest: Skeleton | None = None

    def send(skeleton: Skeleton, positions: np.ndarray, moment: float) -> None:
        nonlocal latest
        connection.send((FRAME, (None if skeleton is latest else skeleton, positions, moment)))
        latest = skeleton

    return send
