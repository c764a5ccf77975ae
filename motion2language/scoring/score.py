"""Scores of transcripts against references, of the floors beside them, and of two runs against each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from motion2language.captioning import timing
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import Vocabulary
from motion2language.motion import Motion
from motion2language.scoring import cuts, intervals, sentences
from motion2language.scoring.captions import compare_bleu
from motion2language.scoring.floors import FLOORS, floor_transcript
from motion2language.scoring.frames import from_frames
from motion2language.scoring.intervals import interval
from motion2language.scoring.reference import Reference
from motion2language.scoring.segments import GROUPS, OVERLAPS, clip_scores, segment_scores, summarise
from motion2language.transcript import Transcript

if TYPE_CHECKING:
    from motion2language.scoring.semantic import Semantic

Scores = sentences.Scores
#: Measures of segments that two runs are compared by.
SEGMENTS = ("verbs_exact", "iou", "iop", "element_of", "boundary_f1@0.2", "boundary_f1@0.5", "edit", "tiou")


def score(
    references: Sequence[Reference],
    transcripts: Sequence[Transcript],
    lexicon: ActionLexicon,
    *,
    vocabulary: Vocabulary | None = None,
    motions: Sequence[Motion] = (),
    semantic: Semantic | None = None,
    fps: float | None = None,
) -> tuple[dict[str, Scores], list[dict[str, Any]]]:
    """Scores of sentences ("captions", "captions (paper)", "text floors"), of segments ("model" and each floor) and
    "intervals"; and the clips' rows.

    lexicon     finds the action word of a segment, whose time is Element-of's
    vocabulary  given: captions by the paper's protocol, too
    motions     one a clip: with them the floors of cuts.py
    semantic    given: its measures of the sentences, too, and under "semantic" what they depend on
    fps         given: floors that see no motion are cut in whole frames, so many a second; both sides as in_frames has
                them
    """
    if not references or len(references) != len(transcripts):
        raise ValueError(
            f"{len(references)} references, {len(transcripts)} transcripts; expected one each, at least one"
        )
    scores: dict[str, Scores] = {"intervals": {}}
    rows: list[dict[str, Any]] = [{"name": reference.name} for reference in references]
    told = [place for place, reference in enumerate(references) if reference.captions]
    if told:
        sentences.add([references[place].captions for place in told], [transcripts[place].text for place in told],
                      [rows[place] for place in told], scores, vocabulary=vocabulary, semantic=semantic)  # fmt: skip
    timed = [place for place, reference in enumerate(references) if reference.segments]
    if timed:
        chosen = [references[place] for place in timed]
        found = [transcripts[place] for place in timed]
        clips = [
            clip_scores(reference.segments, transcript, timing.anchors(transcript, lexicon))
            for reference, transcript in zip(chosen, found, strict=True)
        ]
        scores["model"] = summarise(clips)
        for place, clip in zip(timed, clips, strict=True):
            rows[place] |= clip.row()
        scores |= floors(chosen, [motions[place] for place in timed] if motions else [], fps)
        _intervals([rows[place] for place in timed], scores["intervals"])
    return scores, rows


def floors(
    references: Sequence[Reference], motions: Sequence[Motion] = (), fps: float | None = None
) -> dict[str, Scores]:
    """Segment scores of every rule without a model; of those that see the motion where there are motions.

    references  with segments
    fps         as of `score`
    """
    rules = [(name, [_blind(name, one, fps) for one in references]) for name in FLOORS]
    if motions:
        rules += [(name, [cuts.cut_transcript(name, motion, one.segments)
                          for one, motion in zip(references, motions, strict=True)]) for name in cuts.CUTS]  # fmt: skip
    segments = [one.segments for one in references]
    return {name: segment_scores(segments, *map(list, zip(*made, strict=True))) for name, made in rules}


def _blind(name: str, reference: Reference, fps: float | None) -> tuple[Transcript, list[float]]:
    """What a rule that sees no motion makes of a clip, and the times of its action words."""
    if fps is None:
        cut, moments = floor_transcript(name, reference.segments, reference.duration)
        return cut, [round(moment, 9) for moment in moments]  # 1.7 s, not a hair before, is not in what ends at 1.7 s
    cut, moments = floor_transcript(name, reference.segments, round(reference.duration * fps))
    return from_frames(cut, fps), [moment / fps for moment in moments]


def _intervals(rows: Sequence[dict[str, Any]], intervals: Scores) -> None:
    """Add the intervals of the segments' scores, strict protocol, as "iou/all"."""
    for group, belongs in GROUPS.items():
        some = [row for row in rows if belongs(int(row["segments"]))]
        if not some:
            continue
        for measure in SEGMENTS:
            intervals[f"{measure}/{group}"] = list(interval([row[measure] for row in some]))
        counts = [row["segments"] + row["predicted"] for row in some]
        for percent in OVERLAPS:
            hits = [2 * row[f"hits@{percent}"] for row in some]
            intervals[f"f1@{percent}/{group}"] = list(interval(hits, counts))


def compare(first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two runs' rows, clip by clip: for each score both means, the difference, its interval and p, as tables show them.

    ValueError when the runs share no clip; clips that only one has are left out and counted ("clips").
    """
    others = {row["name"]: row for row in second}
    pairs = [(row, others[row["name"]]) for row in first if row["name"] in others]
    if not pairs:
        raise ValueError("the two runs have no clip in common; score both on the same references")
    result: list[dict[str, Any]] = []
    for measure in (*sentences.MEASURES, *SEGMENTS):
        scale = sentences.MEASURES.get(measure, 1)
        both = [(scale * a[measure], scale * b[measure]) for a, b in pairs if measure in a and measure in b]
        if both:
            one, other = zip(*both, strict=True)
            means = {"first": math.fsum(one) / len(one), "second": math.fsum(other) / len(other)}
            result.append({"score": measure, "clips": len(both)} | means | intervals.compare(one, other))
    counted = [(a, b) for a, b in pairs if "bleu_length" in a and "bleu_length" in b]
    if counted:
        one, other = zip(*counted, strict=True)
        result.insert(0, {"score": "bleu_4", "clips": len(counted)} | compare_bleu(one, other))
    return result
