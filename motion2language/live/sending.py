"""`m2l send`: a recording's lines at the recorded speed, by UDP or WebSocket."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from motion2language.live.protocol import messages
from motion2language.motion import Motion

HEADER_EVERY = 1.0  # seconds between headers sent, for receivers that start later; chosen

Emit = Callable[[str], object]


def send(motion: Motion, emit: Emit, *, speed: float = 1.0) -> None:
    """Emit a motion's lines at the recorded speed, `speed` times as fast; 0: all at once."""
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


@contextmanager
def sender_to(address: str) -> Iterator[Emit]:
    """A function that sends a line to HOST:PORT (UDP) or ws://HOST:PORT; ValueError when it cannot be reached."""
    parts = urlsplit(address if "://" in address else f"udp://{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ("udp", "ws") or not host or not port:
        raise ValueError(f"--to {address!r}: expected HOST:PORT, such as 127.0.0.1:9000, or ws://HOST:PORT")
    if parts.scheme == "ws":
        with _websocket(address) as emit:
            yield emit
        return
    try:
        family, *_, target = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            yield lambda line: sender.sendto(line.encode(), target)
    except OSError as error:
        raise ValueError(f"--to {address}: {error.strerror or error}") from None


@contextmanager
def _websocket(address: str) -> Iterator[Emit]:
    """As sender_to; at its end it waits until the receiver has read everything."""
    try:
        from websockets.exceptions import ConnectionClosed, InvalidHandshake
        from websockets.sync.client import connect
    except ModuleNotFoundError:
        raise ValueError(f"--to {address}: needs websockets: pip install 'motion2language[serve]'") from None
    lost = f"--to {address}: the receiver disconnected"
    try:
        with connect(address, compression=None, proxy=None, ping_interval=None, close_timeout=None) as connection:
            yield connection.send
    except ConnectionClosed as error:
        raise ValueError(f"--to {address}: {error.rcvd.reason}" if error.rcvd and error.rcvd.reason else lost) from None
    except (OSError, InvalidHandshake) as error:
        raise ValueError(f"--to {address}: {error}; is m2l live --websocket running there?") from None
    if connection.close_code not in (1000, 1001):
        raise ValueError(f"--to {address}: {connection.close_reason}" if connection.close_reason else lost)
