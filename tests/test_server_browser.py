"""The web app as a person uses it, in a real Chromium: drop, read, play and save recordings, and see errors.

Skipped where there is no Chromium or no Playwright. $M2L_SCREENSHOTS names a folder that keeps pictures of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest
from browser import CHROMIUM, FLAGS, MARKS, STALL, playwright

from motion2language.cli.caption import SAMPLES

pytestmark = MARKS
DROP = """
([name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name));
  const options = { dataTransfer: files, bubbles: true, cancelable: true };
  for (const kind of ["dragenter", "dragover", "drop"])
    document.querySelector("#drop").dispatchEvent(new DragEvent(kind, options));
}
"""


@pytest.fixture(scope="module")
def address():
    """`m2l serve` on a free port."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [Path(sys.executable).parent / "m2l", "serve", "--port", str(port), "--model", "default"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert f"serving on http://127.0.0.1:{port}" in server.stdout.readline()
        for _ in range(600):  # it accepts connections a moment after the line is printed
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture
def page(address):
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        one = browser.new_page(viewport={"width": 1280, "height": 900})
        complaints: list[str] = []
        requests: list[str] = []
        one.set_default_timeout(60_000)
        one.on("console", lambda message: STALL in message.text or complaints.append(message.text))
        one.on("pageerror", lambda error: complaints.append(str(error)))
        one.on("request", lambda request: requests.append(request.url))
        one.goto(address)
        one.wait_for_selector("html[data-ready]")
        yield one
        browser.close()
        assert complaints == []
        assert {url for url in requests if not url.startswith((address, "blob:", "data:"))} == set()


def test_words_that_the_model_itself_calls_unknown_are_not_shown(page):
    said = page.evaluate("""async () => {
      const { showResult } = await import("/assets/result.js");
      const card = document.querySelector("template").content.firstElementChild.cloneNode(true);
      const segments = [{ start: 0, end: 1, label: "walk", text: "walks", known: true, confidence: 0.9 },
                        { start: 1, end: 2, label: "kick", text: "then kicks", known: false, confidence: 0.1 }];
      showResult(card, { transcript: { text: "walks then kicks", segments, source: "take" }, files: {} });
      return [card.querySelector(".sentence").textContent, card.querySelector("tbody").innerText];
    }""")
    assert said[0] == "walks unknown action"
    assert "kick" not in said[1] and "unknown action" in said[1] and "walk" in said[1]


def keep_picture(page, name: str) -> None:
    if folder := os.environ.get("M2L_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_dropped_recordings_are_described_played_and_saved_and_garbage_is_refused(page, tmp_path):
    take = SAMPLES / "2_walk_bow.bvh"
    page.evaluate(DROP, [take.name, take.read_text()])
    page.set_input_files("#files", [SAMPLES / "1_wave.bvh", Path(__file__)])
    page.locator(".done, .wrong").nth(2).wait_for()
    cards = page.locator(".recording")
    assert cards.locator("h2").all_text_contents() == ["2_walk_bow.bvh", "1_wave.bvh", Path(__file__).name]
    assert "bow" in cards.nth(0).locator(".sentence").text_content()
    assert cards.nth(0).locator("tbody tr").count() == 2
    assert re.fullmatch(r"\d\d:\d\d\.\d", cards.nth(0).locator("td").first.text_content())
    assert "unsupported file type" in cards.nth(2).locator(".state").text_content()
    assert page.locator("#status").text_content() == "2 done, 1 failed"
    with page.expect_download() as saved:
        cards.nth(0).get_by_label("Save 2_walk_bow.srt").click()
    saved.value.save_as(tmp_path / "take.srt")
    assert " --> " in (tmp_path / "take.srt").read_text()
    cards.nth(0).get_by_role("button", name="Show player").click()
    player = page.frame_locator(".player iframe")
    player.locator(".word").first.wait_for()
    words = cards.nth(0).locator(".sentence").text_content().split()
    assert player.locator(".word").all_text_contents() == words
    player.locator(".segment").nth(1).click()
    assert float(player.locator("input.time").input_value()) > 3
    page.wait_for_timeout(500)
    keep_picture(page, "app")
    player.locator("body").press("e")  # corrections in the frame are kept by this page
    player.locator(".edit-label").fill("stroll")
    page.locator(".corrected").first.wait_for()
    assert cards.nth(0).locator("tr", has_text="bow").last.locator("td").nth(2).text_content() == "stroll"
    cards.nth(0).get_by_role("button", name="Hide player").click()
    assert page.locator("iframe").count() == 0
    cards.nth(0).get_by_role("button", name="Show player").click()
    player.locator(".segment", has_text="stroll").wait_for()
    failed_are_retried_and_removed(page, cards)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download all (ZIP)").click()
    saved.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert {"2_walk_bow.srt", "1_wave.json", "1_wave.html"} <= set(archive.namelist())
        assert archive.read("2_walk_bow.srt") == (tmp_path / "take.srt").read_bytes()
        corrected = json.loads(archive.read("2_walk_bow.corrected.json"))
        assert [part["label"] for part in corrected["segments"]][-1] == "stroll"
        assert "1_wave.corrected.json" not in archive.namelist()
    results_are_ordered_and_survive_a_reload(page, cards)
    one_is_cancelled(page, cards)
    all_are_removed(page, cards)


def results_are_ordered_and_survive_a_reload(page, cards) -> None:
    """With what was corrected of them."""
    page.locator("#order").select_option("name")
    assert cards.locator("h2").all_text_contents() == ["1_wave.bvh", "2_walk_bow.bvh"]
    page.reload()  # results are still there, and what was corrected of them
    page.wait_for_selector("html[data-ready]")
    assert cards.locator("h2").all_text_contents() == ["2_walk_bow.bvh", "1_wave.bvh"]
    assert cards.nth(0).locator("tr").last.locator("td").nth(2).text_content() == "stroll"
    page.locator("#order").select_option("confidence")
    shares = [float(text.split()[0]) for text in page.locator(".confidence").all_text_contents()]
    least = [min(shares[at:to]) for at, to in ((0, 1), (1, None))]
    assert least == sorted(least)


def one_is_cancelled(page, cards) -> None:
    """A recording that is on its way is gone at once, and the others go on."""
    page.route("**/api/transcribe", lambda route: None)  # no answer comes
    page.set_input_files("#files", SAMPLES / "1_wave.bvh")
    assert page.locator("#status").text_content() == "2 done, 1 to come"
    assert cards.last.locator("progress").is_visible()
    cards.last.get_by_role("button", name="Cancel").click()
    cards.nth(2).wait_for(state="detached")
    assert page.locator("#status").text_content() == "2 done"
    page.unroute("**/api/transcribe")


def test_folders_are_searched_for_recordings(page):
    """Dropped folders, of which a test cannot make real ones, stand in as the browser describes them."""
    found = page.evaluate("""async () => {
      const { filesOf } = await import("/assets/dropped.js");
      const file = (name) => ({ isFile: true, name, file: (done) => done({ name }) });
      const folder = (name, ...inside) => ({ isDirectory: true, name, createReader: () => {
        const parts = [inside.slice(0, 2), inside.slice(2), []]; // a reader gives some at a time
        return { readEntries: (done) => done(parts.shift()) };
      } });
      const dropped = [folder("takes", file("b.bvh"), file("notes.txt"), folder("deep", file("c.GLB")), file("a.c3d")),
                       file("odd.txt")];
      const items = dropped.map((entry) => ({ webkitGetAsEntry: () => entry }));
      return (await filesOf({ items, files: [] })).map(({ name }) => name);
    }""")
    assert found == ["a.c3d", "b.bvh", "c.GLB", "odd.txt"]


def all_are_removed(page, cards) -> None:
    """A reload finds nothing once the cards are gone."""
    page.get_by_role("button", name="Remove all").click()
    cards.first.wait_for(state="detached")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert cards.count() == 0


def failed_are_retried_and_removed(page, cards) -> None:
    """The third card is a failure: it fails again, and is gone once it is removed."""
    cards.nth(2).get_by_role("button", name="Retry").click()
    page.locator(".wrong .state", has_text="unsupported file type").wait_for()
    cards.nth(2).get_by_role("button", name="Remove").click()
    assert page.locator("#status").text_content() == "2 done"


def test_it_works_by_keyboard_and_at_400_pixels_with_options(page):
    page.set_viewport_size({"width": 400, "height": 800})
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    page.locator("#least").focus()
    page.keyboard.press("End")
    assert page.locator("#least").input_value() == "0.9"
    page.locator("#action_words").fill("waves wave\nwaving wave")
    page.locator("#files").focus()
    page.on("filechooser", lambda chooser: chooser.set_files(SAMPLES / "1_wave.bvh"))
    for _ in range(10):  # until Playwright intercepts the file chooser
        page.keyboard.press("Space")
        page.wait_for_timeout(1000)
        if page.locator(".recording").count():
            break
    page.locator(".done").first.wait_for()
    assert page.locator("tbody td").nth(2).text_content() == "wave"
    page.locator(".play").focus()
    page.keyboard.press("Enter")
    page.frame_locator(".player iframe").locator(".word").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    keep_picture(page, "app-narrow")


def minutes(bvh: str) -> str:
    """A recording 20 times over."""
    head, first = bvh.split("Frames: ")
    count, interval, rows = first.split("\n", 2)
    return f"{head}Frames: {int(count) * 20}\n{interval}\n{rows * 20}"


def test_requests_are_dropped_when_clients_disconnect(address):
    def waiting() -> int:
        with urllib.request.urlopen(f"{address}/api/health", timeout=60) as answer:
            return int(json.load(answer)["waiting"])

    content = minutes((SAMPLES / "4_walk_sideways_kick_clap_run.bvh").read_text()).encode()
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bvh"\r\n\r\n'
    body = head + content + b"\r\n--x--\r\n"
    location = address.removeprefix("http://")
    lines = (f"POST /api/transcribe HTTP/1.1\r\nHost: {location}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
             f"Content-Length: {len(body)}\r\n\r\n").encode()  # fmt: skip
    host, port = location.split(":")
    clients = []
    for _ in range(40):  # each sends at once, since the server drops clients that are slow to
        clients.append(socket.create_connection((host, int(port))))
        clients[-1].sendall(lines + body)
    until = time.monotonic() + 60
    while waiting() < 10:
        assert time.monotonic() < until
    for client in clients:
        client.close()
    gone = time.monotonic()
    while waiting():
        assert time.monotonic() < gone + 20  # 40 recordings of some minutes take far longer
        time.sleep(0.05)


def test_the_api_page_makes_no_external_requests(page, address):
    page.goto(f"{address}/api")
    assert page.locator("h2").all_text_contents() == ["GET /api/health", "GET /api/models", "POST /api/transcribe"]
    keep_picture(page, "app-api")
