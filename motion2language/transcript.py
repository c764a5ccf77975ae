"""The description of a recording: Transcript, its segments and their words, in seconds.

Human captions and transcripts have the same types as predictions, so a metric compares like with like.
Times are seconds from the recording's first frame; intervals are half-open. The JSON form follows the shape that
speech transcribers use: {schema, source, model, duration, text, words: [...], segments: [...]}.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

#: The schema number in every transcript's JSON: 2 added facts, confidence and known to segments.
SCHEMA = 2
READ = (1, 2)  # the schema numbers that are read
CORRECTED_ENDING = ".corrected.json"  # how the file of a transcript that a person corrected ends
#: Largest difference in seconds between the durations of a transcript and its recording; chosen.
SLACK = 1.0
#: The least JSON that is read as a transcript, for messages.
_FORM = (
    f'{{"schema": {SCHEMA}, "source": "NAME", "model": "", "duration": SECONDS, '
    '"segments": [{"start": SECONDS, "end": SECONDS, "label": "ACTION", "words": []}]}'
)
#: Fields of a segment's JSON that older transcripts lack.
_OPTIONAL_FIELDS = ("probability", "start_probability", "end_probability", "bounded_by", "confidence")


@dataclass(frozen=True)
class Caption:
    """A reference sentence with its times in seconds; without times it describes the whole clip.

    >>> Caption("a person walks", end=2.5)
    Caption(text='a person walks', start=None, end=2.5)
    """

    text: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class TimedWord:
    """A word, its timestamp and the window around it, in seconds; probability in [0, 1] or None.

    >>> TimedWord("walks", time=0.8, start=0.3, end=1.3, probability=0.9).time
    0.8
    """

    word: str
    time: float
    start: float
    end: float
    probability: float | None = None

    def __post_init__(self) -> None:
        _require_line(self.word, "word")
        if not 0 <= self.start <= self.time <= self.end:
            raise ValueError(
                f"word {self.word!r}: expected 0 <= start <= time <= end, found {self.start}, {self.time}, {self.end}"
            )
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError(f"word {self.word!r}: expected a probability in [0, 1], found {self.probability}")


@dataclass(frozen=True)
class Facts:
    """What was measured in an interval of a recording, without any model; each is None where it is unknown.

    side              left, right or both: which of the acting pair of limbs acts
    limb              arm, leg, head, trunk or whole body: what moves most, of what was recorded
    repetitions       how often the movement repeats itself
    repetition_times  seconds of the recording, the middle of each repetition
    turn              degrees from the first facing to the last, positive to the left
    travel            metres along the path over the ground
    direction         forward, backward, left or right of the body's facing, or "in place"
    steps             how many
    speed             m/s while the body is on its way
    start_posture, end_posture  standing, bent, squatting, kneeling, sitting, lying or on all fours
    notes             for what is unknown or special the reason, "field: reason"
    gait              walk or run
    pace              slow, normal or fast, for a body of that size
    path              straight, curve left, curve right, circle left or circle right
    jumps             how many
    left_hand, right_hand  where each hand goes, in the order of time, such as "to the head"
    arms, legs        left, right or both: which of them act, beside what walking needs
    step_length       metres of a step, the median
    step_size         small, normal or large, of a walk forward, for a body of that size
    displacement      metres over the ground from where the body sets off to where it stops
    cadence           steps per minute, from the median time between two
    jump_height       metres that the pelvis rises above standing in the highest jump
    falls             how often the body drops from upright to the floor
    postures          all postures in the order of time, the first and the last too
    transitions       what leads from one posture to another, in the order of time, such as "sits down"
    left_arm, right_arm, left_leg, right_leg, head  share of the movement of these five, or of those of them that were
                      recorded, seen from where each begins (the neck, the pelvis), 0 to 1; a leg's counts as far as
                      its foot also moves over the ground
    hands             "together", "crossed": what the hands do with each other, in the order of time
    period            seconds of a repetition, the median
    regularity        share of the repeated movement that the mean repetition explains, 0 to 1

    >>> Facts(travel=3.1, direction="right", steps=8).known
    {'travel': 3.1, 'direction': 'right', 'steps': 8}
    """

    side: str | None = None
    limb: str | None = None
    repetitions: int | None = None
    repetition_times: tuple[float, ...] = ()
    turn: float | None = None
    travel: float | None = None
    direction: str | None = None
    steps: int | None = None
    speed: float | None = None
    start_posture: str | None = None
    end_posture: str | None = None
    notes: tuple[str, ...] = ()
    gait: str | None = None
    pace: str | None = None
    path: str | None = None
    jumps: int | None = None
    left_hand: tuple[str, ...] = ()
    right_hand: tuple[str, ...] = ()
    arms: str | None = None
    legs: str | None = None
    step_length: float | None = None
    step_size: str | None = None
    displacement: float | None = None
    cadence: float | None = None
    jump_height: float | None = None
    falls: int | None = None
    postures: tuple[str, ...] = ()
    transitions: tuple[str, ...] = ()
    left_arm: float | None = None
    right_arm: float | None = None
    left_leg: float | None = None
    right_leg: float | None = None
    head: float | None = None
    hands: tuple[str, ...] = ()
    period: float | None = None
    regularity: float | None = None

    def __post_init__(self) -> None:
        for name, expected, fits, optional in _checks():
            value = getattr(self, name)
            if not ((optional and value is None) or fits(value)):
                raise ValueError(f"facts: {name} is {value!r}, expected {expected}")

    @property
    def known(self) -> dict[str, Any]:
        """The fields that have a value."""
        return {name: value for name, value in vars(self).items() if value is not None and value != ()}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: every field, numbers rounded to 0.1 ms, 0.1 mm and 0.0001 degrees."""
        return {name: _plain(value) for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Facts:
        """The facts that `to_dict` wrote; fields of later versions are ignored, missing ones are unknown."""
        kept: dict[str, Any] = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        kept |= {name: tuple(value) for name, value in kept.items() if isinstance(value, list)}
        return cls(**kept)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_line(value: object) -> bool:
    return isinstance(value, str) and value.splitlines() == [value] and "\t" not in value


#: What a value of each type of Facts' fields must be.
_FITS: dict[str, Callable[[Any], bool]] = {
    "str": _is_line,
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    "float": _is_number,
    "tuple[float, ...]": lambda value: isinstance(value, tuple) and all(map(_is_number, value)),
    "tuple[str, ...]": lambda value: isinstance(value, tuple) and all(map(_is_line, value)),
}


@cache
def _checks() -> list[tuple[str, str, Callable[[Any], bool], bool]]:
    """Of each field of Facts its name, its type in words, what a value must be, and whether it may be None."""
    kinds = ((field.name, str(field.type), *str(field.type).partition(" | ")) for field in fields(Facts))
    return [(name, expected, _FITS[kind], bool(optional)) for name, expected, kind, _, optional in kinds]


@dataclass(frozen=True)
class Segment:
    """An interval (seconds), its action word (or None) and the words of the sentence that describe it.

    probability        confidence that the action is right, or None if unknown
    start_probability  confidence that the start is right within half a second; end_probability likewise
    bounded_by         how start and end were found: "windows" of the words (the paper's rule), "movement", or None
    facts              what was measured in the interval, or None
    confidence         confidence that the words are right after all evidence, facts too; None if nobody judged it
    known              False where the action is probably none that the model learnt: the facts then describe it

    >>> Segment(0.0, 1.4, "walk", (TimedWord("she", 0.2, 0.0, 0.7), TimedWord("walks", 0.8, 0.3, 1.3))).text
    'she walks'
    """

    start: float
    end: float
    label: str | None
    words: tuple[TimedWord, ...] = ()
    probability: float | None = None
    start_probability: float | None = None
    end_probability: float | None = None
    bounded_by: str | None = None
    facts: Facts | None = None
    confidence: float | None = None
    known: bool = True

    def __post_init__(self) -> None:
        if self.label is not None:
            _require_line(self.label, "label")
        if not 0 <= self.start < self.end:
            raise ValueError(f"segment {self.label!r}: expected 0 <= start < end, found {self.start}, {self.end}")
        for probability in (self.probability, self.start_probability, self.end_probability, self.confidence):
            if probability is not None and not 0 <= probability <= 1:
                raise ValueError(f"segment {self.label!r}: expected probabilities in [0, 1], found {probability}")

    @property
    def text(self) -> str:
        """The segment's words as a phrase."""
        return " ".join(word.word for word in self.words)


@dataclass(frozen=True)
class Transcript:
    """A described recording. The segments partition the sentence; their times may leave gaps.

    segments  in the order of the sentence
    duration  seconds
    source    name of the recording
    model     name of the model, or who annotated it
    untimed   the sentence, when its words have no times; "" when the segments hold the words

    >>> walk = Segment(0.0, 1.4, "walk", (TimedWord("walks", 0.8, 0.3, 1.3),), probability=0.9)
    >>> turn = Segment(1.6, 2.0, "turn", (TimedWord("turns", 1.8, 1.6, 2.0),), probability=0.4)
    >>> transcript = Transcript((walk, turn), duration=2.5, source="take.bvh")
    >>> transcript.text
    'walks turns'
    >>> transcript.surer_than(0.5).text
    'walks'
    >>> Transcript.from_dict(transcript.to_dict()) == transcript
    True
    """

    segments: tuple[Segment, ...]
    duration: float
    source: str = ""
    model: str = ""
    untimed: str = ""

    def __post_init__(self) -> None:
        if self.untimed:
            _require_line(self.untimed, "sentence")
        if not (math.isfinite(self.duration) and self.duration >= 0):
            raise ValueError(f"transcript of {self.source!r}: duration {self.duration} is not a number of seconds")
        slack = 1e-6 + 1e-6 * self.duration
        for segment in self.segments:
            ends = [segment.end, *(word.end for word in segment.words)]
            if max(ends) > self.duration + slack:
                raise ValueError(
                    f"transcript of {self.source!r}: segment {segment.label!r} ends at {max(ends):g} s, "
                    f"after the recording's end at {self.duration:g} s"
                )

    @property
    def words(self) -> tuple[TimedWord, ...]:
        """All words of the sentence in order."""
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        """The sentence."""
        return " ".join(word.word for word in self.words) or self.untimed

    def surer_than(self, least: float) -> Transcript:
        """The transcript without the segments, words included, whose action is less probable than `least`.

        A segment without a probability stays.
        """
        segments = tuple(
            segment for segment in self.segments if segment.probability is None or segment.probability >= least
        )
        return replace(self, segments=segments)

    def require_of(self, name: str, duration: float, kind: str = "transcript") -> None:
        """ValueError unless this can be the transcript of the recording `name`, which lasts `duration` seconds."""
        if abs(self.duration - duration) > SLACK:
            raise ValueError(
                f"{name}: lasts {duration:.2f} s, but the {kind} is of {self.source or 'a recording'} "
                f"of {self.duration:.2f} s; give the {kind} of this recording"
            )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, times rounded to 0.1 ms."""
        return {
            "schema": SCHEMA,
            "source": self.source,
            "model": self.model,
            "duration": round(self.duration, 4),
            "text": self.text,
            "words": [_word_dict(word) for word in self.words],
            "segments": [
                {
                    "start": round(segment.start, 4),
                    "end": round(segment.end, 4),
                    "label": segment.label,
                    "text": segment.text,
                    "probability": _rounded(segment.probability),
                    "start_probability": _rounded(segment.start_probability),
                    "end_probability": _rounded(segment.end_probability),
                    "bounded_by": segment.bounded_by,
                    "confidence": _rounded(segment.confidence),
                    "known": segment.known,
                    "facts": None if segment.facts is None else segment.facts.to_dict(),
                    "words": [_word_dict(word) for word in segment.words],
                }
                for segment in self.segments
            ],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Transcript:
        """The transcript that `to_dict` wrote; ValueError for another schema or a missing or malformed field."""
        if not isinstance(data, dict):
            raise ValueError(f"not a transcript: found JSON of kind {type(data).__name__}, expected {_FORM}")
        if "schema" not in data:
            raise ValueError(f'not a transcript: it has no "schema", expected {_FORM}')
        schema = data["schema"]
        if schema not in READ or isinstance(schema, bool):
            raise ValueError(
                f"transcript has schema {schema!r}, expected 1 or {SCHEMA}; write it again with this version"
            )
        try:
            segments = tuple(_segment(segment) for segment in _of_kind(data, "segments", list))
            source, model, text = (_of_kind({"text": ""} | data, field, str) for field in ("source", "model", "text"))
            timed = any(segment.words for segment in segments)
            return cls(segments, float(data["duration"]), source, model, "" if timed else " ".join(text.split()))
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"transcript lacks or misspells a field: {error}") from None


def _segment(data: dict[str, Any]) -> Segment:
    """The segment that `Transcript.to_dict` wrote; fields that older transcripts lack have their defaults."""
    start, end = float(data["start"]), float(data["end"])
    facts = data.get("facts")
    return Segment(
        start,
        end,
        data["label"],
        tuple(TimedWord(**word) for word in _of_kind(data, "words", list)),
        **{field: data.get(field) for field in _OPTIONAL_FIELDS},
        facts=None if facts is None else Facts.from_dict(_of_kind(data, "facts", dict)),
        known=_of_kind({"known": True} | data, "known", bool),
    )


def _plain(value: Any) -> Any:
    """A value as JSON has it: tuples as lists, numbers rounded."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value


def _require_line(text: object, name: str) -> None:
    """Outputs write a segment on one line, so a word or label must not hold a tab or a line break."""
    if not _is_line(text):
        raise ValueError(f"{name} {text!r}: expected text without tabs and line breaks")


def _of_kind(data: dict[str, Any], field: str, kind: type) -> Any:
    if not isinstance(data[field], kind):
        raise TypeError(f"{field!r} is {data[field]!r}")
    return data[field]


def _word_dict(word: TimedWord) -> dict[str, Any]:
    return {
        "word": word.word,
        "time": round(word.time, 4),
        "start": round(word.start, 4),
        "end": round(word.end, 4),
        "probability": _rounded(word.probability),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
