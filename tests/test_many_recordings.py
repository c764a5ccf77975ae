"""Folders described here and on Ray: the same files, none lost when a worker is killed, none done twice when asked."""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small import recording
from started import process_of, wait_for

from motion2language.captioning import outputs, ray_cluster, recordings
from motion2language.captioning.workers import can_fork
from motion2language.cli.caption import SAMPLES
from motion2language.formats import bvh
from motion2language.formats.reading import ReadOptions


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three recordings, one in a folder below and one that is none."""
    (tmp_path / "takes" / "deep").mkdir(parents=True)
    bvh.write(recording(2), tmp_path / "takes" / "a.bvh")
    bvh.write(recording(3), tmp_path / "takes" / "deep" / "a.bvh")
    (tmp_path / "takes" / "bad.bvh").write_text("HIERARCHY\nROOT")
    (tmp_path / "takes" / "notes.txt").write_text("none")
    return tmp_path / "takes"


def test_a_folder_is_all_recordings_in_it_and_what_is_written_can_be_skipped(folder, tmp_path, m2l):
    out = tmp_path / "out"
    status, printed, err = m2l("caption", folder, "--model", "synthetic", "--beam", 1, "--out", out)
    assert status == 1
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.*")} == {"a.json", "deep/a.json"}
    assert ("bad.bvh: " in err, err.count("\n")) == (True, 2)
    assert err.endswith("m2l: 1 of 3 recordings failed, 2 are done\n")
    assert printed.count(".bvh\n") == 2
    (out / "a.json").unlink()
    kept = (out / "deep" / "a.json").stat().st_mtime_ns
    (folder / "bad.bvh").unlink()
    status, printed, err = m2l("caption", folder, "--model", "synthetic", "--beam", 1, "--out", out, "--skip-written")
    assert (status, err) == (0, "m2l: 1 of 2 recordings are written already\n")
    assert json.loads((out / "a.json").read_text())["text"]
    assert (out / "deep" / "a.json").stat().st_mtime_ns == kept
    assert m2l("caption", folder, "--out", out, "--skip-written")[:2] == (0, "")


def test_what_cannot_be_done_is_one_line(folder, tmp_path, m2l):
    (tmp_path / "empty").mkdir()
    assert "no recording in this folder; expected" in m2l("caption", tmp_path / "empty")[2]
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "walk.csv").write_text("time,left_knee.x")
    said = m2l("caption", tmp_path / "tables")[2]
    assert ".csv" not in said.partition("(")[0] and ".csv" in said and "when the file itself is named" in said
    assert "--skip-written: nothing is written" in m2l("caption", folder, "--skip-written")[2]
    status, _, err = m2l("caption", folder, "--ray", "nowhere:1:2")
    assert (status, err.count("\n")) == (3, 1)
    assert "--ray nowhere:1:2: no cluster answers" in err


def test_a_cluster_on_this_machine_that_does_not_start_in_time_is_started_again(monkeypatch):
    attempts = []

    def init(**_):
        attempts.append(1)
        if len(attempts) < 3:
            raise Exception("The current node timed out during startup.")

    monkeypatch.setattr("ray.init", init)
    with ray_cluster.connect("local"):
        assert len(attempts) == 3
    attempts.clear()
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ValueError, match=rf"--ray {address}: no cluster .*timed out"), ray_cluster.connect(address):
            pass
    assert len(attempts) == 1


@pytest.mark.parametrize("how", ["{}", "ray://{}", "auto"])
def test_an_address_where_nothing_listens_is_said_at_once(how, folder, monkeypatch, m2l):
    """Also one that a cluster left behind which ended without a word; Ray itself would wait for ever."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unheard.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", place)
        monkeypatch.setattr("ray.init", pytest.fail)
        status, out, err = m2l("caption", folder, "--ray", how.format(place))
    assert (status, out, err.count("\n")) == (3, "", 1)
    assert f"m2l: --ray {how.format(place)}: no cluster answers (" in err
    assert f"{place}: " in err


@pytest.mark.slow
def test_a_killed_workers_chunk_is_done_again_and_nothing_is_lost(started, tmp_path, m2l):
    """Enough recordings that every worker is at work for seconds; one is killed in the middle."""
    takes, out = tmp_path / "takes", tmp_path / "out"
    takes.mkdir()
    samples = sorted(SAMPLES.glob("*.bvh"))
    for number in range(96):
        shutil.copy(samples[number % len(samples)], takes / f"{number:03d}.bvh")
    (takes / "bad.bvh").write_text("HIERARCHY\nROOT")
    command = ["caption", takes, "--model", "synthetic", "--format", "json", "--out", out, "--ray", "local"]
    run = started(command)
    wait_for(out, "*.json", run)
    os.kill(process_of(run.pid, "ray::_chunk"), signal.SIGKILL)
    assert len(list(out.glob("*.json"))) < 96  # in the middle
    printed, _ = run.communicate(timeout=400)
    assert run.returncode == 1, printed
    assert {path.stem for path in out.iterdir()} == {f"{number:03d}" for number in range(96)}
    assert len(re.findall(r"^.*/\d{3}\.bvh$", printed, re.MULTILINE)) == 96
    own = [line for line in printed.splitlines() if line.startswith("m2l: ")]
    assert len(own) == 2
    assert "bad.bvh" in own[0]
    assert own[1] == "m2l: 1 of 97 recordings failed, 96 are done"
    assert m2l("caption", samples[1], "--model", "synthetic", "--out", tmp_path / "here")[0] == 0
    here = json.loads((tmp_path / "here" / f"{samples[1].stem}.json").read_text())
    there = json.loads((out / "001.json").read_text())
    assert (there["text"], there["duration"]) == (here["text"], here["duration"])


@pytest.fixture
def cluster_with_a_token(tmp_path):
    """The address of a cluster begun by `ray start` in a home that holds a token, and that home."""
    home = tmp_path / "home"
    (home / ".ray").mkdir(parents=True)
    (home / ".ray" / "auth_token").write_text(secrets.token_hex(32))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ray = Path(sys.executable).with_name("ray")
    process = subprocess.Popen(
        [ray, "start", "--head", "--block", "--port", str(port), "--num-cpus", "1", "--include-dashboard=false",
         "--object-store-memory", str(ray_cluster.STORE), "--disable-usage-stats"],
        start_new_session=True, env=os.environ | {"HOME": str(home)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    for line in process.stdout:
        if "Ray runtime started" in line:
            break
    else:
        raise AssertionError("ray start ended")
    yield f"127.0.0.1:{port}", home
    os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_cluster_that_asks_for_the_users_token_is_shown_it(cluster_with_a_token, folder, tmp_path):
    """Ray writes a token to the user's home when it starts on this machine; from then on `ray start` asks for it."""
    address, home = cluster_with_a_token
    environment = os.environ | {"HOME": str(home)}
    environment.pop("RAY_AUTH_MODE", None)
    found = subprocess.run(
        [sys.executable, "-m", "motion2language", "caption", folder / "a.bvh", "--model", "synthetic",
         "--out", tmp_path / "out", "--ray", address],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads((tmp_path / "out" / "a.json").read_text())["text"]


@pytest.fixture
def many(tmp_path) -> Path:
    """Ten recordings, of which one cannot be read and one holds more frames than it declares."""
    (tmp_path / "many").mkdir()
    for number in range(10):
        bvh.write(recording(2 + number % 3), tmp_path / "many" / f"{number}.bvh")
    (tmp_path / "many" / "3.bvh").write_text("HIERARCHY\nROOT")
    text = (tmp_path / "many" / "6.bvh").read_text()
    (tmp_path / "many" / "6.bvh").write_text(re.sub("Frames: .*", "Frames: 3", text))
    return tmp_path / "many"


def test_several_processes_write_what_one_does_in_the_same_order(many, tmp_path, monkeypatch, m2l):
    command = ["caption", many, "--model", "synthetic", "--format", "json,html", "--out"]
    alone = m2l(*command, tmp_path / "one")
    monkeypatch.setattr(recordings, "GROUP", 2)  # notes come as a group is read, before what comes of it
    in_pairs = m2l(*command, tmp_path / "one", "--overwrite")
    assert (in_pairs[:2], sorted(in_pairs[2].splitlines())) == (alone[:2], sorted(alone[2].splitlines()))
    monkeypatch.setattr(recordings, "count_cores", lambda: 3)
    status, out, err = m2l(*command, tmp_path / "three")
    assert (status, out.replace(f"in {tmp_path / 'three'}", f"in {tmp_path / 'one'}"), err) == in_pairs
    assert (alone[0], alone[2].count("m2l: note: 6.bvh declares `Frames: 3`")) == (1, 1)
    files = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert len(files) == 18
    assert {path.name: path.read_bytes() for path in (tmp_path / "three").iterdir()} == files


@pytest.mark.parametrize("fork", [False, pytest.param(True, marks=pytest.mark.skipif(not can_fork(), reason="spawns"))])
def test_a_process_that_dies_loses_one_recording_alone(fork, many, monkeypatch):
    jobs = outputs.plan_jobs(outputs.find_recordings([many]), None, [])
    monkeypatch.setattr(recordings, "GROUP", 4)
    monkeypatch.setattr(recordings, "_Writer", DiesAtFive)
    monkeypatch.setattr(recordings, "can_fork", lambda: fork)
    outcomes = list(recordings._write_in_processes(jobs, recordings.Settings(ReadOptions()), "captioner", 2))
    assert [Path(outcome.name).name for outcome in outcomes] == [f"{number}.bvh" for number in range(10)]
    assert [outcome.problems for outcome in outcomes if outcome.problems] == [
        (f"{many / '5.bvh'}: not described: its process died; was it killed for its memory?",)
    ]
    done = "done by a copy with its captioner\n" if fork else "done\n"
    assert {outcome.text for outcome in outcomes} == {done, None}


class DiesAtFive:
    """In place of recordings._Writer: its process ends when it comes to 5.bvh."""

    def __init__(self, settings: recordings.Settings, captioner: str | None) -> None:
        self.done = "done\n" if captioner is None else f"done by a copy with its {captioner}\n"

    def __call__(self, jobs: list[recordings.Job]) -> list[recordings.Outcome]:
        if any(job.source.path.name == "5.bvh" for job in jobs):
            os._exit(9)
        return [recordings.Outcome(job.source.label, self.done) for job in jobs]


@pytest.fixture
def describing(started, tmp_path) -> subprocess.Popen:
    """A process that shares 400 recordings among others, and has written some."""
    (tmp_path / "takes").mkdir()
    bvh.write(recording(9), tmp_path / "takes" / "000.bvh")
    for number in range(1, 400):
        (tmp_path / "takes" / f"{number:03d}.bvh").symlink_to(tmp_path / "takes" / "000.bvh")
    run = started(["caption", tmp_path / "takes", "--out", tmp_path / "out"])
    wait_for(tmp_path / "out", "*.json", run)
    return run


def require_ended(group: int) -> None:
    """Soon no process of a group is there: what multiprocessing runs beside the workers ends after them."""
    with pytest.raises(ProcessLookupError):
        for _ in range(300):
            os.killpg(group, 0)
            time.sleep(0.1)


def test_processes_end_with_the_one_that_began_them(describing, tmp_path):
    os.kill(describing.pid, signal.SIGKILL)
    describing.communicate(timeout=60)
    require_ended(describing.pid)
    assert 0 < len(list((tmp_path / "out").glob("*.json"))) < 400


def test_ctrl_c_ends_all_processes_and_keeps_what_is_written(describing, tmp_path):
    run = describing
    left = tmp_path / "out" / ".399.json-abcdefgh"  # as of a process that is stopped just when it has made one
    left.touch()
    os.killpg(run.pid, signal.SIGINT)
    printed, _ = run.communicate(timeout=60)
    assert run.returncode == 130
    assert printed.splitlines()[-1] == "m2l: interrupted; finished results are on disk"
    assert "Traceback" not in printed
    written = list((tmp_path / "out").iterdir())
    assert 0 < len(written) < 400 and left not in written
    assert all(json.loads(path.read_text())["schema"] == 2 for path in written)
    require_ended(run.pid)
