"""Several processes under torchrun train as one does, on one machine and on two, and end cleanly when one is lost."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from small_corpus import write_config, write_corpus
from test_learner import weights_of
from test_train import log_of

from motion2language import cli
from motion2language.training.processes import Processes

TORCHRUN = [sys.executable, "-m", "torch.distributed.run"]


@pytest.fixture(scope="module")
def command(tmp_path_factory) -> list[str]:
    """`train` on a small corpus, without --out."""
    folder = tmp_path_factory.mktemp("corpus")
    corpus = write_corpus(folder)
    return ["train", str(write_config(folder)), "--dataset", "compose", "--root", str(corpus), "--device", "cpu"]


@pytest.fixture(scope="module")
def alone(command, tmp_path_factory) -> Path:
    """The run folder of one process."""
    out = tmp_path_factory.mktemp("alone") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["m2l", *command, "--out", str(out)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert not ended.value.code
    return out


def started(how: list[str], command: list[str], out: Path) -> subprocess.Popen:
    """A torchrun of the command, in a group of its own."""
    words = [*TORCHRUN, *how, "-m", "motion2language", *command, "--out", str(out)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def same_run(one: Path, other: Path) -> None:
    for key, tensor in weights_of(one).items():
        torch.testing.assert_close(weights_of(other)[key], tensor, atol=2e-5, rtol=1e-4)
    for left, right in zip(log_of(one), log_of(other), strict=True):
        assert left["epoch"] == right["epoch"]
        assert float(left["loss"]) == pytest.approx(float(right["loss"]), rel=1e-4)
        assert float(left["score"]) == pytest.approx(float(right["score"]), abs=1e-3)


def test_two_processes_give_the_weights_and_the_log_of_one(command, alone, tmp_path):
    # 22 recordings in batches of 8 in 6 parts: parts differ in size and one is empty
    more = ["--set", "train.accumulate=3"]
    done = started(["--nproc-per-node", "2"], command + more, tmp_path / "run")
    printed, _ = done.communicate(timeout=400)
    assert done.returncode == 0, printed
    same_run(alone, tmp_path / "run")
    assert printed.count("22 recordings to train on") == 1
    assert printed.count("best model:") == 1
    assert sum(path.name.startswith("events.out") for path in (tmp_path / "run").iterdir()) == 1


@pytest.mark.slow
def test_two_machines_give_the_weights_and_the_log_of_one(command, alone, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    how = ["--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-id", "together",
           "--rdzv-endpoint", f"127.0.0.1:{port}", "--local-addr", "127.0.0.1"]  # fmt: skip
    agents = [started(how, command, tmp_path / "run") for _ in range(2)]
    printed = [agent.communicate(timeout=400)[0] for agent in agents]
    assert [agent.returncode for agent in agents] == [0, 0], printed
    same_run(alone, tmp_path / "run")


def children(process: int) -> list[int]:
    """The processes it started."""
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def wait_for(path: Path) -> None:
    for _ in range(3000):
        if path.is_file():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} did not come")


@pytest.mark.parametrize("lost", ["worker", "all"])
def test_a_lost_worker_and_ctrl_c_end_all_and_what_was_reached_is_on_disk(lost, command, tmp_path):
    out = tmp_path / "run"
    run = started(["--nproc-per-node", "2"], [*command, "--set", "train.epochs=100000"], out)
    wait_for(out / "state.pt")
    workers = children(run.pid)
    assert len(workers) == 2
    if lost == "worker":
        os.kill(workers[1], signal.SIGKILL)
    else:
        os.killpg(run.pid, signal.SIGINT)
    printed, _ = run.communicate(timeout=300)
    assert run.returncode != 0
    assert "finished results are on disk" in printed
    own = [line for line in printed.splitlines() if "motion2language/" in line and line.startswith("  File")]
    assert own == []
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    finished = torch.load(out / "state.pt", weights_only=True)["progress"]["epoch"]
    assert 1 <= finished < 100000
    assert finished <= len(log_of(out)) <= finished + 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "train.batch_size=1"], "train.batch_size 1: cannot be cut into 2 parts, 1 for each of 2 process"),
        (["--set", "train.epochs=3"], "already holds a run; add --resume"),
    ],
)
def test_what_the_processes_cannot_do_is_said(words, message, command, alone, tmp_path):
    out = alone if "epochs" in words[1] else tmp_path / "run"
    done = started(["--nproc-per-node", "2"], command + words, out)
    printed, _ = done.communicate(timeout=400)
    assert done.returncode != 0
    assert f"m2l: {out}: {message}" in printed or f"m2l: {message}" in printed
    assert ("recordings to train on" in printed) == ("batch_size" in words[1]), "a run that is there is said at once"
    assert "motion2language/" not in "".join(line for line in printed.splitlines() if line.startswith("  File"))


def test_processes_that_see_another_corpus_say_so(monkeypatch):
    values = {"MIN": 20.0, "MAX": 22.0}
    monkeypatch.setattr(Processes, "_reduce", lambda self, value, which: values[which.name])
    with pytest.raises(ValueError, match="the 2 processes find from 20 to 22 captions; every machine must see"):
        Processes(2, 0).require_equal(22, "captions")
    Processes().require_equal(22, "captions")
