"""JSON, the lossless format: Transcript.to_dict; `read` gives the transcript back.

`lines` and `read_lines` keep many transcripts in one file of JSON lines, one transcript per line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from motion2language.files import read_text
from motion2language.transcript import Transcript


def text(transcript: Transcript) -> str:
    """One indented object."""
    return json.dumps(transcript.to_dict(), ensure_ascii=False, indent=1) + "\n"


def read(path: str | Path) -> Transcript:
    """Read the transcript in a JSON file; ValueError for any other file."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    try:
        return Transcript.from_dict(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def lines(transcripts: Sequence[Transcript]) -> str:
    """One transcript per line."""
    return "".join(json.dumps(transcript.to_dict(), ensure_ascii=False) + "\n" for transcript in transcripts)


def read_lines(path: str | Path) -> list[Transcript]:
    """Read the transcripts in a file of JSON lines; ValueError names a malformed line."""
    transcripts = []
    for number, line in enumerate(read_text(path, "one transcript per line, as JSON").split("\n"), start=1):
        if line.strip():
            try:
                transcripts.append(Transcript.from_dict(json.loads(line)))
            except (ValueError, RecursionError) as error:
                raise ValueError(f"{path}, line {number}: {error}; expected one transcript per line") from None
    if not transcripts:
        raise ValueError(f"{path}: contains no transcripts; expected one per line, as JSON")
    return transcripts
