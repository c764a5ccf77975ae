"""A suite on a corpus, from its rows to the table: seed by seed, so that every row has one run before any has two."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from motion2language.data import corpora
from motion2language.data.samples import Sample, Samples, load_into_memory
from motion2language.files import make_folder, write_text
from motion2language.scoring.semantic import Semantic
from motion2language.training.processes import Processes
from motion2language.training.reproduce import figures, runs, table
from motion2language.training.reproduce.suite import KIT, KITS, Row, explain_absence, reason_not_to_run

CORPUS = "corpus.json"

Splits = Mapping[str, Samples[Sample]]


@dataclass(frozen=True)
class Experiment:
    """The `wanted` rows of a suite on a corpus, once per seed, in the folder `out`.

    rows  all rows of the suite: the table has a line for each
    """

    suite: str
    rows: Sequence[Row]
    wanted: Sequence[Row]
    corpus: str
    seeds: Sequence[int]
    out: Path

    def require_own_folder(self) -> None:
        """ValueError when `out` holds runs on another corpus, or of other rows or configurations."""
        stored = _read_corpus_note(self.out)
        if stored is not None and stored.get("corpus") != self.corpus:
            raise ValueError(
                f"{self.out}: holds runs on {json.dumps(stored)}, not on {self.corpus}; choose another --out"
            )
        runs.require_same(self.out, self.rows, self.seeds)


def consecutive_seeds(first: int, count: int) -> range:
    """`count` seeds from `first` on."""
    if count < 1:
        raise ValueError(f"--seeds {count}: give 1 or more runs")
    if first < 0:
        raise ValueError(f"the first seed is {first} (--first-seed, or train.seed): give 0 or more")
    return range(first, first + count)


def reproduce(
    experiment: Experiment, root: Path | None, store: Path | None, device: str, semantic: Semantic | None = None
) -> None:
    """Read the corpus, run the experiment and print its table; ValueError when rows failed, with their number."""
    splits = {
        split: load_into_memory(corpora.load(experiment.corpus, root, split, store))
        for split in ("train", "val", "test")
    }
    torch.set_num_threads(1)  # the networks are small; a second thread costs more than it saves
    lines = run(experiment, splits, Processes(device=device), semantic)
    print((experiment.out / "table.md").read_text(encoding="utf-8"), end="")
    failed = [line.name for line in lines if "failed" in line.note]
    if failed:
        raise ValueError(f"{len(failed)} of {len(lines)} rows failed: {', '.join(failed)}; the notes say why")


def run(
    experiment: Experiment, splits: Splits, processes: Processes, semantic: Semantic | None = None
) -> list[table.Line]:
    """Do the unfinished runs; returns the table of all rows, which is written to `out` with its figures.

    splits    train, val and test of the corpus
    semantic  measures of sentences beyond shared words; finished runs that lack them are scored again

    The table is written after every run, the figures at the end. ValueError, before the first run, when a split
    is empty, or when `out` holds runs on another corpus or of another configuration.
    """
    experiment.require_own_folder()
    _claim_folder(experiment, splits)
    angles = splits["train"][0].motion.angles is not None
    reasons = [
        reason_not_to_run(row, experiment.rows, experiment.suite, experiment.corpus, angles) for row in experiment.rows
    ]
    title = _title(experiment, splits)
    left = _unfinished_runs(experiment, reasons, semantic)
    for number, (seed, row) in enumerate(left, start=1):
        print(f"run {number} of {len(left)}: {row.name}, seed {seed}", flush=True)
        runs.run(row, seed, experiment.out, splits, processes, semantic)
        _write_table(experiment, reasons, title)
    lines = _write_table(experiment, reasons, title)
    figures.draw(experiment.out, experiment.rows, lines, experiment.seeds)
    return lines


def _unfinished_runs(
    experiment: Experiment, reasons: Sequence[str], semantic: Semantic | None
) -> list[tuple[int, Row]]:
    """Seed and row of each unfinished run; prints how many are finished already."""
    applicable = [row for row, reason in zip(experiment.rows, reasons, strict=True) if not reason]
    every = [(seed, row) for seed in experiment.seeds for row in applicable if row in experiment.wanted]
    left = [(seed, row) for seed, row in every if not runs.is_scored(experiment.out, row, seed, semantic)]
    if len(left) < len(every):
        print(f"{len(every) - len(left)} of {len(every)} runs were finished before", flush=True)
    return left


def _write_table(experiment: Experiment, reasons: Sequence[str], title: str) -> list[table.Line]:
    """Write the table of the runs on disk; returns its lines."""
    rows, seeds, out = experiment.rows, experiment.seeds, experiment.out
    lines = table.lines(rows, reasons, seeds, out)
    own = {row.corpus for row in rows} - {None}
    if own and experiment.corpus not in {*KITS, *own}:  # a published table, whose other rows are KIT-ML's
        lines.append(table.Line(f"the rows without a folder, on {KIT}", note=explain_absence(experiment.suite, KIT)))
    table.write(out, lines, title + table.semantic_notes(rows, seeds, out))
    return lines


def _title(experiment: Experiment, splits: Splits) -> str:
    """The suite and corpus of the table, with its counts."""
    references = sum(len(sample.captions) for sample in splits["test"])
    return (
        f"Suite {experiment.suite} on {experiment.corpus}: {len(splits['train'])} recordings to train on, "
        f"{len(splits['val'])} to validate, {len(splits['test'])} tested with {references} reference sentences; "
        f"seeds {', '.join(map(str, experiment.seeds))}"
    )


def _claim_folder(experiment: Experiment, splits: Splits) -> None:
    """Note the corpus in `out`; ValueError when `out` holds runs on another corpus, or when a split is empty."""
    out, corpus = experiment.out, experiment.corpus
    for split, samples in splits.items():
        if not samples:
            counts = ", ".join(f"{len(samples)} in {name}" for name, samples in splits.items())
            raise ValueError(
                f"corpus {corpus!r}: its split {split} holds no sample ({counts}); give the --root of a whole corpus"
            )
    make_folder(out)
    sizes = {split: len(samples) for split, samples in splits.items()}
    tested = hashlib.sha256(repr([(sample.name, sample.captions) for sample in splits["test"]]).encode())
    note = {"corpus": corpus, "samples": sizes, "tested": tested.hexdigest()[:12]}
    stored = _read_corpus_note(out)
    if stored is None:
        write_text(out / CORPUS, json.dumps(note) + "\n")
    elif stored | note != note | stored:  # keys that an older version did not write are not compared
        raise ValueError(f"{out}: holds runs on {json.dumps(stored)}, not on {json.dumps(note)}; choose another --out")


def _read_corpus_note(out: Path) -> dict[str, Any] | None:
    """The corpus of the runs in `out`, as noted there; None when `out` holds no runs yet."""
    path = out / CORPUS
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise ValueError(f"{path}: does not name the corpus of the runs; choose another --out") from None
