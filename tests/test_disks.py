"""Folders that cannot be written, full disks, closed pipes and two processes on one --out, as an ordinary user."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from small import recording

from motion2language import cli
from motion2language.formats import bvh

NOBODY = 65534
COMMAND = [sys.executable, "-m", "motion2language", "caption"]
QUICK = ["--model", "synthetic", "--beam", "1"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="users, limits and /dev/full of POSIX")


@pytest.fixture
def place():
    """A folder that an ordinary user can read, with six recordings."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "takes").mkdir()
    for number in range(6):
        bvh.write(recording(number).clip(0, 2), folder / "takes" / f"{number}.bvh")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", autouse=True)
def loaded(tmp_path_factory):
    """What a caption imports, so that a child of this process needs no file of Python's, which may be root's alone."""
    take = tmp_path_factory.mktemp("take") / "take.bvh"
    bvh.write(recording(0).clip(0, 2), take)
    assert call([take, *QUICK, "--out", take.parent / "out"]) == 0


def call(words: list[object]) -> int:
    """The status of `m2l caption` in this process."""
    before, sys.argv = sys.argv, ["m2l", "caption", *map(str, words)]
    try:
        cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.argv = before
    raise AssertionError("main exits")


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*words: object, stdout: int | None = None, prepare=lambda: None) -> Done:
    """A command as an ordinary user, not as root, in a child of this process."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            status = 99
            try:
                os.dup2(out.fileno() if stdout is None else stdout, 1)
                os.dup2(err.fileno(), 2)
                sys.stdout, sys.stderr = (open(number, "w", 1, closefd=False) for number in (1, 2))  # noqa: SIM115
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(NOBODY)
                    os.setuid(NOBODY)
                prepare()
                status = call(list(words))
                sys.stdout.flush()
            except BaseException:
                os.write(2, traceback.format_exc().encode())  # the test sees it
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    if "pretrained" in texts[1] and "ermission" in texts[1]:
        pytest.skip("another user cannot read this checkout")
    return Done(os.waitstatus_to_exitcode(status), *texts)


def lines_of(done: Done) -> list[str]:
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


def test_a_folder_that_cannot_be_written_is_one_line_for_each_recording(place):
    (place / "shut").mkdir(mode=0o555)
    done = run(place / "takes" / "0.bvh", *QUICK, "--out", place / "shut")
    assert done.returncode == 1  # it was described, and printed
    assert lines_of(done) == [
        f"m2l: {place}/shut/0.json: cannot be written (Permission denied); choose a folder that exists and is yours"
    ]
    assert done.stdout.startswith("[00:")
    done = run(place / "takes" / "0.bvh", *QUICK, "--out", place / "shut" / "new")
    assert (done.returncode, done.stdout) == (3, "")
    assert lines_of(done) == [f"m2l: {place}/shut/new: cannot be made (Permission denied); choose another --out"]


def test_a_recording_that_cannot_be_read_is_one_line_and_the_others_go_on(place):
    (place / "takes" / "3.bvh").chmod(0)
    done = run(place / "takes", *QUICK)
    assert done.returncode == 1
    assert lines_of(done) == [
        f"m2l: {place}/takes/3.bvh: cannot be read; check its permissions", "m2l: 1 of 6 recordings failed, 5 are done"
    ]  # fmt: skip


def test_a_disk_that_is_full_leaves_no_half_of_a_file(place):
    (place / "out").mkdir()
    (place / "out").chmod(0o777)
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (100, 100))
    done = run(place / "takes" / "0.bvh", *QUICK, "--out", place / "out", prepare=limit)
    assert done.returncode == 1
    assert lines_of(done) == [f"m2l: {place}/out/0.json: cannot be written (File too large)"]
    assert list((place / "out").iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_to_a_full_disk_is_one_line(place):
    with Path("/dev/full").open("w") as full:
        done = run(place / "takes" / "0.bvh", *QUICK, stdout=full.fileno())
    assert (done.returncode, lines_of(done)) == (1, ["m2l: no space left on device"])


def test_a_reader_that_stops_reading_ends_the_command_quietly(place):
    read, write = os.pipe()
    os.close(read)
    done = run(place / "takes", *QUICK, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_two_processes_may_write_one_out_at_a_time(place):
    command = [*COMMAND, str(place / "takes"), *QUICK, "--out", str(place / "out")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")
    files = sorted((place / "out").iterdir())
    assert [path.name for path in files] == [f"{number}.json" for number in range(6)]
    assert all(json.loads(path.read_text())["path"] == f"../takes/{path.stem}.bvh" for path in files)
