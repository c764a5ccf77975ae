"""m2l reproduce."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from motion2language.cli.options import Meaning, Overrides, Stores, complain, require_place


def reproduce(
    *,
    suite: str,
    corpus: str,
    out: Path,
    root: Path | None = None,
    seeds: int = 3,
    first_seed: int = 11,
    rows: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    device: str = "auto",
    set: Overrides = None,
    meaning: Meaning = Meaning(),
    stores: Stores = Stores(),
) -> int:
    """Train and score every row of a suite of experiments; one table, with floors, and figures.

    What is finished is not done again, so the same command goes on after Ctrl-C, and with more seeds or rows.

    Parameters
    ----------
    suite
        paper, ablation, a folder of configurations, or one configuration.
    corpus
        The corpus to train and test on.
    out
        Folder: ROW/seed-N/ are run folders; table.md, table.tex, table.csv and the figures are of all of them.
    root
        Where the corpus lies on disk.
    seeds
        Runs of each row, with consecutive seeds.
    first_seed
        The seed of the first.
    rows
        Rows to run, instead of all; the table shows all the same.
    device
        auto, cpu or cuda.
    set
        Override a key in every row: --set train.epochs=1.
    """
    import torch

    from motion2language.captioning.recordings import find_device
    from motion2language.data import corpora
    from motion2language.data.samples import load_into_memory
    from motion2language.training.processes import Processes
    from motion2language.training.reproduce import experiment
    from motion2language.training.reproduce import suite as suites

    if seeds < 1 or first_seed < 0:
        raise ValueError(f"--seeds {seeds} --first-seed {first_seed}: give 1 or more runs, from seed 0 or more")
    every = suites.load(suite, set or ())
    wanted = suites.chosen(every, rows or ())
    numbers, device = range(first_seed, first_seed + seeds), find_device(device)
    require_place(out)
    experiment.require_own(out, corpus, every, numbers)
    semantic = meaning.load()
    splits = {
        split: load_into_memory(corpora.load(corpus, root, split, stores.folder)) for split in ("train", "val", "test")
    }
    torch.set_num_threads(1)  # the networks are small; a second thread costs more than it gives
    lines = experiment.reproduce(every, wanted, suite, corpus, numbers, out, splits, Processes(device=device), semantic)
    print((out / "table.md").read_text(encoding="utf-8"), end="")
    failed = [line.name for line in lines if "failed" in line.note]
    if failed:
        complain(ValueError(f"{len(failed)} of {len(lines)} rows failed: {', '.join(failed)}; the notes say why"))
    return int(bool(failed))
