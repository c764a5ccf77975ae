"""The server of `m2l view --edit`: the player's pages with their corrections, on this machine alone.

/TOKEN/ lists the recordings, /TOKEN/take/N is the page of one, and its corrections are got from and put to
/TOKEN/take/N/corrections. Built on the standard library, so that it needs no extra. The token is drawn at each start;
requests of other sites are refused as the web app does it.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from motion2language import viewer
from motion2language.server.corrections import ChangedError, CorrectedFile
from motion2language.server.guard import find_foreign_origin

ASSETS = Path(__file__).parent / "assets"
PARTS = {"app.css": "text/css", "takes.js": "text/javascript"}
LARGEST = 50_000_000  # bytes of a corrected transcript; chosen, far more than an hour needs
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, eq=False)
class EditedTake:
    """A recording with its description, and the file of its corrections."""

    take: viewer.Take
    file: CorrectedFile

    def summary(self) -> dict[str, Any]:
        """What the list shows: the name, the sentence, segments, checked ones, and the lowest confidence."""
        stored = self.file.read() or self.take.transcript.to_dict()
        segments = stored["segments"]
        sure = [_certainty(part) for part in segments if not part.get("checked")]
        return {
            "name": self.file.name,
            "text": stored["text"],
            "labels": sorted({part["label"] for part in segments if part["label"]}),
            "segments": len(segments),
            "checked": sum(bool(part.get("checked")) for part in segments),
            "confidence": min((share for share in sure if share is not None), default=None),
        }


def _certainty(segment: dict[str, Any]) -> float | None:
    """How certain a segment of a transcript's JSON is, as edits.js has it."""
    judged: float | None = segment.get("confidence")
    return segment.get("probability") if judged is None else judged


class EditServer(ThreadingHTTPServer):
    """Serves takes on a port of this machine, 0 for a free one; ValueError when it cannot be opened.

    actions  names that are offered for a segment's action
    person   who corrects
    """

    daemon_threads = True

    def __init__(self, takes: Sequence[EditedTake], actions: Sequence[str], person: str, port: int = 0) -> None:
        self.takes, self.actions, self.person = takes, tuple(actions), person
        self.token = secrets.token_urlsafe(12)
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except (OSError, OverflowError) as error:
            raise ValueError(f"cannot listen on 127.0.0.1:{port} ({error}); choose another --port") from None

    @property
    def address(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"

    def page(self, number: int) -> str:
        """The page of a take."""
        base = f"/{self.token}/take/"
        several = len(self.takes) > 1
        editing = viewer.Editing(
            self.actions,
            f"{base}{number}/corrections",
            self.person,
            next=f"{base}{(number + 1) % len(self.takes)}" if several else "",
            previous=f"{base}{(number - 1) % len(self.takes)}" if several else "",
            list=f"/{self.token}/" if several else "",
            open=True,
        )
        return viewer.page([self.takes[number].take], editing)


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: EditServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self._path()
        if path is None:
            return
        found = re.fullmatch(r"take/(\d{1,6})(/corrections)?", path)
        if found and int(found[1]) < len(self.server.takes):
            number = int(found[1])
            if found[2]:
                self._answer_json(self.server.takes[number].file.read)
            else:
                self._answer(200, "text/html", self.server.page(number), policy="frame-ancestors 'none'")
        elif path == "" and len(self.server.takes) == 1:
            self._answer(302, "text/plain", "", location=f"/{self.server.token}/take/0")
        elif path == "":
            self._answer(200, "text/html", (ASSETS / "takes.html").read_text(encoding="utf-8"))
        elif path == "takes":
            self._answer_json(lambda: [take.summary() for take in self.server.takes])
        elif path in PARTS:
            self._answer(200, PARTS[path], (ASSETS / path).read_text(encoding="utf-8"))
        else:
            self._refuse(404, "page not found")

    def do_PUT(self) -> None:
        path = self._path()
        if path is None:
            return
        found = re.fullmatch(r"take/(\d{1,6})/corrections", path)
        if not found or int(found[1]) >= len(self.server.takes):
            self._refuse(404, "page not found")
            return
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            self._refuse(413, f"expected a corrected transcript of at most {LARGEST / 1e6:g} MB")
            return
        try:
            data = json.loads(self.rfile.read(int(length)))
            self.server.takes[int(found[1])].file.write(data)
        except ChangedError as error:
            self._answer(409, "application/json", json.dumps(error.stored))
        except (ValueError, RecursionError) as error:
            self._refuse(422, " ".join(str(error).split()))
        else:
            self._answer(200, "application/json", "{}")

    def _path(self) -> str | None:
        """The part of the address after the token; None when the request has been refused."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        foreign = find_foreign_origin(headers, frozenset())
        token, _, path = self.path.partition("?")[0].lstrip("/").partition("/")
        if foreign is not None:
            self._refuse(403, foreign)
        elif not secrets.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(404, "page not found; open the address that m2l view printed")
        else:
            return path
        return None

    def _answer_json(self, make: Any) -> None:
        try:
            text = json.dumps(make(), ensure_ascii=False)
        except ValueError as error:
            self._refuse(500, " ".join(str(error).split()))
        else:
            self._answer(200, "application/json", text)

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True  # a body may be unread
        self._answer(status, "application/json", json.dumps({"error": message}))

    def _answer(self, status: int, kind: str, text: str, policy: str = POLICY, location: str = "") -> None:
        content = text.encode()
        self.send_response(status)
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        if location:
            headers["Location"] = location
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""
