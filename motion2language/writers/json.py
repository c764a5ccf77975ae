"""JSON, the lossless format: Transcript.to_dict; `read` gives the transcript back.

`lines` and `read_lines` keep many transcripts in one file of JSON lines, one transcript per line.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motion2language.files import read_text
from motion2language.transcript import Transcript


def text(transcript: Transcript) -> str:
    """One indented object."""
    return indented(transcript.to_dict()) + "\n"


def indented(value: Any, margin: str = "") -> str:
    """What json.dumps gives with an indent of 1, in a fraction of its time.

    margin  spaces before the value's line
    """
    if not isinstance(value, dict | list | tuple) or not value:
        return _scalar(value)
    inner = f"{margin} "
    if isinstance(value, dict):
        parts = [
            f"{_encode(key)}: {indented(each, inner) if isinstance(each, dict | list | tuple) else _scalar(each)}"
            for key, each in value.items()
        ]
    else:
        parts = [indented(each, inner) for each in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    between = f",\n{inner}"
    return f"{opening}\n{inner}{between.join(parts)}\n{margin}{closing}"


_encode = json.JSONEncoder(ensure_ascii=False).encode


def _scalar(value: Any) -> str:
    """As json.dumps; most are finite numbers, which Python prints as JSON has them."""
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return repr(value)
    return _encode(value)


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
