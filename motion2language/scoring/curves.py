"""Threshold curves of several runs on the same references: how many segments reach at least so much IoU, and IoP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motion2language.scoring.files import read_references, read_transcripts
from motion2language.scoring.floors import FLOORS, floor_transcript
from motion2language.scoring.reference import Reference
from motion2language.scoring.segments import clip_scores, threshold_curve
from motion2language.transcript import Transcript

Curves = dict[str, list[float]]  # of "iou" and of "iop": a share for each of segments.THRESHOLDS


def curves(runs: Sequence[Path]) -> tuple[dict[str, Curves], dict[str, Curves]]:
    """For each run, by its folder's name, and for each motion-blind floor: share of reference segments at or above
    each threshold of IoU and of IoP, strict protocol.

    runs  folders that `write` wrote, of the same references; ValueError when they are not
    """
    found: dict[str, Curves] = {}
    first: list[Reference] = []
    for run in runs:
        references = sorted(_timed(Path(run)), key=lambda one: one.name)
        first = first or references
        if [(one.name, one.segments) for one in references] != [(one.name, one.segments) for one in first]:
            raise ValueError(f"{run}: its references are not those of {runs[0]}; score both on the same")
        known = {one.source: one for one in read_transcripts(Path(run) / "transcripts.jsonl")}
        said = [known.get(one.name, Transcript((), one.duration, one.name)) for one in references]
        found[Path(run).name if Path(run).name not in found else str(run)] = _curves(references, said)
    floors = {
        name: _curves(first, [floor_transcript(name, one.segments, one.duration)[0] for one in first])
        for name in FLOORS
    }
    return found, floors


def _timed(run: Path) -> list[Reference]:
    timed = [one for one in read_references(run / "references.jsonl") if one.segments]
    if not timed:
        raise ValueError(f"{run}: its references hold no segments, so there is no curve to draw")
    return timed


def _curves(references: Sequence[Reference], transcripts: Sequence[Transcript]) -> Curves:
    clips = []
    for reference, transcript in zip(references, transcripts, strict=True):
        moments = [part.start for part in transcript.segments]  # of no matter to either
        clips.append(clip_scores(reference.segments, transcript, moments).table)
    iou, iop, _ = np.concatenate(clips).T.tolist()
    return {"iou": threshold_curve(iou), "iop": threshold_curve(iop)}
