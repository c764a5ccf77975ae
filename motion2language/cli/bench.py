"""m2l bench."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from motion2language.cli.options import Corpus, Training, require_beam


def bench(
    what: Literal["train", "decode", "load"],
    /,
    *,
    corpus: Corpus,
    config: Path | None = None,
    model: str | None = None,
    batch_size: int = 32,
    batches: int = 100,
    beam: int | None = None,
    threads: int = 1,
    json: bool = False,
    training: Training = Training(),
) -> int:
    """Measure the speed and memory of training, decoding or loading on a corpus, and where the time goes.

    Parameters
    ----------
    what
        train (updates on the training split), decode (the test split) or load (from disk to batches).
    config
        TOML file of configs/; without it the paper's MLP with recurrent local attention.
    model
        decode: a shipped model or model folder; without it new weights, whose sentences run to the limit.
    batch_size
        Captions (train, load) or recordings (decode) in a batch.
    batches
        train: batches measured.
    beam
        decode: sentences kept while searching; 1 is greedy; 0 samples 64 sentences and takes the most typical. By
        default, as in m2l caption, 4 for the paper's model and 0 for a transducer.
    threads
        CPU threads that torch may use.
    json
        Print the figures again as a last line of JSON.
    """
    require_beam(beam)
    for name, number in (("batch-size", batch_size), ("batches", batches), ("threads", threads)):
        if number < 1:
            raise ValueError(f"--{name} {number}: give 1 or more")
    from motion2language.model.pytorch import find_device, require_torch

    require_torch("m2l bench")
    import torch

    torch.set_num_threads(threads)
    from motion2language.data import corpora
    from motion2language.training import bench as measuring
    from motion2language.training.config import load_config

    run = load_config(config, [*training.overrides, f"train.batch_size={batch_size}"])
    read = partial(corpora.load, corpus.dataset, corpus.root, store=corpus.stores.folder)
    report = measuring.bench(what, read, run, model, batches, beam, find_device(training.device))
    print(report)
    if json:
        print(report.to_json())
    return 0
