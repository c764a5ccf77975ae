"""Malformed recordings, models and streams, made and read by benchmarks/fuzz.py in a watched process."""

import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"


def test_malformed_files_are_read_or_refused_in_one_line():
    done = subprocess.run(
        [sys.executable, FUZZ, "--count", "500", "--seed", "test"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("no traceback, no hang, no case beyond the memory\n")
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 18
    assert all(int(row[1]) == 28 for row in rows)
    assert sum(int(row[3]) for row in rows) > 250  # most are damaged beyond reading


def test_the_watch_sees_a_traceback_a_hang_a_death_and_a_case_beyond_the_memory(tmp_path):
    """A version of the package whose reader does all of these, by the file's content."""
    package = tmp_path / "checkout" / "motion2language"
    (package / "formats").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "body.py").write_text("describe = to_canonical = None\n")
    (package / "formats" / "__init__.py").write_text("")
    (package / "formats" / "reading.py").write_text(
        "import os\n"
        "class ReadOptions:\n    def __init__(self, **_): pass\n"
        "def list_takes(*_): return ()\n"
        "def read_with_axes(path, _):\n"
        "    exec(path.read_text(), {'os': os, 'path': path})\n"
        "    raise ValueError(f'{path}: refused')\n"
    )
    (tmp_path / "cases").mkdir()
    for name, code in {
        "1": "", "2": "1 / 0", "3": "while True: pass", "4": "os._exit(3)", "5": "bytearray(3 * 10**9)",
        "6": "raise ValueError(f'{path}: cannot be read (KeyError: 1)')", "7": "raise ValueError('nameless')",
        "8": "raise ValueError(f'{path}: two\\nlines')",
    }.items():  # fmt: skip
        (tmp_path / "cases" / name).write_text(code)
    command = [sys.executable, FUZZ, "--folder", tmp_path / "cases", "--against", tmp_path / "checkout", "--slow", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    fell = dict(
        line.removeprefix("folder ").split(": ", 1) for line in done.stdout.splitlines() if line[:7] == "folder "
    )
    assert list(fell) == ["1", "2", "3", "4", "5", "6", "7"]
    wanted = (
        *(
            "traceback, ZeroDivisionError",
            "hangs (over 1 s)",
            "the process ended with status 3",
            "traceback, MemoryError",
        ),
        *("not foreseen by the reader", "does not name the file", "message of several lines"),
    )
    for found, message in zip(fell.values(), wanted, strict=True):
        assert found.startswith(message)
