"""m2l sweep."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.options import Corpus, Training, require_place
from motion2language.cli.written import Out, show_written


def sweep(
    config: Path,
    /,
    *,
    space: Path,
    corpus: Corpus,
    out: Out,
    trials: int = 20,
    jobs: int = 1,
    ray: str | None = None,
    seed: int = 11,
    training: Training = Training(),
) -> int:
    """Search for the best values of some keys of a configuration; the same command continues after Ctrl-C.

    Parameters
    ----------
    config
        TOML file with tables [model] and [train].
    space
        TOML file with the values to try, such as configs/spaces/paper.toml.
    out
        Folder of the sweep: one run folder per trial, and trials.md, the printed table.
    trials
        Total number of trials.
    jobs
        Trials at once on this machine.
    ray
        Address of a Ray cluster (HOST:PORT, auto), or local: as many trials at once as it holds. With --device cuda
        each trial gets a GPU of the cluster; with auto trials run on CPUs.
    seed
        Seed of the search; each trial trains with train.seed.
    """
    for name, number in (("trials", trials), ("jobs", jobs)):
        if number < 1:
            raise ValueError(f"--{name} {number}: give 1 or more")
    from motion2language.model.pytorch import find_device, require_torch

    require_torch("m2l sweep")
    from motion2language.captioning.ray_cluster import require_answer
    from motion2language.training.sweep.run import run
    from motion2language.training.sweep.space import distributions, load_space
    from motion2language.training.sweep.trial import Sweep

    search_space = load_space(space, config, training.overrides)
    distributions(search_space)  # ValueError once, before any trial, when Optuna is missing
    require_place(out)
    if ray is None:
        device = find_device(training.device)
    else:
        require_answer(ray)
        device = "cpu" if training.device == "auto" else training.device
    root, store = (None if path is None else path.resolve() for path in (corpus.root, corpus.stores.folder))
    described = Sweep(
        config.resolve(), training.overrides, corpus.dataset, root, store, device, out.resolve(), search_space
    )
    best = run(described, trials, jobs, ray, seed)
    print()
    show_written(out, f"best model: {out / best.name / 'best'}")
    return 0
