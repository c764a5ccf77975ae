"""The app's addresses: the page, its parts, and the API under /api."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, File, Form, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

import motion2language
from motion2language import viewer
from motion2language.captioning.captioner import Captioner
from motion2language.formats.reading import ReadOptions
from motion2language.server.describe import Wish, describe, forms
from motion2language.server.guard import App, Guard, Limits, RefusedError
from motion2language.server.jobs import Job, JobQueue
from motion2language.server.reference import reference
from motion2language.server.uploads import Upload

ASSETS = Path(__file__).parent / "assets"
KINDS = {".css": "text/css", ".js": "text/javascript", ".html": "text/html"}
WATCH = 0.1  # seconds between looks at whether a client is still there; chosen
LINES = "application/x-ndjson"  # a client that accepts this is told how its request stands, a JSON line each


def create_app(
    models: Mapping[str, Callable[[], Captioner]], limits: Limits, names: frozenset[str] = frozenset()
) -> App:
    """The app as ASGI.

    models  name -> what loads it; the first is the default; each is loaded when first asked for, and kept
    names   host names by which it may be asked, beside addresses and localhost
    """
    queue = JobQueue(limits.waiting, 1e6 * limits.waiting_megabytes)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        queue.close()

    app = FastAPI(
        title="motion2language",
        version=motion2language.__version__,
        description="A motion-capture recording in; what the person does and when out.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=life,
    )
    _pages(app)
    _api(app, dict(models), limits, queue)
    scripts, style = viewer.policy_sources()
    policy = (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' {style}; connect-src 'self'; "
        "img-src 'self' data:; frame-src blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return Guard(app, int(limits.megabytes * 1e6), names, policy)


def _pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse((ASSETS / "app.html").read_text(encoding="utf-8"))

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        known = {path.name: path for path in ASSETS.iterdir()}  # a name from outside never becomes a path
        if name not in known:
            raise RefusedError(404, "no such page")
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

    @app.exception_handler(404)
    async def missing(*_: object) -> JSONResponse:
        return _error(404, "no such page; the API is described at /api")


def _api(app: FastAPI, models: dict[str, Callable[[], Captioner]], limits: Limits, queue: JobQueue) -> None:
    loaded: dict[str, Captioner] = {}

    def work(name: str, wish: Wish) -> dict[str, Any]:
        """What the line's thread does."""
        if name not in loaded:
            loaded[name] = models[name]()
        return describe(loaded[name], wish, limits)

    @app.get("/api/health", summary="Whether the app is well, and how many recordings wait")
    def health() -> dict[str, Any]:
        return {"status": "ok", "version": motion2language.__version__, "waiting": len(queue)}

    @app.get("/api/models", summary="Models, output forms and limits")
    def about() -> dict[str, Any]:
        return {
            "models": list(models),
            "forms": forms(),
            "limits": {"megabytes": limits.megabytes, "minutes": limits.minutes},
        }

    @app.post(
        "/api/transcribe",
        summary="Describe one recording",
        description="An .amc is sent together with its .asf. With `Accept: application/x-ndjson` the answer is a line "
        "for each change, the last one the transcript or the error.",
        responses={422: {"description": "The recording or an option is not right: {error}"}},
    )
    async def transcribe(  # noqa: PLR0913, PLR0917 - a parameter is a field of the form
        request: Request,
        file: Annotated[
            list[UploadFile], File(description="The recording: .bvh, .amc and .asf, .npy, .npz, _mmm.xml, .c3d, .trc")
        ],
        model: Annotated[str | None, Form(description="A name of /api/models")] = None,
        form: Annotated[str, Form(description="Outputs wanted, by comma: srt,eaf,html")] = "",
        beam: Annotated[
            int | None, Form(description="Sentences kept while searching; 0: the most typical of 64")
        ] = None,
        least: Annotated[float, Form(description="Leave out actions less probable than this")] = 0.0,
        action_words: Annotated[str, Form(description="An action word a line, instead of the model's")] = "",
        fps: Annotated[float | None, Form(description="Frames a second, for files that cannot say")] = None,
        layout: Annotated[str | None, Form(description="humanml3d or kit, for .npy")] = None,
        unit: Annotated[str | None, Form(description="m, cm, mm, inch, ft or cmu")] = None,
        up: Annotated[str | None, Form(description="x, y, z, -x, -y or -z")] = None,
        subject: Annotated[str | None, Form(description="Whose markers, for .c3d and .trc of several people")] = None,
    ) -> Response:
        name = model or next(iter(models))
        if name not in models:
            raise RefusedError(422, f"no model {name!r}; there are {', '.join(models)}")
        uploads = tuple([Upload(part.filename or "", await part.read()) for part in file])
        wanted = tuple(dict.fromkeys(part.strip() for part in form.split(",") if part.strip()))
        try:
            options = ReadOptions(fps, layout or None, unit=unit or None, up=up or None, subject=subject or None)
            wish = Wish(uploads, options, wanted, beam, least, action_words)
        except ValueError as error:
            raise RefusedError(422, str(error)) from None
        client = request.headers.get("x-client") or (request.client.host if request.client else "")
        job = Job(client, partial(work, name, wish), sum(len(upload.content) for upload in uploads))
        queue.put(job)
        changes = _watch(request, queue, job)
        if LINES in request.headers.get("accept", ""):
            return StreamingResponse((json.dumps(change) + "\n" async for change in changes), media_type=LINES)
        last: dict[str, Any] = {}
        async for change in changes:
            last = change
        return JSONResponse(last, 422 if "error" in last else 200)


async def _watch(request: Request, queue: JobQueue, job: Job) -> AsyncIterator[dict[str, Any]]:
    """How a job stands, whenever that changes; last its result or {"error": ...}. Given up when its client goes."""
    future = asyncio.wrap_future(job.result)
    before: int | None = None
    try:
        while not future.done():
            now = queue.jobs_ahead(job)
            if now != before:
                before = now
                yield {"before": now}
            await asyncio.wait([future], timeout=WATCH)
            if not future.done() and await request.is_disconnected():
                return
        yield _result(future)
    finally:
        if not future.done():
            queue.cancel(job)


def _result(future: asyncio.Future[Any]) -> dict[str, Any]:
    """What a finished job gives: its result, or the error in one sentence."""
    if future.cancelled():
        return {"error": "the app is closing"}
    error = future.exception()
    if error is None:
        found: dict[str, Any] = future.result()
        return found
    if isinstance(error, ValueError | OSError):
        return {"error": " ".join(str(error).split())}
    return {"error": f"something went wrong here ({type(error).__name__}); the recording was not described"}


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)
