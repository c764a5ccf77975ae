"""The app's addresses: the page, its parts, and the API under /api."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, File, Form, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

import motion2language
from motion2language import viewer
from motion2language.formats.reading import ReadOptions
from motion2language.server.describe import Describer, DescribeRequest, forms
from motion2language.server.guard import App, Guard, Limits, RefusedError, client_of
from motion2language.server.jobs import Job, JobQueue
from motion2language.server.reference import reference
from motion2language.server.team import Team
from motion2language.server.uploads import Upload

if TYPE_CHECKING:
    from motion2language.captioning.captioner import Captioner

ASSETS = Path(__file__).parent / "assets"
KINDS = {".css": "text/css", ".js": "text/javascript", ".html": "text/html"}
SMALL = 2_000_000  # bytes of a recording that may be described together with others, which wait for it; chosen
WATCH = 0.1  # seconds between checks whether the client is still connected; chosen
_STATUSES = {
    400: "The request is malformed",
    401: "The server asks for a token",
    403: "Another site's request, or an unknown host name",
    408: "The request came too slowly",
    413: "The request is too large",
    422: "The recording or an option is invalid, or the recording takes too much time or memory",
    500: "An error of the server",
    503: "Too many recordings are waiting",
}
_ERROR: dict[str, Any] = {
    "content": {"application/json": {"schema": {
        "type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]
    }}}
}  # fmt: skip
LINES = (
    "application/x-ndjson"  # a client that accepts this gets the changes of its request's status, one line of JSON each
)


def create_app(
    models: Mapping[str, Callable[[], Captioner]],
    limits: Limits,
    names: frozenset[str] = frozenset(),
    processes: int = 0,
    *,
    token: str = "",
    proxies: frozenset[str] = frozenset(),
) -> App:
    """The app as ASGI.

    models     name -> the function that loads it; the first is the default; each is loaded at its first use
    names      host names, besides addresses and localhost, that clients may use
    processes  that describe recordings, one each at a time, for which the functions of `models` are pickled; 0: this
               process does so, one recording at a time, without the limits of time and memory
    token      what every client must know; empty: anybody may use the app
    proxies    addresses of proxies whose X-Forwarded-For names the client
    """
    describer = Describer(dict(models), limits)
    team = Team(describer, processes)
    together = team.describe_all if processes else None
    queue = JobQueue(limits.waiting, 1e6 * limits.waiting_megabytes, max(1, processes), together)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        queue.close()
        team.close()

    app = FastAPI(
        title="motion2language",
        version=motion2language.__version__,
        description="Send a motion-capture recording; get what the person does, and when.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    _add_pages(app)
    _add_api(app, _Api(tuple(models), limits, queue, team if processes else describer, proxies))
    scripts, style = viewer.policy_sources()
    policy = (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' {style}; connect-src 'self'; "
        "img-src 'self' data:; frame-src blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return Guard(app, int(limits.megabytes * 1e6), names, policy, token)


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse((ASSETS / "app.html").read_text(encoding="utf-8"))

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        known = {path.name: path for path in ASSETS.iterdir()}  # a name from outside never becomes a path
        if name not in known:
            raise RefusedError(404, "page not found")
        path = known[name]
        return Response(path.read_text(encoding="utf-8"), media_type=KINDS[path.suffix])

    @app.get("/api", include_in_schema=False)
    def documentation() -> HTMLResponse:
        return HTMLResponse(reference(app.openapi()))

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> JSONResponse:
        return _error(error.status, error.message)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return _error(422, f"{first['loc'][-1]}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            return _error(404, "page not found; the API is described at /api")
        return _error(error.status_code, " ".join(str(error.detail).lower().split()))


def _add_api(app: FastAPI, api: _Api) -> None:
    app.get("/api/health", summary="Status of the server, and the number of waiting recordings")(api.health)
    app.get("/api/models", summary="Models, output formats and limits")(api.about)
    app.post(
        "/api/transcribe",
        summary="Describe one recording",
        description="An .amc is sent together with its .asf. With `Accept: application/x-ndjson` the answer has one "
        "line per change of status; the last one is the transcript or the error.",
        responses={status: {"description": text} | _ERROR for status, text in _STATUSES.items()},
    )(api.transcribe)


class _Api:
    """The handlers under /api; `describe` gets a model's name and a request, in a thread of the queue."""

    def __init__(
        self,
        models: tuple[str, ...],
        limits: Limits,
        queue: JobQueue,
        describe: Callable[[str, DescribeRequest], dict[str, Any]],
        proxies: frozenset[str],
    ) -> None:
        self.models, self.limits, self.queue, self.describe = models, limits, queue, describe
        self.proxies = proxies

    def health(self) -> dict[str, Any]:
        return {"status": "ok", "version": motion2language.__version__, "waiting": len(self.queue)}

    def about(self) -> dict[str, Any]:
        return {
            "models": list(self.models),
            "forms": forms(),
            "limits": {"megabytes": self.limits.megabytes, "minutes": self.limits.minutes},
        }

    async def transcribe(  # noqa: PLR0913, PLR0917 - a parameter is a field of the form
        self,
        request: Request,
        file: Annotated[
            list[UploadFile],
            File(
                description="The recording: .bvh, .fbx, .glb, .gltf, .vrm, .vrma, .amc and .asf, .npy, .npz, "
                "_mmm.xml, .mvnx, .c3d, .trc"
            ),
        ],
        model: Annotated[str | None, Form(description="A model's name from /api/models")] = None,
        form: Annotated[str, Form(description="Output formats, separated by commas: srt,eaf,html")] = "",
        beam: Annotated[int | None, Form(description="Beam width; 0: the most typical of 64 sampled sentences")] = None,
        least: Annotated[float, Form(description="Minimum confidence; actions below it are hidden")] = 0.0,
        action_words: Annotated[str, Form(description="Action words, one per line, instead of the model's")] = "",
        fps: Annotated[float | None, Form(description="Frame rate, if the file does not specify it")] = None,
        layout: Annotated[str | None, Form(description="order of the joints, for .npy, .json and tables")] = None,
        unit: Annotated[str | None, Form(description="m, cm, mm, inch, ft or cmu")] = None,
        up: Annotated[str | None, Form(description="x, y, z, -x, -y or -z")] = None,
        subject: Annotated[str | None, Form(description="Subject name, for files of several people")] = None,
        take: Annotated[str | None, Form(description="Take name, for .fbx and glTF files of several takes")] = None,
    ) -> Response:
        """Queue the recording and answer with its result."""
        name = model or self.models[0]
        if name not in self.models:
            raise RefusedError(422, f"no model {name!r}; available: {', '.join(self.models)}")
        self.queue.require_room(sum(part.size or 0 for part in file))  # before the files take memory
        uploads = tuple([Upload(part.filename or "", await part.read()) for part in file])
        wanted = tuple(dict.fromkeys(part.strip() for part in form.split(",") if part.strip()))
        try:
            options = ReadOptions(
                fps, layout or None, unit=unit or None, up=up or None, subject=subject or None, take=take or None
            )
            task = DescribeRequest(uploads, options, wanted, beam, least, action_words)
        except ValueError as error:
            raise RefusedError(422, str(error)) from None
        peer = request.client.host if request.client else ""
        client = client_of(peer, request.headers.get("x-forwarded-for", ""), self.proxies)
        size = sum(len(upload.content) for upload in uploads)
        kind = (name, task.kind) if size <= SMALL else None
        job = Job(client, partial(self.describe, name, task), size, kind, (name, task))
        self.queue.put(job)
        return await _respond(request, _watch(request, self.queue, job))


async def _respond(request: Request, changes: AsyncIterator[dict[str, Any]]) -> Response:
    """All changes as lines if the client accepts them, else the last one alone."""
    if LINES in request.headers.get("accept", ""):
        return StreamingResponse((json.dumps(change) + "\n" async for change in changes), media_type=LINES)
    last: dict[str, Any] = {}
    async for change in changes:
        last = change
    return JSONResponse(last, 422 if "error" in last else 200)


async def _watch(request: Request, queue: JobQueue, job: Job) -> AsyncIterator[dict[str, Any]]:
    """The changes of a job's status, last its result or {"error": ...}. Cancels it if the client disconnects."""
    future = asyncio.wrap_future(job.result)
    before: int | None = None
    try:
        while not future.done():
            ahead = queue.jobs_ahead(job)
            if ahead != before:
                before = ahead
                yield {"before": ahead}
            await asyncio.wait([future], timeout=WATCH)
            if not future.done() and await request.is_disconnected():
                return
        yield _result(future)
    finally:
        if not future.done():
            queue.cancel(job)


def _result(future: asyncio.Future[Any]) -> dict[str, Any]:
    """A finished job's result, or its error in one sentence."""
    if future.cancelled():
        return {"error": "the server is shutting down"}
    error = future.exception()
    if error is None:
        result: dict[str, Any] = future.result()
        return result
    if isinstance(error, ValueError | OSError):
        return {"error": " ".join(str(error).split())}
    return {"error": f"internal error ({type(error).__name__}); the recording was not described"}


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)
