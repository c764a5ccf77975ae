"""Senders: who sends a motion while it happens, by WebSocket; one is heard at a time, another is told to wait.

A message holds one line or several of what live/protocol.py reads, as text or UTF-8 bytes. What comes faster than it
is heard waits at the sender. Who is silent when another comes is let go. Pages of other sites are not heard, as in
guard.py.
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

from motion2language.live.listener import STALL, Stream
from motion2language.live.protocol import LONGEST_LINE
from motion2language.server.guard import stranger

BUSY, UNUSABLE = 1013, 1003  # close codes of RFC 6455 and its registry: try again later, data that cannot be used
REASON = 120  # bytes of a close frame's reason; 123 fit
LARGEST = 4 * LONGEST_LINE  # bytes of a message: a line of the most characters, each of the most bytes
LEAVING = 1.0  # seconds a sender may wait for the one before, of whom the last lines are still being heard; chosen
SILENT = 10.0  # seconds of silence after which a sender's place is another's who comes; chosen
FAREWELL = 2.0  # seconds a sender may take to answer that it is no longer heard; chosen
LOST = 60.0  # seconds a sender may take to answer a ping; chosen


class Senders:
    """A WebSocket port; `streams` gives each sender's lines in turn.

    names  host names beside addresses and localhost by which it may be asked
    tell   is given a sentence when a sender comes, goes or is turned away
    ValueError when the port cannot be had
    """

    def __init__(self, port: int, host: str, names: frozenset[str], tell: Callable[[str], object]) -> None:
        self.names, self.tell = names, tell
        self._place = threading.Lock()  # held while a sender is heard
        self._heard: _Sender | None = None
        self._next: queue.SimpleQueue[_Sender] = queue.SimpleQueue()
        try:
            self._server = serve(
                self._meet, host, port, process_request=self._check, compression=None, max_size=LARGEST,
                ping_timeout=LOST, close_timeout=FAREWELL, logger=_silent(),
            )  # fmt: skip
        except (OSError, OverflowError) as error:  # OverflowError: there is no such port
            raise ValueError(f"cannot listen on {host}:{port} ({error}); choose another --websocket") from None
        self.port = int(self._server.socket.getsockname()[1])
        threading.Thread(target=self._server.serve_forever, name="m2l-senders", daemon=True).start()

    def streams(self, *, once: bool = False) -> Iterator[Stream]:
        """The streams of one sender after another; `once`: the first stream alone."""
        while True:
            sender = self._next.get()
            self.tell(f"{sender.name} is heard")
            try:
                yield Stream(sender.lines(), another=True, refuse=sender.refuse)
                while not (once or sender.gone):
                    yield Stream(sender.lines(), refuse=sender.refuse)
            finally:
                sender.connection.close()
                sender.done.set()
            self.tell(f"{sender.name} is gone{sender.why}")
            if once:
                return

    def close(self) -> None:
        """Hear nobody any more."""
        self._server.shutdown()

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse a page of another site before the handshake."""
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        refusal = stranger(headers, self.names)
        return None if refusal is None else connection.respond(HTTPStatus.FORBIDDEN, refusal + "\n")

    def _meet(self, connection: ServerConnection) -> None:
        """A sender's own thread: its turn soon or not at all; it ends when the sender was heard."""
        sender = _Sender(connection)
        if not (self._place.acquire(timeout=LEAVING) or (self._end_silence() and self._place.acquire(timeout=LEAVING))):
            self.tell(f"{sender.name} was turned away: another is being heard")
            connection.close(BUSY, "another sender is being heard; try again later")
            return
        self._heard = sender
        self._next.put(sender)
        sender.done.wait()
        self._place.release()

    def _end_silence(self) -> bool:
        """Let go who is heard but says nothing; whether there was such a one."""
        heard = self._heard
        if heard is None or heard.silence() < SILENT:
            return False
        heard.connection.close(BUSY, f"another sender came after {SILENT:g} s of silence; try again later")
        return True


class _Sender:
    """One connection being heard."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        try:
            self.name = ":".join(map(str, connection.remote_address[:2]))
        except OSError:  # it said all it had to say and went
            self.name = "a quick sender"
        self.done = threading.Event()
        self.gone = False
        self.why = ""
        self._awaited: float | None = time.monotonic()  # since when its next message is

    def lines(self) -> Iterator[str | None]:
        """Its lines from now on, None for a stall, until it is gone."""
        wait: float | None = None
        while not self.gone:
            self._awaited = self._awaited or time.monotonic()
            try:
                message = self.connection.recv(wait, decode=False)
            except TimeoutError:
                wait = None
                yield None
            except ConnectionClosed as error:
                self.gone = True
                if error.sent and error.sent.reason and not error.rcvd_then_sent:
                    self.why = f": {error.sent.reason}"
            else:
                wait, self._awaited = STALL, None
                yield from bytes(message).decode("utf-8", errors="replace").splitlines()

    def silence(self) -> float:
        """Seconds for which its next message has been waited for."""
        awaited = self._awaited
        return 0.0 if awaited is None else time.monotonic() - awaited

    def refuse(self, reason: str) -> None:
        """Close the connection and say why."""
        if not self.gone:
            self.gone, self.why = True, f": {reason}"
        self.connection.close(UNUSABLE, reason.encode()[:REASON].decode(errors="ignore"))


def _silent() -> logging.Logger:
    """A logger that writes nothing: what matters is told."""
    logger = logging.getLogger("motion2language.senders")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger
