"""motion2language: English captions of motion-capture recordings, with a timestamp for each word."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motion2language.captioning.facts.find import facts
    from motion2language.captioning.loading import load_model
    from motion2language.formats.reading import read_motion
    from motion2language.motion import Motion, Skeleton
    from motion2language.transcript import Facts, Segment, TimedWord, Transcript

__version__ = "0.1.0"
__all__ = ["Facts", "Motion", "Segment", "Skeleton", "TimedWord", "Transcript", "facts", "load_model", "read_motion"]

_MODULES = {
    "Facts": "transcript",
    "Motion": "motion",
    "Segment": "transcript",
    "Skeleton": "motion",
    "TimedWord": "transcript",
    "Transcript": "transcript",
    "facts": "captioning.facts.find",
    "load_model": "captioning.loading",
    "read_motion": "formats.reading",
}


def __getattr__(name: str) -> Any:
    """The public names, imported on first use, so that importing the package stays fast."""
    if name not in _MODULES:
        raise AttributeError(f"module 'motion2language' has no attribute {name!r}")
    return getattr(importlib.import_module(f"motion2language.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
