"""m2l data segments."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def segments(
    file: Path,
    /,
    *,
    out: Path,
    annotator: str | None = None,
    clips: Literal["all", "official"] = "all",
    names: Path | None = None,
    sort: bool = False,
    corrections: Path | None = None,
) -> int:
    """Turn a Label Studio export into reference transcripts, or transcripts into tasks for Label Studio.

    Parameters
    ----------
    file
        Export of Label Studio (JSON), or transcripts (.jsonl) to make tasks of.
    out
        File of reference transcripts, a line each (.jsonl), or of tasks (.json).
    annotator
        Whose annotations; without it the first of each task.
    clips
        official: of the paper's export the 35 clips its scores are of.
    names
        File with the recordings' names, a line each in the order of the split: the task of id n is line n.
    sort
        Put segments in order of time instead of the order they were made in.
    corrections
        File of misspelt words, `written meant` a line.
    """
    from motion2language.data import label_studio
    from motion2language.files import write_text
    from motion2language.language.actions import ActionLexicon
    from motion2language.writers import json as transcript_json

    if file.suffix == ".jsonl":
        given = transcript_json.read_lines(file)
        write_text(out, label_studio.tasks(given))
        print(f"{out}: {len(given)} tasks for Label Studio")
        return 0
    meant = ActionLexicon.from_file(corrections).forms if corrections else None
    annotated = label_studio.read_export(file, meant)
    if clips == "official":
        annotated = [each for each in annotated if each.task in label_studio.OFFICIAL]
    found = label_studio.transcripts(annotated, annotator, _lines(names) if names else None, sort)
    write_text(out, transcript_json.lines(found))
    print(f"{file}: {label_studio.summary(annotated)}")
    print(f"{out}: {len(found)} reference transcripts, {sum(len(each.segments) for each in found)} segments")
    return 0


def _lines(path: Path) -> list[str]:
    """The names in a file, without empty lines."""
    from motion2language.files import read_text

    return [line.strip() for line in read_text(path, "one name per line").splitlines() if line.strip()]
