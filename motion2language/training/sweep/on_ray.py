"""A sweep on a Ray cluster: Ray Tune runs the trials, Optuna proposes them from the same space as on one machine.

A trial whose worker dies is started again and resumes after its last finished epoch; the same command continues a sweep
that was stopped. Every machine must have the project installed and see the corpus and the sweep's folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from motion2language.captioning.ray_cluster import connect
from motion2language.training.sweep.space import distributions
from motion2language.training.sweep.trial import RETRIES, Outcome, Sweep, run_trial

WORST = -1e9  # the score of a trial that cannot be trained, because Tune's searches need a number


def search(sweep: Sweep, trials: int, address: str, seed: int, say: Callable[[str], None]) -> list[Outcome]:
    """Bring the sweep to `trials` trials, as many at once as the cluster holds; returns every outcome."""
    tried = distributions(sweep.space)
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # the newer output prints boxes even with verbose=0
    with connect(address):
        import optuna

        try:
            from ray import tune
            from ray.tune.search.optuna import OptunaSearch
        except ImportError:
            raise ValueError("Ray Tune is not installed; pip install 'motion2language[train,ray]'") from None
        sweep.make_own_folder(ray_trials=trials)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder = str(sweep.out / "ray")
        needs = {"cpu": 1.0, "gpu": 1.0 if sweep.device == "cuda" else 0.0}
        trainable = tune.with_resources(_trainable(sweep), needs)
        if tune.Tuner.can_restore(folder):
            tuner = tune.Tuner.restore(folder, trainable, resume_unfinished=True, restart_errored=True)
        else:
            tuner = tune.Tuner(
                trainable,
                tune_config=tune.TuneConfig(
                    metric="score", mode="max", num_samples=trials,
                    search_alg=OptunaSearch(space=tried, metric="score", mode="max", seed=seed),
                ),
                run_config=tune.RunConfig(
                    name="ray", storage_path=str(sweep.out), verbose=0,
                    failure_config=tune.FailureConfig(max_failures=RETRIES), callbacks=[_progress(tune, trials, say)],
                ),
            )  # fmt: skip
        grid = tuner.fit()
        results = [grid[number] for number in range(len(grid))]
        if len(results) < trials or any(not _has_ended(result) for result in results):
            raise KeyboardInterrupt  # on Ctrl-C Tune itself saves its state and returns
        return [_outcome(result) for result in results]


def _trainable(sweep: Sweep) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def trial(values: dict[str, Any]) -> dict[str, Any]:
        from ray import tune

        name = f"trial_{tune.get_context().get_trial_id()}"
        outcome = run_trial(sweep, name, values)
        return {"score": WORST if outcome.score is None else outcome.score, "folder": name, "error": outcome.error}

    return trial


def _progress(tune: Any, wanted: int, say: Callable[[str], None]) -> Any:
    class Progress(tune.Callback):  # type: ignore[misc]
        """Prints when a trial begins, recovers and ends."""

        def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
            say(f"trial_{trial.trial_id} begins")

        def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
            say(f"trial_{trial.trial_id}: its worker died and is replaced")

        def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
            finished = sum(other is trial or other.is_finished() for other in trials)
            say(f"{finished} of {wanted}  {_read(trial.last_result, trial.config, '')}")

    return Progress()


def _has_ended(result: Any) -> bool:
    return result.error is not None or "score" in (result.metrics or {})


def _outcome(result: Any) -> Outcome:
    return _read(result.metrics or {}, result.config, "" if result.error is None else "its worker died too often")


def _read(metrics: dict[str, Any], values: dict[str, Any], error: str) -> Outcome:
    if "folder" not in metrics:
        return Outcome("–", values, None, error)
    score = None if metrics["score"] == WORST else float(metrics["score"])
    return Outcome(metrics["folder"], values, score, metrics["error"])
