"""A sweep on a Ray cluster: Ray Tune places the trials, Optuna proposes them, from the same space as on one machine.

A trial whose worker dies is run again and goes on from its last finished epoch; a sweep that was stopped goes on with
the same command. Every machine must have the project installed and see the corpus and the sweep's folder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motion2language.cluster import connected
from motion2language.sweep.space import distributions
from motion2language.sweep.trial import RETRIES, Outcome, Sweep, run_trial

WORST = -1e9  # the score of a trial that cannot be trained: Tune's searches take numbers only


def search(sweep: Sweep, trials: int, address: str, seed: int, said: Callable[[Outcome], None]) -> list[Outcome]:
    """Bring the sweep to `trials` trials, as many at once as the cluster holds; every outcome."""
    tried = distributions(sweep.space)
    with connected(address):
        import optuna
        from ray import tune
        from ray.tune.search.optuna import OptunaSearch

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
                    failure_config=tune.FailureConfig(max_failures=RETRIES), callbacks=[_told(tune, said)],
                ),
            )  # fmt: skip
        results = tuner.fit()
        return [_outcome(results[number]) for number in range(len(results))]


def _trainable(sweep: Sweep) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def trial(values: dict[str, Any]) -> dict[str, Any]:
        from ray import tune

        name = f"trial_{tune.get_context().get_trial_id()}"
        outcome = run_trial(sweep, name, values)
        return {"score": WORST if outcome.score is None else outcome.score, "folder": name, "error": outcome.error}

    return trial


def _told(tune: Any, said: Callable[[Outcome], None]) -> Any:
    class Told(tune.Callback):  # type: ignore[misc]
        """Passes on each trial's outcome as it comes."""

        def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
            said(_read(trial.last_result, trial.config, ""))

    return Told()


def _outcome(result: Any) -> Outcome:
    return _read(result.metrics or {}, result.config, "" if result.error is None else "its worker died too often")


def _read(metrics: dict[str, Any], values: dict[str, Any], error: str) -> Outcome:
    if "folder" not in metrics:
        return Outcome("–", values, None, error or "not finished")
    score = None if metrics["score"] == WORST else float(metrics["score"])
    return Outcome(metrics["folder"], values, score, metrics["error"])
