"""Tab-separated values: start and end in seconds, label and text, one line per segment under a header."""

from __future__ import annotations

from motion2language.transcript import Transcript


def text(transcript: Transcript) -> str:
    """Header and lines."""
    rows = [("start", "end", "label", "text")]
    rows += [(f"{part.start:.3f}", f"{part.end:.3f}", part.label or "", part.text) for part in transcript.segments]
    return "".join("\t".join(row) + "\n" for row in rows)
