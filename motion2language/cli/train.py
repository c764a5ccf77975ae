"""m2l train and m2l import-checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

from motion2language.cli.options import Corpus, Overrides, require_place
from motion2language.cli.reproduce import reproduce


def train(
    config: Path,
    /,
    *,
    corpus: Corpus,
    out: Path,
    resume: bool = False,
    start: str | None = None,
    seeds: int = 1,
    device: str = "auto",
    set: Overrides = None,
) -> int:
    """Train a model as a TOML file of configs/ says; Ctrl-C keeps what was reached.

    Parameters
    ----------
    config
        TOML file with tables [model] and [train].
    out
        Run folder: best/ and last/ are model folders, log.csv holds the scores of each epoch.
    resume
        Go on with the run in --out.
    start
        A model to go on from, on this data: its weights, vocabulary and statistics.
    seeds
        Runs, with consecutive seeds from train.seed on: each is scored on the test split, as `m2l reproduce` does, for
        a table of means and deviations; the same command goes on with what is there.
    device
        auto, cpu or cuda.
    set
        Override a key of the file: --set model.encoder=gru.
    """
    from motion2language.captioning.captioner import load_model
    from motion2language.captioning.recordings import find_device
    from motion2language.training.config import load_config
    from motion2language.training.folder import FILLED_IN, require_free, require_same
    from motion2language.training.processes import processes
    from motion2language.training.train import load_splits
    from motion2language.training.train import train as run

    settings = load_config(config, set or ())
    if seeds != 1:
        if start is not None or int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise ValueError("--seeds: not with --start, nor under torchrun; train each seed by --set train.seed=N")
        return reproduce(
            suite=str(config), corpus=corpus.dataset, out=out, root=corpus.root, seeds=seeds,
            first_seed=settings.train.seed, device=device, set=set, stores=corpus.stores,
        )  # fmt: skip
    device = find_device(device)
    if os.environ.get("RANK", "0") == "0":  # under torchrun the first, before it makes the folder
        require_place(out)
        if resume:
            require_same(out, settings, besides=FILLED_IN)
        else:
            require_free(out)
    begin = None if start is None else load_model(start)
    training, validation = load_splits(settings, corpus.dataset, corpus.root, corpus.stores.folder)
    with processes(device) as team:
        if team.first:
            print(f"{len(training)} recordings to train on, {len(validation)} to validate", flush=True)
        run(settings, training, validation, out, resume=resume, start=begin, processes=team)
        if team.first:
            print(f"best model: {out / 'best'}")
    return 0


def import_checkpoint(
    file: Path, /, *, vocabulary: Path, config: Path, out: Path, normalizer: Path | None = None
) -> int:
    """Turn weights published by the paper's authors into a model folder.

    Parameters
    ----------
    file
        What their code saved: model state and optimiser state.
    vocabulary
        Text file, one word a line in the order of their ids, the special words `pad`, `sos`, `eos` and `unk` in their
        angle brackets among them.
    config
        TOML file whose [model] table describes the network.
    out
        The model folder to write.
    normalizer
        An .npz with `mean` and `std` of each feature; without it features are taken as they are.
    """
    from motion2language.training.import_checkpoint import import_checkpoint as run

    dropped = run(file, vocabulary, config, out, normalizer)
    print(f"wrote {out}; dropped {len(dropped)} unused parameters: {', '.join(dropped) or 'none'}")
    return 0
