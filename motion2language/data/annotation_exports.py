"""Reference transcripts from Label Studio: its exports of what people marked in recordings, one task per recording.

`read_export` gives one `Annotation` per task and person; `to_transcripts` picks one per task. Two kinds of region are
understood: those of a time series, as writers/labelstudio.py sets a task up, and those of a sound track or film
(`labels`, seconds), whose words are in the region's note, `verb;the rest`. A region without words is skipped, unless
the whole export has no words: then the labels are the actions. Skipped regions are counted.

A segment's label is the verb, as language/actions.py names it, after the corrections below; its words are the verb and
the rest, anywhere in the segment. Segments keep the order in which the person made them, because the paper's scoring
looks for verbs in that order; `sort` orders them by time.

The time annotations of the paper (arXiv 2310.10594, `annotations_all.json`): 75 tasks of clips of KIT-ML's test split,
by four people. Its code takes the first annotation of a task and the regions with words: 68 tasks, 101 segments, 50
clips with one and 18 with several; one task (84) is not in order of time; four tasks have a second annotation, which
is not used, not even in task 53, whose first has no words. Where a noun names the action ("takes a turn") the paper's
code looks for "take"; here the label is "turn". Its scores are for the 35 clips in OFFICIAL, by ids; a task's id minus
one is the row of its test loader. It counts at 10 frames per second: starts, ends and durations times 10, rounded. In
that grid, F frames long, the motion-blind cut of the middle 15 to 85 % of the clip into n parts, part k from
int(F (.15 + .7 k / n)) to int(F (.15 + .7 (k + 1) / n)), its verb at int(F (.15 + .7 (k + .5) / n)), has
IoU .675, IoP .755, Element-of .943 on the 35 and .600, .677, .868 on all 68.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from motion2language.files import read_text
from motion2language.language.actions import ActionLexicon, parse_word_pairs
from motion2language.language.vocabulary import tokenize
from motion2language.transcript import Segment, TimedWord, Transcript
from motion2language.writers import labelstudio

#: What annotators wrote -> what they meant, in the paper's export.
CORRECTIONS = {
    "alk": "walk",
    "waolk": "walk",
    "turing": "turning",
    "foward": "forward",
    "rigth": "right",
    "quater": "quarter",
    "clockwie": "clockwise",
    "counterclokwise": "counterclockwise",
}
#: Verbs that the paper's scoring counts as another.
SAME = {"hop": "jump"}
#: Ids of the tasks that the paper's segmentation scores are for.
OFFICIAL = (
    1, 2, 3, 4, 6, 8, 9, 10, 12, 13, 15, 16, 17, 18, 20, 21, 22, 23, 28, 31, 32, 33, 36, 38, 39, 42, 63, 84, 105, 163,
    164, 168, 191, 224, 281,
)  # fmt: skip
_UPLOAD = re.compile(r"^[0-9a-f]{8}-")  # Label Studio's mark before the name of an uploaded file


@dataclass(frozen=True)
class Annotation:
    """What one person marked in one task.

    task     the task's id
    person   who; "" if the export does not name anyone
    skipped  regions without words or without times
    """

    task: int
    person: str
    transcript: Transcript
    skipped: int = 0


def read_export(path: str | Path, corrections: Mapping[str, str] | None = None) -> list[Annotation]:
    """Every annotation of an export, in the order of the file; ValueError when it is not an export.

    corrections  written word -> meant word, before CORRECTIONS
    """
    try:
        tasks = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    if not isinstance(tasks, list) or not tasks:
        raise ValueError(f"{path}: expected a list of tasks, as Label Studio exports JSON, at least one")
    meant = CORRECTIONS | dict(corrections or {})
    try:
        pairs = [(number, task, entry) for number, task in enumerate(tasks, start=1) for entry in _entries(task)]
        worded = any(_note(region) for *_, entry in pairs for region in entry["result"])
        return [_annotation(task, number, entry, meant, worded) for number, task, entry in pairs]
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"{path}: not an export of Label Studio ({type(error).__name__}: {error})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def read_corrections(path: Path) -> dict[str, str]:
    """Written word -> meant word of a file with `written meant` on each line; `#` begins a comment.

    A word alone on its line stays as it is, even if CORRECTIONS lists it.
    """
    expected = "`written meant` on each line"
    corrections = parse_word_pairs(read_text(path, expected), str(path), "`written meant`")
    if not corrections:
        raise ValueError(f"{path}: contains no words; expected {expected}")
    return corrections


def only_official(annotations: Sequence[Annotation]) -> list[Annotation]:
    """Those of the tasks that the paper's scores are for."""
    return [annotation for annotation in annotations if annotation.task in OFFICIAL]


def to_transcripts(
    annotations: Sequence[Annotation], person: str | None = None, names: Sequence[str] | None = None, sort: bool = False
) -> list[Transcript]:
    """One transcript per task with segments: from its first annotation, or from that of `person`.

    names  names of the recordings by row, as a split lists them; the task with id n is row n - 1. Without them a
           transcript's source is the name of its uploaded file
    sort   order segments by time
    """
    by_task: dict[int, Annotation] = {}
    for annotation in annotations:
        if person in (None, annotation.person):
            by_task.setdefault(annotation.task, annotation)
    if not by_task:
        people = sorted({annotation.person for annotation in annotations})
        raise ValueError(f"nothing is by annotator {person!r}; there are {', '.join(people) or 'no annotations'}")
    beyond = [task for task in by_task if names is not None and not 1 <= task <= len(names)]
    if beyond:
        raise ValueError(
            f"{len(beyond)} of {len(by_task)} tasks, the first of id {beyond[0]}, have no row among "
            f"{len(names or ())} names; give the names of the split that was annotated"
        )
    return [
        Transcript(
            tuple(sorted(marked.segments, key=lambda part: part.start)) if sort else marked.segments,
            marked.duration,
            marked.source if names is None else names[task - 1],
            marked.model,
        )
        for task, marked in ((task, annotation.transcript) for task, annotation in by_task.items())
        if marked.segments
    ]


def to_tasks(transcripts: Sequence[Transcript]) -> str:
    """A file that Label Studio imports, one task per transcript; `read_export` gives them back."""
    tasks = [{"id": number} | labelstudio.task(transcript) for number, transcript in enumerate(transcripts, start=1)]
    return json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"


def summarize(annotations: Sequence[Annotation]) -> str:
    """What an export contains, in one line."""
    tasks = {annotation.task for annotation in annotations}
    people = Counter(annotation.person for annotation in annotations)
    skipped = sum(annotation.skipped for annotation in annotations)
    by = ", ".join(f"{person or 'unnamed'} {count}" for person, count in sorted(people.items()))
    return (
        f"{len(tasks)} tasks, {len(annotations)} annotations ({by}), {skipped} regions without words or times left out"
    )


def _entries(task: dict[str, Any]) -> list[dict[str, Any]]:
    """The annotations of a task; without any, the prediction in a task that this package wrote."""
    finished = [entry for entry in task.get("annotations") or [] if not entry.get("was_cancelled")]
    return finished or (task["predictions"][:1] if _is_ours(task) else [])


def _is_ours(task: dict[str, Any]) -> bool:
    return "transcript" in task.get("data", {})


def _annotation(
    task: dict[str, Any], number: int, entry: dict[str, Any], meant: Mapping[str, str], worded: bool
) -> Annotation:
    task_id, person = int(task.get("id", number)), labelstudio.person(entry)
    if _is_ours(task):
        return Annotation(task_id, person, labelstudio.transcript_of(task, entry))
    regions = [region for region in entry["result"] if "value" in region]
    timed = [region for region in regions if {"start", "end"} <= region["value"].keys()]
    texts = [(region["value"], _note(region) if worded else _labels(region)) for region in timed]
    marked = [(value, text) for value, text in texts if text]
    lengths = [float(region["original_length"]) for region in timed if "original_length" in region]
    duration = max(lengths, default=0.0) or max((float(value["end"]) for value, _ in marked), default=0.0)
    try:
        segments = tuple(_segment(value, text, duration, meant) for value, text in marked)
        transcript = Transcript(segments, duration, _source(task, task_id), f"annotator {person}".strip())
    except ValueError as error:
        raise ValueError(f"task {task_id}: {error}") from None
    return Annotation(task_id, person, transcript, len(regions) - len(marked))


def _segment(value: dict[str, Any], text: str, duration: float, meant: Mapping[str, str]) -> Segment:
    """The segment of a region with the words "verb;the rest"; one drawn past the recording's end ends there."""
    start, end = float(value["start"]), min(float(value["end"]), duration)
    words = [meant.get(word, word) for word in tokenize(text)]
    if not words:
        raise ValueError(f"the words of the region at {start:g} s have no letters: {text!r}")
    timed = tuple(TimedWord(word, (start + end) / 2, start, end) for word in words)
    verb = _verb(words)
    return Segment(start, end, SAME.get(verb, verb), timed)


def _verb(words: Sequence[str]) -> str:
    """The action that the words name, or the first word if the lexicon knows none of them."""
    actions = _lexicon().find(["someone", *words])
    return actions[0][1] if actions else words[0]


@cache
def _lexicon() -> ActionLexicon:
    return ActionLexicon.learn(())


def _note(region: dict[str, Any]) -> str:
    """The words a person wrote about a region."""
    return " ".join(region.get("meta", {}).get("text", [])).strip()


def _labels(region: dict[str, Any]) -> str:
    """The labels of a region, in the field named after its type."""
    return " ".join(region["value"].get(region["type"], [])).strip()


def _source(task: dict[str, Any], task_id: int) -> str:
    """The name of the uploaded file, or the task's id."""
    name = Path(str(task.get("file_upload") or "")).stem
    return _UPLOAD.sub("", name) or f"task_{task_id}"
