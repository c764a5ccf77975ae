"""JSON, the lossless form: Transcript.to_dict; `read` gives the transcript back.

Many transcripts stand in one file as JSON lines, a transcript a line: `lines` and `read_lines`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from motion2language.transcript import Transcript


def text(transcript: Transcript) -> str:
    """One indented object."""
    return json.dumps(transcript.to_dict(), ensure_ascii=False, indent=1) + "\n"


def read(path: str | Path) -> Transcript:
    """The transcript in a JSON file; ValueError when it is something else."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    try:
        return Transcript.from_dict(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def lines(transcripts: Sequence[Transcript]) -> str:
    """A transcript a line."""
    return "".join(json.dumps(transcript.to_dict(), ensure_ascii=False) + "\n" for transcript in transcripts)


def read_lines(path: str | Path) -> list[Transcript]:
    """The transcripts in a file of JSON lines; ValueError names the line that is something else."""
    try:
        content = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not text in UTF-8 ({error})") from None
    found = []
    for number, line in enumerate(content.split("\n"), start=1):
        if line.strip():
            try:
                found.append(Transcript.from_dict(json.loads(line)))
            except (ValueError, RecursionError) as error:
                raise ValueError(f"{path}, line {number}: {error}; expected a transcript a line") from None
    if not found:
        raise ValueError(f"{path}: no transcripts in it; expected one a line, as JSON")
    return found
