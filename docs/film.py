"""The film of the player in the README, docs/player.webp: `python -m docs.film`.

Chromium opens the page that `m2l view` writes for a shipped sample, and takes a picture at each step of its time.
Needs Playwright, Chromium and Pillow; run it in the repository's root.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

import motion2language as m2l
from benchmarks.chromium import browser
from motion2language.files import write_atomically

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "motion2language" / "samples" / "4_walk_sideways_kick_clap_run.bvh"
SIZE, WIDTH = {"width": 860, "height": 905}, 600  # of the page; of the film, in pixels
RATE = 10  # frames per second


def main() -> None:
    """Write the film."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "player.html"
        subprocess.run(["m2l", "view", SAMPLE, "--out", page, "--no-open"], check=True)
        first, *rest = pictures(page, m2l.read_motion(SAMPLE).duration)
    path = HERE / "player.webp"
    kind = {"format": "WEBP", "save_all": True, "append_images": rest, "duration": 1000 // RATE, "loop": 0}
    write_atomically(path, lambda file: first.save(file, quality=52, method=4, **kind))
    print(f"{path.name}: {len(rest) + 1} frames, {path.stat().st_size / 1e6:.2f} MB")


def pictures(path: Path, seconds: float) -> Iterator[Image.Image]:
    """A picture of the page at each step of its time."""
    with browser() as chromium:
        page = chromium.new_page(viewport=SIZE, color_scheme="light")
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        for step in range(int(seconds * RATE)):
            page.locator("input.time").fill(str(step / RATE))
            page.locator("input.time").evaluate("(slider) => slider.blur()")
            page.wait_for_timeout(60)  # two frames of the browser
            shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            yield shown.resize((WIDTH, WIDTH * SIZE["height"] // SIZE["width"]), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
