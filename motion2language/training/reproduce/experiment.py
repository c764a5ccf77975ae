"""A suite on a corpus, from its rows to the table: seed by seed, so that every row has one run before any has two."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from motion2language.data.samples import Sample, Samples
from motion2language.files import make_folder, write_text
from motion2language.scoring.semantic import Semantic
from motion2language.training.processes import Processes
from motion2language.training.reproduce import figures, runs, table
from motion2language.training.reproduce.suite import KIT, KITS, Row, not_here, reason_not_to_run

CORPUS = "corpus.json"


def reproduce(  # noqa: PLR0913, PLR0917 - what a suite is run on, and how
    rows: Sequence[Row],
    wanted: Sequence[Row],
    suite: str,
    corpus: str,
    seeds: Sequence[int],
    out: Path,
    splits: Mapping[str, Samples[Sample]],
    processes: Processes,
    semantic: Semantic | None = None,
) -> list[table.Line]:
    """Run the `wanted` of a suite's rows; the table of all its rows, as written to `out` with its figures.

    splits    train, val and test of the corpus
    semantic  measures of the sentences beyond shared words; finished runs without them are scored again

    The table is written after every run, the figures at the end. ValueError, before anything is run, when a split
    is empty, or when `out` is of another corpus or a run folder in it of another configuration.
    """
    require_own(out, corpus, rows, seeds)
    _claim(out, corpus, splits)
    angles = splits["train"][0].motion.angles is not None
    reasons = [reason_not_to_run(row, rows, suite, corpus, angles) for row in rows]
    published = any(row.corpus for row in rows) and corpus not in (*KITS, *(row.corpus for row in rows))
    elsewhere = [table.Line(f"the rows without a folder, on {KIT}", note=not_here(suite, KIT))] if published else []
    title = _title(suite, corpus, splits, seeds)
    planned = [row for row, reason in zip(rows, reasons, strict=True) if row in wanted and not reason]
    every = [(seed, row) for seed in seeds for row in planned]
    left = [(seed, row) for seed, row in every if not runs.is_scored(out, row, seed, semantic)]
    if len(left) < len(every):
        print(f"{len(every) - len(left)} of {len(every)} runs were finished before", flush=True)
    for number, (seed, row) in enumerate(left, start=1):
        print(f"run {number} of {len(left)}: {row.name}, seed {seed}", flush=True)
        runs.run(row, seed, out, splits, processes, semantic)
        table.write(
            out, table.lines(rows, reasons, seeds, out) + elsewhere, title + table.measured_by(rows, seeds, out)
        )
    lines = table.lines(rows, reasons, seeds, out) + elsewhere
    table.write(out, lines, title + table.measured_by(rows, seeds, out))
    figures.draw(out, rows, lines, seeds)
    return lines


def require_own(out: Path, corpus: str, rows: Sequence[Row], seeds: Sequence[int]) -> None:
    """ValueError when `out` is of a corpus of another name, or holds runs of other rows or configurations."""
    there = _noted(out)
    if there is not None and there.get("corpus") != corpus:
        raise ValueError(f"{out}: holds runs on {json.dumps(there)}, not on {corpus}; choose another --out")
    runs.require_same(out, rows, seeds)


def _title(suite: str, corpus: str, splits: Mapping[str, Sequence[Sample]], seeds: Sequence[int]) -> str:
    """What the table is of, with its counts."""
    references = sum(len(sample.captions) for sample in splits["test"])
    return (
        f"Suite {suite} on {corpus}: {len(splits['train'])} recordings to train on, {len(splits['val'])} to validate, "
        f"{len(splits['test'])} tested with {references} reference sentences; seeds {', '.join(map(str, seeds))}"
    )


def _claim(out: Path, corpus: str, splits: Mapping[str, Sequence[Sample]]) -> None:
    """Note in `out` which corpus its runs are of; ValueError when that is another one, or has an empty split."""
    for split, samples in splits.items():
        if not samples:
            counts = ", ".join(f"{len(each)} in {name}" for name, each in splits.items())
            raise ValueError(
                f"corpus {corpus!r}: its split {split} holds no sample ({counts}); give the --root of a whole corpus"
            )
    make_folder(out)
    sizes = {split: len(samples) for split, samples in splits.items()}
    tested = hashlib.sha256(repr([(one.name, one.captions) for one in splits["test"]]).encode()).hexdigest()[:12]
    here, there = {"corpus": corpus, "samples": sizes, "tested": tested}, _noted(out)
    if there is None:
        write_text(out / CORPUS, json.dumps(here) + "\n")
    elif there | here != here | there:  # what it does not say, written by an older version, is not compared
        raise ValueError(f"{out}: holds runs on {json.dumps(there)}, not on {json.dumps(here)}; choose another --out")


def _noted(out: Path) -> dict[str, Any] | None:
    """What `out` says of the corpus its runs are of; None where it holds none yet."""
    path = out / CORPUS
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise ValueError(f"{path}: does not say which corpus the runs are of; choose another --out") from None
