"""The pictures of the editor, docs/editor.png and docs/editor-dark.png: `python -m docs.editor_picture`.

A shipped sample is described, and Chromium shows its page with a segment selected. Needs Playwright and Chromium; run
it in the repository's root.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import motion2language as m2l
from benchmarks.chromium import browser
from motion2language import viewer

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "motion2language" / "samples" / "4_walk_sideways_kick_clap_run.bvh"


def main() -> None:
    """Write the pictures."""
    captioner = m2l.load_model("default")
    motion = m2l.read_motion(SAMPLE)
    (described,) = captioner.describe_all([motion])
    take = viewer.Take(motion, described.transcript, weights=described.attention())
    editing = viewer.Editing(captioner.lexicon.actions, person="Ann", open=True)
    with tempfile.TemporaryDirectory() as folder, browser() as chrome:
        path = Path(folder) / "take.html"
        viewer.write([take], path, editing)
        page = chrome.new_page(viewport={"width": 1280, "height": 1180}, color_scheme="light")
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        page.keyboard.press("j")
        page.keyboard.press("j")
        for scheme, name in (("light", "editor.png"), ("dark", "editor-dark.png")):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(1000)  # until the body is drawn
            page.screenshot(path=HERE / name)


if __name__ == "__main__":
    main()
