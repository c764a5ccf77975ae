"""What the editor costs in a take of ten minutes at 60 frames per second: `python -m benchmarks.editor`.

Of each kind (a time shown while playing, a boundary moved while it is dragged, a correction taken, and undone) prints
milliseconds in a headless Chromium without 3D: the median time of the scripts, the median time until the page is laid
out again, and the mean processor time of the page's thread for both. Needs Playwright, Chromium.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import CDPSession

from benchmarks.chromium import browser
from motion2language import viewer
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Segment, TimedWord, Transcript

SECONDS, FPS, SEGMENTS, WORDS = 600.0, 60.0, 200, 5
ROUNDS = 60
NO_3D = """
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : getContext.call(this, kind, ...rest);
};
"""
KINDS = """
() => {
  const { editor, clock } = player;
  editor.select(0, 100);
  const move = (round) => (doc, id, stamp) => moveBoundary(doc, id, "end", 302 + round / 60, stamp);
  window.kinds = {
    "a time shown": (round) => clock.seek(300 + round / 30),
    "a boundary dragged": (round) => editor.preview(move(round)(editor.document(), 100, editor.stamp()), 0, false),
    "a correction taken": (round) => editor.changeSegment("move", move(round + 1)),
    "a correction undone": () => editor.undo(),
  };
  return Object.keys(kinds);
}
"""
MEASURE = """
([kind, rounds]) => {
  const times = Array.from({ length: rounds }, (_, round) => {
    const start = performance.now();
    kinds[kind](round);
    const done = performance.now();
    document.body.offsetHeight; // style and layout
    return [done - start, performance.now() - start];
  });
  return [0, 1].map((part) => times.map((each) => each[part]).sort((a, b) => a - b)[rounds >> 1]);
}
"""


def take() -> viewer.Take:
    """A walk on the spot, with a segment every three seconds."""
    frames = round(SECONDS * FPS)
    positions = np.zeros((frames, len(CANONICAL.joints), 3), np.float32)
    positions[..., 1] = np.linspace(0.1, 1.8, len(CANONICAL.joints))
    positions[..., 0] = 0.1 * np.sin(np.arange(frames) / FPS)[:, None]
    length = SECONDS / SEGMENTS
    segments = []
    for number in range(SEGMENTS):
        start = number * length
        times = start + length * (np.arange(WORDS) + 0.5) / WORDS
        words = tuple(TimedWord(f"word{at}", time, max(0.0, time - 0.3), time + 0.29) for at, time in enumerate(times))
        segments.append(Segment(start, start + length, ("walk", "turn", "wave")[number % 3], words))
    return viewer.Take(Motion(positions, FPS, CANONICAL, "long.bvh"), Transcript(tuple(segments), SECONDS, "long.bvh"))


def main() -> None:
    """Print a line per kind."""
    with tempfile.TemporaryDirectory() as folder, browser() as chrome:
        path = Path(folder) / "long.html"
        viewer.write([take()], path, viewer.Editing(open=True))
        page = chrome.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(NO_3D)
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=120_000)
        print(f"{SECONDS:.0f} s at {FPS:.0f} frames per second, {SEGMENTS} segments, {SEGMENTS * WORDS} words; ms")
        print(f"{'':20} {'scripts':>8} {'with layout':>12} {'processor':>10}")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        for kind in page.evaluate(KINDS):
            before = processor_seconds(session)
            scripts, laid_out = page.evaluate(MEASURE, [kind, ROUNDS])
            processor = 1000 * (processor_seconds(session) - before) / ROUNDS
            print(f"{kind:20} {scripts:8.1f} {laid_out:12.1f} {processor:10.1f}")


def processor_seconds(session: CDPSession) -> float:
    """The processor time that the page's thread has taken."""
    found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return float(found["TaskDuration"])


if __name__ == "__main__":
    main()
