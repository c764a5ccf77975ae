"""A label track of Audacity: start and end in seconds, then `label: text`, separated by tabs, one line per segment.

Audacity exports and imports these as .txt, so the files end in .audacity.txt.
"""

from __future__ import annotations

from motion2language.transcript import Segment, Transcript
from motion2language.writers import _facts

SUFFIX = ".audacity.txt"


def text(transcript: Transcript) -> str:
    """One line per segment, in order of time."""
    ordered = sorted(transcript.segments, key=lambda segment: segment.start)
    return "".join(f"{part.start:.6f}\t{part.end:.6f}\t{_mark(part)}\n" for part in ordered)


def _mark(segment: Segment) -> str:
    return ": ".join(part for part in (segment.label if segment.known else None, _facts.caption(segment)) if part)
