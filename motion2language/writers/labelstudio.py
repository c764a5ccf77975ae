"""A task of Label Studio, with the segments as predictions on a time series; `read` gives a transcript back.

The series is the number of the segment under way, so that the task opens without the recording; its configuration is
in the guide. The transcript travels in the task's data, so that words keep their moments: a phrase that nobody
changed gets its timed words back, a new one gets words that may be anywhere in its segment.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from motion2language.transcript import Segment, TimedWord, Transcript

SUFFIX = ".labelstudio.json"
#: Names of the labeling configuration: the time series, its labels, the words of a region.
SERIES, LABELS, PHRASE = "motion", "action", "phrase"
UNNAMED = "unnamed"  # the label of a segment without one


def text(transcript: Transcript) -> str:
    """A list of one task."""
    return json.dumps([task(transcript)], ensure_ascii=False, indent=1) + "\n"


def task(transcript: Transcript) -> dict[str, Any]:
    """The task of a transcript; a file of several is a list of these."""
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
    """The transcript in a task or an export of one task; a person's annotation goes before predictions.

    ValueError when the file holds something else. Times and labels are those of the regions.
    """
    try:
        tasks = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    tasks = tasks if isinstance(tasks, list) else [tasks]
    if len(tasks) != 1:
        raise ValueError(f"{path}: holds {len(tasks)} tasks, expected one; export each recording by itself")
    try:
        return transcript_of(tasks[0])
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"{path}: not a task that this package wrote ({type(error).__name__}: {error})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _series(data: dict[str, Any]) -> dict[str, list]:
    """Where the number of the segment under way changes, and to what; 0 is none."""
    parts = list(enumerate(data["segments"], start=1))
    times = sorted({0.0, data["duration"], *(part[edge] for _, part in parts for edge in ("start", "end"))})
    under_way = [max((n for n, part in parts if part["start"] <= time < part["end"]), default=0) for time in times]
    return {"time": times, "segment": under_way}


def _regions(name: str, part: dict[str, Any]) -> list[dict[str, Any]]:
    """The region of a segment and, of the same id, its words."""
    span = {"start": part["start"], "end": part["end"], "instant": False}
    kinds = [(LABELS, "timeserieslabels", [part["label"] or UNNAMED])]
    kinds += [(PHRASE, "textarea", [part["text"]])] * bool(part["text"])
    return [
        {"id": name, "from_name": source, "to_name": SERIES, "type": kind, "value": span | {_field(kind): value}}
        for source, kind, value in kinds
    ]


def _field(kind: str) -> str:
    """The field of a region's value that holds what was chosen or written."""
    return "text" if kind == "textarea" else kind


def transcript_of(task: dict[str, Any], chosen: dict[str, Any] | None = None) -> Transcript:
    """What an annotation of a task that `text` wrote says; without one the first, or else the prediction."""
    said = Transcript.from_dict(task["data"]["transcript"])
    if chosen is None:
        done = [each for each in task.get("annotations") or [] if not each.get("was_cancelled")]
        chosen = (done or task["predictions"])[0]
    before = {f"segment-{number}": segment for number, segment in enumerate(said.segments, start=1)}
    phrases = {each["id"]: each["value"]["text"] for each in chosen["result"] if each["type"] == "textarea"}
    regions = [each for each in chosen["result"] if each["type"] == "timeserieslabels"]
    if any(each["id"] not in before for each in regions):  # a new one stands last in the file, whenever it is
        regions.sort(key=lambda each: each["value"]["start"])
    segments = [_segment(each["value"], phrases.get(each["id"], []), before.get(each["id"])) for each in regions]
    model = said.model if "model_version" in chosen else person(chosen) or "annotator"
    return Transcript(tuple(segments), said.duration, said.source, model)


def person(annotation: dict[str, Any]) -> str:
    """Who made an annotation: a number or an address; "" where it does not say."""
    by = annotation.get("completed_by")
    if isinstance(by, dict):  # exports with users written out
        by = by.get("email") or by.get("id")
    return "" if by is None else str(by)


def _segment(value: dict[str, Any], phrase: list[str] | str, before: Segment | None) -> Segment:
    start, end = float(value["start"]), float(value["end"])
    labels = value["timeserieslabels"]
    label = None if labels[:1] == [UNNAMED] else str(labels[0])
    written = phrase if isinstance(phrase, str) else " ".join(phrase)
    if before is not None and written == before.text:
        return Segment(start, end, label, before.words)
    words = tuple(TimedWord(word, (start + end) / 2, start, end) for word in written.split())
    return Segment(start, end, label, words)
