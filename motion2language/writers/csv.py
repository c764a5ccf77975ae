"""Comma-separated values (RFC 4180): start and end in seconds, label and text, one line per segment under a header."""

from __future__ import annotations

import csv
import io

from motion2language.transcript import Transcript


def text(transcript: Transcript) -> str:
    """Header and lines; fields with a comma or a quotation mark are quoted."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(("start", "end", "label", "text"))
    for part in transcript.segments:
        table.writerow((f"{part.start:.3f}", f"{part.end:.3f}", part.label or "", part.text))
    return file.getvalue()
