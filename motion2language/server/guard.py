"""Guard: what a request must be like before anything is done for it, and what every answer carries.

The app may stand on a machine with a browser that also shows other sites. A site whose name was pointed here (DNS
rebinding) is told apart by the Host it names, which is an address or localhost when a person asks; a site that posts
here from elsewhere by its Origin. Bodies are counted as they come.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class TooLargeError(Exception):
    """More bytes than a request may have."""


class Guard:
    """Wraps an ASGI app.

    largest  bytes a request's body may have
    names    host names beside addresses and localhost by which the app may be asked
    policy   the content security policy of every answer
    """

    def __init__(self, app: App, largest: int, names: frozenset[str], policy: str) -> None:
        self.app, self.largest, self.names = app, largest, names
        self.headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that is in order, refuse another."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        send = self._with_headers(send)
        refusal = self._refusal(headers)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        body = _Counted(receive, self.largest)
        started = False

        async def unless_too_large(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            if not body.too_large:
                started = True
                await send(message)

        with contextlib.suppress(TooLargeError):
            await self.app(scope, body, unless_too_large)
        if body.too_large and not started:
            await _answer(send, 413, self._too_large())

    def _refusal(self, headers: dict[str, str]) -> tuple[int, str] | None:
        strange = stranger(headers, self.names)
        if strange is not None:
            return 403, strange
        length = headers.get("content-length", "0")
        if not length.isdigit():
            return 400, f"content-length {length!r} is no number"
        return (413, self._too_large()) if int(length) > self.largest else None

    def _with_headers(self, send: Send) -> Send:
        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self.headers]
            await send(message)

        return with_headers

    def _too_large(self) -> str:
        return f"the request is larger than {self.largest / 1e6:g} MB, the most taken here; cut the take"


def stranger(headers: Mapping[str, str], names: frozenset[str]) -> str | None:
    """Why a request with these headers comes from elsewhere; None when it may be answered.

    names  host names beside addresses and localhost by which we may be asked
    """
    host = headers.get("host", "")
    if not _is_ours(_name(host), names):
        return f"asked for by the name {_name(host)!r}; open it by its address or as localhost"
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        return f"a page of {origin} may not use this app"
    return None


class _Counted:
    """A request's messages, until its body is larger than allowed; what reads it may make any error of that."""

    def __init__(self, receive: Receive, largest: int) -> None:
        self.receive, self.largest = receive, largest
        self.bytes = 0

    @property
    def too_large(self) -> bool:
        """Whether more came than was allowed."""
        return self.bytes > self.largest

    async def __call__(self) -> MutableMapping[str, Any]:
        message = await self.receive()
        self.bytes += len(message.get("body", b""))
        if self.too_large:
            raise TooLargeError
        return message


def _is_ours(name: str, names: frozenset[str]) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in names | {"localhost"}
    return True


def _name(host: str) -> str:
    """The name or address of a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


async def _answer(send: Send, status: int, message: str) -> None:
    body = json.dumps({"error": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
