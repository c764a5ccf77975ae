"""motion2language: English captions of motion-capture recordings, with a timestamp for each word."""

from __future__ import annotations

from typing import Any

from motion2language.motion import Motion, Skeleton
from motion2language.transcript import Segment, TimedWord, Transcript

__version__ = "0.1.0"
__all__ = ["Motion", "Segment", "Skeleton", "TimedWord", "Transcript", "load_model", "read_motion"]


def __getattr__(name: str) -> Any:
    """`load_model` and `read_motion` on first use, so that importing the package stays fast."""
    if name == "load_model":
        from motion2language.captioning.captioner import load_model

        return load_model
    if name == "read_motion":
        from motion2language.formats.reading import read_motion

        return read_motion
    raise AttributeError(f"module 'motion2language' has no attribute {name!r}")
