"""Opening KIT-ML's first release with and without its store: `python benchmarks/kit.py MOTION.xml [--copies N]`.

The corpus is copies of one recording, as a folder and as a zip, in a temporary folder (about 0.4 GB with the default).
Every measurement is a process of its own, without its imports; five of a kind, the ways in turn, their medians:
seconds, and seconds of CPU, which other load on the machine does not lengthen as much.
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
    print("| `kit`, its training split | --no-store: every recording read | store there |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        for root in write_corpora(Path(name), content, options.copies):
            store = Path(name) / "stores"
            opened(root, store)
            pairs = [(opened(root, None), opened(root, store)) for _ in track(range(ROUNDS), "opening")]
            without, there = map(medians, zip(*pairs, strict=True))
            print(f"| {'zip' if root.suffix else 'folder'} | {without} | {there} |")


def write_corpora(folder: Path, content: bytes, copies: int) -> list[Path]:
    """The copies with a sentence each, as a folder and as a zip."""
    root, archive = folder / "kit", folder / "kit.zip"
    root.mkdir()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number in track(range(1, copies + 1), "writing the corpus"):
            said = f'["A person walks {number}."]'.encode()
            for end, data in (("mmm.xml", content), ("annotations.json", said)):
                (root / f"{number:05}_{end}").write_bytes(data)
                zipped.writestr(f"{number:05}_{end}", data)
    return [root, archive]


def medians(times: Sequence[tuple[float, ...]]) -> str:
    """The medians of seconds and of seconds of CPU."""
    wall, cpu = map(statistics.median, zip(*times, strict=True))
    return f"{wall:.2f} s ({cpu:.2f} s of CPU)"


def opened(root: Path, store: Path | None) -> tuple[float, ...]:
    """Seconds to load the training split, and of CPU."""
    command = [sys.executable, "-c", OPEN, str(root), str(store or "")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    return tuple(map(float, done.stdout.split()))


if __name__ == "__main__":
    main()
