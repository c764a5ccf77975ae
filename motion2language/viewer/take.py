"""Take: a recording with its transcript, and the plain data that the player's page reads.

Times are in seconds, lengths in metres. Movement is kept to a millimetre and 30 frames per second, which the page
interpolates; see packing.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from motion2language.body import figure_of
from motion2language.motion import Motion
from motion2language.transcript import Transcript
from motion2language.viewer import packing, sides
from motion2language.writers import caption, counted, detailed, phrase

SPEED_RATE = 15.0  # values per second of the speed curve; chosen, a pixel or two each


@dataclass(frozen=True, eq=False)
class Take:
    """One recording in the player.

    motion      any skeleton, metres, Y up
    transcript  its description
    reference   a person's transcript, drawn beneath, or None
    weights     (L, T) how much the model looked at each of T equal parts of the recording for each word, or None
    """

    motion: Motion
    transcript: Transcript
    reference: Transcript | None = None
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        for kind, transcript in (("transcript", self.transcript), ("reference", self.reference)):
            if transcript is not None:
                transcript.require_of(self.motion.label, self.motion.duration, kind)
        words, weights = len(self.transcript.words), self.weights
        if weights is not None and (weights.ndim != 2 or len(weights) != words):
            raise ValueError(
                f"{self.motion.label}: attention has shape {weights.shape}, expected ({words} words, frames)"
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON data for the page."""
        motion = figure_of(self.motion)
        return {
            "name": motion.label,
            "duration": motion.duration,
            "fps": motion.fps,
            "joints": motion.skeleton.joints,
            "parents": motion.skeleton.parents,
            **sides.describe(motion),
            "ends": sides.limb_ends(motion),
            "motion": packing.pack_motion(motion),
            "speed": speed_curve(motion),
            "transcript": _transcript(self.transcript),
            "reference": None if self.reference is None else _transcript(self.reference),
            "weights": None if self.weights is None or not self.weights.size else packing.pack_weights(self.weights),
        }


def speed_curve(motion: Motion) -> list[float]:
    """Mean speed of all joints, metres per second, in equal steps over the recording, at most SPEED_RATE per second."""
    slow = motion.resample(min(motion.fps, SPEED_RATE))
    if slow.frames < 2:
        return [0.0]
    steps = np.linalg.norm(np.diff(slow.positions.astype(np.float64), axis=0), axis=2).mean(axis=1) * slow.fps
    return [round(float(speed), 3) for speed in (steps[0], *steps)]


def _transcript(transcript: Transcript) -> dict[str, Any]:
    data = transcript.to_dict()
    shown = [
        {
            "unknown": "" if segment.known else caption(segment),
            "facts": phrase(segment.facts),
            "text": segment.text,
            "detail": "" if worded.text == segment.text else worded.text,
            "repetitions": tuple(round(time, 4) for time in counted(segment.facts)),
        }
        for segment, worded in zip(transcript.segments, detailed(transcript).segments, strict=True)
    ]
    return {name: data[name] for name in ("schema", "model", "text", "segments")} | {"shown": shown}
