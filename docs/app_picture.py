"""The pictures of the web app, docs/app.png and docs/app-dark.png: `python -m docs.app_picture`.

`m2l serve` describes two shipped samples, one with its player, and refuses a file without a recording. Needs
Playwright, Chromium and the extra `serve`; run it in the repository's root.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.chromium import browser

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "motion2language" / "samples"
SHOWN, OTHER, REFUSED = SAMPLES / "2_walk_bow.bvh", SAMPLES / "1_wave.bvh", HERE.parent / "README.md"
MOMENT = "4.6"  # seconds into the shown recording


def main() -> None:
    """Write the pictures."""
    with server() as address, browser() as chrome:
        page = chrome.new_page(viewport={"width": 1000, "height": 1000}, color_scheme="light")
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        describe(page)
        for scheme, name in (("light", "app.png"), ("dark", "app-dark.png")):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(1500)  # until the body is drawn
            page.screenshot(path=HERE / name, full_page=True)


def describe(page: Page) -> None:
    """Choose the recordings, wait for their captions, and show one in its player."""
    for path in (SHOWN, OTHER, REFUSED):
        page.set_input_files("#files", path)
    page.locator(".done").nth(1).wait_for(timeout=120_000)
    page.locator(".wrong").wait_for()
    page.locator(".recording", has_text=SHOWN.name).get_by_role("button", name="Show player").click()
    player = page.frame_locator("iframe")
    player.locator("html[data-ready]").wait_for(timeout=60_000)
    player.locator("input.time").fill(MOMENT)
    player.locator("input.time").evaluate("(slider) => slider.blur()")


@contextmanager
def server() -> Iterator[str]:
    """The address of a running `m2l serve`."""
    command = [sys.executable, "-m", "motion2language", "serve", "--port", "0", "--model", "default"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            yield next(word for word in serving.stdout.readline().split() if word.startswith("http"))
        finally:
            serving.terminate()


if __name__ == "__main__":
    main()
