"""The runs of a suite, one at a time, each in its own run folder; finished runs are not repeated.

`OUT/ROW/seed-N/` is a run folder (folder.py) with `test.json` beside it once the run is scored, or `failed.txt`
if the run failed. An interrupted run is resumed from its last finished epoch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from motion2language.captioning.captioner import Captioner
from motion2language.data.samples import Sample, Samples
from motion2language.files import write_text
from motion2language.scoring import evaluate
from motion2language.scoring.baselines import BASELINES, baseline_transcript
from motion2language.scoring.segments import interval_iou, match, threshold_curve
from motion2language.scoring.semantic import Semantic
from motion2language.training import folder
from motion2language.training.config import RunConfig
from motion2language.training.processes import Processes
from motion2language.training.reproduce.suite import Row
from motion2language.training.train import train, with_others
from motion2language.transcript import Transcript


def folder_of(out: Path, row: Row, seed: int) -> Path:
    """The run folder of a row and seed."""
    return out / row.name / f"seed-{seed}"


def is_scored(out: Path, row: Row, seed: int, semantic: Semantic | None = None) -> bool:
    """Whether a run is finished and scored by these measures."""
    path = folder_of(out, row, seed) / "test.json"
    if semantic is None or not path.is_file():
        return path.is_file()
    try:
        return json.loads(path.read_text(encoding="utf-8"))["rule"].get("semantic") == semantic.notes
    except (ValueError, KeyError, TypeError, AttributeError):
        return True  # reading it for the table reports the file


def config_with_seed(row: Row, seed: int) -> RunConfig:
    """The row's configuration with another seed."""
    return row.config.model_copy(update={"train": row.config.train.model_copy(update={"seed": seed})})


def require_same(out: Path, rows: Sequence[Row], seeds: Sequence[int]) -> None:
    """ValueError when a run folder in `out` belongs to no row, or has another configuration than its row."""
    stored = {path.parent.parent.relative_to(out).as_posix() for path in out.rglob("seed-*/config.json")}
    if others := sorted(stored - {row.name for row in rows}):
        raise ValueError(
            f"{out}: holds runs of {len(others)} rows that this suite does not have ({', '.join(others[:3])}); "
            "its table would lose them; choose another --out, or delete the runs"
        )
    for row in rows:
        for seed in seeds:
            folder.require_same(folder_of(out, row, seed), config_with_seed(row, seed), folder.FILLED_IN)


def run(
    row: Row,
    seed: int,
    out: Path,
    splits: Mapping[str, Samples[Sample]],
    processes: Processes,
    semantic: Semantic | None = None,
) -> None:
    """Finish the training of one run and score it; a run that cannot be trained leaves `failed.txt` with the reason."""
    folder = folder_of(out, row, seed)
    (folder / "failed.txt").unlink(missing_ok=True)
    config = config_with_seed(row, seed)
    try:
        resume = (folder / "config.json").is_file()
        training, validation = (with_others(config, splits[split], split) for split in ("train", "val"))
        best = train(config, training, validation, folder, resume=resume, processes=processes)
        result = score(best, splits["test"], semantic)
    except ValueError as error:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "failed.txt", f"{error}\n")
        return
    write_text(folder / "test.json", json.dumps(result, indent=1) + "\n")


def score(captioner: Captioner, samples: Sequence[Sample], semantic: Semantic | None = None) -> dict[str, Any]:
    """The scores of a run: with segments by the paper's rule and refined, and their IoU threshold curves."""
    result: dict[str, Any] = {"curves": {}}
    for name, refine in (("rule", False), ("refined", True)):
        scores, transcripts, *_ = evaluate.evaluate(
            captioner,
            samples,
            refine=refine,
            semantic=None if refine else semantic,  # the sentences are the same
        )
        result[name] = scores.to_dict()
        result["curves"][name] = threshold_curve(overlaps(samples, transcripts))
    for name in BASELINES:
        blind = [baseline_transcript(name, sample.segments, sample.motion.duration)[0] for sample in samples]
        result["curves"][name] = threshold_curve(overlaps(samples, blind))
    return result


def overlaps(samples: Sequence[Sample], transcripts: Sequence[Transcript]) -> list[float]:
    """The IoU of every reference segment with the segment of its verb, 0 where that verb is missing."""
    values = []
    for sample, transcript in zip(samples, transcripts, strict=True):
        found = match([part.label for part in sample.segments], [part.label for part in transcript.segments])
        values += [
            0.0 if index is None else interval_iou(transcript.segments[index], part)
            for part, index in zip(sample.segments, found, strict=True)
        ]
    return values
