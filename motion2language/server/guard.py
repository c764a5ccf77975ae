"""Guard: the checks on every request before it is handled, the limits, and the security headers of every response.

The app may run on a machine with a browser that also shows other sites. A site that resolves to this machine (DNS
rebinding) is recognised by its Host header, which is an address or localhost in a person's own requests; a site that
posts here from elsewhere is recognised by its Origin header. Bodies are counted as they arrive.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import json
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

PATIENCE = 20.0  # seconds in which a client sends or takes the next part of a request or an answer; chosen
SLOWEST = 10_000  # bytes a second of a request's body, on average after PATIENCE; chosen
ABORT = "motion2language.abort"  # in a scope: closes the connection at once (connections.py)
_COOKIE = "motion2language"

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
    seconds: float = 30.0  # to read and describe one recording
    gigabytes: float = 2.0  # of memory of a process that does so

    def __post_init__(self) -> None:
        if not (all(limit > 0 for limit in vars(self).values()) and self.waiting >= 1):
            raise ValueError(f"{self}: every limit must be above zero")


class RefusedError(Exception):
    """A request that is refused: an HTTP status and one sentence with the reason."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class BodyError(Exception):
    """More bytes than a request may have, or too slow ones."""


class Guard:
    """Wraps an ASGI app.

    largest  bytes a request's body may have
    names    host names, besides addresses and localhost, that clients may use for the app
    policy   the content security policy of every response
    token    what every client must know; empty: anybody may use the app
    """

    def __init__(self, app: App, largest: int, names: frozenset[str], policy: str, token: str = "") -> None:
        self.app, self.largest, self.names, self.token = app, largest, names, token
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
        if self.token and not await self._admit(scope, headers, send):
            return
        body = _LimitedBody(receive, self.largest)
        started = False

        async def in_time(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            if body.refusal is None:
                started = True
                async with asyncio.timeout(PATIENCE):
                    await send(message)

        try:
            await self.app(scope, body, in_time)
        except BodyError:
            pass
        except TimeoutError:  # the client does not read its answer
            scope.get(ABORT, lambda: None)()
            return
        except Exception as error:
            if body.refusal is None and not started:
                await _answer(send, 500, f"internal error ({type(error).__name__})")
            elif body.refusal is None:
                scope.get(ABORT, lambda: None)()
        if body.refusal is not None and not started:
            await _answer(send, *body.refusal)

    async def _admit(self, scope: Scope, headers: dict[str, str], send: Send) -> bool:
        """Whether a client knows the token; a page opened with ?token= gets it as a cookie and is opened again."""
        query = scope.get("query_string", b"").decode("latin-1")
        if knows_token(headers, "", self.token):
            return True
        if knows_token({}, query, self.token):
            if scope["method"] != "GET" or scope["path"].startswith("/api/"):
                return True
            cookie = f"{_COOKIE}={_hidden(self.token)}; HttpOnly; SameSite=Strict; Path=/"
            found = [(b"location", scope["path"].encode("latin-1", "replace")), (b"set-cookie", cookie.encode())]
            await send({"type": "http.response.start", "status": 303, "headers": [*found, (b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return False
        await _answer(send, 401, "this server asks for a token: `Authorization: Bearer TOKEN`, or ?token=TOKEN once")
        return False

    def _find_refusal(self, headers: dict[str, str]) -> tuple[int, str] | None:
        foreign = find_foreign_origin(headers, self.names)
        if foreign is not None:
            return 403, foreign
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 15:
            return 400, f"content-length {length[:20]!r} is not a number"
        return (413, _too_large(self.largest)) if int(length) > self.largest else None

    def _with_headers(self, send: Send) -> Send:
        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self.headers]
            await send(message)

        return with_headers


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


def knows_token(headers: Mapping[str, str], query: str, token: str) -> bool:
    """Whether a request has the token: in its Authorization header, its cookie or its query."""
    shown = [value for name, value in parse_qsl(query) if name == "token"]
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        shown.append(value.strip())
    cookies = [part.strip().partition("=") for part in headers.get("cookie", "").split(";")]
    hidden = [value for name, _, value in cookies if name == _COOKIE]
    return any(_same(one, token) for one in shown) or any(_same(one, _hidden(token)) for one in hidden)


def _same(first: str, second: str) -> bool:
    return hmac.compare_digest(first.encode("utf-8", "replace"), second.encode("utf-8", "replace"))


def _hidden(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def client_of(peer: str, forwarded: str, proxies: frozenset[str]) -> str:
    """The address that takes a place in the queue: the connection's, or what a named proxy says of its client.

    forwarded  the header X-Forwarded-For, to which each proxy adds the address that it sees
    """
    for address in reversed([part.strip() for part in forwarded.split(",")] if peer in proxies else []):
        if address and address not in proxies:
            return address
    return peer


def _too_large(largest: int) -> str:
    return f"the request is larger than the limit of {largest / 1e6:g} MB; cut the recording"


class _LimitedBody:
    """A request's messages, until its body is too large or too slow; the app that reads it may raise any error then."""

    def __init__(self, receive: Receive, largest: int) -> None:
        self.receive, self.largest = receive, largest
        self.refusal: tuple[int, str] | None = None
        self.bytes = 0
        self.begun = time.monotonic()
        self.whole = False

    async def __call__(self) -> MutableMapping[str, Any]:
        if self.whole:  # what comes now is the end of the connection, whenever that is
            return await self.receive()
        left = self.begun + PATIENCE + self.bytes / SLOWEST - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(left, PATIENCE))):
                message = await self.receive()
        except TimeoutError:
            self.refusal = 408, f"the request came too slowly: less than {SLOWEST / 1000:g} kB a second"
            raise BodyError from None
        self.bytes += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self.bytes > self.largest:
            self.refusal = 413, _too_large(self.largest)
            raise BodyError
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
