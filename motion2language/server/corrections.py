"""Corrected transcripts on disk: a transcript's JSON with who made what, its version, and the model's own transcript.

Besides the fields of a transcript, which `writers.json` reads, a file holds `path`, which leads to the recording, and
`correction`: {"version": number, "person": name, "saved": time, "original": the model's transcript}; each segment holds
`made` and `checked`, both {"by": name, "when": time} or null. A file is replaced only by the successor of the version
that it holds.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from motion2language.files import read_text, write_text
from motion2language.transcript import Transcript


class ChangedError(Exception):
    """The file holds another version than the one that a correction was made of."""

    def __init__(self, stored: dict[str, Any] | None) -> None:
        super().__init__("changed by another tab or person")
        self.stored = stored


@dataclass(frozen=True)
class CorrectedFile:
    """The corrections of one recording, in a file beside it or elsewhere.

    name, duration  of the recording, which every version must be of
    recording       its file, to which the field `path` leads from the folder of this one; None when it has none
    """

    path: Path
    name: str
    duration: float
    recording: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def read(self) -> dict[str, Any] | None:
        """The stored version, None before the first one; ValueError for a file that is something else."""
        if not self.path.exists():
            return None
        try:
            data = json.loads(read_text(self.path, "a corrected transcript"))
            self._require_valid(data)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"{self.path}: not a corrected transcript of {self.name} ({error}); move it away"
            ) from None
        return dict(data)

    def original(self) -> Transcript | None:
        """The model's transcript in the stored version, None before the first one."""
        data = self.read()
        return None if data is None else Transcript.from_dict(data["correction"]["original"])

    def write(self, data: Any) -> None:
        """Store a version, whole or not at all.

        ChangedError unless it is the successor of what is stored; ValueError when it is not a correction of this
        recording, or cannot be written.
        """
        self._require_valid(data)
        with self._lock:
            stored = self.read()
            before = 0 if stored is None else stored["correction"]["version"]
            if data["correction"]["version"] != before + 1:
                raise ChangedError(stored)
            if self.recording is not None:
                data = data | {"path": Path(os.path.relpath(self.recording, self.path.parent)).as_posix()}
            write_text(self.path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")

    def _require_valid(self, data: Any) -> None:
        if not isinstance(data, dict) or not isinstance(correction := data.get("correction"), dict):
            raise ValueError("expected a transcript with the field correction")
        version, person = correction.get("version"), correction.get("person")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise ValueError(f"version {version!r}: expected a number from 1")
        if not isinstance(person, str):
            raise ValueError(f"person {person!r}: expected a name")
        for transcript in (Transcript.from_dict(data), Transcript.from_dict(correction.get("original") or {})):
            transcript.require_of(self.name, self.duration)
            if transcript.source != self.name:
                raise ValueError(f"source {transcript.source!r}: expected {self.name!r}")
