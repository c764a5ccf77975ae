"""Kills a job at each of its steps on the disk, does it again, and compares: `python benchmarks/kill.py [JOB ...]`.

A step is a file or folder that is opened for writing, made, moved or removed, as Python's audit events tell. The job
runs in a process that kills itself with SIGKILL before step 1, then before step 2, and so on; where a file was being
written, once more with half of what was written to it. Then the job runs to its end, as a user would go on with it.
Its files must be those of a job that was never killed, and no other. Needs fork. Prints a table; the exit status is 1
when anything differs.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib
import io
import multiprocessing
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from motion2language.files import one_line

HERE = Path(__file__).resolve().parent.parent
STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.link", "os.symlink"}
VARIES = ("events.out.tfevents", "run.lock")  # beginnings of names of files that differ between any two runs
FORK = multiprocessing.get_context("fork")


def main() -> int:
    """Run the jobs and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="*", default=list(JOBS), metavar="JOB", help=", ".join(JOBS))
    given = parser.parse_args()
    failures: list[str] = []
    print("| job | steps | killed before a step | killed with a file half written | fell |\n|" + " --- |" * 5)
    for name in given.jobs:
        for module in MODULES[name]:  # once, not in each process
            importlib.import_module(module)
        with tempfile.TemporaryDirectory() as folder:
            print(kill_everywhere(name, JOBS[name], Path(folder).resolve(), failures), flush=True)
    print("\n".join(["", *failures] if failures else ["", "every job came to the files of one that was never killed"]))
    return int(bool(failures))


def kill_everywhere(name: str, job: Callable[[Path, bool], None], folder: Path, failures: list[str]) -> str:
    """Kill a job at each of its steps; a row of the table."""
    whole = folder / "whole"
    steps = run(job, whole, again=False)
    wanted = contents(whole)
    counts = {"killed": 0, "halved": 0}
    before = len(failures)
    for step in range(1, steps + 1):
        for half in (False, True):
            out = folder / f"{step}{'-half' * half}"
            if not run(job, out, again=False, step=step, half=half):
                continue  # no file was being written
            counts["halved" if half else "killed"] += 1
            label = f"{name}, step {step} of {steps}{', half written' * half}"
            try:
                run(job, out, again=True)
            except RuntimeError as error:
                failures.append(f"{label}: {error}")
                continue
            found = contents(out)
            differing = sorted(path for path in found.keys() | wanted.keys() if found.get(path) != wanted.get(path))
            if differing:
                failures.append(f"{label}: other files: {', '.join(differing)}")
    return f"| {name} | {steps} | {counts['killed']} | {counts['halved']} | {len(failures) - before} |"


def run(job: Callable[[Path, bool], None], out: Path, again: bool, step: int = 0, half: bool = False) -> int:
    """Do a job in a process of its own.

    Returns its steps, or, when it is to be killed at a `step`, whether it was. RuntimeError when it ends otherwise.
    """
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=do, args=(job, out, again, step, half, there))
    process.start()
    there.close()
    steps, problem = 0, ""
    with contextlib.suppress(EOFError):
        steps, problem = here.recv()
    process.join()
    if step and process.exitcode == -signal.SIGKILL:
        return 1
    if process.exitcode != 0 or problem:
        raise RuntimeError(problem or f"the process ended with status {process.exitcode}")
    return 0 if step else steps


def do(job: Callable[[Path, bool], None], out: Path, again: bool, step: int, half: bool, there) -> None:
    """In the process: watch the steps, and do the job."""
    watch = Watch(out, step, half)
    sys.addaudithook(watch)
    problem, printed = "", io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            job(out, again)
        except SystemExit as ended:
            problem = f"status {ended.code}: {one_line(printed.getvalue())[-300:]}" if ended.code else ""
        except BaseException:
            problem = traceback.format_exc()[-500:]
    watch.out = Path("/nowhere")
    there.send((watch.count, problem))


class Watch:
    """An audit hook that counts the steps below a folder and kills the process at one of them."""

    def __init__(self, out: Path, step: int, half: bool) -> None:
        self.out, self.step, self.half = out, step, half
        self.count = 0
        self.writing: tuple[Path, int] | None = None  # the file opened last, and its size then

    def __call__(self, event: str, arguments: tuple) -> None:
        """Count an event of Python."""
        if event not in STEPS or not (path := self.changes(event, arguments)):
            return
        self.count += 1
        if self.count == self.step and (not self.half or self.halve()):
            os.kill(os.getpid(), signal.SIGKILL)
        if event == "open":
            self.writing = (path, path.stat().st_size if path.exists() else 0)

    def changes(self, event: str, arguments: tuple) -> Path | None:
        """The path that an event is about to change, where it lies in the folder."""
        if not isinstance(arguments[0], str | bytes | os.PathLike):
            return None  # a file that is open already
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return None
        path = Path(os.fsdecode(arguments[0]))
        if any(part.startswith(VARIES) for part in path.parts):
            return None
        by_descriptor = event in ("os.remove", "os.rmdir") and arguments[-1] != -1  # as shutil.rmtree does
        return path if by_descriptor or self.out in (path, *path.parents) else None

    def halve(self) -> bool:
        """Cut what was written to the file opened last in half; whether there was anything."""
        if self.writing is None or not self.writing[0].is_file():
            return False
        path, before = self.writing
        written = path.stat().st_size - before
        if written < 2:
            return False
        os.truncate(path, before + written // 2)
        return True


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder; without what differs between any two runs."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            found[name + "/"] = b""
        elif path.name == "log.csv":
            rows = list(csv.DictReader(path.read_text().splitlines()))
            found[name] = repr([{key: value for key, value in row.items() if key != "captions_per_s"} for row in rows]
                               ).encode() + b"\r" * path.read_bytes().count(b"\r")  # fmt: skip
        elif path.name == "state.pt":
            found[name] = b"there"
        elif path.suffix == ".eaf":
            found[name] = re.sub(rb'DATE="[^"]*"', b"", path.read_bytes())
        elif not path.name.startswith(VARIES):
            found[name] = path.read_bytes()
    return found


# The jobs, each with a folder to write and whether it was killed before


def train(out: Path, again: bool) -> None:
    """Train a small model for two epochs, with --resume the second time."""
    from test_train import TRAINING, VALIDATION, run_config

    from motion2language.training.train import train

    train(run_config(epochs=2), TRAINING, VALIDATION, out, resume=again)


def caption(out: Path, again: bool) -> None:
    """Describe two recordings, in every format."""
    samples = sorted((HERE / "motion2language" / "samples").glob("*.bvh"))[:2]
    command("caption", *samples, "--model", "synthetic", "--beam", "1", "--out", out, "--format", "all",
            *["--skip-written"] * again)  # fmt: skip


def split(out: Path, again: bool) -> None:
    """Cut a recording into pieces."""
    command("split", HERE / "motion2language" / "samples" / "2_walk_bow.bvh", "--model", "synthetic", "--out", out,
            *["--overwrite"] * again)  # fmt: skip


def command(*words: object) -> None:
    """Run a command line, in this process alone."""
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    sys.argv = ["m2l", *map(str, words)]
    from motion2language.cli import main as run_command

    run_command()


JOBS = {"train": train, "caption": caption, "split": split}
DESCRIBING = [f"motion2language.{name}" for name in ("cli", "captioning.recordings", "captioning.search_transducer")]
MODULES = {
    "train": ["test_train", "torch.utils.tensorboard", "torch._dynamo", "sacrebleu"],
    "caption": [*DESCRIBING, "motion2language.viewer.document"],
    "split": DESCRIBING,
}

if __name__ == "__main__":
    sys.path.insert(0, str(HERE / "tests"))
    sys.exit(main())
