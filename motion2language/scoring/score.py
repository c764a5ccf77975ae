"""Scores of transcripts against references, beside the baselines; and two runs compared clip by clip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from motion2language.captioning import timing
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import Vocabulary
from motion2language.motion import Motion
from motion2language.scoring import bootstrap
from motion2language.scoring.baselines import segment_baselines
from motion2language.scoring.bleu import compare_bleu
from motion2language.scoring.bootstrap import interval
from motion2language.scoring.captions import MEASURES, Measures, caption_scores, text_baselines
from motion2language.scoring.reference import Reference
from motion2language.scoring.segments import GROUPS, OVERLAPS, clip_scores, summarise
from motion2language.transcript import Transcript

if TYPE_CHECKING:
    from motion2language.scoring.semantic import Semantic

#: Measures of segments that two runs are compared by.
SEGMENTS = ("verbs_exact", "iou", "iop", "element_of", "boundary_f1@0.2", "boundary_f1@0.5", "edit", "tiou")

Rows = list[dict[str, Any]]  # one per clip: its name and its own measures


@dataclass(frozen=True, eq=False)
class Scores:
    """Everything that is scored in one run; a part that was not scored is empty.

    captions        measures of the sentences, clean protocol
    paper_captions  BLEU of the sentences, paper's protocol
    text_baselines     baseline -> measures of its sentences
    segments        measures of the segments, named as in segments.segment_scores
    baselines       baseline -> measures of its segments
    intervals       measure, or "measure/group" of segments -> its 95 % interval over clips
    notes           semantic measure -> what its numbers depend on, or why it was skipped
    reliability     what a probability is given for -> its calibration, as reliability.reliability
    contradictions  words that measured facts deny, per hundred clips (contradictions.py)
    delay           of live captions: seconds until a verb is printed
    detailed        measures of the sentences with words of facts added to the model's
    """

    captions: Measures = field(default_factory=dict)
    paper_captions: Measures = field(default_factory=dict)
    text_baselines: dict[str, Measures] = field(default_factory=dict)
    segments: Measures = field(default_factory=dict)
    baselines: dict[str, Measures] = field(default_factory=dict)
    intervals: dict[str, list[float]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    reliability: dict[str, list[Measures]] = field(default_factory=dict)
    contradictions: Measures = field(default_factory=dict)
    delay: Measures = field(default_factory=dict)
    detailed: Measures = field(default_factory=dict)

    @property
    def systems(self) -> dict[str, Measures]:
        """ "model", if it was scored, and each baseline -> measures of its segments."""
        return ({"model": self.segments} if self.segments else {}) | self.baselines

    def to_dict(self) -> dict[str, Any]:
        """The content of scores.json.

        >>> Scores(captions={"bleu_4": 50.0}, segments={"iou/strict/all": 0.8}).to_dict()
        {'intervals': {}, 'captions': {'bleu_4': 50.0}, 'model': {'iou/strict/all': 0.8}}
        """
        parts = {
            "captions": self.captions,
            "captions (paper)": self.paper_captions,
            "captions with detail": self.detailed,
            "text floors": self.text_baselines,
            "semantic": self.notes,
            **self.systems,
            "reliability": self.reliability,
            "contradictions": self.contradictions,
            "delay": self.delay,
        }
        return {"intervals": self.intervals} | {name: part for name, part in parts.items() if part}


def score(
    references: Sequence[Reference],
    transcripts: Sequence[Transcript],
    lexicon: ActionLexicon,
    *,
    vocabulary: Vocabulary | None = None,
    motions: Sequence[Motion] = (),
    semantic: Semantic | None = None,
    fps: float | None = None,
) -> tuple[Scores, Rows]:
    """The scores of one transcript per reference, and each clip's row. Clips without captions or without segments are
    left out of that part's scores.

    lexicon     finds the action word of a segment; Element-of uses its time
    vocabulary  adds the paper's protocol for captions
    motions     one per clip: adds the baselines that see the motion
    semantic    adds its measures of captions
    fps         cut the baselines at whole frames of this rate; both sides are as frames.in_frames makes them
    """
    if not references or len(references) != len(transcripts):
        raise ValueError(
            f"{len(references)} references, {len(transcripts)} transcripts; expected one each, at least one"
        )
    rows: Rows = [{"name": reference.name} for reference in references]
    parts: dict[str, Any] = {"intervals": {}}
    captioned = [clip for clip, reference in enumerate(references) if reference.captions]
    if captioned:
        sentences = [references[clip].captions for clip in captioned]
        scored = caption_scores(
            sentences, [transcripts[clip].text for clip in captioned], vocabulary=vocabulary, semantic=semantic
        )
        parts |= {"captions": scored.clean, "paper_captions": scored.paper or {}, "text_baselines": scored.baselines}
        parts |= {"intervals": scored.intervals, "notes": {} if semantic is None else semantic.notes}
        _add(rows, captioned, scored.rows)
    timed = [clip for clip, reference in enumerate(references) if reference.segments]
    if timed:
        clips = [
            clip_scores(references[clip].segments, transcripts[clip], timing.anchors(transcripts[clip], lexicon))
            for clip in timed
        ]
        _add(rows, timed, [clip.row() for clip in clips])
        seen = [motions[clip] for clip in timed] if motions else []
        parts |= {
            "segments": summarise(clips),
            "baselines": segment_baselines([references[i] for i in timed], seen, fps),
        }
        parts["intervals"] = parts["intervals"] | _segment_intervals([rows[clip] for clip in timed])
    return Scores(**parts), rows


def score_baselines(
    references: Sequence[Reference], *, semantic: Semantic | None = None, fps: float | None = None
) -> Scores:
    """The baselines alone, of captions and of segments as far as the references have either; arguments as `score`."""
    sentences = [reference.captions for reference in references if reference.captions]
    timed = [reference for reference in references if reference.segments]
    texts = text_baselines(sentences, semantic)
    if not texts and not timed:
        raise ValueError("the references hold neither segments nor two clips with sentences; give --hypotheses")
    notes = {} if semantic is None else semantic.notes
    return Scores(text_baselines=texts, baselines=segment_baselines(timed, fps=fps) if timed else {}, notes=notes)


def _add(rows: Rows, clips: Sequence[int], measures: Sequence[Measures]) -> None:
    """Add the measures of some clips to their rows."""
    for clip, own in zip(clips, measures, strict=True):
        rows[clip] |= own


def _segment_intervals(rows: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """The intervals of the segments' scores, strict protocol, as "iou/all"."""
    found: dict[str, list[float]] = {}
    for group, belongs in GROUPS.items():
        members = [row for row in rows if belongs(int(row["segments"]))]
        if not members:
            continue
        for measure in SEGMENTS:
            found[f"{measure}/{group}"] = list(interval([row[measure] for row in members]))
        counts = [row["segments"] + row["predicted"] for row in members]
        for percent in OVERLAPS:
            hits = [2 * row[f"hits@{percent}"] for row in members]
            found[f"f1@{percent}/{group}"] = list(interval(hits, counts))
    return found


def compare(first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]]) -> Rows:
    """Two runs' rows, clip by clip: for each score both means, the difference, its interval and p, as tables show them.

    Clips that only one run has are left out; "clips" counts the others. ValueError when the runs share no clip.
    """
    others = {row["name"]: row for row in second}
    pairs = [(row, others[row["name"]]) for row in first if row["name"] in others]
    if not pairs:
        raise ValueError("the two runs have no clip in common; score both on the same references")
    result: Rows = []
    for measure in (*MEASURES, *SEGMENTS):
        scale = MEASURES.get(measure, 1)
        both = [(scale * a[measure], scale * b[measure]) for a, b in pairs if measure in a and measure in b]
        if both:
            one, other = zip(*both, strict=True)
            means = {"first": math.fsum(one) / len(one), "second": math.fsum(other) / len(other)}
            result.append({"score": measure, "clips": len(both)} | means | bootstrap.compare(one, other))
    counted = [(a, b) for a, b in pairs if "bleu_length" in a and "bleu_length" in b]
    if counted:
        one, other = zip(*counted, strict=True)
        result.insert(0, {"score": "bleu_4", "clips": len(counted)} | compare_bleu(one, other))
    return result
