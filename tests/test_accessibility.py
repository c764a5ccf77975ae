"""No page has a serious fault that axe-core finds, in the light and in the dark theme.

Pages are answered from the package's files, with results made here, so that no server and no model runs. Skipped
without Chromium, Playwright or axe-playwright-python.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import takes
from browser import CHROMIUM, FLAGS, MARKS, playwright
from test_editor_browser import NO_3D

from motion2language import viewer
from motion2language.server import app, live_page
from motion2language.server.editing import EditServer
from motion2language.server.guard import Limits

AXE = importlib.util.find_spec("axe_playwright_python")
pytestmark = [*MARKS, pytest.mark.skipif(AXE is None, reason="needs pip install axe-playwright-python")]
ADDRESS = "http://pages.test"
SERIOUS = ("serious", "critical")
ASSETS = Path(app.ASSETS)
EVENTS = [
    {"kind": "state", "state": "live", "quiet": 0.0},
    {"kind": "word", "word": "walks", "time": 1.0},
    {"kind": "sentence", "segments": takes.transcript().to_dict()["segments"]},
    {"kind": "note", "text": "a note", "time": 2.0},
]


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def static(name: str) -> tuple[str, str]:
    path = live_page.PARTS.get(name, ASSETS / name)
    return app.KINDS[path.suffix], path.read_text(encoding="utf-8")


def answer_of(path: str, transcribed: list[str]) -> tuple[int, str, str]:  # noqa: PLR0911 - a row per address
    """Status, kind and text of an address."""
    if path == "/player":
        return 200, "text/html", viewer.page([takes.take()])
    if path == "/editor":
        return 200, "text/html", viewer.page([takes.take()], viewer.Editing(("walk", "jump"), open=True))
    if path == "/api":
        models = app.create_app({"default": lambda: None}, Limits()).app  # type: ignore[dict-item]
        return 200, "text/html", app.reference(models.openapi())
    if path == "/events":
        return 200, "text/event-stream", "".join(f"data: {json.dumps(event)}\n\n" for event in EVENTS)
    if path == "/api/models":
        limits = {"megabytes": 64, "minutes": 10}
        return 200, "application/json", json.dumps({"models": ["default"], "forms": ["srt", "html"], "limits": limits})
    if path == "/api/transcribe":
        transcribed.append(path)
        if len(transcribed) > 1:
            return 422, "application/x-ndjson", json.dumps({"error": "unsupported file type"}) + "\n"
        done = {"transcript": takes.transcript().to_dict(), "files": {"walk.srt": "1", "walk.html": "<p>"}}
        return 200, "application/x-ndjson", json.dumps(done) + "\n"
    if path == "/takes":
        rows = [{"name": "walk.bvh", "text": "a person walks", "labels": ["walk"], "segments": 3, "checked": 1,
                 "confidence": 0.4}]  # fmt: skip
        return 200, "application/json", json.dumps(rows)
    pages = {"/": "app.html", "/live": "live.html", "/list": "takes.html"}
    return 200, *static(pages.get(path) or path.rpartition("/")[2])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["/player", "/editor", "/list", "/", "/live", "/api"])
def test_a_page_has_no_serious_fault(chromium, name, scheme):
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme, bypass_csp=True)
    context.set_default_timeout(30_000)
    context.add_init_script(NO_3D)
    page = context.new_page()
    transcribed: list[str] = []

    def fulfil(route) -> None:
        status, kind, text = answer_of(urlsplit(route.request.url).path, transcribed)
        route.fulfill(status=status, content_type=kind, body=text)

    page.route(f"{ADDRESS}/**", fulfil)
    page.goto(ADDRESS + name)
    if name in ("/player", "/editor", "/list", "/"):
        page.wait_for_selector("html[data-ready]")
    if name == "/":
        files = [{"name": f"{one}.bvh", "mimeType": "text/plain", "buffer": b"x"} for one in ("walk", "broken")]
        page.set_input_files("#files", files)
        page.locator(".done").wait_for()
        page.locator(".wrong").wait_for()
        page.locator("#options summary").click()
    if name == "/editor":
        page.keyboard.press("j")
    if name == "/live":
        page.locator("#past li").first.wait_for()
    page.add_script_tag(path=str(Path(AXE.origin).parent / "axe.min.js"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    faults = [
        f"{each['id']}: {each['help']}: {node['html'][:150]}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
    context.close()
    assert faults == []


def test_the_pages_that_are_tried_are_all():
    assert {path.name for path in ASSETS.glob("*.html")} == {"app.html", "live.html", "takes.html"}
    assert EditServer.page  # the list and the editor are those of m2l view --edit
