"""Hours of live input: `python benchmarks/live_hours.py [HOURS]`; memory and speed over time, as Markdown.

Synthetic recordings one after another, at 30 frames per second of stream time, as fast as they can be captioned.
"""

import itertools
import sys
import time
from pathlib import Path

from motion2language.captioning.loading import load_model
from motion2language.data.synthesis import make_recording
from motion2language.live.captioner import LiveCaptioner
from motion2language.live.events import Sentence

FPS = 30.0
RECORDINGS = 40


def main(hours: float) -> None:
    """Measure and print."""
    recordings = [make_recording([8, number]).motion.resample(FPS) for number in range(RECORDINGS)]
    live = LiveCaptioner(load_model("live"), recordings[0].skeleton, unit="m", up="y")
    sentences = 0
    start = time.perf_counter()
    print("| stream | sentences | memory | ms per frame |\n| --- | --- | --- | --- |")
    marks = [hours * 3600 * FPS * share for share in (0.02, 0.25, 0.5, 0.75, 1.0)]
    poses = itertools.chain.from_iterable(recording.positions for recording in itertools.cycle(recordings))
    for frames, pose in enumerate(poses, start=1):
        sentences += sum(isinstance(event, Sentence) for event in live.feed(pose, (frames - 1) / FPS))
        if frames >= marks[0]:
            per_frame = 1000 * (time.perf_counter() - start) / frames
            print(f"| {frames / FPS / 3600:.2f} h | {sentences} | {resident():.0f} MB | {per_frame:.2f} |", flush=True)
            marks.pop(0)
            if not marks:
                break


def resident() -> float:
    """Memory of this process, MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
