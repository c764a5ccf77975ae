"""Scores of whole takes: recordings in which people cut every action by hand, against the segments that were said.

A take holds more than its cut actions: walking about, rests, actions that nobody labelled. So each true segment is
looked for among the said ones:

| measure    | share of the true segments ...                                                                    |
| ---------- | -------------------------------------------------------------------------------------------------- |
| named      | of known actions that overlap a said segment with their verb                                        |
| both       | whose start and end both lie within half a second of those of one said segment, whatever its verb   |
| both_named | of known actions of which the same holds with their verb                                            |

`iou` is the mean over the takes of the IoU that segments.py gives, a verb that is not said in its place being 0.
`said` is the number of said segments for each true one: whoever says more finds more. Boundaries, `edit` and `f1@50`
are those of segments.py. A known action is one whose verb the caller lists; others can only be bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from motion2language.scoring.reliability import group_rows
from motion2language.scoring.segments import clip_scores
from motion2language.transcript import Segment, Transcript

TOLERANCE = 0.5  # seconds that a bound may be off
#: Measures of a table, in its order, and how they are headed.
COLUMNS = {
    "named": "named",
    "both": "both bounds",
    "both_named": "both, named",
    "boundary_precision@0.5": "P@0.5",
    "boundary_recall@0.5": "R@0.5",
    "boundary_f1@0.5": "F1@0.5",
    "boundary_f1@0.2": "F1@0.2",
    "edit": "edit",
    "f1@50": "F1@50",
    "iou": "IoU",
    "said": "said",
}


def take_scores(
    references: Sequence[Sequence[Segment]], transcripts: Sequence[Transcript], known: Collection[str]
) -> dict[str, float]:
    """The measures above over all takes, and the counts "takes", "segments" and "known".

    references   the segments of each take, at least one, labelled with verbs
    transcripts  one per take
    known        the verbs that can be said

    >>> said = Transcript((Segment(0.0, 2.0, "walk"), Segment(2.0, 5.0, "bow")), 6.0)
    >>> scores = take_scores([[Segment(0.3, 2.2, "walk"), Segment(3.0, 5.0, "juggle")]], [said], {"walk", "bow"})
    >>> scores["named"], scores["both"], scores["said"]
    (1.0, 0.5, 1.0)
    """
    if not references or len(references) != len(transcripts) or not all(references):
        raise ValueError(f"{len(references)} takes, {len(transcripts)} transcripts; give one each, with segments")
    pairs = [(true, said.segments) for own, said in zip(references, transcripts, strict=True) for true in own]
    usual = [pair for pair in pairs if pair[0].label in known]
    clips = [clip_scores(own, said, _middles(said)) for own, said in zip(references, transcripts, strict=True)]
    count = sum(clip.predicted for clip in clips)
    scores: dict[str, float] = {"takes": len(references), "segments": len(pairs), "known": len(usual)}
    scores["named"] = _share(usual, lambda true, said: said.label == true.label and _overlap(true, said))
    scores["both"] = _share(pairs, _bounded)
    scores["both_named"] = _share(usual, lambda true, said: said.label == true.label and _bounded(true, said))
    for name in clips[0].values:
        scores[name] = float(np.mean([clip.values[name] for clip in clips]))
    scores["iou"] = float(np.mean([clip.table[:, 0].mean() for clip in clips]))
    scores["f1@50"] = 2 * sum(clip.hits[-1] for clip in clips) / (len(pairs) + count)
    return scores | {"said": count / len(pairs)}


def take_reliability(
    references: Sequence[Sequence[Segment]], transcripts: Sequence[Transcript], known: Collection[str]
) -> dict[str, list[dict[str, float]]]:
    """For "action", "start" and "end" one row per group of probabilities, as reliability.reliability has them.

    Each said segment is held against the true one that shares most time with it. What nobody labelled says neither
    that a segment is right nor that it is wrong, so segments over it are not counted; nor are the actions of segments
    over actions that are not known. A bound is right within half a second.
    """
    pairs: dict[str, list[tuple[float, float]]] = {"action": [], "start": [], "end": []}
    for own, said in zip(references, transcripts, strict=True):
        for part in said.segments:
            true = max(own, key=lambda each: min(each.end, part.end) - max(each.start, part.start))
            if not _overlap(true, part):
                continue
            if true.label in known and part.probability is not None:
                pairs["action"].append((part.probability, float(part.label == true.label)))
            for name, chance in (("start", part.start_probability), ("end", part.end_probability)):
                if chance is not None:
                    off = abs(getattr(part, name) - getattr(true, name))
                    pairs[name].append((chance, float(off <= TOLERANCE + 1e-9)))
    return {name: group_rows(own) for name, own in pairs.items()}


def instant_scores(
    instants: Sequence[Sequence[tuple[float, str]]], transcripts: Sequence[Transcript]
) -> dict[str, float]:
    """Scores against marked instants (seconds, verb), one for each repetition of an action.

    "inside": share of the instants that lie in a said segment with their verb. "counted": share of the takes in which
    as many segments are said with the verb as there are instants, give or take one. "exact": without the one.
    """
    inside = [
        any(part.label == verb and part.start <= time < part.end for part in said.segments)
        for own, said in zip(instants, transcripts, strict=True)
        for time, verb in own
    ]
    misses = [
        abs(len(own) - sum(part.label == own[0][1] for part in said.segments))
        for own, said in zip(instants, transcripts, strict=True)
        if own
    ]
    return {
        "takes": len(misses),
        "instants": len(inside),
        "inside": float(np.mean(inside)) if inside else 0.0,
        "counted": float(np.mean([miss <= 1 for miss in misses])) if misses else 0.0,
        "exact": float(np.mean([miss == 0 for miss in misses])) if misses else 0.0,
    }


def _share(pairs: Sequence[tuple[Segment, Sequence[Segment]]], fits: Callable[[Segment, Segment], bool]) -> float:
    """The share of the true segments that some said one fits; 0 without any."""
    return float(np.mean([any(fits(true, part) for part in said) for true, said in pairs])) if pairs else 0.0


def _overlap(true: Segment, said: Segment) -> bool:
    return min(true.end, said.end) > max(true.start, said.start)


def _bounded(true: Segment, said: Segment) -> bool:
    return max(abs(said.start - true.start), abs(said.end - true.end)) <= TOLERANCE + 1e-9


def _middles(said: Transcript) -> list[float]:
    return [(part.start + part.end) / 2 for part in said.segments]
