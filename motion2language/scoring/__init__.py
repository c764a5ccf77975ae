"""Scoring: transcripts against references, whoever made them.

`score` gives flat names to numbers and each clip's own scores, `tables` what is printed of them, `files` what lies on
disk. Floors stand beside a model's segments, and every headline score has its interval over clips.
"""

from __future__ import annotations

from motion2language.scoring.curves import curves
from motion2language.scoring.files import (
    read_notes,
    read_references,
    read_rows,
    read_transcripts,
    require_same_references,
    write,
)
from motion2language.scoring.frames import in_frames
from motion2language.scoring.reference import Reference
from motion2language.scoring.score import Scores, compare, floors, score
from motion2language.scoring.sentences import floors as text_floors
from motion2language.scoring.tables import comparison_table, tables

__all__ = [
    "Reference",
    "Scores",
    "compare",
    "comparison_table",
    "curves",
    "floors",
    "in_frames",
    "read_notes",
    "read_references",
    "read_rows",
    "read_transcripts",
    "require_same_references",
    "score",
    "tables",
    "text_floors",
    "write",
]
