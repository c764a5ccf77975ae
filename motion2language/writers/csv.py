"""Comma-separated values (RFC 4180): one line per segment under a header.

Start and end in seconds, label, text, confidence, whether the action is known, and facts with their units.
"""

from __future__ import annotations

import csv
import io

from motion2language.transcript import Transcript
from motion2language.writers import _facts


def text(transcript: Transcript) -> str:
    """Header and lines; fields with a comma or a quotation mark are quoted."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(_facts.COLUMNS)
    table.writerows(map(_facts.row, transcript.segments))
    return file.getvalue()
