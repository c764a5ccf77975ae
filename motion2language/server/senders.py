"""Senders: motions sent live by WebSocket; one sender at a time, others are asked to try again later.

A message holds one or several of the lines that live/protocol.py reads, as text or UTF-8 bytes. A sender that is
faster than the captioner is slowed down. A silent sender is disconnected when another comes. Cross-origin requests
are blocked, as in guard.py.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from motion2language.live.protocol import LONGEST_LINE, STALL, Stream
from motion2language.server.guard import find_foreign_origin, knows_token

BUSY, UNUSABLE = 1013, 1003  # close codes of RFC 6455 and its registry: try again later, data that cannot be used
REASON = 120  # most bytes of a reason that is sent on closing; the protocol allows 123
LARGEST = 4 * LONGEST_LINE  # bytes of a message: the longest line, if every character takes four bytes
LEAVING = 1.0  # seconds a sender may wait while the previous one's last lines are read; chosen
SILENT = 10.0  # seconds of silence after which a sender makes room for another; chosen
FAREWELL = 2.0  # seconds a sender may take to confirm that its connection is closed; chosen
LOST = 60.0  # seconds a sender may take to answer a ping; chosen


class Senders:
    """A WebSocket port; `streams` gives each sender's lines in turn.

    names   host names, besides addresses and localhost, that clients may use for it
    report  called with a message when a sender connects, disconnects or is rejected
    token   what every sender must know; empty: anybody may send
    ValueError when the port cannot be opened
    """

    def __init__(
        self, port: int, host: str, names: frozenset[str], report: Callable[[str], object], token: str = ""
    ) -> None:
        self.names, self.report, self.token = names, report, token
        self._turn = threading.Lock()  # held by the current sender's thread
        self._current: _Sender | None = None
        self._next: queue.SimpleQueue[_Sender] = queue.SimpleQueue()
        try:
            self._server = serve(
                self._handle, host, port, process_request=self._check, compression=None, max_size=LARGEST,
                ping_timeout=LOST, close_timeout=FAREWELL, logger=_silent_logger(),
            )  # fmt: skip
        except (OSError, OverflowError) as error:  # OverflowError: a port above 65535
            raise ValueError(f"cannot listen on {host}:{port} ({error}); choose another --websocket") from None
        self.port = int(self._server.socket.getsockname()[1])
        threading.Thread(target=self._server.serve_forever, name="m2l-senders", daemon=True).start()

    def streams(self, *, once: bool = False) -> Iterator[Stream]:
        """The streams of one sender after another; `once`: the first stream alone."""
        while True:
            sender = self._next.get()
            self.report(f"{sender.name} connected")
            try:
                yield Stream(sender.lines(), new_sender=True, refuse=sender.refuse)
                while not (once or sender.disconnected):
                    yield Stream(sender.lines(), refuse=sender.refuse)
            finally:
                sender.connection.close()
                sender.done.set()
            self.report(f"{sender.name} disconnected{sender.reason}")
            if once:
                return

    def close(self) -> None:
        """Close the port."""
        self._server.shutdown()

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse a cross-origin request before the handshake."""
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        refusal = find_foreign_origin(headers, self.names)
        if refusal is not None:
            return connection.respond(HTTPStatus.FORBIDDEN, refusal + "\n")
        if self.token and not knows_token(headers, request.path.partition("?")[2], self.token):
            return connection.respond(
                HTTPStatus.UNAUTHORIZED, "this port asks for a token: ws://HOST:PORT/?token=...\n"
            )
        return None

    def _handle(self, connection: ServerConnection) -> None:
        """Run a sender's own thread: queue it or reject it soon; return when all its lines were read."""
        sender = _Sender(connection)
        if not (self._turn.acquire(timeout=LEAVING) or (self._end_silence() and self._turn.acquire(timeout=LEAVING))):
            self.report(f"{sender.name} rejected: another sender is connected")
            connection.close(BUSY, "another sender is connected; try again later")
            return
        self._current = sender
        self._next.put(sender)
        sender.done.wait()
        self._turn.release()

    def _end_silence(self) -> bool:
        """Disconnect the current sender if it is silent; whether it was."""
        current = self._current
        if current is None or current.silence() < SILENT:
            return False
        current.connection.close(BUSY, f"another sender connected after {SILENT:g} s of silence; try again later")
        return True


class _Sender:
    """One connection, waiting for its turn or being read."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        try:
            self.name = ":".join(map(str, connection.remote_address[:2]))
        except OSError:  # it has sent everything and disconnected already
            self.name = "a sender"
        self.done = threading.Event()
        self.disconnected = False
        self.reason = ""
        self._waiting_since: float | None = time.monotonic()  # for its next message

    def lines(self) -> Iterator[str | None]:
        """Its lines from now on, None for a stall, until it disconnects."""
        wait: float | None = None
        while not self.disconnected:
            self._waiting_since = self._waiting_since or time.monotonic()
            try:
                message = self.connection.recv(wait, decode=False)
            except TimeoutError:
                wait = None
                yield None
            except ConnectionClosed as error:
                self.disconnected = True
                if error.sent and error.sent.reason and not error.rcvd_then_sent:
                    self.reason = f": {error.sent.reason}"
            else:
                wait, self._waiting_since = STALL, None
                yield from bytes(message).decode("utf-8", errors="replace").splitlines()

    def silence(self) -> float:
        """Seconds spent waiting for its next message."""
        since = self._waiting_since
        return 0.0 if since is None else time.monotonic() - since

    def refuse(self, reason: str) -> None:
        """Close the connection with a reason."""
        if not self.disconnected:
            self.disconnected, self.reason = True, f": {reason}"
        self.connection.close(UNUSABLE, reason.encode()[:REASON].decode(errors="ignore"))


def _silent_logger() -> logging.Logger:
    """A logger that writes nothing: `report` gets what matters."""
    logger = logging.getLogger("motion2language.senders")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger
