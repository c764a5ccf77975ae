"""The player as a person uses it, in a real Chromium without network: looked at, clicked, typed to, made narrow.

Skipped where there is no Chromium or no Playwright. $M2L_SCREENSHOTS names a folder that keeps pictures of it.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import takes
from browser import CHROMIUM, FLAGS, MARKS, STALL, playwright
from PIL import Image

import motion2language as m2l
from motion2language import viewer
from motion2language.cli.caption import SAMPLES
from motion2language.transcript import Facts, Transcript

pytestmark = MARKS
WATCH = """
window.shift = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shift += entry.value)))
  .observe({ type: "layout-shift", buffered: true });
"""
NO_3D = """
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : getContext.call(this, kind, ...rest);
};
"""
Open = Callable[..., "playwright.Page"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, tmp_path) -> Iterator[Open]:
    """Write takes, open the file, wait for its movement; afterwards there was no error and no request elsewhere."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def open_it(*shown: viewer.Take, width: int = 1280, height: int = 800, before: str = "", **options):
        path = tmp_path / "player.html"
        viewer.write(shown or [takes.take()], path)
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: STALL in message.text or complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.add_init_script(WATCH + before)
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        page.complaints = complaints
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url for url in requests if url != "data:,"} <= {(tmp_path / "player.html").as_uri()}


def keep_picture(page: playwright.Page, name: str) -> None:
    if folder := os.environ.get("M2L_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def now(page: playwright.Page) -> float:
    return float(page.locator("input.time").input_value())


def go_to(page: playwright.Page, seconds: float) -> None:
    page.locator("input.time").fill(str(seconds))


def wait_for(holds: Callable[[], bool]) -> None:
    """Ask again and again; the page's policy forbids the waiting of Playwright, which evaluates text."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def lit(page: playwright.Page, sentence: int = 0) -> list[str]:
    return page.locator(".sentence").nth(sentence).locator("[aria-current=true]").all_text_contents()


def picture(page: playwright.Page) -> np.ndarray:
    page.wait_for_timeout(150)
    return np.asarray(Image.open(io.BytesIO(page.locator("canvas.stage").first.screenshot())).convert("RGB"), int)


def expected(transcript: Transcript, seconds: float) -> list[str]:
    """The words the motion reached last, as long as their window lasts."""
    open_ = [word for word in transcript.words if word.time <= seconds < word.end]
    return [word.word for word in open_ if word.time == max(other.time for other in open_)]


def test_the_lit_word_is_the_transcripts(open_page):
    page = open_page()
    for seconds, wanted in ((1.6, ["walks"]), (2.7, []), (4.0, ["turns", "left"]), (5.25, ["and"]), (0.0, [])):
        go_to(page, seconds)
        assert lit(page) == wanted == expected(takes.transcript(), seconds)
        assert lit(page, 1) == expected(takes.reference(), seconds)
    assert page.locator(".sentence").first.locator(".reached").count() == 0
    go_to(page, 8)
    assert page.locator(".sentence").first.locator(".reached").count() == 8


def test_playing_goes_on_in_time_and_lights_the_words_it_reaches(open_page):
    page = open_page()
    page.get_by_role("button", name="Play").click()
    for _ in range(5):
        page.wait_for_timeout(300)
        seconds, words = page.evaluate(
            "[Number(document.querySelector('input.time').value),"
            " [...document.querySelector('.sentence').querySelectorAll('.now')].map((word) => word.textContent)]"
        )
        assert words == expected(takes.transcript(), seconds)
    assert 1.0 < now(page) < 4.0
    page.get_by_role("button", name="Pause").click()
    stopped = now(page)
    page.wait_for_timeout(200)
    assert now(page) == stopped
    page.get_by_label("Speed", exact=True).select_option("4")
    page.get_by_role("button", name="Play").click()
    wait_for(lambda: now(page) == 8)
    assert page.get_by_role("button", name="Play").is_visible()
    page.get_by_role("button", name="Play").click()
    assert now(page) < 2


def test_the_body_moves_and_left_and_right_differ(open_page):
    page = open_page()
    first = picture(page)
    keep_picture(page, "light-1280")
    red, _, blue = (first[..., channel] for channel in range(3))
    assert ((blue - red) > 80).sum() > 300  # left
    assert ((red - blue) > 80).sum() > 300  # right
    go_to(page, 1.2)
    assert (np.abs(picture(page) - first).max(axis=2) > 60).sum() > 300


def test_trails_and_ground_contacts_are_switched_on_and_off(open_page):
    walk_and_bow = m2l.read_motion(SAMPLES / "2_walk_bow.bvh")  # walks for 4 s
    page = open_page(viewer.Take(walk_and_bow, Transcript((), walk_and_bow.duration)))
    go_to(page, 2.0)
    without = picture(page)
    page.locator("body").click(position={"x": 2, "y": 2})
    page.keyboard.press("g")
    button = page.get_by_role("button", name="Trails and ground contacts")
    assert button.get_attribute("aria-pressed") == "true"
    assert (np.abs(picture(page) - without).max(axis=2) > 60).sum() > 300
    keep_picture(page, "traces")
    stands = """player.stages[0].traces.take.ends.feet.map((foot) =>
        Array.from({ length: 280 }, (_, frame) => player.stages[0].traces.stands(foot, frame)))"""
    left, right = (np.array(foot) for foot in page.evaluate(stands))
    walking, bowing = slice(0, 120), slice(150, 280)
    assert (left | right)[walking].all()  # one foot swings at a time
    assert all(0.3 < foot[walking].mean() < 0.8 for foot in (left, right))
    assert (left & right)[bowing].all()
    button.click()
    assert (np.abs(picture(page) - without).max(axis=2) > 60).sum() < 20


def test_the_joint_under_the_pointer_is_named(open_page):
    page = open_page()
    x, y, joint = page.evaluate("""(() => {
      const { body, camera, canvas, take } = player.stages[0];
      const joint = take.head;
      const at = body.point(joint).project(camera);
      return [((at.x + 1) * canvas.clientWidth) / 2, ((1 - at.y) * canvas.clientHeight) / 2, take.joints[joint]];
    })()""")
    canvas = page.locator("canvas.stage")
    canvas.hover(position={"x": x, "y": y})
    assert page.locator(".joint-name").text_content() == joint
    assert page.locator(".joint-name").is_visible()
    canvas.hover(position={"x": 5, "y": 5})
    assert page.locator(".joint-name").is_hidden()


def test_clicking_words_and_segments_goes_there(open_page):
    page = open_page()
    page.get_by_role("button", name="turn, 3.0 to 5.0 seconds").first.click()
    assert now(page) == 3.0
    assert page.locator(".segment.now").all_text_contents() == ["turn", "turn"]  # predicted and reference
    page.get_by_role("button", name="person, at 0.7 seconds").click()
    assert now(page) == 0.7
    assert lit(page) == ["person"]
    page.locator(".chip", has_text="then").click()
    assert now(page) == 3.1
    page.keyboard.press("Space")  # a click leaves no focus that the space bar would press again
    page.wait_for_timeout(300)
    assert now(page) > 3.1


def test_scrubbing_on_the_time_line(open_page):
    page = open_page()
    box = page.locator(".timeline .inner").first.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 12)
    page.mouse.down()
    assert now(page) == pytest.approx(4.0, abs=0.02)
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 200)
    assert now(page) == pytest.approx(6.0, abs=0.02)
    page.mouse.move(box["x"] + 5 * box["width"], box["y"] + 200)
    assert now(page) == 8.0
    page.mouse.up()
    page.mouse.move(box["x"], box["y"])
    assert now(page) == 8.0


def test_everything_by_keyboard(open_page):
    page = open_page()
    press = page.keyboard.press
    for keys, wanted in (
        (["ArrowRight"], 1 / 30),
        (["ArrowRight", "ArrowRight", "ArrowLeft"], 2 / 30),
        (["Shift+ArrowRight"], 1 + 2 / 30),
        (["j"], 3.0),
        (["j", "Shift+J"], 3.0),
        (["Shift+J"], 0.2),
        ([".", "."], 0.7),
        ([","], 0.3),
        (["End"], 8.0),
        (["Shift+ArrowLeft"], 7.0),
        (["Home"], 0.0),
    ):
        for key in keys:
            press(key)
        assert now(page) == pytest.approx(wanted, abs=1e-6), keys
    for key in ("k", "Space"):
        press(key)
        assert page.get_by_role("button", name="Pause").count() == 1
        press(key)
        assert page.get_by_role("button", name="Play").count() == 1
    press("ArrowUp")
    assert page.get_by_label("Speed", exact=True).input_value() == "1.5"
    press("ArrowDown")
    press("ArrowDown")
    assert page.get_by_label("Speed", exact=True).input_value() == "0.5"
    assert page.locator("details.heat[open]").count() == 0
    press("h")
    assert page.locator("details.heat[open]").count() == 1
    press("n")
    assert page.get_by_role("status").text_content() == "this is the only recording; J goes to the next segment"


def test_the_camera_by_keyboard(open_page):
    page = open_page()
    first = picture(page)
    for there, back in (("d", "a"), ("w", "s"), ("Shift+D", "Shift+A"), ("Shift+W", "Shift+S"), ("+", "-")):
        page.keyboard.press(there)
        assert np.abs(picture(page) - first).max() > 60, there
        page.keyboard.press(back)
        assert (np.abs(picture(page) - first).max(axis=2) > 60).sum() < 200, back
    page.keyboard.press("d")
    page.keyboard.press("0")
    assert np.abs(picture(page) - first).max() < 30


def test_the_camera_by_mouse_and_following(open_page):
    page = open_page(viewer.Take(takes.motion(), Transcript((), takes.DURATION)))  # its way is drawn in grey
    first = picture(page)
    box = page.locator("canvas.stage").bounding_box()
    page.mouse.move(box["x"] + 500, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 600, box["y"] + 150)
    page.mouse.up()
    turned = picture(page)
    assert np.abs(turned - first).max() > 60
    page.mouse.wheel(0, 300)
    assert np.abs(picture(page) - turned).max() > 60

    def body_at() -> float:
        shown = picture(page)
        return float(np.nonzero((shown[..., 2] - shown[..., 0]) > 80)[1].mean())

    page.keyboard.press("0")
    page.keyboard.press("f")
    assert page.get_by_role("button", name="Follow the body").get_attribute("aria-pressed") == "false"
    page.keyboard.press("f")
    page.keyboard.press("0")
    followed = body_at()
    go_to(page, 4)
    assert abs(body_at() - followed) < 25
    page.keyboard.press("f")
    go_to(page, 0)
    assert abs(body_at() - followed) > 45


def test_a_segment_is_looped(open_page):
    page = open_page()
    go_to(page, 4.5)
    page.keyboard.press("l")
    assert page.get_by_role("button", name="Loop segment").get_attribute("aria-pressed") == "true"
    page.get_by_label("Speed", exact=True).select_option("4")
    page.locator("body").click(position={"x": 2, "y": 2})
    page.keyboard.press("k")
    seen = []
    for _ in range(12):
        page.wait_for_timeout(100)
        seen.append(now(page))
    assert min(seen) >= 3.0
    assert max(seen) <= 5.0
    assert any(later < earlier for earlier, later in pairwise(seen))
    page.keyboard.press("l")
    wait_for(lambda: now(page) > 5)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_four_hundred_pixels(open_page, scheme):
    page = open_page(width=400, color_scheme=scheme)
    go_to(page, 3.9)
    keep_picture(page, f"{scheme}-400")
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    for item in page.locator("#controls > *, .word, canvas.stage, summary").all():
        box = item.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400
        assert box["height"] >= 18
    assert page.locator("#controls").bounding_box()["height"] < 110
    page.get_by_role("button", name="turn, 3.0 to 5.0 seconds").first.click()
    assert now(page) == 3.0


def test_resizing_keeps_everything_in_place(open_page):
    page = open_page()
    page.set_viewport_size({"width": 400, "height": 700})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    canvas = page.locator("canvas.stage")
    wait_for(lambda: abs(canvas.evaluate("(each) => each.width") - canvas.bounding_box()["width"]) < 2)


def test_dark_is_dark(open_page):
    page = open_page(color_scheme="dark")
    assert picture(page)[5, 5].max() < 60
    keep_picture(page, "dark-1280")
    page.emulate_media(color_scheme="light")
    assert picture(page)[5, 5].min() > 200


def test_nothing_moves_while_loading(open_page):
    for width in (1280, 400):
        page = open_page(width=width)
        page.wait_for_timeout(300)
        assert page.evaluate("window.shift") < 0.005


def test_the_attention_map_shows_the_weights(open_page):
    page = open_page()
    page.get_by_text("Attention: where the model looked").click()
    assert list(page.locator(".heat-word").all_text_contents()) == takes.transcript().text.split()
    alpha = page.evaluate(
        "(() => { const map = document.querySelector('.heat canvas');"
        " const data = map.getContext('2d').getImageData(0, 0, map.width, map.height).data;"
        " return [map.width, map.height, [...data].filter((_, at) => at % 4 === 3)]; })()"
    )
    values = np.array(alpha[2]).reshape(alpha[1], alpha[0])
    assert np.abs(values / 255 - takes.weights() / 0.6).max() < 0.01
    keep_picture(page, "attention")


def test_without_weights_or_reference_there_is_neither_map_nor_row(open_page):
    page = open_page(viewer.Take(takes.motion(), takes.transcript()))
    assert page.locator("details").count() == 0
    assert page.locator(".segments").count() == page.locator(".sentence").count() == 1


def test_segments_of_one_action_have_one_colour(open_page):
    page = open_page()
    colours: dict[str, set[str]] = {}
    for segment in page.locator(".segment").all():
        colour = segment.evaluate("(each) => getComputedStyle(each).borderLeftColor")
        colours.setdefault(segment.text_content(), set()).add(colour)
    assert set(colours) == {"walk", "turn", "run"}
    assert all(len(each) == 1 for each in colours.values())
    assert len(set.union(*colours.values())) == 3


def test_several_recordings_play_side_by_side(open_page):
    short = Transcript((), 2.0, "short.bvh", "tiny")
    page = open_page(takes.take(), viewer.Take(takes.motion(2.0, name="short.bvh"), short))
    first, second = (pane.bounding_box() for pane in page.locator("article.take").all())
    assert first["y"] == second["y"]
    assert first["x"] + first["width"] <= second["x"]
    assert page.get_by_text("nothing to describe").is_visible()
    seen = []
    for key in ("n", "n", "p", "p"):
        page.keyboard.press(key)
        seen.append(page.get_by_role("status").text_content())
        assert page.locator(".timeline.active h2").all_text_contents() == seen[-1:]
    assert seen == ["short.bvh", "walk.bvh", "short.bvh", "walk.bvh"]
    assert now(page) == 0.0
    go_to(page, 7.0)  # the short one stays at its end
    keep_picture(page, "two")
    page.set_viewport_size({"width": 400, "height": 800})
    first, second = (pane.bounding_box() for pane in page.locator("article.take").all())
    assert first["y"] + first["height"] <= second["y"]


def test_everything_has_a_role_and_a_name(open_page):
    page = open_page()
    assert page.get_by_role("img", name="walk.bvh in 3D").is_visible()
    assert page.get_by_role("group", name="Predicted", exact=True).get_by_role("button").count() == 8
    assert page.get_by_role("group", name="Reference segments").get_by_role("button").count() == 3
    slider = page.get_by_role("slider", name="Time")
    go_to(page, 4)
    assert slider.get_attribute("aria-valuetext") == "4.0 of 8.0 seconds, turn"
    nameless = [
        button.evaluate("(each) => each.outerHTML")
        for button in page.locator("button, select, input").all()
        if not button.evaluate("(each) => each.ariaLabel || each.textContent.trim() || (each.labels || []).length")
    ]
    assert nameless == []
    page.keyboard.press("k")
    wait_for(lambda: page.get_by_role("status").text_content() == "and walks")


def test_the_list_of_keys_and_switching_them_off(open_page):
    page = open_page()
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keyboard shortcuts").is_visible()
    keep_picture(page, "keys")
    page.get_by_label("Enable keyboard shortcuts").uncheck()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0
    page.locator("body").click(position={"x": 2, "y": 2})
    page.keyboard.press("j")
    assert now(page) == 0.0


def test_hostile_names_and_words_are_only_text(open_page):
    page = open_page(takes.hostile_take())
    name = takes.hostile_take().motion.name
    assert page.locator("h1").text_content() == name
    assert page.title().split() == name.split()
    assert page.locator(".sentence").first.locator(".word").all_text_contents() == list(takes.HOSTILE)
    assert page.locator(".segment").first.text_content() == takes.HOSTILE[0]
    assert page.locator("img").count() == 0
    go_to(page, 0.5 + 0.6 * 5)
    assert lit(page) == ["ходит"]
    keep_picture(page, "hostile")


def test_one_frame_is_shown(open_page):
    page = open_page(viewer.Take(takes.motion(1 / 30), Transcript((), 1 / 30)))
    assert np.ptp(picture(page)) > 100
    page.keyboard.press("k")
    page.wait_for_timeout(200)
    assert page.get_by_role("button", name="Play").count() == 1


def test_without_3d_the_words_still_play(open_page):
    page = open_page(before=NO_3D)
    assert "3D does not work in this browser" in page.get_by_role("alert").text_content()
    go_to(page, 1.6)
    assert lit(page) == ["walks"]
    page.complaints.clear()  # three.js reports the missing 3D


@pytest.mark.parametrize("seconds", [3.47, 3.65, 18.6])
def test_the_text_of_every_mark_has_room(open_page, seconds):
    page = open_page(viewer.Take(takes.motion(seconds), Transcript((), seconds)), width=1280)
    wait_for(lambda: page.locator(".mark").count() > 0)
    axis = page.locator(".axis").bounding_box()
    marks = [mark.bounding_box() for mark in page.locator(".mark").all()]
    assert len(marks) > 5
    assert max(box["x"] + box["width"] for box in marks) <= axis["x"] + axis["width"]


def test_a_minute_opens(open_page):
    long = takes.motion(60.0)
    page = open_page(viewer.Take(long, Transcript((), 60.0)))
    page.keyboard.press("End")
    assert now(page) == 60.0


def test_words_of_facts_stand_below_the_sentence(open_page):
    plain = takes.transcript()
    first, *rest = plain.segments
    facts = Facts(travel=3.0, direction="right", steps=8, gait="walk", pace="slow", speed=0.7)
    words = (replace(first.words[0], word="walks"),)
    measured = replace(plain, segments=(replace(first, words=words, facts=facts), *rest))
    page = open_page(viewer.Take(takes.motion(), measured))
    below = page.locator(".sentence .detail").text_content()
    assert below.startswith("walks slowly sideways to the right ")
    assert below.endswith(" ".join(segment.text for segment in rest))
    assert page.locator(".sentence .word").first.text_content() == "walks"


def test_the_timeline_does_not_name_an_unknown_action(open_page):
    plain = takes.transcript()
    *rest, last = plain.segments
    unknown = replace(last, known=False, facts=Facts(arms="right", limb="arm", repetitions=3))
    page = open_page(viewer.Take(takes.motion(), replace(plain, segments=(*rest, unknown))))
    block = page.locator(".timeline .segment").last
    assert block.inner_text().startswith("unknown")
    assert "unknown action: " in block.get_attribute("title") and last.label not in block.get_attribute("title")
    said = page.locator(".timeline .words").first.text_content()
    assert said == "".join(word.word for segment in rest for word in segment.words)


def test_each_repetition_has_a_mark_on_the_timeline(open_page):
    plain = takes.transcript()
    first, second, last = plain.segments
    waving = Facts(side="right", limb="arm", repetitions=3, repetition_times=(3.2, 3.9, 4.6))
    walking = Facts(steps=4, limb="whole body", repetitions=2, repetition_times=(0.5, 1.5))  # its steps
    parts = (replace(first, facts=walking), replace(second, label="wave", facts=waving), last)
    page = open_page(viewer.Take(takes.motion(), replace(plain, segments=parts), plain))
    marks = page.locator(".cycle")
    assert marks.all_inner_texts() == ["1", "2", "3"]
    assert marks.nth(1).get_attribute("title") == "wave, 2 of 3, at 3.9 seconds"
    box, inner = marks.nth(1).bounding_box(), page.locator(".timeline .inner").first.bounding_box()
    assert abs(box["x"] + box["width"] / 2 - inner["x"] - inner["width"] * 3.9 / takes.DURATION) < 1
    assert page.get_by_text("Repetitions, numbered").evaluate_all("all => all.map(one => one.offsetHeight > 0)") == [
        True,
        False,  # of the reference, which has no facts
    ]
    assert page.evaluate("window.shift") < 0.01
    keep_picture(page, "repetitions")
