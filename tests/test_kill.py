"""benchmarks/kill.py sees what a job that is killed leaves behind, and what it does not do again."""

import importlib.util
import sys
from pathlib import Path

import pytest

from motion2language.files import remove_leftovers, write_text

if sys.platform == "win32":
    pytest.skip("needs fork", allow_module_level=True)


@pytest.fixture(scope="module")
def kill():
    spec = importlib.util.spec_from_file_location("kill", Path(__file__).parents[1] / "benchmarks" / "kill.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def careful(out: Path, again: bool) -> None:
    out.mkdir(exist_ok=True)
    remove_leftovers([out / "a", out / "b"])
    for name in "ab":
        if not (again and (out / name).exists()):
            write_text(out / name, name * 1000)


def leaving(out: Path, again: bool) -> None:
    out.mkdir(exist_ok=True)
    write_text(out / "a", "a" * 1000)


def trusting(out: Path, again: bool) -> None:
    out.mkdir(exist_ok=True)
    for name in "ab":
        if not (out / name).exists():
            with (out / name).open("w", buffering=1) as file:
                file.write(name * 1000 + "\n")


def failing(out: Path, again: bool) -> None:
    out.mkdir(exist_ok=not again)
    raise SystemExit(int(again))


@pytest.mark.parametrize(
    ("job", "row", "reasons"),
    [
        (careful, "| job | 5 | 5 | 2 | 0 |", []),
        (
            leaving,
            "| job | 3 | 3 | 1 | 2 |",
            ["step 3 of 3: other files: .a-", "step 3 of 3, half written: other files: .a-"],
        ),
        (trusting, "| job | 3 | 3 | 1 | 1 |", ["step 3 of 3, half written: other files: a"]),
        (failing, "| job | 1 | 1 | 0 | 1 |", ["step 1 of 1: status 1"]),
    ],
)
def test_every_step_of_a_job_is_killed_and_what_it_leaves_is_found(job, row, reasons, kill, tmp_path):
    failures: list[str] = []
    assert kill.kill_everywhere("job", job, tmp_path, failures) == row
    assert len(failures) == len(reasons)
    for failure, reason in zip(failures, reasons, strict=True):
        assert failure.startswith(f"job, {reason}")
