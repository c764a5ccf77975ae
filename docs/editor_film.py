"""The film of the editor, docs/editor.webp: `python -m docs.editor_film`.

Chromium opens the editor on a shipped sample and takes a picture at each step: a segment is selected, its end is
dragged, the change is undone and made again. Needs Playwright, Chromium and Pillow; run it in the repository's root.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

import motion2language as m2l
from benchmarks.chromium import browser
from motion2language import viewer
from motion2language.files import write_atomically

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "motion2language" / "samples" / "4_walk_sideways_kick_clap_run.bvh"
SIZE, WIDTH = {"width": 1000, "height": 1130}, 750  # of the page; of the film, in pixels
RATE = 6  # frames per second


def main() -> None:
    """Write the film."""
    captioner = m2l.load_model("default")
    motion = m2l.read_motion(SAMPLE)
    (described,) = captioner.describe_all([motion])
    editing = viewer.Editing(captioner.lexicon.actions, person="Ann", open=True)
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        file = Path(folder) / "take.html"
        viewer.write([viewer.Take(motion, described.transcript)], file, editing)
        page = chromium.new_page(viewport=SIZE, color_scheme="light")
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        first, *rest = pictures(page)
    path = HERE / "editor.webp"
    kind = {"format": "WEBP", "save_all": True, "append_images": rest, "duration": 1000 // RATE, "loop": 0}
    write_atomically(path, lambda file: first.save(file, quality=52, method=4, **kind))
    print(f"{path.name}: {len(rest) + 1} frames, {path.stat().st_size / 1e6:.2f} MB")


def pictures(page: Page) -> Iterator[Image.Image]:
    """The page at each step of the corrections."""
    page.keyboard.press("j")
    page.keyboard.press("j")
    yield from stay(page, 6)
    box = page.locator(".segment").nth(1).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"], box["y"] + box["height"] / 2
    page.mouse.move(x - 2, y)
    page.mouse.down()
    for step in range(10):
        page.mouse.move(x - 2 - 4 * step, y)
        yield taken(page)
    page.mouse.up()
    yield from stay(page, 6)
    for key in ("Control+z", "Control+y"):
        page.keyboard.press(key)
        yield from stay(page, 5)


def stay(page: Page, frames: int) -> Iterator[Image.Image]:
    """The page as it is, for some frames."""
    for _ in range(frames):
        yield taken(page)


def taken(page: Page) -> Image.Image:
    """A picture of the page."""
    page.wait_for_timeout(60)  # two frames of the browser
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return shown.resize((WIDTH, WIDTH * SIZE["height"] // SIZE["width"]), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
