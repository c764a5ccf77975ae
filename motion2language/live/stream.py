"""From events to what is printed, and lines that arrive by a file, such as standard input, or by UDP."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TextIO

from motion2language.live.captioner import Event, Sentence, Word
from motion2language.live.listener import STALL, Stream
from motion2language.live.protocol import read_lines
from motion2language.transcript import Transcript
from motion2language.writers import txt

DATAGRAM = 65_507  # bytes, the most UDP carries
HELD = 4_000_000  # bytes of datagrams the system is asked to hold while a sentence is worked on; chosen
OTHERS = 10  # senders of whom each is told that it is left out; chosen
WAITING = 16  # lines read and not yet heard; chosen: 16 MB of the longest lines


def as_text(event: Event) -> str:
    """A word as it is said, a sentence's segments on lines of their own, a note in brackets."""
    if isinstance(event, Word):
        return f"{event.word} "
    if isinstance(event, Sentence):
        return "\n" + "".join(f"{txt.line(segment)}\n" for segment in event.segments)
    return f"\n({event.time:.1f} s: {event.text})\n"


def as_dict(event: Event) -> dict[str, object]:
    """JSON data, with its kind: word, sentence or note."""
    data = asdict(event)
    if isinstance(event, Sentence):
        whole = Transcript(event.segments, event.end)
        data["segments"] = whole.to_dict()["segments"]
    return {"kind": type(event).__name__.lower(), **data}


def as_json(event: Event) -> str:
    """One line."""
    return json.dumps(as_dict(event), ensure_ascii=False) + "\n"


def piped(file: TextIO) -> Iterator[str | None]:
    """The lines of a file as they come, None for a stall; what reading it raises is raised here.

    A thread reads, since not every system can wait for a pipe a limited time. It is left behind where it waits.
    """
    lines: queue.Queue[str | BaseException] = queue.Queue(WAITING)
    threading.Thread(target=_read, args=(file, lines), name="m2l-lines", daemon=True).start()
    stalled = True  # nothing is said of silence before the first line
    while True:
        try:
            line = lines.get(timeout=STALL)  # limited after a stall, too: Windows notices Ctrl-C only between waits
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


def _read(file: TextIO, lines: queue.Queue[str | BaseException]) -> None:
    """Put all lines, then the empty one of the end, or what went wrong."""
    try:
        for line in read_lines(file):
            lines.put(line)
        lines.put("")
    except BaseException as error:  # handed to whoever waits for the lines
        lines.put(error)


def datagrams(
    port: int,
    host: str = "127.0.0.1",
    *,
    once: bool = False,
    ready: Callable[[int], object] = lambda _: None,
    tell: Callable[[str], object] = lambda _: None,
) -> Iterator[Stream]:
    """Streams that arrive by UDP: each until its end, of one sender, until it stalls.

    once   the first stream alone, which also ends with a stall, since an end may get lost
    ready  called with the port once listening (0 chooses a free one)
    tell   is given a sentence when datagrams of another sender are left out
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, HELD)
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:  # OverflowError: there is no such port
            raise ValueError(f"cannot listen on {host}:{port} ({error}); choose another --udp") from None
        ready(listener.getsockname()[1])
        yield Stream(_received(listener, once, tell))
        while not once:
            yield Stream(_received(listener, once, tell))


def _received(listener: socket.socket, once: bool, tell: Callable[[str], object]) -> Iterator[str | None]:
    """Lines from whoever speaks first, None once nothing came from there for a while; then from whoever speaks next."""
    heard, silent_at = None, 0.0
    others: set[object] = set()
    while True:
        listener.settimeout(None if heard is None else STALL)
        try:
            data, address = listener.recvfrom(DATAGRAM)
        except TimeoutError:
            data, address = b"", None
        if heard not in (None, address):
            if address is not None and time.monotonic() < silent_at:
                if address not in others and len(others) < OTHERS:
                    others.add(address)
                    tell(f"{_name(address)} is left out: {_name(heard)} is being heard")
                continue
            if once:
                return
            yield None
        heard = address
        yield from data.decode("utf-8", errors="replace").splitlines()
        silent_at = time.monotonic() + STALL


def _name(address: tuple[object, ...]) -> str:
    return ":".join(map(str, address[:2]))
