"""The live page in headless Chromium without a graphics card: `python benchmarks/live_page.py take.bvh [--times 3]`.

Starts `m2l live --websocket --serve`, opens its page, and sends the recording at its recorded speed. Prints the delays
from sending a frame to drawing it, and from the frame that made a word final to the word on the page, and the frames
drawn per second. Needs the extra `dev` and Chromium.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from chromium import live_page

import motion2language as m2l
from motion2language.live import sending

RECORD_TIMES = """
() => {
  window.drawn = { frame: [], word: [] };
  for (const kind of ["frame", "word"]) {
    const shown = page[kind].bind(page);
    page[kind] = (message) => {
      shown(message);
      const moment = kind === "frame" ? message.time : message.said;
      requestAnimationFrame(() => setTimeout(() => drawn[kind].push([moment, Date.now() / 1000])));
    };
  }
}
"""


def print_delays(what: str, drawn: list[list[float]], sent: dict[float, float]) -> None:
    """Print the median and the 95th percentile of the delay from sending to drawing."""
    delays = 1000 * np.array([shown - sent[round(moment, 2)] for moment, shown in drawn])
    print(
        f"{what}: n = {len(delays)}, median {np.median(delays):.0f} ms, 95 % within {np.percentile(delays, 95):.0f} ms"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    motion = m2l.read_motion(arguments.file)
    with live_page({"width": 1280, "height": 800}) as (page, address):
        page.evaluate(RECORD_TIMES)
        for _ in range(arguments.times):
            sent: dict[float, float] = {}
            page.evaluate("drawn.frame = []; drawn.word = []")
            with sending.sender_to(address) as emit:

                def timed(line: str, emit: sending.Emit = emit, sent: dict[float, float] = sent) -> None:
                    if line.startswith('{"time": '):
                        sent[round(float(line[9 : line.index(",")]), 2)] = time.time()
                    emit(line)

                sending.send(motion, timed)
            page.wait_for_timeout(2000)
            drawn = page.evaluate("drawn")
            print_delays("frames", drawn["frame"], sent)
            print_delays("words", drawn["word"], sent)
            count = len({shown for _, shown in drawn["frame"]})
            print(f"{count / motion.duration:.1f} frames per second drawn of {motion.fps:.0f} sent")


if __name__ == "__main__":
    main()
