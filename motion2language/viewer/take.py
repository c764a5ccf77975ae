"""Take: a recording with what was said of it, and the plain data the player's page reads of it.

Times of the data are seconds, lengths metres. Movement is kept to a millimetre and 30 frames a second, which the page
interpolates; see packing.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from motion2language.motion import Motion
from motion2language.transcript import Transcript
from motion2language.viewer import packing, sides

SPEED_RATE = 15.0  # values a second of the speed curve; chosen, a pixel or two each
SLACK = 1.0  # seconds a transcript's duration may differ from the recording's; chosen, more is another recording


@dataclass(frozen=True, eq=False)
class Take:
    """What the player shows.

    motion      any skeleton, metres, Y up
    transcript  what was said of it
    reference   what a person said of it, drawn beneath, or None
    weights     (L, T) how much each word of `transcript` looked at each part of the recording, T equal parts, or None
    """

    motion: Motion
    transcript: Transcript
    reference: Transcript | None = None
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        for what, transcript in (("transcript", self.transcript), ("reference", self.reference)):
            if transcript is not None and abs(transcript.duration - self.motion.duration) > SLACK:
                raise ValueError(
                    f"{self.motion.label}: lasts {self.motion.duration:.2f} s, but the {what} is of "
                    f"{transcript.source or 'a recording'} of {transcript.duration:.2f} s; give its own"
                )
        words, weights = len(self.transcript.words), self.weights
        if weights is not None and (weights.ndim != 2 or len(weights) != words):
            raise ValueError(
                f"{self.motion.label}: attention has shape {weights.shape}, expected ({words} words, frames)"
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON data for the page."""
        motion = self.motion
        return {
            "name": motion.label,
            "duration": motion.duration,
            "joints": motion.skeleton.joints,
            "parents": motion.skeleton.parents,
            **sides.describe(motion),
            "motion": packing.pack_motion(motion),
            "speed": speed_curve(motion),
            "transcript": _transcript(self.transcript),
            "reference": None if self.reference is None else _transcript(self.reference),
            "weights": None if self.weights is None or not self.weights.size else packing.pack_weights(self.weights),
        }


def speed_curve(motion: Motion) -> list[float]:
    """Mean speed of all joints, metres a second, in equal steps over the recording, at most SPEED_RATE a second."""
    slow = motion.resample(min(motion.fps, SPEED_RATE))
    if slow.frames < 2:
        return [0.0]
    steps = np.linalg.norm(np.diff(slow.positions.astype(np.float64), axis=0), axis=2).mean(axis=1) * slow.fps
    return [round(float(speed), 3) for speed in (steps[0], *steps)]


def _transcript(transcript: Transcript) -> dict[str, Any]:
    data = transcript.to_dict()
    return {"model": data["model"], "text": data["text"], "segments": data["segments"]}
