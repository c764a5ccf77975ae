"""A sweep on one machine: Optuna's study proposes, each trial trains in a process of its own.

The study is a journal file, written as the sweep proceeds. A trial whose process dies is restarted and resumes after
its last finished epoch; so is a trial that was running when the sweep itself was stopped.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from motion2language.files import write_text
from motion2language.training.sweep.space import distributions
from motion2language.training.sweep.trial import RETRIES, Outcome, Sweep, run_trial


def search(sweep: Sweep, trials: int, jobs: int, seed: int, say: Callable[[str], None]) -> list[Outcome]:
    """Bring the sweep to `trials` finished trials, `jobs` at once; returns every outcome. `say` prints progress."""
    tried = distributions(sweep.space)
    sweep.make_own_folder(ray_trials=None)
    study, attempts = _study(sweep, seed), Counter[int]()
    waiting = [trial for trial in study.get_trials() if not trial.state.is_finished()]
    begun = len(study.get_trials())
    running: dict[BaseProcess, Any] = {}
    try:
        while waiting or running or begun < trials:
            while len(running) < jobs and (waiting or begun < trials):
                if not waiting:
                    waiting.append(study.ask(tried))
                    begun += 1
                trial = waiting.pop(0)
                say(f"{_name(trial.number)} begins")
                running[_start(sweep, _name(trial.number), trial.params)] = trial
            ended = wait([process.sentinel for process in running])
            for process in [process for process in running if process.sentinel in ended]:
                process.join()
                trial = running.pop(process)
                attempts[trial.number] += 1
                if process.exitcode and attempts[trial.number] <= RETRIES:
                    say(f"{_name(trial.number)}: its process died (status {process.exitcode}) and is started again")
                    waiting.insert(0, trial)
                    continue
                if process.exitcode:
                    died = f"its process died {attempts[trial.number]} times, the last with status {process.exitcode}"
                    _write_outcome(sweep.out / _name(trial.number), None, died)
                outcome = _read_outcome(sweep, trial)
                _record(study, trial, outcome)
                finished = sum(trial.state.is_finished() for trial in study.get_trials())
                say(f"{finished} of {trials}  {outcome}")
    finally:
        for process in running:
            process.terminate()
            process.join()
    return [_read_outcome(sweep, trial) for trial in study.get_trials()]


def _study(sweep: Sweep, seed: int) -> Any:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(sweep.out / "study.log"))),
        study_name="sweep", direction="maximize", load_if_exists=True,
    )  # fmt: skip
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.get_trials()))
    return study


def _name(number: int) -> str:
    return f"trial_{number:03d}"


def _start(sweep: Sweep, name: str, values: dict[str, Any]) -> BaseProcess:
    (sweep.out / name).mkdir(exist_ok=True)
    process = multiprocessing.get_context("spawn").Process(target=_train, args=(sweep, name, values), daemon=True)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited: Ctrl-C goes to the sweep, which ends its trials
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
    return process


def _train(sweep: Sweep, name: str, values: dict[str, Any]) -> None:
    """A trial's process: it prints to `output.txt`, writes `outcome.json`, and ends when the sweep ends."""
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with_the_sweep, daemon=True).start()
    folder = sweep.out / name
    with (folder / "output.txt").open("a", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        outcome = run_trial(sweep, name, values)
    _write_outcome(folder, outcome.score, outcome.error)


def _end_with_the_sweep() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read_outcome(sweep: Sweep, trial: Any) -> Outcome:
    """The outcome that a trial's process wrote."""
    path = sweep.out / _name(trial.number) / "outcome.json"
    if not path.is_file():
        return Outcome(_name(trial.number), trial.params, None, "not finished")
    return Outcome(_name(trial.number), trial.params, **json.loads(path.read_text(encoding="utf-8")))


def _write_outcome(folder: Path, score: float | None, error: str) -> None:
    write_text(folder / "outcome.json", json.dumps({"score": score, "error": error}) + "\n")


def _record(study: Any, trial: Any, outcome: Outcome) -> None:
    from optuna.trial import TrialState

    if outcome.score is None:
        study.tell(trial.number, state=TrialState.FAIL)
    else:
        study.tell(trial.number, outcome.score)
