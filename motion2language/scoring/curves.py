"""Threshold curves of several runs on the same references: the share of segments at or above each IoU and IoP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motion2language.scoring.baselines import BASELINES, baseline_transcript
from motion2language.scoring.files import read_references, read_transcripts
from motion2language.scoring.reference import Reference
from motion2language.scoring.segments import clip_scores, threshold_curve
from motion2language.transcript import Transcript

Curves = dict[str, list[float]]  # "iou" and "iop" -> a share for each of segments.THRESHOLDS


def curves(runs: Sequence[Path]) -> tuple[dict[str, Curves], dict[str, Curves]]:
    """For each run, by its folder's name, and for each of BASELINES the share of reference segments at or above each
    threshold, strict protocol.

    runs  folders that files.write_run wrote, with the same references; ValueError when they differ
    """
    models: dict[str, Curves] = {}
    first: list[Reference] = []
    for run in runs:
        references = sorted(_read_timed(Path(run)), key=lambda reference: reference.name)
        first = first or references
        if [(own.name, own.segments) for own in references] != [(own.name, own.segments) for own in first]:
            raise ValueError(f"{run}: its references are not those of {runs[0]}; score both on the same")
        known = {transcript.source: transcript for transcript in read_transcripts(Path(run) / "transcripts.jsonl")}
        transcripts = [known.get(own.name, Transcript((), own.duration, own.name)) for own in references]
        models[Path(run).name if Path(run).name not in models else str(run)] = _curves(references, transcripts)
    baselines = {
        name: _curves(first, [baseline_transcript(name, own.segments, own.duration)[0] for own in first])
        for name in BASELINES
    }
    return models, baselines


def _read_timed(run: Path) -> list[Reference]:
    timed = [reference for reference in read_references(run / "references.jsonl") if reference.segments]
    if not timed:
        raise ValueError(f"{run}: its references hold no segments, so there is no curve to draw")
    return timed


def _curves(references: Sequence[Reference], transcripts: Sequence[Transcript]) -> Curves:
    clips = []
    for reference, transcript in zip(references, transcripts, strict=True):
        times = [part.start for part in transcript.segments]  # of action words, which IoU and IoP do not use
        clips.append(clip_scores(reference.segments, transcript, times).table)
    iou, iop, _ = np.concatenate(clips).T.tolist()
    return {"iou": threshold_curve(iou), "iop": threshold_curve(iop)}
