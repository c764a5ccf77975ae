"""Input and output of `m2l live`: lines from a file, such as standard input, or by UDP; events as text or JSON."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TextIO

from motion2language.live.events import Count, Event, Piece, Sentence, Word
from motion2language.live.protocol import STALL, Stream, read_lines
from motion2language.transcript import Transcript
from motion2language.writers import txt

DATAGRAM = 65_507  # bytes, the most UDP carries
RECEIVE_BUFFER = 4_000_000  # bytes of datagrams that the system should hold while a sentence is computed; chosen
REPORTED_SENDERS = 10  # ignored senders that are each reported; chosen
READ_AHEAD = 16  # lines read ahead of the captioner; chosen: 16 MB of the longest lines


def as_text(event: Event) -> str:
    """A word with a space, a count after a dot, the segments of a sentence with their facts, a note in brackets.

    Nothing for a piece.
    """
    if isinstance(event, Word):
        return f"{event.word} "
    if isinstance(event, Count):
        return f"· {event.count} "
    if isinstance(event, Sentence):
        return "\n" + txt.with_facts(Transcript(event.segments, event.end))
    if isinstance(event, Piece):
        return ""  # its words were said, and its line comes with the sentence
    return f"\n({event.time:.1f} s: {event.text})\n"


class Narration:
    """Events as text for people, one after another: counts stand behind the words, never between them.

    in_place  whether a terminal shows the text: then a count appears as soon as it is known, and moves on behind each
              word that follows. Else the counts follow the last word, one for each movement that was repeated.
    """

    def __init__(self, in_place: bool) -> None:
        self._in_place = in_place
        self._counts: list[int] = []
        self._shown = ""  # of the counts, behind the cursor's line

    def __call__(self, event: Event) -> str:
        """What to print for an event."""
        if isinstance(event, Count):
            if self._counts and event.count > self._counts[-1]:
                self._counts.pop()
            self._counts.append(event.count)
            return self._behind("") if self._in_place else ""
        text = as_text(event)
        if isinstance(event, Word):
            return self._behind(text)
        if text:
            text = self._behind("", always=True).removesuffix(" ") + text
            self._counts, self._shown = [], ""
        return text

    def _behind(self, words: str, always: bool = False) -> str:
        """The words in the place of the counts, and the counts behind them."""
        back = len(self._shown)
        erased = "\b" * back + " " * back + "\b" * back
        self._shown = "".join(f"· {count} " for count in self._counts) if self._in_place or always else ""
        return erased + words + self._shown


def as_dict(event: Event) -> dict[str, object]:
    """JSON data, with its kind: word, piece, count, sentence or note."""
    data = asdict(event)
    if isinstance(event, Sentence):
        whole = Transcript(event.segments, event.end)
        data["segments"] = whole.to_dict()["segments"]
    if isinstance(event, Piece):
        end = max([event.segment.end, *(word.end for word in event.segment.words)])
        data["segment"] = Transcript((event.segment,), end).to_dict()["segments"][0]
    return {"kind": type(event).__name__.lower(), **data}


def as_json(event: Event) -> str:
    """One line of JSON."""
    return json.dumps(as_dict(event), ensure_ascii=False) + "\n"


def read_with_stalls(file: TextIO) -> Iterator[str | None]:
    """The lines of a file as they come, None for a stall; errors while reading are raised here.

    A thread reads, since not every system can wait for a pipe with a timeout. The thread is abandoned while it waits.
    """
    lines: queue.Queue[str | BaseException] = queue.Queue(READ_AHEAD)
    threading.Thread(target=_read_into, args=(lines, file), name="m2l-lines", daemon=True).start()
    stalled = True  # silence before the first line is not a stall
    while True:
        try:
            line = lines.get(timeout=STALL)  # also after a stall: Windows notices Ctrl-C only between waits
        except queue.Empty:
            if not stalled:
                yield None
            stalled = True
            continue
        if isinstance(line, BaseException):
            raise line
        if not line:
            return
        stalled = False
        yield line


def _read_into(lines: queue.Queue[str | BaseException], file: TextIO) -> None:
    """Put all lines into the queue, then the empty one that marks the end, or the error."""
    try:
        for line in read_lines(file):
            lines.put(line)
        lines.put("")
    except BaseException as error:  # the reader of the queue raises it
        lines.put(error)


def listen_udp(
    port: int,
    host: str = "127.0.0.1",
    *,
    once: bool = False,
    ready: Callable[[int], object] = lambda _: None,
    report: Callable[[str], object] = lambda _: None,
) -> Iterator[Stream]:
    """Streams that arrive by UDP: each until its end, from one sender, until that stalls.

    once    the first stream alone, which also ends with a stall, since its end may get lost
    ready   called with the port once listening (0 chooses a free one)
    report  called with a message when another sender's datagrams are ignored
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:  # OverflowError: a port above 65535
            raise ValueError(f"cannot listen on {host}:{port} ({error}); choose another --udp") from None
        ready(listener.getsockname()[1])
        yield Stream(_receive(listener, once, report))
        while not once:
            yield Stream(_receive(listener, once, report))


def _receive(listener: socket.socket, once: bool, report: Callable[[str], object]) -> Iterator[str | None]:
    """Lines of the first sender, None once it stalls; then of the next one to send."""
    current, silent_at = None, 0.0
    ignored: set[object] = set()
    while True:
        listener.settimeout(None if current is None else STALL)
        try:
            data, address = listener.recvfrom(DATAGRAM)
        except TimeoutError:
            data, address = b"", None
        if current not in (None, address):
            if address is not None and time.monotonic() < silent_at:
                if address not in ignored and len(ignored) < REPORTED_SENDERS:
                    ignored.add(address)
                    report(f"{_name(address)} ignored: receiving from {_name(current)}")
                continue
            if once:
                return
            yield None
        current = address
        yield from data.decode("utf-8", errors="replace").splitlines()
        silent_at = time.monotonic() + STALL


def _name(address: tuple[object, ...]) -> str:
    return ":".join(map(str, address[:2]))
