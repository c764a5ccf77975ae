"""Guard: the checks on every request before it is handled, the limits, and the security headers of every response.

The app may run on a machine with a browser that also shows other sites. A site that resolves to this machine (DNS
rebinding) is recognised by its Host header, which is an address or localhost in a person's own requests; a site that
posts here from elsewhere is recognised by its Origin header. Bodies are counted as they arrive.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Limits:
    """How much the app accepts; all chosen, all options of `m2l serve`."""

    megabytes: float = 64.0  # of one request
    minutes: float = 10.0  # of one recording
    waiting: int = 1000  # recordings in the queue, of all clients together
    waiting_megabytes: float = 512.0  # of these together

    def __post_init__(self) -> None:
        if not (self.megabytes > 0 and self.minutes > 0 and self.waiting >= 1 and self.waiting_megabytes > 0):
            raise ValueError(f"{self}: every limit must be above zero")


class RefusedError(Exception):
    """A request that is refused: an HTTP status and one sentence with the reason."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class TooLargeError(Exception):
    """More bytes than a request may have."""


class Guard:
    """Wraps an ASGI app.

    largest  bytes a request's body may have
    names    host names, besides addresses and localhost, that clients may use for the app
    policy   the content security policy of every response
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
        """Serve a request that passes the checks, refuse another."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        send = self._with_headers(send)
        refusal = self._find_refusal(headers)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        body = _LimitedBody(receive, self.largest)
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

    def _find_refusal(self, headers: dict[str, str]) -> tuple[int, str] | None:
        foreign = find_foreign_origin(headers, self.names)
        if foreign is not None:
            return 403, foreign
        length = headers.get("content-length", "0")
        if not length.isdigit():
            return 400, f"content-length {length!r} is not a number"
        return (413, self._too_large()) if int(length) > self.largest else None

    def _with_headers(self, send: Send) -> Send:
        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self.headers]
            await send(message)

        return with_headers

    def _too_large(self) -> str:
        return f"the request is larger than the limit of {self.largest / 1e6:g} MB; cut the recording"


def find_foreign_origin(headers: Mapping[str, str], names: frozenset[str]) -> str | None:
    """Why a request with these headers is refused as another site's; None when it is not.

    names  host names, besides addresses and localhost, that clients may use
    """
    host = headers.get("host", "")
    if not _is_own_name(_host_name(host), names):
        return f"unknown host name {_host_name(host)!r}; use the IP address or localhost, or allow the name with --name"
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        return f"cross-origin request from {origin} blocked"
    return None


class _LimitedBody:
    """A request's messages, until its body exceeds the limit; the app that reads it may raise any error then."""

    def __init__(self, receive: Receive, largest: int) -> None:
        self.receive, self.largest = receive, largest
        self.bytes = 0

    @property
    def too_large(self) -> bool:
        """Whether more came than is allowed."""
        return self.bytes > self.largest

    async def __call__(self) -> MutableMapping[str, Any]:
        message = await self.receive()
        self.bytes += len(message.get("body", b""))
        if self.too_large:
            raise TooLargeError
        return message


def _is_own_name(name: str, names: frozenset[str]) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in names | {"localhost"}
    return True


def _host_name(host: str) -> str:
    """The name or address in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


async def _answer(send: Send, status: int, message: str) -> None:
    body = json.dumps({"error": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
