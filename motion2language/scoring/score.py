"""Scores of transcripts against references, of the floors beside them, and of two runs against each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from motion2language import cuts, metrics, timing
from motion2language.actions import ActionLexicon
from motion2language.metrics.segments import GROUPS, clip_scores, summarise
from motion2language.motion import Motion
from motion2language.scoring.reference import Reference
from motion2language.transcript import Transcript
from motion2language.vocabulary import Vocabulary

Scores = dict[str, Any]


def score(
    references: Sequence[Reference],
    transcripts: Sequence[Transcript],
    lexicon: ActionLexicon,
    *,
    vocabulary: Vocabulary | None = None,
    motions: Sequence[Motion] = (),
) -> tuple[dict[str, Scores], list[dict[str, Any]]]:
    """Scores under "captions", "captions (paper)", "model" (segments), each floor and "intervals"; and the clips' rows.

    lexicon     finds the action word of a segment, whose time is Element-of's
    vocabulary  given: captions by the paper's protocol, too
    motions     one a clip: with them the floors of cuts.py
    """
    if not references or len(references) != len(transcripts):
        raise ValueError(
            f"{len(references)} references, {len(transcripts)} transcripts; expected one each, at least one"
        )
    scores: dict[str, Scores] = {"intervals": {}}
    rows: list[dict[str, Any]] = [{"name": reference.name} for reference in references]
    told = [place for place, reference in enumerate(references) if reference.captions]
    if told:
        _captions([references[place] for place in told], [transcripts[place].text for place in told],
                  [rows[place] for place in told], vocabulary, scores)  # fmt: skip
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
        scores |= floors(chosen, [motions[place] for place in timed] if motions else [])
        _intervals([rows[place] for place in timed], scores["intervals"])
    return scores, rows


def floors(references: Sequence[Reference], motions: Sequence[Motion] = ()) -> dict[str, Scores]:
    """Segment scores of every rule without a model; of those that see the motion where there are motions."""
    rules = [(name, [metrics.floor_transcript(name, one.segments, one.duration) for one in references])
             for name in metrics.FLOORS]  # fmt: skip
    if motions:
        rules += [(name, [cuts.cut_transcript(name, motion, one.segments)
                          for one, motion in zip(references, motions, strict=True)]) for name in cuts.CUTS]  # fmt: skip
    segments = [one.segments for one in references]
    return {name: metrics.segment_scores(segments, *map(list, zip(*made, strict=True))) for name, made in rules}


def _captions(
    references: Sequence[Reference],
    texts: Sequence[str],
    rows: Sequence[dict[str, Any]],
    vocabulary: Vocabulary | None,
    scores: dict[str, Scores],
) -> None:
    """Add the sentences' scores to `scores` and `rows`."""
    sentences = [reference.captions for reference in references]
    rouge, cider = metrics.rouge_l(sentences, texts), metrics.cider(sentences, texts)
    means = {"rouge_l": 100 * float(rouge.mean()), "cider": float(cider.mean())}
    scores["captions"] = metrics.bleu(sentences, texts) | means
    if vocabulary is not None:
        scores["captions (paper)"] = metrics.bleu(sentences, texts, paper_vocabulary=vocabulary)
    counts = metrics.bleu_counts(sentences, texts)
    for row, overlap, alike, count in zip(rows, rouge, cider, counts, strict=True):
        row.update(rouge_l=float(overlap), cider=float(alike), **count)
    scores["intervals"] |= {
        "bleu_4": metrics.bleu_interval(counts),
        "rouge_l": [100 * end for end in metrics.interval(rouge.tolist())],
        "cider": list(metrics.interval(cider.tolist())),
    }


def _intervals(rows: Sequence[dict[str, Any]], intervals: Scores) -> None:
    """Add the intervals of the segments' headline scores, strict protocol."""
    for group, belongs in GROUPS.items():
        some = [row for row in rows if belongs(int(row["segments"]))]
        for measure in ("iou", "iop", "element_of", "verbs_exact", "boundary_f1@0.2", "boundary_f1@0.5"):
            if some:
                intervals[f"{measure}/{group}"] = list(metrics.interval([row[measure] for row in some]))


def compare(first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two runs' rows, clip by clip: for each score both means, the difference, its interval and p.

    ValueError when the runs share no clip; clips that only one has are left out and counted ("clips").
    """
    others = {row["name"]: row for row in second}
    pairs = [(row, others[row["name"]]) for row in first if row["name"] in others]
    if not pairs:
        raise ValueError("the two runs have no clip in common; score both on the same references")
    result: list[dict[str, Any]] = []
    for measure in ("rouge_l", "cider", "verbs_exact", "iou", "iop", "element_of", "boundary_f1@0.2", "boundary_f1@0.5",
                    "edit", "tiou"):  # fmt: skip
        both = [(a[measure], b[measure]) for a, b in pairs if measure in a and measure in b]
        if both:
            one, other = zip(*both, strict=True)
            means = {"first": math.fsum(one) / len(one), "second": math.fsum(other) / len(other)}
            result.append({"score": measure, "clips": len(both)} | means | metrics.compare(one, other))
    counted = [(a, b) for a, b in pairs if "bleu_length" in a and "bleu_length" in b]
    if counted:
        one, other = zip(*counted, strict=True)
        result.insert(0, {"score": "bleu_4", "clips": len(counted)} | metrics.compare_bleu(one, other))
    return result
