"""m2l live and m2l send."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from motion2language.cli.options import Input, load

if TYPE_CHECKING:
    from motion2language.live.captioner import Event
    from motion2language.live.listener import Listener, Stream
    from motion2language.server.live_page import LivePage


def live(
    *,
    model: str = "live",
    udp: int | None = None,
    websocket: int | None = None,
    serve: int | None = None,
    host: str = "127.0.0.1",
    name: Annotated[list[str] | None, Parameter(negative="")] = None,
    once: bool = False,
    json: bool = False,
    sure: float = 0.7,
    patience: float = 0.5,
    least: float = 0.0,
    source: Input = Input(),
) -> int:
    """Describe a motion while it happens: frames from a stream, words as they become certain.

    Parameters
    ----------
    model
        A model that needs nothing of the future, as live is.
    udp
        Listen on this UDP port instead of standard input.
    websocket
        Listen on this WebSocket port instead of standard input; one sender is heard at a time.
    serve
        Show the motion and the words on a page at this port, for a browser.
    host
        Address to listen on; 0.0.0.0 hears other machines.
    name
        A host name by which others may ask; once for each. Addresses and localhost always may.
    once
        End with the first stream, instead of hearing one after another on a port.
    json
        Print a JSON line for each word, sentence and note.
    sure
        An action is said as soon as this share of the sentences drawn names it,
    patience
        or this many seconds after the first of them named one. More of both is later and more often right.
    least
        An action that a smaller share of them names is not said at all.
    source
        What the stream cannot say itself: unit, up axis, joint map.
    """
    from motion2language.live import Listener, Patience, stream

    if udp is not None and websocket is not None:
        raise ValueError("--udp and --websocket: listen on one of them")
    captioner = load(model, "cpu", None)
    names = frozenset(name or ())
    page = None if serve is None else _page(serve, host, names)
    listener = Listener(
        captioner,
        unit=source.unit,
        up=source.up,
        joint_map=source.overrides(),
        patience=Patience(sure, patience, least),
        watch=page.broadcast.show if page else None,
    )
    render = stream.as_json if json else stream.as_text

    def say(events: Iterator[Event]) -> None:
        for event in events:
            print(render(event), end="", flush=True)
            if page:
                page.broadcast.say(event)

    with (
        closing(page) if page else nullcontext(),
        closing(_events(listener, udp, websocket, host, names, once)) as events,
    ):
        try:
            say(events)
            if page and not once:
                page.broadcast.end()
                _tell("the stream has ended; the page stays until Ctrl-C")
                threading.Event().wait()
        except KeyboardInterrupt:  # how listening ends
            say(listener.finish())
    return 0


def _page(port: int, host: str, names: frozenset[str]) -> LivePage:
    """The page for browsers."""
    try:
        from motion2language.server.live_page import LivePage
    except ModuleNotFoundError as error:
        raise ValueError(f"--serve needs {error.name}: pip install 'motion2language[serve]'") from None

    page = LivePage(port, host, names)
    shown = f"[{host}]" if ":" in host else host
    _tell(f"showing it on http://{shown}:{page.port}")
    return page


def _events(
    listener: Listener, udp: int | None, websocket: int | None, host: str, names: frozenset[str], once: bool
) -> Generator[Event]:
    """What becomes certain of whatever is listened to."""
    from motion2language.live import narrate, stream
    from motion2language.live.protocol import parse

    if udp is not None:
        streams = stream.datagrams(
            udp, host, once=once, ready=lambda port: _tell(f"listening on {host}:{port}"), tell=_tell
        )
        yield from narrate(streams, listener)
    elif websocket is not None:
        yield from narrate(_senders(websocket, host, names, once), listener)
    else:
        if sys.stdin is None:
            raise ValueError("standard input is closed; pipe a stream into it, or give --udp or --websocket")
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")  # bytes that are no text spoil their line alone
        yield from listener.describe(parse(stream.piped(sys.stdin)))


def _senders(port: int, host: str, names: frozenset[str], once: bool) -> Iterator[Stream]:
    """Streams by WebSocket."""
    try:
        from motion2language.server.senders import Senders
    except ModuleNotFoundError as error:
        raise ValueError(f"--websocket needs {error.name}: pip install 'motion2language[serve]'") from None

    senders = Senders(port, host, names, _tell)
    _tell(f"listening on ws://{host}:{senders.port}")
    try:
        yield from senders.streams(once=once)
    finally:
        senders.close()


def _tell(text: str) -> None:
    print(f"m2l: {text}", file=sys.stderr, flush=True)


def send(file: Path, /, *, to: str | None = None, speed: float = 1.0, source: Input = Input()) -> int:
    """Play a recording as a stream that `m2l live` reads, at the pace it happened.

    Parameters
    ----------
    file
        A recording.
    to
        HOST:PORT to send to by UDP, or ws://HOST:PORT by WebSocket, instead of standard output.
    speed
        How many times as fast; 0 is all at once.
    source
        What the file cannot say itself.
    """
    from motion2language.live import sending

    if not 0 <= speed < float("inf"):
        raise ValueError(f"--speed {speed}: give a number from 0")
    motion = source.read(file)
    with sending.sender_to(to) if to else nullcontext(lambda line: print(line, flush=True)) as emit:
        sending.send(motion, emit, speed=speed)
    return 0
