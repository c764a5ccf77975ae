"""What outputs say beside a segment's words: its facts as a phrase, and how doubtful its words are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from motion2language.language.movement import TIMES
from motion2language.transcript import Facts, Segment, TimedWord, Transcript

UNSURE = 0.5  # confidence below which outputs mark a segment as doubtful; chosen
TURNED = 30.0  # degrees from which a turn is worth a word; chosen
WENT = 0.3  # metres from which a way is; chosen
NAMED = 3  # changes of posture that are all named; chosen
UNKNOWN, NAMELESS = "unknown action", "unknown"
DOUBTED = " ?"  # behind the label of a doubtful segment, where pictures show it
#: Which place of a hand is named, the most telling first.
PLACES = ("to the floor", "to the head", "overhead", "behind", "in front", "to the side", "at shoulder height")
_OFTEN = frozenset((*TIMES, "times", "repeatedly"))
_TO = {"left": "to the left", "right": "to the right"}


def confidence(segment: Segment) -> float | None:
    """How probably the segment's words are right: its confidence, or else its probability; None if unknown."""
    return segment.probability if segment.confidence is None else segment.confidence


def doubt(segment: Segment) -> str:
    """ "? 42 %" of a segment that is more doubtful than outputs leave unmarked, else "".

    >>> doubt(Segment(0.0, 1.0, "kick", probability=0.42)), doubt(Segment(0.0, 1.0, "kick", probability=0.9))
    ('? 42 %', '')
    """
    sure = confidence(segment)
    return "" if sure is None or sure >= UNSURE else f"? {100 * sure:.0f} %"


def caption(segment: Segment) -> str:
    """The segment's words; its facts alone where its action is unknown.

    >>> facts = Facts(side="right", limb="arm", arms="right", right_hand=("to the head",), repetitions=3,
    ...               start_posture="standing", end_posture="standing")
    >>> caption(Segment(0.0, 4.0, "drink", facts=facts, known=False))
    'unknown action: right hand to the head 3 times, standing'
    """
    if segment.known:
        return segment.text
    return f"{UNKNOWN}: {describe(segment.facts)}" if segment.facts is not None else UNKNOWN


def label(segment: Segment) -> str:
    """The segment's label; "unknown" where its action is unknown, "" where it has none.

    >>> label(Segment(0.0, 4.0, "drink", known=False))
    'unknown'
    """
    return segment.label or "" if segment.known else NAMELESS


def sentence(transcript: Transcript) -> str:
    """The sentence, in which the facts of unknown actions stand for their words."""
    if all(segment.known for segment in transcript.segments):
        return transcript.text
    return " ".join(filter(None, map(caption, transcript.segments)))


def marked(segment: Segment) -> str:
    """`caption`, followed by how doubtful it is, if it is: "kicks (? 42 %)"."""
    sure = doubt(segment) if segment.known else ""
    return " ".join(part for part in (caption(segment), f"({sure})" if sure else "") if part)


def shown(transcript: Transcript) -> Transcript:
    """The transcript as pictures show it: doubtful words with their confidence, unknown actions by their facts alone.

    >>> kick = Segment(0.0, 2.0, "kick", (TimedWord("kicks", 0.8, 0.3, 1.3),), confidence=0.06)
    >>> shown(Transcript((kick, replace(kick, known=False)), 2.0)).text
    'kicks (? 6 %) unknown action'
    """
    return replace(transcript, segments=tuple(map(_shown, transcript.segments)))


def _shown(segment: Segment) -> Segment:
    middle = (segment.start + segment.end) / 2
    last = segment.words[-1] if segment.words else TimedWord(UNKNOWN, middle, segment.start, segment.end)
    if not segment.known:
        first = segment.words[0] if segment.words else last
        measured = (replace(first, word=word, probability=None) for word in caption(segment).split())
        return replace(segment, label=NAMELESS, words=tuple(measured))
    if not doubt(segment):
        return segment
    words = (*segment.words, replace(last, word=f"({doubt(segment)})", probability=None))
    return replace(segment, label=f"{segment.label or ''}{DOUBTED}".lstrip(), words=words)


def with_facts(transcript: Transcript) -> Transcript:
    """The transcript with the facts of each segment behind its words; those of an unknown action stand for them anyway.

    >>> walk = Segment(0.0, 2.0, "walk", (TimedWord("walks", 0.8, 0.3, 1.3),), facts=Facts(travel=3.14, steps=8))
    >>> with_facts(Transcript((walk,), 2.0)).text
    'walks · 3.1 m, 8 steps'
    """
    return replace(transcript, segments=tuple(map(_with_phrase, transcript.segments)))


def _with_phrase(segment: Segment) -> Segment:
    behind = beside(segment) if segment.known and segment.words else ""
    added = (replace(segment.words[-1], word=word, probability=None) for word in f"· {behind}".split() if behind)
    return replace(segment, words=(*segment.words, *added))


def phrase(facts: Facts | None) -> str:
    """The facts worth a word beside a sentence; "" when nothing is worth one.

    >>> phrase(Facts(travel=3.14, direction="right", steps=8, pace="slow", start_posture="standing"))
    '3.1 m to the right, 8 steps, slow'
    """
    return "" if facts is None else ", ".join(_phrases(facts))


def beside(segment: Segment) -> str:
    """The facts worth a word beside the segment's own words, without a count that these words say.

    >>> words = tuple(TimedWord(word, 0.8, 0.3, 1.3) for word in ("kicks", "twice"))
    >>> beside(Segment(0.0, 2.0, "kick", words, facts=Facts(legs="left", side="left", limb="leg", repetitions=2)))
    'left leg'
    """
    facts = segment.facts
    if facts is not None and any(word.word in _OFTEN for word in segment.words):
        facts = replace(facts, repetitions=None)
    return phrase(facts)


def describe(facts: Facts) -> str:
    """The facts that describe an action without a name, the posture too."""
    same = facts.start_posture and facts.start_posture == facts.end_posture
    rest = [str(facts.start_posture)] if same else []
    found = list(_phrases(facts))
    if rest and 0 < len(facts.transitions) <= NAMED and not facts.falls:
        found += facts.transitions
    elif not any(part in found for part in rest):
        found += rest
    return ", ".join(found) or "nothing that can be measured"


COLUMNS = ("start", "end", "label", "text", "confidence", "known", "facts")  # of tables


def row(segment: Segment) -> tuple[str, ...]:
    """A segment's COLUMNS; the confidence is empty if unknown."""
    sure = confidence(segment)
    return (
        f"{segment.start:.3f}",
        f"{segment.end:.3f}",
        segment.label or "",
        caption(segment),
        "" if sure is None else f"{sure:.3f}",
        "yes" if segment.known else "no",
        phrase(segment.facts),
    )


def _phrases(facts: Facts) -> Iterator[str]:
    yield from _way(facts)
    if facts.turn is not None and abs(facts.turn) >= TURNED:
        yield f"turned {abs(facts.turn):.0f}° {_TO['left' if facts.turn > 0 else 'right']}"
    if facts.jumps:
        yield _count(facts.jumps, "jump")
    if facts.falls:
        yield _count(facts.falls, "fall")
    acts = _acts(facts)
    often = f"{facts.repetitions} times" if facts.repetitions and not _are_steps(facts) else ""
    if acts or often:
        yield " ".join(part for part in (acts, often) if part)
    start, end = facts.start_posture, facts.end_posture or facts.start_posture
    if start != end:
        yield f"from {start} to {end}".replace("on all fours", "all fours")
    elif start not in (None, "standing"):
        yield str(start)


def counted(facts: Facts | None) -> tuple[float, ...]:
    """The middle of each repetition, seconds of the recording; none where these are steps.

    >>> counted(Facts(limb="arm", side="right", repetitions=2, repetition_times=(0.5, 1.5)))
    (0.5, 1.5)
    """
    return () if facts is None or not facts.repetitions or _are_steps(facts) else facts.repetition_times


def _are_steps(facts: Facts) -> bool:
    """Whether the body walks without anything else, so that its repetitions are its steps."""
    return bool(facts.steps) and not _acts(facts)


def _way(facts: Facts) -> Iterator[str]:
    """How far, which way, in how many steps, how fast."""
    if facts.direction != "in place" and (facts.travel or 0) >= WENT:
        yield f"{facts.travel:.1f} m {_TO.get(facts.direction or '', facts.direction or '')}".rstrip()
        if facts.path and facts.path != "straight":
            shape, _, side = facts.path.partition(" ")
            yield f"in a {shape} {_TO[side]}"
    if facts.steps:
        where = " on the spot" if facts.direction == "in place" else ""
        yield _count(facts.steps, "step") + where
    if facts.pace in ("slow", "fast"):
        yield facts.pace


def _acts(facts: Facts) -> str:
    """Which limb acts, and where the hand goes."""
    if facts.limb in (None, "trunk", "whole body") or facts.side is None:
        return ""
    if facts.limb != "arm":
        return f"both {facts.limb}s" if facts.side == "both" else f"{facts.side} {facts.limb}"
    reached = set(facts.left_hand) if facts.side == "left" else set(facts.right_hand)
    if facts.side == "both":
        reached &= set(facts.left_hand)
    place = next((place for place in PLACES if place in reached), "")
    hand = "both hands" if facts.side == "both" else f"{facts.side} hand"
    return f"{hand} {place}" if place else hand.replace("hand", "arm")


def _count(number: int, noun: str) -> str:
    """
    >>> _count(1, "step"), _count(2, "step")
    ('1 step', '2 steps')
    """
    return f"{number} {noun}" + "s" * (number != 1)
