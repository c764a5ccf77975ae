"""A task of Label Studio, with the segments as predictions on a time series; `read` gives a transcript back.

The series is the number of the current segment, so that the task opens without the recording; its configuration is in
the guide. The task's data contain the transcript, so that an unchanged prediction gets everything back: facts,
confidence, and whether the action is known. An unchanged phrase gets its timed words back, and the words of a changed
one may be anywhere in its segment.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from motion2language.transcript import Facts, Segment, TimedWord, Transcript
from motion2language.writers import _facts

SUFFIX = ".labelstudio.json"
#: Names of the labeling configuration: the time series, its labels, the words of a region.
SERIES, LABELS, PHRASE = "motion", "action", "phrase"
UNNAMED = "unnamed"  # the label of a segment without one


def text(transcript: Transcript) -> str:
    """A list of one task."""
    return json.dumps([task(transcript)], ensure_ascii=False, indent=1) + "\n"


def task(transcript: Transcript) -> dict[str, Any]:
    """The task of a transcript; a file is a list of tasks."""
    data = transcript.to_dict()
    regions = [
        region
        for number, part in enumerate(data["segments"], start=1)
        for region in _regions(f"segment-{number}", part)
    ]
    return {
        "data": {SERIES: _series(data), "text": data["text"], "source": data["source"], "transcript": data},
        "predictions": [{"model_version": data["model"], "result": regions}],
    }


def read(path: str | Path) -> Transcript:
    """Read the transcript in a task or an export of one task; a person's annotation takes precedence over predictions.

    Times and labels are those of the regions. ValueError for any other file.
    """
    try:
        tasks = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    tasks = tasks if isinstance(tasks, list) else [tasks]
    if len(tasks) != 1:
        raise ValueError(f"{path}: contains {len(tasks)} tasks, expected one; export each recording separately")
    try:
        return transcript_of(tasks[0])
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"{path}: not a task written by this package ({type(error).__name__}: {error})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _series(data: dict[str, Any]) -> dict[str, list]:
    """The times at which the number of the current segment changes, and the numbers; 0 means no segment."""
    parts = list(enumerate(data["segments"], start=1))
    times = sorted({0.0, data["duration"], *(part[edge] for _, part in parts for edge in ("start", "end"))})
    current = [max((n for n, part in parts if part["start"] <= time < part["end"]), default=0) for time in times]
    return {"time": times, "segment": current}


def _regions(name: str, part: dict[str, Any]) -> list[dict[str, Any]]:
    """The region of a segment and, with the same id, that of its words."""
    span = {"start": part["start"], "end": part["end"], "instant": False}
    facts = "" if part["facts"] is None else _facts.phrase(Facts.from_dict(part["facts"]))
    meta = {"meta": {"text": [facts]}} if facts else {}
    kinds = [(LABELS, "timeserieslabels", [part["label"] or UNNAMED])]
    kinds += [(PHRASE, "textarea", [part["text"]])] * bool(part["text"])
    return [
        {"id": name, "from_name": source, "to_name": SERIES, "type": kind, "value": span | {_field(kind): value}}
        | (meta if kind == "timeserieslabels" else {})
        for source, kind, value in kinds
    ]


def _field(kind: str) -> str:
    """The field of a region's value that holds the label or the text."""
    return "text" if kind == "textarea" else kind


def transcript_of(task: dict[str, Any], chosen: dict[str, Any] | None = None) -> Transcript:
    """The transcript of an annotation of a task from `text`: by default of the first one, or else of the prediction."""
    original = Transcript.from_dict(task["data"]["transcript"])
    if chosen is None:
        annotations = [entry for entry in task.get("annotations") or [] if not entry.get("was_cancelled")]
        chosen = (annotations or task["predictions"])[0]
    before = {f"segment-{number}": segment for number, segment in enumerate(original.segments, start=1)}
    phrases = {region["id"]: region["value"]["text"] for region in chosen["result"] if region["type"] == "textarea"}
    regions = [region for region in chosen["result"] if region["type"] == "timeserieslabels"]
    if any(region["id"] not in before for region in regions):  # new regions come last in the file, whatever their time
        regions.sort(key=lambda region: region["value"]["start"])
    predicted = "model_version" in chosen
    segments = [
        _segment(region["value"], phrases.get(region["id"], []), before.get(region["id"]), predicted)
        for region in regions
    ]
    model = original.model if predicted else person(chosen) or "annotator"
    return Transcript(tuple(segments), original.duration, original.source, model)


def person(annotation: dict[str, Any]) -> str:
    """The annotator: a number or an e-mail address; "" if not given."""
    by = annotation.get("completed_by")
    if isinstance(by, dict):  # exports with full users
        by = by.get("email") or by.get("id")
    return "" if by is None else str(by)


def _segment(value: dict[str, Any], phrase: list[str] | str, before: Segment | None, predicted: bool) -> Segment:
    start, end = float(value["start"]), float(value["end"])
    labels = value["timeserieslabels"]
    label = None if labels[:1] == [UNNAMED] else str(labels[0])
    written = phrase if isinstance(phrase, str) else " ".join(phrase)
    if before is not None and written == before.text:
        same = (start, end, label) == (before.start, before.end, before.label)
        return before if same and predicted else Segment(start, end, label, before.words)
    words = tuple(TimedWord(word, (start + end) / 2, start, end) for word in written.split())
    return Segment(start, end, label, words)
