"""The player in headless Chromium without a graphics card: `python benchmarks/player.py take.bvh [--seconds 60]`.

Repeats the recording, forward and backward, until it has the requested length, captions it, writes the page, opens it
from disk and plays it. Prints the page's size, its growth per 10 s, the time until it can be played, and the frames
per second while it plays. Needs the extra `dev` and Chromium.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from chromium import browser

import motion2language as m2l
from motion2language import viewer

COUNT = """
(seconds) => new Promise((done) => {
  let frames = 0;
  const start = performance.now();
  const next = (now) => {
    frames += 1;
    if (now - start < 1000 * seconds) requestAnimationFrame(next);
    else done((1000 * frames) / (now - start));
  };
  requestAnimationFrame(next);
})
"""


def take(motion: m2l.Motion, seconds: float) -> viewer.Take:
    """The recording repeated to `seconds`, with the shipped model's transcript."""
    whole = np.concatenate([motion.positions, motion.positions[::-1]])
    count = round(seconds * motion.fps)
    positions = np.concatenate([whole] * (1 + count // len(whole)))[:count]
    longer = replace(motion, positions=positions, angles=None)
    captioner = m2l.load_model("default")
    described = next(captioner.describe_all([longer]))
    return viewer.Take(longer, described.transcript, weights=described.attention())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    motion = m2l.read_motion(arguments.file)
    base, long = (len(viewer.page([take(motion, seconds)]).encode()) for seconds in (10.0, arguments.seconds))
    growth = (long - base) / (arguments.seconds - 10) * 10
    print(
        f"{arguments.seconds:g} s, {len(motion.skeleton.joints)} joints: {long / 1e6:.2f} MB, "
        f"{growth / 1e3:.1f} kB per 10 s"
    )
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        path = Path(folder) / "player.html"
        viewer.write([take(motion, arguments.seconds)], path)
        for width, height in ((1280, 800), (400, 800)):
            page = chromium.new_page(viewport={"width": width, "height": height})
            start = time.perf_counter()
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-ready]")
            opened = time.perf_counter() - start
            page.keyboard.press("k")
            rate = page.evaluate(COUNT, 10)
            print(f"{width} x {height}: can be played after {opened:.1f} s, plays at {rate:.0f} frames per second")
            page.close()


if __name__ == "__main__":
    main()
