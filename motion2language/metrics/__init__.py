"""Scores with their counts: sentences (captions), segments, and the motion-blind floors beside them (baselines)."""

from __future__ import annotations

from motion2language.metrics.baselines import FLOORS, TEXT_FLOORS, floor_transcript
from motion2language.metrics.captions import bleu, bleu_counts, bleu_interval, compare_bleu
from motion2language.metrics.intervals import compare, interval
from motion2language.metrics.overlap import cider, rouge_l
from motion2language.metrics.reliability import calibration_error, reliability
from motion2language.metrics.segments import segment_scores, threshold_curve

__all__ = [
    "FLOORS",
    "TEXT_FLOORS",
    "bleu",
    "bleu_counts",
    "bleu_interval",
    "calibration_error",
    "cider",
    "compare",
    "compare_bleu",
    "floor_transcript",
    "interval",
    "reliability",
    "rouge_l",
    "segment_scores",
    "threshold_curve",
]
