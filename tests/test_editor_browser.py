"""Corrections as a person makes them, in a real Chromium: each by mouse and by keyboard, undone, kept and exported.

The pages run without 3D, which corrections do not need. Skipped where there is no Chromium or no Playwright.
$M2L_SCREENSHOTS names a folder that keeps pictures.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import takes
from browser import CHROMIUM, FLAGS, MARKS, playwright

from motion2language import viewer, writers
from motion2language.server.corrections import CorrectedFile
from motion2language.server.editing import EditedTake, EditServer
from motion2language.transcript import Facts, Transcript

pytestmark = MARKS
NO_3D = """
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : getContext.call(this, kind, ...rest);
};
"""
FRAME = 1 / 30
Open = Callable[..., "playwright.Page"]


def unsure() -> Transcript:
    """The usual transcript, whose turn is uncertain."""
    first, turn, last = takes.transcript().segments
    segments = (replace(first, probability=0.95), replace(turn, probability=0.4), replace(last, probability=0.65))
    return replace(takes.transcript(), segments=segments)


def measured() -> Transcript:
    """The usual transcript with facts: a doubtful walk, and an action that the model does not know."""
    first, turn, last = takes.transcript().segments
    facts = Facts(travel=3.1, direction="right", steps=8)
    unknown = replace(last, known=False, facts=Facts(arms="right", limb="arm", repetitions=3))
    segments = (replace(first, confidence=0.45, probability=0.9, facts=facts), turn, unknown)
    return replace(takes.transcript(), segments=segments)


def take(name: str = "walk.bvh") -> viewer.Take:
    return viewer.Take(takes.motion(name=name), replace(unsure(), source=name))


@pytest.fixture(scope="module")
def chromium() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium):
    one = chromium.new_context(viewport={"width": 1280, "height": 900})
    one.set_default_timeout(30_000)
    one.add_init_script(NO_3D)
    yield one
    one.close()


@pytest.fixture
def open_page(context, tmp_path) -> Open:
    """Open takes for correction: from a file, or at an address."""

    def open_it(*shown: viewer.Take, address: str = "") -> playwright.Page:
        path = tmp_path / "walk.html"
        if not address and (shown or not path.exists()):
            viewer.write(shown or [take()], path, viewer.Editing(("jump", "run", "walk"), person="Ann", open=True))
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(address or path.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    return open_it


def segments(page, number: int = 0) -> list[dict]:
    return page.evaluate(f"player.editor.document({number}).segments")


def rows(page) -> list[tuple]:
    """Start, end, action and words of each segment."""
    return [
        (each["start"], each["end"], each["label"], " ".join(word["word"] for word in each["words"]))
        for each in segments(page)
    ]


def go_to(page, seconds: float) -> None:
    page.evaluate(f"player.clock.seek({seconds})")


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def select(page, number: int) -> None:
    page.locator(".segment").nth(number).click()


def state(page) -> str:
    return page.locator(".edit-state").text_content()


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def keep_picture(page, name: str) -> None:
    if folder := os.environ.get("M2L_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


BEFORE = [
    (0.2, 2.4, "walk", "a person walks"),
    (3.0, 5.0, "turn", "then turns left"),
    (5.0, 8.0, "walk", "and walks"),
]


def test_every_correction_by_keyboard_and_undo_and_redo_of_all(open_page):  # noqa: PLR0915 - one page, many checks
    page = open_page()
    assert rows(page) == BEFORE
    press(page, "j", "j")  # the turn
    page.get_by_role("slider", name="End of turn").focus()
    press(page, "ArrowRight", "ArrowRight")  # the neighbour's start moves along, the handle keeps the focus
    assert rows(page)[1:] == [(3.0, 5.0667, "turn", "then turns left"), (5.0667, 8.0, "walk", "and walks")]
    press(page, "Shift+ArrowLeft")
    assert rows(page)[1][1] == pytest.approx(5.0667 - 10 * FRAME, abs=1e-4)
    likely = page.evaluate("player.editor.likely[0]")
    end = rows(page)[1][1]
    press(page, "PageDown")
    assert abs(rows(page)[1][1] - min(time for time in likely if time > end + FRAME)) < FRAME
    page.get_by_role("slider", name="Time of “turns”").focus()
    press(page, "ArrowLeft")
    assert segments(page)[1]["words"][1]["time"] == pytest.approx(3.9 - FRAME, abs=1e-4)
    page.evaluate("document.activeElement.blur()")
    go_to(page, 3.51)
    press(page, "[")
    assert rows(page)[1][0] == 3.5
    press(page, "]")  # the segment cannot end where it starts
    assert rows(page)[1][0] == 3.5 < rows(page)[1][1] - 0.5
    press(page, "{")
    assert min(abs(rows(page)[1][0] - time) for time in likely) < FRAME
    go_to(page, 4.21)
    press(page, "c")
    assert [row[1:] for row in rows(page)[1:3]] == [(4.2, "turn", "then turns left"), (rows(page)[2][1], "turn", "")]
    press(page, "]")  # at its end already: nothing changes
    press(page, "m")
    assert len(rows(page)) == 3
    press(page, "r")
    page.keyboard.type("jump")
    press(page, "Enter", "t")
    page.keyboard.type("leaps high up")
    press(page, "Escape")
    assert rows(page)[1][2:] == ("jump", "leaps high up")
    go_to(page, 6.0)
    press(page, "i")
    go_to(page, 7.0)
    press(page, "o", "b")
    assert rows(page)[3] == (6.0, 7.0, None, "")
    assert [row[:3] for row in rows(page)[2:]] == [
        (rows(page)[2][0], 6.0, "walk"), (6.0, 7.0, None), (7.0, 8.0, "walk")
    ]  # fmt: skip
    press(page, "Delete")
    assert len(rows(page)) == 4
    press(page, "y")
    assert segments(page)[-1]["checked"]["by"] == "Ann"
    after = rows(page)
    steps = page.evaluate("player.editor.history.past.length")
    assert steps >= 13
    press(page, *["z"] * (steps + 2))
    assert rows(page) == BEFORE
    assert all(each["checked"] is None and each["made"]["by"] == "tiny" for each in segments(page))
    press(page, *["Control+Shift+Z", "Control+y"], *["Shift+Z"] * steps)
    assert rows(page) == after
    assert page.faults == []


def test_every_correction_by_mouse(open_page):  # noqa: PLR0915 - one page, many checks
    page = open_page()
    mouse = page.mouse
    box = page.locator(".timeline .inner").bounding_box()
    x = lambda seconds: box["x"] + box["width"] * seconds / takes.DURATION  # noqa: E731

    def drag(from_x: float, to_x: float, y: float, edge: str = "") -> None:
        mouse.move(from_x, y)
        mouse.down()
        mouse.move((from_x + to_x) / 2, y)
        mouse.move(to_x, y)
        page.wait_for_timeout(50)
        if edge:  # the handle goes along
            handle = page.locator(f".handle.{edge}").bounding_box()
            assert abs(handle["x"] + handle["width"] / 2 - to_x) < 6
        mouse.up()

    middle = page.locator(".segment").nth(1).bounding_box()
    y = middle["y"] + middle["height"] / 2
    drag(x(5.0) - 3, x(5.51) - 3, y, "end")
    assert rows(page)[1:] == [(3.0, 5.5, "turn", "then turns left"), (5.5, 8.0, "walk", "and walks")]
    drag(x(0.2) + 2, x(1.07) + 2, y)
    assert rows(page)[0] == (1.0667, 2.4, "walk", "a person walks")
    drag(x(2.4) - 2, x(4.0), y)  # not over the neighbour
    assert rows(page)[0][1] == 3.0
    likely = page.evaluate("player.editor.likely[0]")
    page.keyboard.down("Shift")
    drag(x(1.0667) + 2, x(0.61), y)
    page.keyboard.up("Shift")
    assert min(abs(rows(page)[0][0] - time) for time in likely) < FRAME
    chip = page.locator(".chip", has_text="turns").bounding_box()
    drag(chip["x"] + 8, chip["x"] + 8 + x(0.5) - x(0.0), chip["y"] + 8)
    assert segments(page)[1]["words"][1]["time"] == pytest.approx(4.4, abs=0.02)
    page.keyboard.down("Shift")
    speed = page.locator(".speed").bounding_box()
    drag(x(3.4), x(4.01), speed["y"] + 10)
    page.keyboard.up("Shift")
    loop = page.evaluate("player.clock.loop")
    assert (loop["start"], loop["end"]) == (3.4, 4.0)  # playing repeats it
    page.get_by_role("button", name="New segment").click()
    assert rows(page)[2] == (3.4, 4.0, None, "")
    page.locator(".edit-label").fill("run")
    page.locator(".edit-words").fill("and runs")
    assert rows(page)[2] == (3.4, 4.0, "run", "and runs")
    page.get_by_role("button", name="Merge with next").click()
    assert len(rows(page)) == 4
    go_to(page, 3.8)
    page.get_by_role("button", name="Split").click()
    assert rows(page)[2][:2] == (3.4, 3.8)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Accept").click()
    assert state(page).startswith("3 of 4 checked")
    undo = page.get_by_role("button", name="Undo")
    while undo.is_enabled():
        undo.click()
    assert rows(page) == BEFORE
    assert page.get_by_role("button", name="Redo").is_enabled()
    assert page.faults == []


def test_what_is_uncertain_is_marked_and_accepted_with_one_key(open_page):
    page = open_page(take(), take("other.bvh"))
    assert page.locator(".segment.unsure").count() == 4
    assert state(page).startswith("0 of 6 checked · 4 uncertain")
    seen = []
    for _ in range(4):
        press(page, "u")
        seen.append(page.evaluate("[player.editor.take, player.editor.id]"))
        press(page, "y")
    assert seen == [[0, 1], [0, 2], [1, 1], [1, 2]]
    press(page, "u")
    assert page.locator("#announcement").text_content() == "no uncertain segment is left"
    assert page.locator(".segment.unsure").count() == 0
    press(page, "/")
    page.keyboard.type("PERSON")
    press(page, "Enter")
    assert page.evaluate("[player.editor.take, player.editor.id]") == [0, 0]
    press(page, "Enter", "Escape")  # the next place is in the other recording
    assert page.evaluate("[player.editor.take, player.editor.id]") == [1, 0]
    press(page, "n", "n", "p")
    assert page.evaluate("player.active") == 0
    assert page.faults == []


def test_corrections_are_kept_exported_and_read_back(open_page, tmp_path):
    page = open_page(viewer.Take(takes.motion(), measured()))
    assert page.locator(".sentence .facts").text_content() == "? 45 % · 3.1 m to the right, 8 steps"
    assert page.locator(".sentence .unknown").text_content().startswith("unknown action: ")
    press(page, "j", "j", "r")
    page.keyboard.type('say "é", <b>')  # closed while typing: nothing is lost
    wait_for(lambda: "saved in this browser" in state(page))
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert rows(page)[1] == (3.0, 5.0, 'say "é", <b>', "then turns left")
    press(page, "j", "j")
    assert "by Ann · checked by Ann" in page.locator(".edit-title").text_content()
    expected = None
    for suffix in page.evaluate("EXPORTS.map(([suffix]) => suffix)"):
        page.get_by_label("Format").select_option(suffix)
        path = download(page, tmp_path)
        if suffix == "json":
            assert path.name == "walk.corrected.json"
            data = json.loads(path.read_text())
            assert data["model"] == "tiny"
            assert data["correction"]["person"] == data["segments"][1]["made"]["by"] == "Ann"
            assert data["segments"][0]["made"] == {"by": "tiny", "when": None}
            assert Transcript.from_dict(data["correction"]["original"]).to_dict() == measured().to_dict()
            assert all("shown" not in segment for segment in data["segments"])
            expected = writers.read(path)
        elif suffix == "eaf":
            assert annotations(path.read_text()) == annotations(writers.render(expected, "eaf"))
        elif suffix.endswith("json"):
            assert without_provenance(json.loads(path.read_text())) == json.loads(
                writers.render(expected, writers.kind(path))
            )
        else:
            assert path.read_text() == writers.render(expected, writers.kind(path))
    assert page.faults == []


def download(page, folder):
    """The file that the page lets the browser save; asked for twice where a busy browser loses a download."""
    for milliseconds in (15_000, 60_000):
        try:
            with page.expect_download(timeout=milliseconds) as saved:
                page.get_by_role("button", name="Download").click()
            break
        except playwright.TimeoutError:
            if milliseconds == 60_000:
                raise
    path = folder / saved.value.suggested_filename
    saved.value.save_as(path)
    return path


def without_provenance(value):
    """JSON without the fields that only corrections have."""
    if isinstance(value, list):
        return [without_provenance(each) for each in value]
    if isinstance(value, dict):
        return {key: without_provenance(each) for key, each in value.items() if key not in ("made", "checked")}
    return value


def annotations(xml: str) -> list[tuple[str, list[tuple[int, int, str]]]]:
    """Tiers of an ELAN file: start, end and text of each annotation."""
    root = ElementTree.fromstring(xml)
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")}
    return [
        (
            tier.get("TIER_ID"),
            [
                (slots[mark.get("TIME_SLOT_REF1")], slots[mark.get("TIME_SLOT_REF2")], mark[0].text or "")
                for mark in tier.iter("ALIGNABLE_ANNOTATION")
            ],
        )
        for tier in root.iter("TIER")
    ]


def test_two_tabs_do_not_overwrite_each_other(open_page):
    first, second = open_page(), open_page()
    press(first, "j", "y")
    wait_for(lambda: "saved" in state(first))
    press(second, "j", "j", "Delete")
    alert = second.get_by_role("alert").filter(has_text="changed elsewhere")
    alert.wait_for()
    assert (
        first.evaluate(
            "(async () => (await player.editor.keepers[0].store.read(player.editor.keepers[0].key)).segments.length)()"
        )
        == 3
    )
    second.get_by_role("button", name="Show the other version").click()
    assert rows(second) == BEFORE
    assert segments(second)[0]["checked"]["by"] == "Ann"
    press(second, "z")  # mine is an undo away
    assert len(rows(second)) == 2
    first.get_by_role("alert").filter(has_text="changed elsewhere").wait_for()
    first.get_by_role("button", name="Keep mine").click()
    wait_for(lambda: "· saved" in state(first))
    assert first.faults == second.faults == []


def test_the_timeline_zooms_and_moves(open_page):
    page = open_page()
    width = lambda: page.locator(".timeline .inner").bounding_box()["width"]  # noqa: E731
    before = width()
    press(page, ">", ">")
    assert width() > 1.9 * before
    left = page.evaluate("document.querySelector('.scroller').scrollLeft")
    press(page, "PageDown")
    assert page.evaluate("document.querySelector('.scroller').scrollLeft") > left + 100
    page.locator(".axis").hover(position={"x": 300, "y": 10})
    page.mouse.wheel(0, 500)
    wait_for(lambda: width() < 1.5 * before)
    press(page, "<", "<", "<")
    assert width() == pytest.approx(before)


def test_a_list_of_keys_that_scrolls(open_page):
    page = open_page()
    press(page, "?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    for text in ("split it here", "next uncertain segment", "redo", "new segment over the selection"):
        assert dialog.get_by_text(text).count() == 1
    high, shown = dialog.evaluate("(each) => [each.scrollHeight, each.clientHeight]")
    assert high > shown
    press(page, "End")
    wait_for(lambda: dialog.evaluate("(each) => each.scrollTop") > 0)
    press(page, "Escape")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_four_hundred_pixels(open_page, scheme):
    page = open_page()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 400, "height": 800})
    press(page, "j", "j")
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    for item in page.locator("#controls > *, #editor button, #editor input, #editor select").all():
        box = item.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400
        assert box["height"] >= 18
    keep_picture(page, f"editor-{scheme}-400")
    page.set_viewport_size({"width": 1280, "height": 900})
    keep_picture(page, f"editor-{scheme}-1280")


@pytest.fixture
def served(tmp_path):
    names = ("walk.bvh", "other.bvh")
    edited = [EditedTake(take(name), CorrectedFile(tmp_path / f"{name}.json", name, takes.DURATION)) for name in names]
    server = EditServer(edited, ["walk", "jump"], "Ann")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_corrections_are_written_beside_the_recording(open_page, served, context):
    listed = context.new_page()
    listed.goto(served.address)
    listed.locator("tbody tr").nth(1).wait_for()
    assert listed.get_by_role("status").text_content() == "0 of 2 checked"
    listed.get_by_label("Search").fill("other")
    assert listed.locator("tbody a").all_text_contents() == ["other.bvh"]
    page = open_page(address=f"{served.address}take/0")
    assert page.get_by_role("link", name="All recordings").get_attribute("href") == f"/{served.token}/"
    file = served.takes[0].file
    press(page, "j", "y", "j", "y", "j", "r")
    page.keyboard.type("jump")
    wait_for(lambda: file.path.exists() and file.read()["segments"][2]["label"] == "jump")
    wait_for(lambda: "saved to its file" in state(page))
    second = open_page(address=f"{served.address}take/0")
    assert rows(second)[2][2] == "jump"
    press(page, "Escape", "Delete")
    wait_for(lambda: len(file.read()["segments"]) == 2)
    press(second, "j", "j", "m")
    second.get_by_role("alert").filter(has_text="changed elsewhere by Ann").wait_for()
    assert len(file.read()["segments"]) == 2
    second.get_by_role("button", name="Keep mine").click()
    wait_for(lambda: file.read()["segments"][1]["label"] == "turn" and len(file.read()["segments"]) == 2)
    second.get_by_role("button", name="Next recording").click()
    second.wait_for_url("**/take/1")
    second.wait_for_selector("html[data-ready]")
    press(second, "n")
    second.wait_for_url("**/take/0")
    second.wait_for_selector("html[data-ready]")
    press(second, "p")
    second.wait_for_url("**/take/1")
    listed.reload()
    listed.locator("tbody tr").nth(1).wait_for()
    listed.get_by_label("Order").select_option("unchecked")
    assert listed.locator("tbody a").all_text_contents() == ["other.bvh", "walk.bvh"]
    listed.locator("tbody a").first.click()
    listed.wait_for_selector("html[data-ready]")
    assert listed.locator(".tool.edit").get_attribute("aria-pressed") == "true"
    listed.evaluate("sessionStorage.setItem('motion2language:order', JSON.stringify([location.pathname, '/a', '/b']))")
    assert listed.evaluate("[player.pageOf(1), player.pageOf(-1)]") == ["/a", "/b"]
    assert page.faults == second.faults == []


def test_without_the_server_nothing_is_lost(open_page, served, context):
    failing: set[str] = set()  # what the server does not answer
    context.route(
        "**/corrections", lambda route: route.abort() if route.request.method in failing else route.continue_()
    )  # before the page is there: a route that is set later may miss the next request
    page = open_page(address=f"{served.address}take/0")
    file = served.takes[0].file
    failing |= {"GET", "PUT"}
    press(page, "j", "Delete")
    wait_for(lambda: "not saved" in state(page))
    assert not file.path.exists()
    failing.clear()
    wait_for(lambda: bool(state(page)) and file.path.exists())  # it tries again, answered while the page is asked
    failing.add("PUT")
    press(page, "j", "Delete")
    wait_for(lambda: "not saved" in state(page))
    context.unroute("**/corrections")
    page.reload()  # the browser kept what the server did not get
    page.wait_for_selector("html[data-ready]")
    assert len(rows(page)) == 1
    wait_for(lambda: len(file.read()["segments"]) == 1)


HOLD_AN_ANSWER = """
const fetched = window.fetch;
window.fetch = async (address, options) => {
  const answer = await fetched(address, options);
  if (options?.method === "PUT" && !window.release) await new Promise((resolve) => (window.release = resolve));
  return answer;
};
"""


@pytest.mark.parametrize("answered", [True, False], ids=["answered", "never answered"])
def test_an_edit_made_before_the_answer_to_another_is_kept(answered, open_page, served, context):
    failing: set[str] = set()
    context.route(
        "**/corrections", lambda route: route.abort() if route.request.method in failing else route.continue_()
    )
    page = open_page(address=f"{served.address}take/0")
    page.evaluate(HOLD_AN_ANSWER)
    press(page, "j", "Delete")
    wait_for(lambda: page.evaluate("Boolean(window.release)"))
    failing.add("PUT")
    press(page, "j", "Delete")
    if answered:
        page.evaluate("release()")
        wait_for(lambda: "not saved" in state(page))
    assert len(served.takes[0].file.read()["segments"]) == 2
    context.unroute("**/corrections")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert len(rows(page)) == 1
    wait_for(lambda: len(served.takes[0].file.read()["segments"]) == 1)
    assert page.faults == []


def test_an_answer_that_was_lost_is_no_conflict(open_page, served, context):
    lost: list[int] = []

    def lose_first(route) -> None:
        if route.request.method == "PUT" and not lost:
            lost.append(route.fetch().status)  # written, but the page does not learn it
            route.abort()
        else:
            route.continue_()

    context.route("**/corrections", lose_first)
    page = open_page(address=f"{served.address}take/0")
    file = served.takes[0].file
    press(page, "j", "Delete")
    wait_for(lambda: "saved to its file" in state(page))
    assert lost == [200]
    assert page.locator(".conflict").is_hidden()
    context.unroute("**/corrections")  # a route is answered only while the test talks to the page
    press(page, "j", "Delete")
    wait_for(lambda: len(file.read()["segments"]) == 1)
