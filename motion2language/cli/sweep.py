"""m2l sweep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from motion2language.cli.options import Corpus, Overrides, require_place

if TYPE_CHECKING:
    from motion2language.training.sweep.trial import Outcome


def sweep(
    config: Path,
    /,
    *,
    space: Path,
    corpus: Corpus,
    out: Path,
    trials: int = 20,
    jobs: int = 1,
    ray: str | None = None,
    seed: int = 11,
    device: str = "auto",
    set: Overrides = None,
) -> int:
    """Train a configuration with many values of some keys, and say which were best; the same command goes on.

    Parameters
    ----------
    config
        TOML file with tables [model] and [train].
    space
        TOML file with what may be tried, as configs/spaces/paper.toml.
    out
        Folder of the sweep: a run folder a trial, and trials.md, the table that is printed.
    trials
        Trials there shall be in the end.
    jobs
        Trials at once on this machine.
    ray
        Address of a Ray cluster (HOST:PORT, auto), or local: as many trials at once as it holds.
    seed
        Of the search; each trial's training has train.seed.
    device
        auto, cpu or cuda; with --ray cuda gives each trial a device of the cluster, auto none.
    set
        Override a key of the file for all trials: --set train.epochs=10.
    """
    from motion2language.captioning.recordings import find_device

    for name, number in (("trials", trials), ("jobs", jobs)):
        if number < 1:
            raise ValueError(f"--{name} {number}: give 1 or more")
    from motion2language.captioning.cluster import require_answer
    from motion2language.training.config import load_config
    from motion2language.training.sweep import local, on_ray
    from motion2language.training.sweep.space import distributions, load_space
    from motion2language.training.sweep.trial import Sweep
    from motion2language.training.train import load_splits

    settings, tried = load_config(config, set or ()), load_space(space, config, set or ())
    distributions(tried)  # what is wrong is said once, before any trial; the slow corpus last
    require_place(out)
    if ray is None:
        device = find_device(device)
    else:
        require_answer(ray)
        device = "cpu" if device == "auto" else device
    root, store = (None if place is None else place.resolve() for place in (corpus.root, corpus.stores.folder))
    work = Sweep(config.resolve(), tuple(set or ()), corpus.dataset, root, store, device, out.resolve(), tried)
    work.require_own(None if ray is None else trials)
    load_splits(settings, corpus.dataset, root, store)
    if ray is None:
        return _report(local.search(work, trials, jobs, seed, _say), out)
    return _report(on_ray.search(work, trials, ray, seed, _say), out)


def _report(outcomes: Sequence[Outcome], out: Path) -> int:
    """Write and print what became of every trial; ValueError when none could be trained."""
    from motion2language.files import write_text
    from motion2language.training.sweep.trial import table

    printed = table(outcomes)
    write_text(out / "trials.md", printed + "\n")
    print(f"\n{printed}")
    scored = [one for one in outcomes if one.score is not None]
    if not scored:
        raise ValueError(f"none of {len(outcomes)} trials could be trained; the table says why")
    if len(scored) < len(outcomes):
        print(f"\n{len(outcomes) - len(scored)} of {len(outcomes)} trials could not be trained; the table says why")
    best = max(scored, key=lambda one: one.score or 0.0)
    print(f"\nbest model: {out / best.name / 'best'}")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)
