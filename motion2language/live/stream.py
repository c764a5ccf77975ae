"""From events to what is printed, and lines that arrive by UDP."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict

from motion2language.live.captioner import Event, Sentence, Word
from motion2language.live.listener import STALL, Stream
from motion2language.transcript import Transcript
from motion2language.writers import txt

DATAGRAM = 65_507  # bytes, the most UDP carries


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


def datagrams(
    port: int, host: str = "127.0.0.1", *, once: bool = False, ready: Callable[[int], object] = lambda _: None
) -> Iterator[Stream]:
    """Streams that arrive by UDP: each until its end.

    once   the first stream alone, which also ends with a stall, since an end may get lost
    ready  called with the port once listening (0 chooses a free one)
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:  # OverflowError: there is no such port
            raise ValueError(f"cannot listen on {host}:{port} ({error}); choose another --udp") from None
        ready(listener.getsockname()[1])
        yield Stream(_received(listener, once))
        while not once:
            yield Stream(_received(listener, once))


def _received(listener: socket.socket, once: bool) -> Iterator[str | None]:
    listener.settimeout(None)
    while True:
        try:
            data = listener.recv(DATAGRAM)
        except TimeoutError:
            if once:
                return
            listener.settimeout(None)
            yield None
        else:
            listener.settimeout(STALL)
            yield from data.decode("utf-8", errors="replace").splitlines()
