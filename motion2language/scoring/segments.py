"""Scores of described segments against reference segments: IoU, IoP, Element-of, boundaries.

Each reference segment G is matched to the predicted segment P with the same verb. Verbs are matched in order, as many
as possible, and the earliest of equal choices. Then IoU = |P∩G| / |P∪G|, IoP = |P∩G| / |P|, and Element-of is
1 when the time of P's action word lies in G. Mean over a clip's segments, then over clips.

Other measures concern order and labels of all segments: `edit` is 1 minus the edit distance of the label sequences
divided by the longer length; `f1@k` pairs each segment with a reference of the same label that it overlaps by more than
k % IoU, counted over all clips; `tiou` is the mean over reference segments of the best IoU with any segment.

Two protocols: `strict` counts every clip, and a verb that the caption lacks scores 0; `paper` (arXiv 2310.10594) leaves
out clips whose caption lacks a verb, so each model chooses the clips it is graded on; the number left out is stated.
Both are given for all clips, and for those with `one` and with `several` reference segments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.transcript import Segment, Transcript

GROUPS: dict[str, Callable[[int], bool]] = {
    "all": lambda count: True,
    "one": lambda count: count == 1,
    "several": lambda count: count > 1,
}
MEASURES = ("iou", "iop", "element_of")
TOLERANCES = (0.2, 0.5)  # seconds a boundary may be off; as in the field's boundary scores
OVERLAPS = (10, 25, 50)  # percent of IoU, as in temporal action segmentation (Lea et al. 2017)
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(21))


def interval_iou(first: Segment, second: Segment) -> float:
    """Shared time over total time.

    >>> interval_iou(Segment(0.0, 2.0, "walk"), Segment(1.0, 3.0, "walk"))
    0.3333333333333333
    """
    shared = _shared(first, second)
    return shared / ((first.end - first.start) + (second.end - second.start) - shared)


def interval_iop(predicted: Segment, reference: Segment) -> float:
    """Share of the predicted time that lies in the reference.

    >>> interval_iop(Segment(0.0, 2.0, "walk"), Segment(1.0, 3.0, "walk"))
    0.5
    """
    return _shared(predicted, reference) / (predicted.end - predicted.start)


def match(references: Sequence[str | None], predictions: Sequence[str | None]) -> list[int | None]:
    """For each reference label the index of the prediction with that label, in order, as many as possible.

    Among matchings of equal size the references from first to last each take the earliest possible prediction.

    >>> match(["walk", "turn", "bow"], ["walk", "bow", "wave"])
    [0, None, 1]
    """
    sizes = np.zeros((len(references) + 1, len(predictions) + 1), dtype=int)
    for i in range(len(references) - 1, -1, -1):
        for j in range(len(predictions) - 1, -1, -1):
            same = references[i] == predictions[j] and references[i] is not None
            sizes[i, j] = max(sizes[i + 1, j], sizes[i, j + 1], sizes[i + 1, j + 1] + 1 if same else 0)
    matched: list[int | None] = []
    start = 0
    for i, label in enumerate(references):
        options = [
            j
            for j in range(start, len(predictions))
            if predictions[j] == label and label is not None and sizes[i + 1, j + 1] + 1 == sizes[i, start]
        ]
        matched.append(options[0] if options else None)
        start = options[0] + 1 if options else start
    return matched


def segment_scores(
    references: Sequence[Sequence[Segment]], transcripts: Sequence[Transcript], anchors: Sequence[Sequence[float]]
) -> dict[str, float]:
    """Flat names to numbers, such as "iou/strict/several"; "clips/...", "left_out/..." are the counts.

    references   segments of each clip, at least one, labelled with verbs
    transcripts  one per clip
    anchors      time of each predicted segment's action word, seconds, as timing.anchors gives it

    "verbs_exact": share of clips with exactly the reference's verbs in order. "boundary_f1@0.5", and "precision" and
    "recall" likewise: starts and ends of all segments found within 0.5 seconds, one to one. "iou_at_0.5": share of
    reference segments with IoU >= 0.5.

    >>> transcript = Transcript((Segment(0.0, 2.0, "walk"),), 4.0)
    >>> scores = segment_scores([[Segment(1.0, 3.0, "walk"), Segment(3.0, 4.0, "bow")]], [transcript], [[1.5]])
    >>> round(scores["iou/strict/all"], 3), scores["element_of/strict/all"], scores["left_out/paper/all"]
    (0.167, 0.5, 1)
    """
    if not references or not len(references) == len(transcripts) == len(anchors):
        raise ValueError(
            f"{len(references)} reference clips, {len(transcripts)} transcripts, {len(anchors)} lists of anchors; "
            "give one each, at least one"
        )
    for transcript, times in zip(transcripts, anchors, strict=True):
        if len(times) != len(transcript.segments):
            raise ValueError(f"{len(times)} anchors for {len(transcript.segments)} segments; give one each")
    if any(not segments for segments in references):
        raise ValueError("a clip without reference segments cannot be scored; leave it out and report their number")
    return summarise([clip_scores(*clip) for clip in zip(references, transcripts, anchors, strict=True)])


def summarise(clips: Sequence[ClipScores]) -> dict[str, float]:
    """The flat names of `segment_scores`, from the scores of each clip."""
    result: dict[str, float] = {}
    for name, belongs in GROUPS.items():
        chosen = [clip for clip in clips if belongs(len(clip.table))]
        if chosen:
            result |= _summary(chosen, name)
    return result


def threshold_curve(scores: Sequence[float]) -> list[float]:
    """Share of scores at or above each of THRESHOLDS; zeros without scores.

    >>> threshold_curve([0.2, 0.9])[::5]
    [1.0, 0.5, 0.5, 0.5, 0.0]
    """
    return [_mean([score >= threshold - 1e-9 for score in scores]) for threshold in THRESHOLDS]


def clip_scores(references: Sequence[Segment], transcript: Transcript, anchors: Sequence[float]) -> ClipScores:
    """The scores of one clip; arguments as in `segment_scores`.

    >>> clip = clip_scores([Segment(1.0, 3.0, "walk")], Transcript((Segment(1.0, 2.0, "walk"),), 4.0), [1.5])
    >>> clip.table.tolist(), clip.exact
    ([[0.5, 1.0, 1.0]], True)
    """
    wanted, given = [part.label for part in references], [part.label for part in transcript.segments]
    table = np.zeros((len(references), 3))
    matched = match(wanted, given)
    for row, (reference, index) in enumerate(zip(references, matched, strict=True)):
        if index is not None:
            predicted = transcript.segments[index]
            inside = reference.start <= anchors[index] < reference.end
            table[row] = interval_iou(predicted, reference), interval_iop(predicted, reference), inside
    longest = max(len(wanted), len(given))
    best = [max((interval_iou(own, part) for own in transcript.segments), default=0.0) for part in references]
    values: dict[str, float] = {}
    for tolerance in TOLERANCES:
        bounds = boundary_scores(references, transcript.segments, tolerance)
        values |= {f"boundary_{name}@{tolerance}": value for name, value in bounds.items()}
    values |= {"edit": 1 - _edit_distance(wanted, given) / longest, "tiou": float(np.mean(best))}
    hits = tuple(_hits(references, transcript.segments, percent / 100) for percent in OVERLAPS)
    return ClipScores(table, None not in matched, wanted == given, values, hits, len(given))


@dataclass(frozen=True, eq=False)
class ClipScores:
    """The scores of one clip.

    table     (N, 3) IoU, IoP and Element-of of each reference segment
    complete  whether the caption has all verbs
    exact     whether it has exactly these verbs, in order
    values    every other measure by name
    hits      pairs that overlap enough, for each of OVERLAPS
    predicted  number of predicted segments
    """

    table: np.ndarray
    complete: bool
    exact: bool
    values: dict[str, float]
    hits: tuple[int, ...]
    predicted: int

    def row(self) -> dict[str, float]:
        """Everything as one flat row."""
        means = dict(zip(MEASURES, self.table.mean(axis=0).tolist(), strict=True))
        hits = {f"hits@{percent}": float(count) for percent, count in zip(OVERLAPS, self.hits, strict=True)}
        counts = {"segments": float(len(self.table)), "predicted": float(self.predicted)}
        return (
            means | {"verbs_exact": float(self.exact), "complete": float(self.complete)} | self.values | hits | counts
        )


def _summary(clips: list[ClipScores], group: str) -> dict[str, float]:
    complete = [clip for clip in clips if clip.complete]
    result: dict[str, float] = {
        f"clips/{group}": len(clips),
        f"left_out/paper/{group}": len(clips) - len(complete),
        f"verbs_exact/{group}": _mean([clip.exact for clip in clips]),
    }
    for protocol, chosen in (("strict", clips), ("paper", complete)):
        for column, measure in enumerate(MEASURES):
            result[f"{measure}/{protocol}/{group}"] = _mean([clip.table[:, column].mean() for clip in chosen])
        result[f"iou_at_0.5/{protocol}/{group}"] = _mean(
            [value >= 0.5 for clip in chosen for value in clip.table[:, 0]]
        )
    for name in clips[0].values:
        result[f"{name}/strict/{group}"] = _mean([clip.values[name] for clip in clips])
    segments = sum(len(clip.table) + clip.predicted for clip in clips)
    for number, percent in enumerate(OVERLAPS):
        result[f"f1@{percent}/strict/{group}"] = 2 * sum(clip.hits[number] for clip in clips) / segments
    return result


def _hits(references: Sequence[Segment], predictions: Sequence[Segment], least: float) -> int:
    """Number of references that are, for a prediction of the same label, its best overlap, with IoU above `least`."""
    taken: set[int] = set()
    for predicted in predictions:
        same = [index for index, part in enumerate(references) if part.label == predicted.label is not None]
        best = max(same, key=lambda index: interval_iou(predicted, references[index]), default=None)
        if best is not None and best not in taken and interval_iou(predicted, references[best]) > least:
            taken.add(best)
    return len(taken)


def _edit_distance(first: Sequence[object], second: Sequence[object]) -> int:
    """The fewest labels to add, remove or change."""
    row = list(range(len(second) + 1))
    for number, label in enumerate(first, start=1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(second, start=1):
            above = row[column]
            row[column] = min(above + 1, row[column - 1] + 1, diagonal + (label != other))
            diagonal = above
    return row[-1]


def boundary_scores(
    references: Sequence[Segment], predictions: Sequence[Segment], tolerance: float
) -> dict[str, float]:
    """Precision, recall and F1 of the distinct starts and ends, matched one to one from left to right.

    At least one of the two needs a segment; `tolerance` in seconds.
    """
    wanted, given = (
        sorted({t for part in parts for t in (part.start, part.end)}) for parts in (references, predictions)
    )
    hits = first = 0
    for time in wanted:
        while first < len(given) and given[first] < time - tolerance - 1e-9:
            first += 1
        if first < len(given) and given[first] <= time + tolerance + 1e-9:
            hits, first = hits + 1, first + 1
    precision = hits / len(given) if given else 0.0
    recall = hits / len(wanted) if wanted else 0.0
    return {"precision": precision, "recall": recall, "f1": 2 * hits / (len(wanted) + len(given))}


def _shared(first: Segment, second: Segment) -> float:
    return max(0.0, min(first.end, second.end) - max(first.start, second.start))


def _mean(values: Sequence[object]) -> float:
    return float(np.mean(np.asarray(values, dtype=np.float64))) if values else 0.0
