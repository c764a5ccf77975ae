"""Contradictions: how often words say what measured facts deny, such as "left" where only the right arm acts.

This needs no model and no reference: facts are measured in each segment (captioning/facts/). References have one
sentence for a whole clip, so only those of clips with one action are checked, against the facts of that action's time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from motion2language.body import ensure_canonical
from motion2language.captioning.facts.find import facts
from motion2language.captioning.facts.words import contradictions
from motion2language.motion import Motion
from motion2language.scoring.reference import Reference
from motion2language.transcript import Segment, TimedWord, Transcript


def count_contradictions(
    references: Sequence[Reference], motions: Sequence[Motion], transcripts: Sequence[Transcript]
) -> dict[str, float]:
    """Words denied by facts, per hundred clips: "said" of all `clips`; "said/one" and "references/one" of the
    `clips/one` with one action. Of several reference sentences the mean counts. Empty where no segment has facts.
    """
    ours = [
        sum(
            len(contradictions([word.word for word in segment.words], segment.facts))
            for segment in transcript.segments
            if segment.facts is not None
        )
        for transcript in transcripts
    ]
    if not any(segment.facts for transcript in transcripts for segment in transcript.segments):
        return {}
    one = [number for number, own in enumerate(references) if len(own.segments) == 1]
    theirs = [_of_reference(references[number], motions[number]) for number in one]
    result = {"clips": len(ours), "said": 100 * sum(ours) / len(ours), "clips/one": len(one)}
    if one:
        result["said/one"] = 100 * sum(ours[number] for number in one) / len(one)
        result["references/one"] = 100 * sum(theirs) / len(one)
    return result


def measure_segments(
    transcripts: Sequence[Transcript], references: Sequence[Reference], motions: Sequence[Motion]
) -> list[Transcript]:
    """The transcripts whose segments have facts, those of other programs too.

    A sentence without times about a clip with one action becomes one segment, with the facts of that action's time.
    """
    return [_measured(*each) for each in zip(transcripts, references, motions, strict=True)]


def _measured(transcript: Transcript, own: Reference, motion: Motion) -> Transcript:
    segments = transcript.segments
    if not segments and transcript.untimed and len(own.segments) == 1:
        (only,) = own.segments
        middle = (only.start + only.end) / 2
        words = (TimedWord(word, middle, only.start, only.end) for word in transcript.untimed.split())
        segments = (Segment(only.start, only.end, None, tuple(words)),)
    body = ensure_canonical(motion)
    return Transcript(
        tuple(
            segment if segment.facts else replace(segment, facts=facts(body, segment.start, segment.end))
            for segment in segments
            if segment.start < motion.duration
        ),
        max(transcript.duration, own.duration),
        transcript.source,
        transcript.model,
    )


def _of_reference(own: Reference, motion: Motion) -> float:
    """Contradictions in a sentence about a clip's one action, the mean over its sentences."""
    (segment,) = own.segments
    found = facts(ensure_canonical(motion), segment.start, min(segment.end, motion.duration))
    return sum(len(contradictions(text, found)) for text in own.captions) / max(len(own.captions), 1)
