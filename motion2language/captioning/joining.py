"""Joins repetitions: the same action several times in a row becomes one segment with a count and the time of each.

A model that cuts takes says each repetition by itself: "a person kicks then kicks again". Joined, that is "a person
kicks twice", and the segment's facts hold how often, and the middle of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from motion2language.transcript import Facts, Segment, Transcript

PAUSE = 1.5  # seconds between two repetitions; chosen: with a longer rest between them people call it doing it anew
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


#: Facts that hold of the whole where they hold of every part.
COMMON = ("side", "limb", "left_hand", "right_hand", "arms", "legs", "gait")


def join_repetitions(transcript: Transcript) -> Transcript:
    """The transcript with segments of one label in a row, PAUSE or less apart, joined into one.

    The words of the first one stay, and a count follows: "twice", "three times". Its probability is the least of all.

    >>> from motion2language.transcript import TimedWord
    >>> parts = (Segment(0.0, 1.0, "kick", (TimedWord("kicks", 0.5, 0.2, 0.8),)), Segment(1.2, 2.0, "kick"))
    >>> joined = join_repetitions(Transcript(parts, 3.0))
    >>> joined.text, joined.segments[0].facts.repetition_times
    ('kicks twice', (0.5, 1.6))
    """
    groups: list[list[Segment]] = []
    for segment in transcript.segments:
        last = groups[-1][-1] if groups else None
        goes_on = last is not None and last.label == segment.label is not None and segment.start - last.end <= PAUSE
        if goes_on and segment.start >= groups[-1][-1].start:
            groups[-1].append(segment)
        else:
            groups.append([segment])
    return replace(transcript, segments=tuple(map(_joined, groups)))


def _joined(parts: Sequence[Segment]) -> Segment:
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return first
    chances = [part.probability for part in parts if part.probability is not None]
    sure = [part.confidence for part in parts if part.confidence is not None]
    words = first.words
    if words:
        words = (*words, *(replace(words[-1], word=word) for word in _count(len(parts)).split()))
    return replace(
        first,
        end=max(part.end for part in parts),
        words=words,
        probability=min(chances, default=None),
        end_probability=last.end_probability,
        confidence=min(sure, default=None),
        known=all(part.known for part in parts),
        facts=_joined_facts(parts),
    )


def _joined_facts(parts: Sequence[Segment]) -> Facts:
    """The count and its times, and of what was measured in each part what all have in common."""
    measured = [part.facts or Facts() for part in parts]
    common = {name: value for name, value in vars(measured[0]).items() if name in COMMON}
    for facts in measured[1:]:
        common = {name: value for name, value in common.items() if getattr(facts, name) == value}
    return Facts(
        **common,
        repetitions=len(parts),
        repetition_times=tuple((part.start + part.end) / 2 for part in parts),
        start_posture=measured[0].start_posture,
        end_posture=measured[-1].end_posture,
    )


def _count(number: int) -> str:
    if number == 2:
        return "twice"
    return f"{NUMBERS[number - 2] if number <= len(NUMBERS) + 1 else number} times"
