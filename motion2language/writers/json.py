"""JSON, the lossless format: Transcript.to_dict; `read` gives the transcript back.

`lines` and `read_lines` keep many transcripts in one file of JSON lines, one transcript per line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from motion2language.files import read_text
from motion2language.transcript import Transcript


def text(transcript: Transcript) -> str:
    """One indented object."""
    return indented(transcript.to_dict()) + "\n"


def indented(value: Any, margin: str = "") -> str:
    """What json.dumps gives with an indent of 1, in a fraction of its time: objects without objects are written by C.

    margin  spaces before the value's line
    """
    if not isinstance(value, dict | list | tuple) or not value:
        return _encoder("").encode(value)
    inner = f"{margin} "
    between = f",\n{inner}"
    if not any(
        isinstance(each, dict | list | tuple) for each in (value.values() if isinstance(value, dict) else value)
    ):
        text = _encoder(between).encode(value)[1:-1]
    elif isinstance(value, dict):
        text = between.join(f"{_encoder('').encode(key)}: {indented(each, inner)}" for key, each in value.items())
    else:
        text = between.join(indented(each, inner) for each in value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}{text}\n{margin}{closing}"


@cache
def _encoder(between: str) -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=False, separators=(between, ": "))


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
