"""From a stream to events and from events to what is printed: the two ends of `m2l live`, and of `m2l send`."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict

from motion2language.captioner import Captioner
from motion2language.live.captioner import Event, LiveCaptioner, Note, Sentence, Word, require_live
from motion2language.live.draws import PATIENCE, Patience
from motion2language.live.protocol import Fault, Frame, Header, Item, messages
from motion2language.motion import Motion
from motion2language.transcript import Transcript
from motion2language.writers import txt

STALL = 2.0  # seconds without a datagram after which what was heard is finished; chosen
DATAGRAM = 65_507  # bytes, the most UDP carries
HEADER_EVERY = 1.0  # seconds between headers sent, so that who listens later understands; chosen


def describe(
    items: Iterable[Item],
    captioner: Captioner,
    *,
    unit: str | None = None,
    up: str | None = None,
    joint_map: Mapping[str, str] | None = None,
    patience: Patience = PATIENCE,
) -> Iterator[Event]:
    """What becomes certain as the items arrive. ValueError when the skeleton is no body."""
    require_live(captioner)
    live: LiveCaptioner | None = None
    header: Header | None = None
    now = 0.0
    for item in items:
        if isinstance(item, Fault):
            yield Note(item.text, now)
        elif isinstance(item, Header):
            if item == header:
                continue
            if live is not None:
                yield from live.finish()
                yield Note("another skeleton; a new take begins", now)
            header = item
            live = LiveCaptioner(
                captioner,
                item.skeleton,
                unit=unit or item.unit,
                up=up or item.up,
                joint_map=joint_map,
                patience=patience,
            )
        elif live is None:
            yield Note("a frame before any header; left out", now)
        else:
            now = item.time
            yield from live.feed(item.positions, item.time)
    if live is not None:
        yield from live.finish()
    if header is None:
        raise ValueError("the stream held no header; expected a BVH hierarchy or a JSON line with joints and parents")


def as_text(event: Event) -> str:
    """A word as it is said, a sentence's segments on lines of their own, a note in brackets."""
    if isinstance(event, Word):
        return f"{event.word} "
    if isinstance(event, Sentence):
        return "\n" + "".join(f"{txt.line(segment)}\n" for segment in event.segments)
    return f"\n({event.time:.1f} s: {event.text})\n"


def as_json(event: Event) -> str:
    """One line, with its kind: word, sentence or note."""
    data = asdict(event)
    if isinstance(event, Sentence):
        whole = Transcript(event.segments, event.end)
        data["segments"] = whole.to_dict()["segments"]
    return json.dumps({"kind": type(event).__name__.lower(), **data}, ensure_ascii=False) + "\n"


def datagrams(port: int, host: str = "127.0.0.1", *, ready: Callable[[int], object] = lambda _: None) -> Iterator[str]:
    """Lines that arrive by UDP, until none came for STALL seconds after the first.

    ready  called with the port once listening (0 chooses a free one)
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:  # OverflowError: there is no such port
            raise ValueError(f"cannot listen on {host}:{port} ({error}); choose another --udp") from None
        ready(listener.getsockname()[1])
        while True:
            try:
                yield listener.recv(DATAGRAM).decode("utf-8", errors="replace")
            except TimeoutError:
                return
            listener.settimeout(STALL)


def send(motion: Motion, emit: Callable[[str], object], *, speed: float = 1.0) -> None:
    """Emit a motion's lines at the pace it happened, `speed` times as fast; 0: all at once."""
    begin, last_header, header = time.perf_counter(), 0.0, ""
    for moment, line in messages(motion):
        wait = moment / speed - (time.perf_counter() - begin) if speed else 0.0
        if wait > 0:
            time.sleep(wait)
        header = header or line
        if moment - last_header >= HEADER_EVERY:
            emit(header)
            last_header = moment
        emit(line)


def udp_sender(address: str) -> Callable[[str], object]:
    """A function that sends a line to HOST:PORT; ValueError when that is no address."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"--to {address!r}: expected HOST:PORT, such as 127.0.0.1:9000")
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    target = (host, int(port))
    return lambda line: sender.sendto(line.encode(), target)


__all__ = ["Frame", "as_json", "as_text", "datagrams", "describe", "send", "udp_sender"]
