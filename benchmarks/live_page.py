"""The live page in headless Chromium without a graphics card: `python benchmarks/live_page.py take.bvh [--times 3]`.

Starts `m2l live --websocket --serve`, opens its page, and sends the recording at the pace it happened. Prints how long
after a frame was sent the page has drawn it, how long after the frame that made a word certain the word is on the
page, and the frames a second drawn. Needs the extra `dev` and Chromium.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from chromium import live_page

import motion2language as m2l
from motion2language.live import sending

NOTE = """
() => {
  window.noted = { frame: [], word: [] };
  for (const kind of ["frame", "word"]) {
    const shown = page[kind].bind(page);
    page[kind] = (message) => {
      shown(message);
      const moment = kind === "frame" ? message.time : message.said;
      requestAnimationFrame(() => setTimeout(() => noted[kind].push([moment, Date.now() / 1000])));
    };
  }
}
"""


def say(what: str, noted: list[list[float]], sent: dict[float, float]) -> None:
    """Print median and 95th percentile of how long after it was sent something was drawn."""
    late = 1000 * np.array([drawn - sent[round(moment, 2)] for moment, drawn in noted])
    print(f"{what}: n = {len(late)}, median {np.median(late):.0f} ms, 95 % within {np.percentile(late, 95):.0f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    motion = m2l.read_motion(arguments.file)
    with live_page({"width": 1280, "height": 800}) as (page, address):
        page.evaluate(NOTE)
        for _ in range(arguments.times):
            sent: dict[float, float] = {}
            page.evaluate("noted.frame = []; noted.word = []")
            with sending.sender_to(address) as emit:

                def timed(line: str, emit: sending.Emit = emit, sent: dict[float, float] = sent) -> None:
                    if line.startswith('{"time": '):
                        sent[round(float(line[9 : line.index(",")]), 2)] = time.time()
                    emit(line)

                sending.send(motion, timed)
            page.wait_for_timeout(2000)
            noted = page.evaluate("noted")
            say("frames", noted["frame"], sent)
            say("words", noted["word"], sent)
            drawn = len({moment for _, moment in noted["frame"]})
            print(f"{drawn / motion.duration:.1f} frames a second drawn of {motion.fps:.0f} sent")


if __name__ == "__main__":
    main()
