"""Joins repetitions: the same action several times in a row becomes one segment with a count and the time of each.

A model that cuts takes says each repetition by itself: "a person kicks then kicks again". Joined, that is "a person
kicks twice", and the segment's facts hold how often, and the middle of each. What is done in a pause of such a series
stands behind it: "a person repeatedly kicks and in between claps".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from motion2language.captioning.facts.words import contradictions
from motion2language.captioning.timing import LEADING
from motion2language.language.movement import RUN_VERBS, SIDES, WALK_VERBS, count_times, name_other_sides
from motion2language.transcript import Facts, Segment, TimedWord, Transcript

PAUSE = 1.5  # seconds between two repetitions; chosen: with a longer rest between them people call it doing it anew
SERIES = 2  # repetitions in a row after which something else may be done in a pause; chosen
OFTEN = "repeatedly"  # in place of the count where something else is done between
BETWEEN = ("and", "in", "between")
SUBJECT = ("a", "person")  # where the words name nobody
_OF_LIMBS = frozenset("the a an his her their".split())
_ARTICLES = frozenset("a an the".split())
_SOMEONE = frozenset("someone somebody he she they person human".split())

#: Facts that hold of the whole where they hold of every part.
COMMON = ("side", "limb", "left_hand", "right_hand", "arms", "legs", "gait")


def join_repetitions(transcript: Transcript) -> Transcript:
    """The transcript with segments of one label in a row, PAUSE or less apart, joined into one.

    The words of the first one stay, and a count follows: "twice", "three times"; walking and running are not counted.
    Its probability is the least of all. Those that say different sides stay apart, and so do unknown actions, whose
    words are not to be trusted. The joined words leave out a side if another one was measured in any part.

    >>> from motion2language.transcript import TimedWord
    >>> parts = (Segment(0.0, 1.0, "kick", (TimedWord("kicks", 0.5, 0.2, 0.8),)), Segment(1.2, 2.0, "kick"))
    >>> joined = join_repetitions(Transcript(parts, 3.0))
    >>> joined.text, joined.segments[0].facts.repetition_times
    ('kicks twice', (0.5, 1.6))
    """
    runs: list[list[int]] = []
    for number in range(len(transcript.segments)):
        run = next((run for run in reversed(runs) if _goes_on(transcript.segments, run, number)), None)
        if run is None:
            runs.append([number])
        else:
            run.append(number)
    segments: list[Segment] = []
    reached = -1  # the last segment of the runs so far
    for run in runs:
        joined = _joined([transcript.segments[number] for number in run], run[-1] - run[0] >= len(run))
        segments.append(_with_lead(joined, BETWEEN) if run[0] < reached else joined)
        reached = max(reached, run[-1])
    return replace(transcript, segments=tuple(segments))


def join_labels(transcript: Transcript) -> Transcript:
    """As join_repetitions, by the labels of neighbours alone and without words: as whole takes are scored."""
    bare = [replace(segment, words=(), known=True) for segment in transcript.segments]
    runs: list[list[Segment]] = []
    for segment in bare:
        if runs and _follows(runs[-1][-1], segment):
            runs[-1].append(segment)
        else:
            runs.append([segment])
    return replace(transcript, segments=tuple(_joined(run, False) for run in runs))


def without_unknown(transcript: Transcript) -> Transcript:
    """The transcript without its unknown actions, whose words outputs do not show; what follows begins the sentence.

    >>> from motion2language.transcript import TimedWord
    >>> def say(text, known): return Segment(0, 1, "x", tuple(TimedWord(w, 0, 0, 1) for w in text.split()), known=known)
    >>> without_unknown(Transcript((say("someone is dancing", False), say("then kicks", True)), 3.0)).text
    'someone kicks'
    """
    return without(transcript, [number for number, segment in enumerate(transcript.segments) if not segment.known])


def without(transcript: Transcript, numbers: Collection[int]) -> Transcript:
    """The transcript without these segments; what follows begins the sentence."""
    segments = transcript.segments
    kept = [segment for number, segment in enumerate(segments) if number not in numbers]
    if kept and kept[0] is not segments[0] and kept[0].words:
        after = kept[0].words[_lead(kept[0].words)].word.lower()
        lead = () if after in _ARTICLES | _SOMEONE else _subject(segments[0].words)
        kept[0] = _with_lead(kept[0], lead)
    return replace(transcript, segments=tuple(kept))


def _goes_on(segments: Sequence[Segment], run: Sequence[int], number: int) -> bool:
    """Whether a segment is the next repetition of a run, with nothing between them or what a pause has time for."""
    last, segment = segments[run[-1]], segments[number]
    if not (_follows(last, segment) and last.known and segment.known):
        return False
    other = any(name_other_sides(_said(segments[before]), _said(segment)) for before in run)
    return not other and (run[-1] == number - 1 or len(run) >= SERIES)


def _said(segment: Segment) -> list[str]:
    return [word.word for word in segment.words]


def _follows(last: Segment, segment: Segment) -> bool:
    """Whether a segment has the label of another, and begins after it within a PAUSE."""
    same = last.label == segment.label is not None
    return same and segment.start >= last.start and segment.start - last.end <= PAUSE


def _joined(parts: Sequence[Segment], interrupted: bool) -> Segment:
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return first
    chances = [part.probability for part in parts if part.probability is not None]
    sure = [part.confidence for part in parts if part.confidence is not None]
    words = _with_common_side(parts)
    if not words or _goes(first):
        pass
    elif interrupted:
        verb = _verb(words)
        words = (*words[:verb], replace(words[verb], word=OFTEN), *words[verb:])
    else:
        words = (*words, *(replace(words[-1], word=word) for word in count_times(len(parts)).split()))
    return replace(
        first,
        end=max(part.end for part in parts),
        words=words,
        probability=min(chances, default=None),
        end_probability=last.end_probability,
        confidence=min(sure, default=None),
        facts=_joined_facts(parts),
    )


def _goes(segment: Segment) -> bool:
    """Whether a segment's words say that somebody walks or runs."""
    return not (WALK_VERBS | RUN_VERBS).isdisjoint(_said(segment))


def _with_common_side(parts: Sequence[Segment]) -> tuple[TimedWord, ...]:
    """The words of the first part; without "with the left foot" where another limb was measured to act in some part."""
    words, said = parts[0].words, _said(parts[0])
    measured = (found for part in parts if part.facts for found in contradictions(said, part.facts))
    side = next((found.index for found in measured if found.fact in ("arms", "legs")), None)
    if side is None or said[side] not in SIDES:
        return words
    article = side - 1 if side > 0 and said[side - 1] in _OF_LIMBS else side
    if article > 0 and said[article - 1] == "with":
        return (*words[: article - 1], *words[side + 2 :])
    limb = replace(words[side], word="an" if said[side + 1].startswith("arm") else "a")
    return (*words[:article], limb, *words[side + 1 :])


def _verb(words: Sequence[TimedWord]) -> int:
    """The index of the word before which "repeatedly" stands: after who does it, and after "is"."""
    said = [word.word.lower() for word in words]
    index = _lead(words)
    if said[index] in _ARTICLES:
        index += 2
    elif said[index] in _SOMEONE:
        index += 1
    while index < len(said) - 1 and said[index] in LEADING:
        index += 1
    return min(index, len(said) - 1)


def _subject(words: Sequence[TimedWord]) -> tuple[str, ...]:
    """Who does it."""
    said = [word.word for word in words[: _verb(words)]] if words else []
    return tuple(word for word in said if word.lower() not in LEADING) or SUBJECT


def _lead(words: Sequence[TimedWord]) -> int:
    """How many words go on from the action before: "then", "and afterwards"."""
    return next((index for index, word in enumerate(words[:-1]) if word.word.lower() not in LEADING), len(words) - 1)


def _with_lead(segment: Segment, lead: Sequence[str]) -> Segment:
    """The segment beginning with these words in place of its "then"."""
    words = segment.words
    if not words:
        return segment
    return replace(segment, words=(*(replace(words[0], word=word) for word in lead), *words[_lead(words) :]))


def _joined_facts(parts: Sequence[Segment]) -> Facts:
    """The count and its times, and of what was measured in each part what all have in common."""
    measured = [part.facts or Facts() for part in parts]
    common = {name: value for name, value in vars(measured[0]).items() if name in COMMON}
    for facts in measured[1:]:
        common = {name: value for name, value in common.items() if getattr(facts, name) == value}
    counted: dict[str, Any] = {}
    if not _goes(parts[0]):
        counted["repetitions"] = len(parts)
        counted["repetition_times"] = tuple((part.start + part.end) / 2 for part in parts)
    return Facts(
        **common,
        **counted,
        start_posture=measured[0].start_posture,
        end_posture=measured[-1].end_posture,
    )
