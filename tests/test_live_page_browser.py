"""The live page in a real Chromium: words as they become final, a body that moves, and failures.

Skipped where there is no Chromium or no Playwright. $M2L_SCREENSHOTS names a folder that keeps pictures of it.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from browser import CHROMIUM, FLAGS, MARKS, STALL, playwright
from small import recording
from test_live_page import show, word

from motion2language.cli.caption import SAMPLES
from motion2language.live.events import Count, Note, Piece, Sentence, Word
from motion2language.server import broadcast as broadcast_module
from motion2language.server.broadcast import Broadcast
from motion2language.server.live_page import LivePage
from motion2language.transcript import Segment, TimedWord

pytestmark = MARKS
LOST = "Failed to load resource"  # the console message about a lost connection
WORDS = "#present .said-word"


class Watching:
    """A browser, its complaints and its requests."""

    def __init__(self, browser) -> None:
        self.browser = browser
        self.complaints: list[str] = []
        self.requests: set[str] = set()

    def open(self, address: str, width: int = 1280, scheme: str = "light"):
        page = self.browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.set_default_timeout(60_000)
        page.on("console", lambda message: self.log(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.add(request.url))
        page.goto(address)
        return page

    def log(self, text: str) -> None:
        if STALL not in text and LOST not in text:
            self.complaints.append(text)


@pytest.fixture
def watching():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        one = Watching(browser)
        yield one
        browser.close()
        assert one.complaints == []
        assert {url for url in one.requests if not url.startswith(("http://127.0.0.1:", "data:"))} == set()


@pytest.fixture
def served():
    one = LivePage(0)
    yield one
    one.close()


def address_of(served: LivePage) -> str:
    return f"http://127.0.0.1:{served.port}"


def state(page, text: str) -> None:
    page.wait_for_function("text => document.querySelector('#state').textContent.includes(text)", arg=text)


def keep_picture(page, name: str) -> None:
    if folder := os.environ.get("M2L_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def add_words(broadcast: Broadcast, first: int, last: int) -> None:
    for number in range(first, last):
        broadcast.add(word(number))


def texts(page, selector: str = WORDS) -> list[str]:
    return [text.split()[0] for text in page.locator(selector).all_inner_texts()]


def names(first: int, last: int) -> list[str]:
    return [f"word{number}" for number in range(first, last)]


def until(page, condition: str) -> None:
    """Wait until a JavaScript expression holds; the page's own security policy forbids Playwright to poll it."""
    end = time.monotonic() + 60
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        time.sleep(0.05)


def test_a_motion_and_its_words_appear_while_it_happens(watching):
    command = [Path(sys.executable).parent / "m2l", "live", "--websocket", "0", "--serve", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as live:
        address, port = (live.stderr.readline().split()[-1] for _ in range(2))
        wide, narrow = watching.open(address), watching.open(address, 400, "dark")
        state(wide, "waiting for motion")
        take = SAMPLES / "2_walk_bow.bvh"
        send = [command[0], "send", take, "--to", port, "--speed", "1"]
        with subprocess.Popen(send):
            wide.locator(WORDS).nth(2).wait_for()
            state(wide, "live")
            assert texts(wide)[2] == "walks"
            before = wide.locator("#time").inner_text()
            wide.wait_for_function("text => document.querySelector('#time').textContent > text", arg=before)
            keep_picture(wide, "live")
            keep_picture(narrow, "live-narrow")
        for page in (wide, narrow, watching.open(address)):  # the last one opens late
            page.locator("#past .part").nth(1).wait_for()
            words = texts(page, "#past .said-word")
            assert {"walks", "bows", "bowing"} & set(words)
            assert words == texts(wide, "#past .said-word")
            assert page.locator("#past .when").first.inner_text().startswith("0:0")
            state(page, "the stream has ended")
            assert page.locator("#present").inner_text() == "No new words yet"
        assert narrow.evaluate("document.documentElement.scrollWidth") == 400
        live.terminate()
        state(wide, "connection lost; reconnecting")
        printed = live.stdout.read().split("\n")[0].split()
        assert printed == words


def test_words_are_never_taken_back_and_a_finished_sentence_goes_to_the_history(watching, served):
    page = watching.open(address_of(served))
    add_words(served.broadcast, 0, 2)
    page.locator(WORDS).nth(1).wait_for()
    for count in (2, 3):
        served.broadcast.add(Count(count, 1.0, 1.5))
    page.get_by_text("· 3").wait_for()
    assert page.locator("#present .count").count() == 1  # 3 in the place of 2
    served.broadcast.add(Note("<b>odd</b>", 1.0))
    segment = Segment(0.0, 2.0, "walk", tuple(TimedWord(name, 1.0, 0.5, 1.5) for name in ("word0", "word1")))
    served.broadcast.add(Sentence((segment,), 0.0, 2.0))
    page.locator("#past .part").wait_for()
    assert texts(page, "#past .said-word") == names(0, 2)
    assert page.locator("#past .when").inner_text() == "0:00.0 – 0:02.0"
    assert page.locator("#past .note").inner_text() == "0:01.0 <b>odd</b>"
    assert page.locator("#present").inner_text() == "Waiting for motion"
    served.broadcast.add(word(3_700))
    page.locator(WORDS).wait_for()
    assert page.locator(f"{WORDS} small").inner_text() == "1:01:40.0"


def test_pieces_are_shown_as_they_end_and_move_to_the_history_with_their_sentence(watching, served):
    page = watching.open(address_of(served))
    walk = Segment(0.0, 2.0, "walk", tuple(TimedWord(name, 1.0, 0.5, 1.5) for name in ("a", "person", "walks")))
    odd = Segment(3.0, 4.0, None, (), known=False)
    wave = Segment(4.0, 5.0, "wave", (TimedWord("waves", 4.5, 4.1, 4.9),))
    longer = replace(walk, end=3.0)
    for part, words in ((walk, walk.words), (longer, ()), (odd, ()), (wave, wave.words)):
        for each in words:
            served.broadcast.add(Word(each.word, each.time, part.end + 3.0))
        served.broadcast.add(Piece(part, part.end + 3.0))
    page.locator("#present .part").nth(2).wait_for()
    times = ["0:00.0 – 0:03.0", "0:03.0 – 0:04.0", "0:04.0 – 0:05.0"]  # the walk once, with its later end
    assert page.locator("#present .when").all_inner_texts() == times
    assert texts(page) == ["a", "person", "walks", "waves"]
    assert page.locator("#present .unknown").all_inner_texts() == ["unknown action"]
    keep_picture(page, "pieces")
    served.broadcast.add(Sentence((longer, odd, wave), 0.0, 5.0))
    page.locator("#past .part").nth(2).wait_for()
    assert page.locator("#present .part").count() == 0
    assert page.locator("#past .when").all_inner_texts() == times


def test_the_state_of_the_stream_is_shown(watching, served, monkeypatch):
    monkeypatch.setattr(broadcast_module, "QUIET", 0.5)
    page = watching.open(address_of(served))
    state(page, "waiting for motion")
    show(served.broadcast, 0)
    state(page, "no frames for")
    seen = threading.Event()

    def frames() -> None:
        for number in itertools.count():
            show(served.broadcast, number)
            if seen.wait(0.05):
                return

    sending = threading.Thread(target=frames)
    sending.start()
    try:
        state(page, "live")
    finally:
        seen.set()
        sending.join()
    served.broadcast.end()
    state(page, "the stream has ended")
    show(served.broadcast, 0)
    state(page, "no frames for")  # of the next stream


def test_a_page_that_reconnects_gets_what_it_missed_once(watching, served):
    page = watching.open(address_of(served))
    add_words(served.broadcast, 0, 3)
    page.locator(WORDS).nth(2).wait_for()
    page.evaluate("page.disconnect()")
    add_words(served.broadcast, 3, 6)
    page.wait_for_timeout(300)
    assert texts(page) == names(0, 3)
    page.evaluate("page.connect()")
    page.locator(WORDS).nth(5).wait_for()
    page.wait_for_timeout(300)
    assert texts(page) == names(0, 6)


def test_a_lost_connection_is_shown_and_restored(watching, served):
    page = watching.open(address_of(served))
    add_words(served.broadcast, 0, 3)
    page.locator(WORDS).nth(2).wait_for()
    served.close()
    state(page, "connection lost; reconnecting")
    again = LivePage(served.port)
    add_words(again.broadcast, 3, 5)
    page.locator(WORDS).nth(4).wait_for()
    assert texts(page) == names(0, 5)
    assert page.locator("#past .note").inner_text() == "m2l live was restarted"
    again.close()


def test_a_busy_page_gets_all_words_and_others_are_not_slowed(watching, served):
    pages = [watching.open(address_of(served)) for _ in range(3)]
    for page in pages:
        state(page, "waiting")
    show(served.broadcast, 0)
    ended = threading.Event()

    def frames() -> None:
        for number in range(300):
            add_words(served.broadcast, number, number + 1)
            show(served.broadcast, number)
            time.sleep(0.005)
        ended.set()

    threading.Thread(target=frames).start()
    pages[0].evaluate("() => { const until = performance.now() + 3000; while (performance.now() < until); }")
    assert ended.wait(120)
    for page in pages:
        page.locator(WORDS).nth(299).wait_for()
        assert texts(page) == names(0, 300)
    stage = pages[0].locator(".stage").bounding_box()
    assert 770 < stage["y"] + stage["height"] <= 800  # as high as the window, however much is said
    assert pages[0].evaluate("document.documentElement.scrollHeight") == 800
    assert pages[0].locator("#past").bounding_box()["y"] < 700  # the history has room
    assert pages[0].locator(WORDS).last.bounding_box()["y"] < 600  # the latest word is in sight


def test_it_works_by_keyboard_and_shows_the_body_where_it_goes(watching, served):
    page = watching.open(address_of(served))
    motion = recording(2)
    skeleton = motion.skeleton
    served.broadcast.show(skeleton, motion.positions[0], 0.0)
    until(page, "page.stages.length === 1")
    target = "page.stages[0].orbiting.target.x"
    begin = page.evaluate(target)
    for number in range(1, 60):
        served.broadcast.show(skeleton, motion.positions[0] + [0.05 * number, 0, 0], number / 30)
        time.sleep(1 / 60)
    until(page, f"{target} > {begin + 1.5}")
    page.keyboard.press("f")
    assert page.locator(".tool.follow").get_attribute("aria-pressed") == "false"
    camera = page.evaluate("page.stages[0].camera.position.x")
    page.keyboard.press("d")
    assert page.evaluate("page.stages[0].camera.position.x") != camera
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    assert page.locator("#help tr").count() == 13
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "tool follow"
    served.broadcast.show(type(skeleton)("one", ("a",), (-1,)), motion.positions[0, :1], 5.0)
    until(page, "page.about.joints.length === 1 && page.begun")
    lowered = motion.positions[0] - [0, 1.0, 0]
    for number in range(20):
        served.broadcast.show(skeleton, motion.positions[0] if number < 5 else lowered, 6 + number / 30)
        time.sleep(1 / 30)
    until(page, f"page.stages[0].body.ground < {float(lowered[:, 1].min()) + 0.02}")
