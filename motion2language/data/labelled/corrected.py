"""Labels that people corrected, as rows of the table that `collect` reads: a row per segment that somebody checked.

A folder of the files that `m2l view --edit` writes. Segments that nobody checked are the model's own guesses, and ones
without an action name none: they are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from motion2language.files import read_text
from motion2language.transcript import Transcript


def read_corrected(folder: Path, files: Mapping[str, Path]) -> list[tuple[int, dict[str, str]]]:
    """(number, {file, label, start, end}) of each checked segment of the transcripts in a folder.

    files  recordings by their names; a transcript is of the one its `path` leads to, or else its `source` names

    ValueError for a file that is no corrected transcript, and when no segment is checked.
    """
    names = {path.resolve(): name for name, path in files.items()}
    rows: list[tuple[int, dict[str, str]]] = []
    for path in sorted(folder.glob("*.json")):
        data = _read(path)
        recording = (folder / str(data.get("path") or "")).resolve()
        name = names.get(recording, str(data["source"]))
        for segment in data["segments"]:
            if segment.get("checked") and segment["label"] is not None:
                times = {key: f"{segment[key]:.4f}" for key in ("start", "end")}
                rows.append((len(rows) + 1, {"file": name, "label": segment["label"]} | times))
    if not rows:
        raise ValueError(f"{folder}: holds no checked segment; correct recordings with m2l view --edit")
    return rows


def _read(path: Path) -> dict[str, Any]:
    """A file's JSON; ValueError when it is not a transcript."""
    try:
        data = json.loads(read_text(path, "a corrected transcript"))
        Transcript.from_dict(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a corrected transcript ({error})") from None
    return dict(data)
