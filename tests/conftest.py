"""What all tests share. One torch thread: two on shared cores can be a hundred times slower. No store unless named."""

import os
import signal
import subprocess
import sys
import warnings

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MOTION2LANGUAGE_STORE", "none")

import torch

from motion2language import cli

torch.set_num_threads(1)
settings.register_profile("busy", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # how long examples take says nothing on shared cores
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a run in the background: what tests start would not hear Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def m2l(monkeypatch, capsys):
    """Run a command line; returns its status, standard output and standard error."""

    def run(*words) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["m2l", *map(str, words)])
        with warnings.catch_warnings(), pytest.raises(SystemExit) as ended:  # warnings are new, as in a process
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def started():
    """Start a command in a process group of its own, whose processes do not outlive the test."""
    processes = []

    def start(command: list[str]) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "motion2language", *map(str, command)], start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
