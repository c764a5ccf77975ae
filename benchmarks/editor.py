"""What the editor costs in a take of ten minutes at 60 frames per second: `python -m benchmarks.editor`.

Prints milliseconds of the page's own thread, in a headless Chromium without 3D, as the median of each kind: a time
shown while playing, a boundary moved while it is dragged, a correction taken, and undone. Needs Playwright, Chromium.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

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
MEASURE = """
(rounds) => {
  const { editor, clock } = player;
  const settle = () => document.body.offsetHeight; // style and layout, too
  const time = (act) => {
    const times = [];
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      act(round);
      settle();
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[rounds >> 1];
  };
  editor.select(0, 100);
  const move = (round) => (doc, id, stamp) => moveBoundary(doc, id, "end", 302 + round / 60, stamp);
  return {
    "a time shown": time((round) => clock.seek(300 + round / 30)),
    "a boundary dragged": time((round) =>
      editor.preview(move(round)(editor.document(), 100, editor.stamp()), 0, false)),
    "a correction taken": time((round) => editor.changeSegment("move", move(round + 1))),
    "a correction undone": time(() => editor.undo()),
  };
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
        print(f"{SECONDS:.0f} s at {FPS:.0f} frames per second, {SEGMENTS} segments, {SEGMENTS * WORDS} words")
        for what, milliseconds in page.evaluate(MEASURE, ROUNDS).items():
            print(f"{what:20} {milliseconds:6.1f} ms")


if __name__ == "__main__":
    main()
