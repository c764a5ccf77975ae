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
    """A browser, closed at the end."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        chrome = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            yield chrome
        finally:
            chrome.close()


@contextmanager
def live_page(size: ViewportSize) -> Iterator[tuple[Page, str]]:
    """The page of a running `m2l live`, and the WebSocket address to send to."""
    command = [sys.executable, "-m", "motion2language", "live", "--websocket", "0", "--serve", "0"]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as live,
        browser() as chrome,
    ):
        try:
            assert live.stderr is not None
            page_address, websocket_address = (live.stderr.readline().split()[-1] for _ in range(2))
            page = chrome.new_page(viewport=size, color_scheme="light")
            page.goto(page_address)
            yield page, websocket_address
        finally:
            live.terminate()
