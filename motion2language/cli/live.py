"""m2l live and m2l send."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from motion2language.cli.options import Input, warn_of_strangers

if TYPE_CHECKING:
    from motion2language.live.events import Event
    from motion2language.live.listener import LineListener
    from motion2language.live.protocol import Stream
    from motion2language.server.live_page import LivePage


def live(
    *,
    model: str = "live",
    udp: int | None = None,
    websocket: int | None = None,
    serve: int | None = None,
    host: str = "127.0.0.1",
    name: Annotated[list[str] | None, Parameter(negative="")] = None,
    token: str = "",
    once: bool = False,
    json: bool = False,
    facts: bool = True,
    sure: float = 0.7,
    patience: float = 0.5,
    least: float = 0.0,
    seconds: float = 30.0,
    gigabytes: float = 2.0,
    source: Input = Input(),
) -> int:
    """Describe a motion while it happens: frames from a stream in, words out as they become final.

    Parameters
    ----------
    model
        A model that needs no future frames, such as live; or one that cuts takes, such as default, which says each
        action once it is over.
    udp
        UDP port to listen on, instead of standard input.
    websocket
        WebSocket port to listen on, instead of standard input; one sender at a time.
    serve
        Port of a page that shows the motion and the words in a browser.
    host
        Address to listen on; 0.0.0.0 accepts other machines.
    name
        Host name that clients may use, besides IP addresses and localhost; may be repeated.
    token
        A secret that pages and WebSocket senders must know: http://HOST:PORT/?token=SECRET.
    once
        Stop after the first stream, instead of waiting for the next one.
    json
        Print words, counts, pieces, sentences and notes as JSON, one per line.
    facts
        Show what was measured in each finished segment, and count what the body repeats while it does.
    sure
        Confidence at which an action is printed: the share of the sampled sentences that name it. A model that cuts
        takes does not read this, nor --patience.
    patience
        Seconds after which an action is printed at a lower confidence. Higher values of both are slower and more
        often right.
    least
        Never print actions with a confidence below this.
    seconds
        Most seconds that one line of a stream may take, with --serve, --udp or --websocket; then the stream is refused.
    gigabytes
        Most memory that describing may take, in GB, with the same options.
    source
        Unit, up axis and joint map, if the stream does not specify them.
    """
    from motion2language.live import stream
    from motion2language.live.draws import Patience
    from motion2language.live.separate import SeparateListener, load_listener

    if udp is not None and websocket is not None:
        raise ValueError("--udp and --websocket cannot be combined; give one of them")
    make = partial(
        load_listener,
        model,
        patience=Patience(sure, patience, least),
        unit=source.unit,
        up=source.up,
        joint_map=source.overrides(),
        facts=facts,
    )
    names = frozenset(name or ())
    listener: LineListener
    if serve is None and udp is None and websocket is None:  # the user's own stream
        listener, page = make(), None
    else:
        listener = SeparateListener(make, seconds, gigabytes)
        page = None if serve is None else _open_page(serve, host, names, token)
        if page:
            listener.watch = page.broadcast.show
        warn_of_strangers(host, "" if udp is not None else token)  # datagrams have no place for a token

    render = stream.as_json if json else stream.Narration(sys.stdout.isatty())
    _emit_all(_events(listener, udp, websocket, host, names, token, once, page), listener, render, page, once)
    return 0


def _emit_all(
    events: Generator[Event], listener: LineListener, render: Callable[[Event], str], page: LivePage | None, once: bool
) -> None:
    """Print the events, and show them on the page, until they end or Ctrl-C; the page then stays open unless `once`."""

    def emit(batch: Iterable[Event]) -> None:
        for event in batch:
            print(render(event), end="", flush=True)
            if page:
                page.broadcast.add(event)

    with closing(page) if page else nullcontext(), closing(events):
        try:
            emit(events)
            if page and not once:
                page.broadcast.end()
                _report("the stream has ended; the page stays open until Ctrl-C")
                threading.Event().wait()
        except KeyboardInterrupt:  # the way to stop listening
            emit(listener.finish())


def _open_page(port: int, host: str, names: frozenset[str], token: str) -> LivePage:
    """Serve the page for browsers."""
    try:
        from motion2language.server.live_page import LivePage
    except ModuleNotFoundError as error:
        raise ValueError(f"--serve needs {error.name}: pip install 'motion2language[serve]'") from None

    page = LivePage(port, host, names, token)
    shown_host = f"[{host}]" if ":" in host else host
    _report(f"live page on http://{shown_host}:{page.port}")
    return page


def _events(
    listener: LineListener,
    udp: int | None,
    websocket: int | None,
    host: str,
    names: frozenset[str],
    token: str,
    once: bool,
    page: LivePage | None,
) -> Generator[Event]:
    """The events of standard input, the UDP port or the WebSocket port."""
    from motion2language.live import stream
    from motion2language.live.listener import narrate

    if udp is not None:
        streams = stream.listen_udp(
            udp, host, once=once, ready=lambda port: _report(f"listening on {host}:{port}"), report=_report
        )
        yield from narrate(_show_ends(streams, page), listener)
    elif websocket is not None:
        yield from narrate(_show_ends(_senders(websocket, host, names, token, once), page), listener)
    else:
        if sys.stdin is None:
            raise ValueError("standard input is closed; pipe a stream into it, or give --udp or --websocket")
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")  # invalid bytes damage only their own line
        yield from listener.describe_lines(stream.read_with_stalls(sys.stdin))


def _show_ends(streams: Iterable[Stream], page: LivePage | None) -> Iterator[Stream]:
    """The streams; from the end of one to the next one's first frame the page says that it has ended."""
    for one in streams:
        yield one
        if page:
            page.broadcast.end()


def _senders(port: int, host: str, names: frozenset[str], token: str, once: bool) -> Iterator[Stream]:
    """Streams by WebSocket."""
    try:
        from motion2language.server.senders import Senders
    except ModuleNotFoundError as error:
        raise ValueError(f"--websocket needs {error.name}: pip install 'motion2language[serve]'") from None

    senders = Senders(port, host, names, _report, token)
    _report(f"listening on ws://{host}:{senders.port}")
    try:
        yield from senders.streams(once=once)
    finally:
        senders.close()


def _report(text: str) -> None:
    print(f"m2l: {text}", file=sys.stderr, flush=True)


def send(file: Path, /, *, to: str | None = None, speed: float = 1.0, source: Input = Input()) -> int:
    """Send a recording as a stream for `m2l live`, at the recorded speed.

    Parameters
    ----------
    file
        A recording.
    to
        HOST:PORT to send to by UDP, or ws://HOST:PORT by WebSocket, instead of standard output.
    speed
        Speed factor: 2 is twice as fast; 0 sends everything at once.
    source
        What the file does not specify itself.
    """
    from motion2language.live import sending

    if not 0 <= speed < float("inf"):
        raise ValueError(f"--speed {speed}: expected 0 or more")
    motion = source.read(file)
    with sending.sender_to(to) if to else nullcontext(lambda line: print(line, flush=True)) as emit:
        sending.send(motion, emit, speed=speed)
    return 0
