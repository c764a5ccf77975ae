"""m2l reproduce."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from motion2language.cli.options import Device, SemanticOptions, Stores, Training, require_place


def reproduce(
    *,
    suite: str,
    corpus: str,
    out: Path,
    root: Path | None = None,
    seeds: int = 3,
    first_seed: int = 11,
    rows: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    training: Training = Training(),
    semantic: SemanticOptions = SemanticOptions(),
    stores: Stores = Stores(),
) -> int:
    """Train and score every row of a suite of experiments: one table, with baselines, and figures.

    Finished runs are not repeated, so the same command continues after Ctrl-C, or with more seeds or rows.

    Parameters
    ----------
    suite
        paper, ablation, a folder of configurations, or one configuration.
    corpus
        The corpus to train and test on.
    out
        Folder: ROW/seed-N/ are run folders; table.md, table.tex, table.csv and the figures cover all of them.
    root
        Folder or file of the corpus on disk.
    seeds
        Number of runs per row, with consecutive seeds.
    first_seed
        The seed of the first run.
    rows
        Rows to run, instead of all; the table still shows all rows.
    """
    from motion2language.model.pytorch import find_device, require_torch

    require_torch("m2l reproduce")
    from motion2language.training.reproduce import suite as suites
    from motion2language.training.reproduce.experiment import Experiment, consecutive_seeds
    from motion2language.training.reproduce.experiment import reproduce as run

    numbers, every = consecutive_seeds(first_seed, seeds), suites.load(suite, training.overrides)
    experiment = Experiment(suite, every, suites.choose(every, rows or ()), corpus, numbers, out)
    device = find_device(training.device)
    require_place(out)
    experiment.require_own_folder()
    run(experiment, root, stores.folder, device, semantic.load())
    return 0


def people(
    *,
    root: Path,
    out: Path,
    models: Annotated[list[str], Parameter(negative="", consume_multiple=True)] = ["default"],  # noqa: B006
    takes: Path | None = None,
    compose: Path | None = None,
    device: Device = "auto",
) -> int:
    """Ask models what people do whom they never saw: tables by source, by action, of takes and of BNR-Compose.

    A recording counts as right when the words of the longest segment name its action, by the table of actions.

    Parameters
    ----------
    root
        Labelled recordings: a folder of pairs X.npz and X.json, one pair, or a TOML file that chooses sources.
    out
        Folder: table.md and answers/. A model that has answered the same questions is not asked again.
    models
        Shipped models or model folders; the table by action is of the first.
    takes
        Labelled recordings whose parts were cut by hand; each part is asked for.
    compose
        BNR-Compose, bnr_compose.json: adds the scores on its test split.
    """
    from motion2language.model.pytorch import require_device_name
    from motion2language.training.reproduce.people import examination, examine

    require_device_name(device)
    require_place(out)
    print(examine(models, examination(root, takes, compose), out, device), end="")
    return 0
