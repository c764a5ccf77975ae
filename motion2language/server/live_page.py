"""The live page: a web page that shows a motion while it happens, with its captions.

The page is one HTML file with its scripts and style; the player's scripts draw the body. /events is a stream of
server-sent events from a Broadcast, JSON with a `kind`: `state`, `body`, `frame`, `word`, `piece`, `count`,
`sentence`, `note` or `lost`. Guarded like the web app.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from motion2language.server.app import ASSETS, KINDS
from motion2language.server.broadcast import Broadcast, PageFrame
from motion2language.server.connections import listen, make_server
from motion2language.server.guard import App, Guard, Receive, Scope, Send
from motion2language.viewer.document import ASSETS as VIEWER

PARTS = {
    path.name: path
    for path in (
        *(ASSETS / name for name in ("live.css", "live.js")),
        *(
            VIEWER / name
            for name in ("player.css", "data.js", "body.js", "view.js", "controls.js", "three/three.min.js")
        ),
    )
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
TICK = 1 / 60  # seconds between looks for new data, so that a page shows at most 60 frames per second; chosen
PULSE = 1.0  # seconds between messages on the stream's state; chosen
PAGES = 32  # connected at once; chosen
BODY = 1000  # bytes a request's body may have; the page sends none


def create_live_app(broadcast: Broadcast, names: frozenset[str] = frozenset(), token: str = "") -> App:
    """The live page as ASGI; `names` and `token` as in Guard."""
    app = FastAPI(title="motion2language live", openapi_url=None, docs_url=None, redoc_url=None)
    watching: set[object] = set()

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse((ASSETS / "live.html").read_text(encoding="utf-8"))

    @app.get("/assets/{name}")
    def asset(name: str) -> Response:
        if name not in PARTS:
            return JSONResponse({"error": "no such page"}, 404)
        path = PARTS[name]
        return Response(path.read_text(encoding="utf-8"), media_type=KINDS[path.suffix])

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail).lower()}, error.status_code)

    @app.get("/events")
    async def events(
        request: Request,
    ) -> Response:  # on the loop's own thread, so that no two pages are counted at once
        if len(watching) >= PAGES:
            return JSONResponse({"error": f"{PAGES} pages are already open; close one"}, 503)
        run, _, number = request.headers.get("last-event-id", request.query_params.get("after", "")).partition("-")
        since = int(number) if run == broadcast.run and number.isdecimal() and len(number) < 16 else 0
        return _Watched(_messages(broadcast, since), watching)

    return Guard(app, BODY, names, POLICY, token)


class _Watched(StreamingResponse):
    """A stream of events that is counted from now until it ends, however that is."""

    def __init__(self, messages: AsyncIterator[str], watching: set[object]) -> None:
        super().__init__(messages, media_type="text/event-stream")
        self.watching = watching
        watching.add(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.watching.discard(self)


async def _messages(broadcast: Broadcast, known: int) -> AsyncIterator[str]:
    """Server-sent events for one page that knows the events up to number `known`, as long as it reads them."""
    shown: PageFrame | None = None
    pulse = -PULSE
    while not broadcast.closed:
        now = time.monotonic()
        if now - pulse >= PULSE:
            pulse = now
            yield _message(json.dumps(broadcast.state()))
        events, lost = broadcast.events_since(known)
        if lost:
            yield _message(json.dumps({"kind": "lost", "count": lost}))
        for number, text in events:
            known = number
            yield _message(text, f"{broadcast.run}-{number}")
        frame = broadcast.frame
        if frame is not None and frame is not shown:
            if shown is None or frame.body is not shown.body:
                yield _message(json.dumps(frame.body))
            shown = frame
            yield _message(json.dumps(frame.to_dict(), separators=(",", ":")))
        await asyncio.sleep(TICK)


def _message(data: str, number: str | None = None) -> str:
    return (f"id: {number}\n" if number else "") + f"data: {data}\n\n"


class LivePage:
    """Serves the page of `broadcast` on a port, in a thread of its own. ValueError when the port cannot be opened."""

    def __init__(
        self, port: int, host: str = "127.0.0.1", names: frozenset[str] = frozenset(), token: str = ""
    ) -> None:
        self.broadcast = Broadcast()
        listener = listen(host, port, "--serve")  # now, so that the address works as soon as it is printed
        self.port = int(listener.getsockname()[1])
        app = create_live_app(self.broadcast, names, token)
        self._server = make_server(app, lifespan="off", timeout_graceful_shutdown=1)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="m2l-page", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Disconnect all pages and stop."""
        self.broadcast.close()
        self._server.should_exit = True
        self._thread.join(timeout=5)
