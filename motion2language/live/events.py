"""What the live captioner emits: words, pieces, running counts, finished sentences, and notes about the stream."""

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
class Count:
    """The body has repeated a movement so often: `time` is the middle of the last repetition, `said` when it was sure.

    A count begins at 1 again with another movement, or after a rest. It is never taken back.
    """

    count: int
    time: float
    said: float


@dataclass(frozen=True)
class Sentence:
    """A finished sentence: its segments with exact times, seconds of the stream, and with facts where asked for."""

    segments: tuple[Segment, ...]
    start: float
    end: float


@dataclass(frozen=True)
class Note:
    """A problem with the stream, at a time in seconds."""

    text: str
    time: float


@dataclass(frozen=True)
class Piece:
    """An action that is over, of a model that cuts takes: its segment, seconds of the stream, and when it became final.

    An action that goes on, such as walking, is given out again with a later end. One that the next follows at once is
    given out again with another end, where that moves the bound between them.
    """

    segment: Segment
    said: float


Event = Word | Piece | Count | Sentence | Note
