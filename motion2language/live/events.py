"""What the live captioner emits: words, finished sentences, and notes about the stream."""

from __future__ import annotations

from dataclasses import dataclass

from motion2language.transcript import Segment


@dataclass(frozen=True)
class Word:
    """A final word: `time` is the moment it describes, `said` when it became final; seconds of the stream."""

    word: str
    time: float
    said: float


@dataclass(frozen=True)
class Sentence:
    """A finished sentence: its segments with exact times, seconds of the stream."""

    segments: tuple[Segment, ...]
    start: float
    end: float


@dataclass(frozen=True)
class Note:
    """A problem with the stream, at a time in seconds."""

    text: str
    time: float


Event = Word | Sentence | Note
