"""Connections: one port, opened before its address is printed, whose clients must send a request's head in time.

uvicorn waits for ever for a client that sends a byte a minute, or nothing. Here such a connection is closed. The time
for bodies and answers is in guard.py, which closes a connection by the function that is put into its scope.
"""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from motion2language.server.guard import ABORT, App, Receive, Scope, Send

HEAD = 10.0  # seconds for the head of a request, from the connection or its first byte; chosen


def listen(host: str, port: int, option: str) -> socket.socket:
    """A socket that listens; ValueError when the port is taken or cannot be one. `option` names the port's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise ValueError(f"cannot listen on {host}:{port} ({error}); choose another {option}") from None
    return listener


def make_server(app: App, **options: Any) -> uvicorn.Server:
    """A server of an app that serves patiently, but not for ever; the app's errors are in its answers alone."""
    return uvicorn.Server(
        uvicorn.Config(app, log_level="critical", access_log=False, proxy_headers=False, http=_Connection, **options)
    )


class _Connection(H11Protocol):
    """A connection of uvicorn whose next head must be complete in HEAD seconds."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, ABORT: transport.abort}, receive, send)

        self.app = with_abort  # type: ignore[assignment]
        self._begin()

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self._begin()
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        with suppress(Exception):  # a part of an answer may be out already
            body = json.dumps({"error": msg}).encode()
            self.transport.write(
                b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
                b"content-length: %d\r\n\r\n%b" % (len(body), body)
            )
        self.transport.close()

    def _begin(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(HEAD, self.transport.abort)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
