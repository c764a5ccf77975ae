"""Tab-separated values: one line per segment under a header.

Start and end in seconds, label, text, confidence, whether the action is known, and facts with their units.
"""

from __future__ import annotations

from motion2language.transcript import Transcript
from motion2language.writers import _facts


def text(transcript: Transcript) -> str:
    """Header and lines."""
    rows = [_facts.COLUMNS, *map(_facts.row, transcript.segments)]
    return "".join("\t".join(row) + "\n" for row in rows)
