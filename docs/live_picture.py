"""The pictures of the live page, docs/live.png and docs/live-dark.png: `python -m docs.live_picture`.

`m2l live` captions one shipped sample to its end and another up to its second action, while Chromium shows its page.
Needs Playwright and Chromium; run it in the repository's root.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

import motion2language as m2l
from benchmarks.chromium import live_page
from motion2language.live import protocol, sending

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "motion2language" / "samples"
FINISHED, CURRENT = SAMPLES / "2_walk_bow.bvh", SAMPLES / "4_walk_sideways_kick_clap_run.bvh"
UNTIL = 7.2  # seconds into the second sample when the pictures are taken
SIZE: ViewportSize = {"width": 1280, "height": 640}  # pixels


def main() -> None:
    """Write the pictures."""
    with live_page(SIZE) as (page, address):
        photograph(page, address)


def photograph(page: Page, address: str) -> None:
    """Send both samples and take the pictures."""
    with sending.sender_to(address) as emit:
        sending.send(m2l.read_motion(FINISHED), emit, speed=0)
    page.locator("#past .part").first.wait_for()
    with sending.sender_to(address) as emit:
        lines = protocol.messages(m2l.read_motion(CURRENT))
        for _, line in itertools.takewhile(lambda message: message[0] <= UNTIL, lines):
            emit(line)
        page.locator("#present .said-word", has_text="kicks").wait_for()
        for scheme, name in (("light", "live.png"), ("dark", "live-dark.png")):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(500)  # until the last frame is drawn
            page.screenshot(path=HERE / name)


if __name__ == "__main__":
    main()
