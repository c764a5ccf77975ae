"""Opening KIT-ML's first release with and without its store: `python benchmarks/kit.py MOTION.xml [--copies N]`.

The corpus is copies of one recording, as a folder and as a zip, in a temporary folder (about 0.4 GB with the default).
Every measurement is a separate process, without its imports. Medians of five, the two ways in turn: seconds, and
seconds of CPU, which depend less on other load on the machine.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from rich.progress import track

ROUNDS = 5
OPEN = """
import sys, time
from pathlib import Path
from motion2language.data import corpora
from motion2language.data.corpora import kit
started = time.perf_counter(), time.process_time()
corpora.load("kit", Path(sys.argv[1]), "train", Path(sys.argv[2]) if sys.argv[2] else None)
print(time.perf_counter() - started[0], time.process_time() - started[1])
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("motion", type=Path)
    parser.add_argument("--copies", type=int, default=300)
    options = parser.parse_args()
    content = options.motion.read_bytes()
    print(f"{options.copies} recordings of {len(content) / 1e6:.2f} MB\n")
    print("| `kit`, training split | --no-store: every recording is read | store exists |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        for root in write_corpora(Path(name), content, options.copies):
            store = Path(name) / "stores"
            time_opening(root, store)  # makes the store
            pairs = [(time_opening(root, None), time_opening(root, store)) for _ in track(range(ROUNDS), "opening")]
            without, stored = map(medians, zip(*pairs, strict=True))
            print(f"| {'zip' if root.suffix else 'folder'} | {without} | {stored} |")


def write_corpora(folder: Path, content: bytes, copies: int) -> list[Path]:
    """The copies with one sentence each, as a folder and as a zip."""
    root, archive = folder / "kit", folder / "kit.zip"
    root.mkdir()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number in track(range(1, copies + 1), "writing the corpus"):
            sentences = f'["A person walks {number}."]'.encode()
            for end, data in (("mmm.xml", content), ("annotations.json", sentences)):
                (root / f"{number:05}_{end}").write_bytes(data)
                zipped.writestr(f"{number:05}_{end}", data)
    return [root, archive]


def medians(times: Sequence[tuple[float, ...]]) -> str:
    """The medians of seconds and of seconds of CPU."""
    wall, cpu = map(statistics.median, zip(*times, strict=True))
    return f"{wall:.2f} s ({cpu:.2f} s of CPU)"


def time_opening(root: Path, store: Path | None) -> tuple[float, ...]:
    """Seconds, and seconds of CPU, to load the training split."""
    command = [sys.executable, "-c", OPEN, str(root), str(store or "")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    return tuple(map(float, done.stdout.split()))


if __name__ == "__main__":
    main()
