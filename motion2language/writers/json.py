"""JSON, the lossless form: Transcript.to_dict; `read` gives the transcript back."""

from __future__ import annotations

import json
from pathlib import Path

from motion2language.transcript import Transcript


def text(transcript: Transcript) -> str:
    """One indented object."""
    return json.dumps(transcript.to_dict(), ensure_ascii=False, indent=1) + "\n"


def read(path: str | Path) -> Transcript:
    """The transcript in a JSON file; ValueError when it is something else."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    try:
        return Transcript.from_dict(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
