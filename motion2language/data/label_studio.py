"""Reference transcripts out of Label Studio: what people marked in recordings, a task a recording.

`read_export` gives one `Annotated` for each task and person; `transcripts` picks one a task. Two kinds of region are
understood: those of a time series, as writers/labelstudio.py sets a task up, and those of a sound track or film
(`labels`, seconds), where the words stand in the region's note, `verb;the rest`. A region without words is no action,
unless no region of the export has any: then the labels are the actions. Regions left out are counted.

A segment's label is the verb, as actions.py names it, after the corrections below; its words are the verb and the
rest, anywhere in the segment. Segments stand in the order the person made them, which is the order the paper's
scoring looks for verbs in; `sort` puts them in order of time.

The time annotations of the paper (arXiv 2310.10594, `annotations_all.json`): 75 tasks of clips of KIT-ML's test split,
by four people. Its code takes the first annotation of a task and the regions with words: 68 tasks, 101 segments, 50
clips with one and 18 with several; one task (84) is not in order of time; four tasks have a second annotation, which
is not used, not even in task 53, whose first has no words. Where a noun names the action ("takes a turn") the paper's
code looks for "take"; here the label is "turn". Its scores are of the 35 clips in OFFICIAL, by ids; a task's id less
one is the row of its test loader. It counts at 10 frames a second: starts, ends and durations times 10, rounded. In
that grid, F frames long, the motion-blind cut of the middle 15 to 85 % of the clip in n parts, part k from
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

from motion2language.language.actions import ActionLexicon
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
#: Tasks (ids) that the paper's segmentation scores are of.
OFFICIAL = (
    1, 2, 3, 4, 6, 8, 9, 10, 12, 13, 15, 16, 17, 18, 20, 21, 22, 23, 28, 31, 32, 33, 36, 38, 39, 42, 63, 84, 105, 163,
    164, 168, 191, 224, 281,
)  # fmt: skip
_UPLOAD = re.compile(r"^[0-9a-f]{8}-")  # Label Studio's mark before the name of an uploaded file


@dataclass(frozen=True)
class Annotated:
    """What one person marked in one task.

    task       the task's id
    person     who; "" where the export does not say
    without    regions left out because they have no words or no times
    """

    task: int
    person: str
    transcript: Transcript
    without: int = 0


def read_export(path: str | Path, corrections: Mapping[str, str] | None = None) -> list[Annotated]:
    """Every annotation of an export, as they stand in the file; ValueError when it holds something else.

    corrections  written word -> meant word, before CORRECTIONS
    """
    try:
        tasks = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    if not isinstance(tasks, list) or not tasks:
        raise ValueError(f"{path}: expected a list of tasks, as Label Studio exports JSON, at least one")
    meant = CORRECTIONS | dict(corrections or {})
    try:
        worded = any(_note(region) for task in tasks for each in _annotations(task) for region in each["result"])
        return [
            _annotated(task, number, each, meant, worded)
            for number, task in enumerate(tasks, start=1)
            for each in _annotations(task)
        ]
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"{path}: not an export of Label Studio ({type(error).__name__}: {error})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def transcripts(
    annotated: Sequence[Annotated], person: str | None = None, names: Sequence[str] | None = None, sort: bool = False
) -> list[Transcript]:
    """One transcript a task, of those with segments: the first annotation's, or that of `person`.

    names  names of the recordings by row, as a split lists them; the task of id n is row n - 1. Without them a
           transcript's source is the name of its uploaded file
    sort   put segments in order of time
    """
    chosen: dict[int, Annotated] = {}
    for each in annotated:
        if person in (None, each.person):
            chosen.setdefault(each.task, each)
    if not chosen:
        people = sorted({each.person for each in annotated})
        raise ValueError(f"nothing is by annotator {person!r}; there are {', '.join(people) or 'no annotations'}")
    beyond = [task for task in chosen if names is not None and not 1 <= task <= len(names)]
    if beyond:
        raise ValueError(
            f"{len(beyond)} of {len(chosen)} tasks, the first of id {beyond[0]}, have no row among "
            f"{len(names or ())} names; give the names of the split that was annotated"
        )
    return [
        Transcript(
            tuple(sorted(said.segments, key=lambda part: part.start)) if sort else said.segments,
            said.duration,
            said.source if names is None else names[task - 1],
            said.model,
        )
        for task, said in ((task, each.transcript) for task, each in chosen.items())
        if said.segments
    ]


def tasks(given: Sequence[Transcript]) -> str:
    """A file that Label Studio imports: a task for each transcript; `read_export` gives them back."""
    made = [{"id": number} | labelstudio.task(each) for number, each in enumerate(given, start=1)]
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def summary(annotated: Sequence[Annotated]) -> str:
    """What an export holds, in a line."""
    tasks = {each.task for each in annotated}
    people = Counter(each.person for each in annotated)
    without = sum(each.without for each in annotated)
    by = ", ".join(f"{person or 'unnamed'} {count}" for person, count in sorted(people.items()))
    return f"{len(tasks)} tasks, {len(annotated)} annotations ({by}), {without} regions without words or times left out"


def _annotations(task: dict[str, Any]) -> list[dict[str, Any]]:
    """What people did; the prediction of a task that this package wrote, where nobody did anything."""
    done = [each for each in task.get("annotations") or [] if not each.get("was_cancelled")]
    return done or (task["predictions"][:1] if _ours(task) else [])


def _ours(task: dict[str, Any]) -> bool:
    return "transcript" in task.get("data", {})


def _annotated(
    task: dict[str, Any], number: int, annotation: dict[str, Any], meant: Mapping[str, str], worded: bool
) -> Annotated:
    task_id, person = int(task.get("id", number)), labelstudio.person(annotation)
    if _ours(task):
        return Annotated(task_id, person, labelstudio.transcript_of(task, annotation))
    regions = [region for region in annotation["result"] if "value" in region]
    timed = [region for region in regions if {"start", "end"} <= region["value"].keys()]
    parts = [(region["value"], _note(region) if worded else _labels(region)) for region in timed]
    marked = [(value, said) for value, said in parts if said]
    lengths = [float(region["original_length"]) for region in timed if "original_length" in region]
    duration = max(lengths, default=0.0) or max((float(value["end"]) for value, _ in marked), default=0.0)
    try:
        segments = tuple(_segment(value, said, duration, meant) for value, said in marked)
        transcript = Transcript(segments, duration, _source(task, task_id), f"annotator {person}".strip())
    except ValueError as error:
        raise ValueError(f"task {task_id}: {error}") from None
    return Annotated(task_id, person, transcript, len(regions) - len(marked))


def _segment(value: dict[str, Any], said: str, duration: float, meant: Mapping[str, str]) -> Segment:
    """The region of "verb;the rest"; a region drawn past the recording's end ends there."""
    start, end = float(value["start"]), min(float(value["end"]), duration)
    words = [meant.get(word, word) for word in tokenize(said)]
    if not words:
        raise ValueError(f"the words of the region at {start:g} s have no letters: {said!r}")
    timed = tuple(TimedWord(word, (start + end) / 2, start, end) for word in words)
    verb = _verb(words)
    return Segment(start, end, SAME.get(verb, verb), timed)


def _verb(words: Sequence[str]) -> str:
    """The action the words name; where no verb of the lexicon is among them, their first."""
    found = _lexicon().find(["someone", *words])
    return found[0][1] if found else words[0]


@cache
def _lexicon() -> ActionLexicon:
    return ActionLexicon.learn(())


def _note(region: dict[str, Any]) -> str:
    """The words a person wrote to a region."""
    return " ".join(region.get("meta", {}).get("text", [])).strip()


def _labels(region: dict[str, Any]) -> str:
    """The labels of a region, in the field that bears the name of its type."""
    return " ".join(region["value"].get(region["type"], [])).strip()


def _source(task: dict[str, Any], task_id: int) -> str:
    """The name of the uploaded file, or the task's id."""
    name = Path(str(task.get("file_upload") or "")).stem
    return _UPLOAD.sub("", name) or f"task_{task_id}"
