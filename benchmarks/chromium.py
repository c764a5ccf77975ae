"""Pages in headless Chromium without a graphics card: a browser, and the page of `m2l live` in it.

Needs Playwright (the extra `dev`) and Chromium.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser, closed in the end."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        one = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            yield one
        finally:
            one.close()


@contextmanager
def live_page(size: ViewportSize) -> Iterator[tuple[Page, str]]:
    """The page of an `m2l live` that runs as long, and the address at which this hears a sender."""
    command = [sys.executable, "-m", "motion2language", "live", "--websocket", "0", "--serve", "0"]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as live,
        browser() as one,
    ):
        try:
            assert live.stderr is not None
            shown, heard = (live.stderr.readline().split()[-1] for _ in range(2))
            page = one.new_page(viewport=size, color_scheme="light")
            page.goto(shown)
            yield page, heard
        finally:
            live.terminate()
