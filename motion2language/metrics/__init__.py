"""Scores with their counts: sentences (captions), segments, and the motion-blind floors beside them (baselines)."""

from __future__ import annotations

from motion2language.metrics.baselines import FLOORS, floor_transcript
from motion2language.metrics.captions import bleu
from motion2language.metrics.reliability import calibration_error, reliability
from motion2language.metrics.segments import segment_scores, threshold_curve

__all__ = [
    "FLOORS",
    "bleu",
    "calibration_error",
    "floor_transcript",
    "reliability",
    "segment_scores",
    "threshold_curve",
]
