"""A whole sweep: checks before the first trial, the search on one machine or on Ray, and the table."""

from __future__ import annotations

from collections.abc import Sequence

from motion2language.files import write_text
from motion2language.training.config import load_config
from motion2language.training.sweep import local, on_ray
from motion2language.training.sweep.trial import Outcome, Sweep, table
from motion2language.training.train import load_splits


def run(sweep: Sweep, trials: int, jobs: int, ray: str | None, seed: int) -> Outcome:
    """Bring the sweep to `trials` trials, print and write `trials.md`; returns the best trial.

    jobs  trials at once on this machine
    ray   address of a Ray cluster to run on instead, or None
    seed  of the search

    ValueError when the folder holds another sweep, the corpus cannot be read, or no trial could be trained.
    """
    sweep.require_own(None if ray is None else trials)
    load_splits(load_config(sweep.config, sweep.overrides), sweep.dataset, sweep.root, sweep.store)
    if ray is None:
        outcomes = local.search(sweep, trials, jobs, seed, _report)
    else:
        outcomes = on_ray.search(sweep, trials, ray, seed, _report)
    text = table(outcomes)
    write_text(sweep.out / "trials.md", text + "\n")
    print(f"\n{text}")
    return _best(outcomes)


def _best(outcomes: Sequence[Outcome]) -> Outcome:
    """The trial with the best score; prints how many failed, and ValueError when all failed."""
    scored = [outcome for outcome in outcomes if outcome.score is not None]
    if not scored:
        raise ValueError(f"none of {len(outcomes)} trials could be trained; the table says why")
    if len(scored) < len(outcomes):
        print(f"\n{len(outcomes) - len(scored)} of {len(outcomes)} trials could not be trained; the table says why")
    return max(scored, key=lambda outcome: outcome.score or 0.0)


def _report(line: str) -> None:
    print(line, flush=True)
