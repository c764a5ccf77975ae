"""Commands that run apart from the tests (the fixture `started`): their files and their processes."""

import re
import subprocess
import time
from pathlib import Path


def wait_for(folder: Path, pattern: str, process: subprocess.Popen) -> Path:
    """A file that the process makes, once it is there."""
    for _ in range(3000):
        if found := sorted(folder.glob(pattern)):
            return found[0]
        if process.poll() is not None:
            raise AssertionError(f"it ended before {folder}/{pattern} came: {process.stdout.read()}")
        time.sleep(0.1)
    raise AssertionError(f"{folder}/{pattern} did not come")


def process_of(ancestor: int, words: str) -> int:
    """A process that `ancestor` started, itself or through others, whose command line has the words, once there is one.

    A process may be between two tasks, or be replaced, at the moment it is looked for.
    """
    for _ in range(300):
        if (found := _process_now(ancestor, words)) is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"no process {words}")


def _process_now(ancestor: int, words: str) -> int | None:
    waiting = [ancestor]
    while waiting:
        process = Path(f"/proc/{waiting.pop()}")
        try:
            below = [child for path in process.glob("task/*/children") for child in path.read_text().split()]
            if re.search(words, (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")):
                return int(process.name)
        except OSError:  # it ended meanwhile
            continue
        waiting += map(int, below)
    return None
