"""Threshold curves of several runs on the same references: how many segments overlap by at least so much."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from motion2language import metrics
from motion2language.metrics.segments import clip_scores, threshold_curve
from motion2language.scoring.files import read_references, read_transcripts
from motion2language.scoring.reference import Reference
from motion2language.transcript import Transcript


def curves(runs: Sequence[Path]) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """For each run, by its folder's name, and for each motion-blind floor: share of reference segments at or above
    each of metrics.segments.THRESHOLDS, strict protocol.

    runs  folders that `write` wrote, of the same references; ValueError when they are not
    """
    found: dict[str, list[float]] = {}
    first: list[Reference] = []
    for run in runs:
        references = sorted(_timed(Path(run)), key=lambda one: one.name)
        first = first or references
        if [(one.name, one.segments) for one in references] != [(one.name, one.segments) for one in first]:
            raise ValueError(f"{run}: its references are not those of {runs[0]}; score both on the same")
        known = {one.source: one for one in read_transcripts(Path(run) / "transcripts.jsonl")}
        said = [known.get(one.name, Transcript((), one.duration, one.name)) for one in references]
        found[Path(run).name if Path(run).name not in found else str(run)] = _curve(references, said)
    floors = {
        name: _curve(first, [metrics.floor_transcript(name, one.segments, one.duration)[0] for one in first])
        for name in metrics.FLOORS
    }
    return found, floors


def _timed(run: Path) -> list[Reference]:
    timed = [one for one in read_references(run / "references.jsonl") if one.segments]
    if not timed:
        raise ValueError(f"{run}: its references hold no segments, so there is no curve to draw")
    return timed


def _curve(references: Sequence[Reference], transcripts: Sequence[Transcript]) -> list[float]:
    overlaps: list[float] = []
    for reference, transcript in zip(references, transcripts, strict=True):
        moments = [part.start for part in transcript.segments]  # of no matter to the overlap
        overlaps += clip_scores(reference.segments, transcript, moments).table[:, 0].tolist()
    return threshold_curve(overlaps)
