"""m2l train and m2l import-checkpoint."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.options import Corpus, Training, require_place
from motion2language.cli.written import Out, show_written


def train(
    config: Path,
    /,
    *,
    corpus: Corpus,
    out: Out,
    resume: bool = False,
    start: str | None = None,
    seeds: int = 1,
    training: Training = Training(),
) -> int:
    """Train a model as configured in a TOML file of configs/; Ctrl-C keeps the finished epochs.

    Parameters
    ----------
    config
        TOML file with tables [model] and [train].
    out
        Run folder: best/ and last/ are model folders, log.csv holds the scores of each epoch.
    resume
        Continue the run in --out. It may have more epochs or other settings that change no weight's shape.
    start
        A model to train further on this data: it keeps its words, statistics and weights, and gains new words.
    seeds
        Number of runs, with consecutive seeds from train.seed on: each is scored on the test split, as by
        `m2l reproduce`, for a table of means and deviations. The same command continues unfinished runs.
    """
    from motion2language.model.pytorch import find_device, require_torch

    require_torch("m2l train")
    from motion2language.captioning.loading import load_model
    from motion2language.training.config import load_config
    from motion2language.training.folder import FILLED_IN, require_usable
    from motion2language.training.processes import launched, processes
    from motion2language.training.train import load_splits
    from motion2language.training.train import train as run

    settings = load_config(config, training.overrides)
    rank, count = launched()
    if seeds != 1:
        if start is not None or count > 1:
            raise ValueError("--seeds: not with --start, nor under torchrun; train each seed by --set train.seed=N")
        return _train_each_seed(config, settings.train.seed, seeds, corpus, out, training)
    device = find_device(training.device)
    if rank == 0:  # the first process, before it makes the folder
        require_place(out)
        require_usable(out, settings, resume, besides=FILLED_IN, changeable=True)
    begin = None if start is None else load_model(start)
    samples, validation = load_splits(settings, corpus.dataset, corpus.root, corpus.stores.folder)
    with processes(device) as team:
        if team.first:
            print(f"{len(samples)} recordings to train on, {len(validation)} to validate", flush=True)
        run(settings, samples, validation, out, resume=resume, changeable=True, start=begin, processes=team)
        if team.first:
            show_written(out, f"best model: {out / 'best'}")
    return 0


def _train_each_seed(config: Path, first: int, count: int, corpus: Corpus, out: Path, training: Training) -> int:
    """One configuration as a suite of one row."""
    from motion2language.model.pytorch import find_device
    from motion2language.training.reproduce import suite
    from motion2language.training.reproduce.experiment import Experiment, consecutive_seeds, reproduce

    rows, device = suite.load(str(config), training.overrides), find_device(training.device)
    experiment = Experiment(str(config), rows, rows, corpus.dataset, consecutive_seeds(first, count), out)
    require_place(out)
    experiment.require_own_folder()
    reproduce(experiment, corpus.root, corpus.stores.folder, device)
    show_written(out)
    return 0


def import_checkpoint(
    file: Path, /, *, vocabulary: Path, config: Path, out: Out, normalizer: Path | None = None
) -> int:
    """Turn weights published by the paper's authors into a model folder.

    Parameters
    ----------
    file
        The file that their code saved: model state and optimiser state.
    vocabulary
        Text file, one word per line in the order of their ids, including the special words `pad`, `sos`, `eos` and
        `unk` in their angle brackets.
    config
        TOML file whose [model] table describes the network.
    out
        The model folder to write.
    normalizer
        An .npz with `mean` and `std` of each feature; without it features are not normalised.
    """
    from motion2language.model.pytorch import require_torch

    require_torch("m2l import-checkpoint")
    from motion2language.training.import_checkpoint import import_checkpoint as run

    dropped = run(file, vocabulary, config, out, normalizer)
    show_written(out, f"{len(dropped)} unused parameters dropped: {', '.join(dropped) or 'none'}")
    return 0
