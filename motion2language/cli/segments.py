"""m2l data segments."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from motion2language.cli.written import Out, show_written


def segments(
    file: Path,
    /,
    *,
    out: Out,
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
        Export of Label Studio (JSON), or transcripts (.jsonl) to turn into tasks.
    out
        File of reference transcripts, one per line (.jsonl), or of tasks (.json).
    annotator
        Whose annotations to use. Default: the first of each task.
    clips
        official: of the paper's export, only the 35 clips that its scores are for.
    names
        File with the recordings' names, one per line in the order of the split: the task with id n is line n.
    sort
        Sort segments by time instead of the order they were made in.
    corrections
        File of misspelt words, `written meant` on each line.
    """
    from motion2language.data import annotation_exports
    from motion2language.data.index import read_names
    from motion2language.files import write_text
    from motion2language.writers import json as transcript_json

    if file.suffix == ".jsonl":
        transcripts = transcript_json.read_lines(file)
        write_text(out, annotation_exports.to_tasks(transcripts))
        show_written(out, f"{len(transcripts)} tasks for Label Studio")
        return 0
    meant = annotation_exports.read_corrections(corrections) if corrections else None
    annotations = annotation_exports.read_export(file, meant)
    if clips == "official":
        annotations = annotation_exports.only_official(annotations)
    references = annotation_exports.to_transcripts(annotations, annotator, read_names(names) if names else None, sort)
    write_text(out, transcript_json.lines(references))
    print(f"{file}: {annotation_exports.summarize(annotations)}")
    count = sum(len(reference.segments) for reference in references)
    show_written(out, f"{len(references)} reference transcripts, {count} segments")
    return 0
