"""Plain text: one line per segment, `[00:00.0 → 00:01.4] a person walks forward`.

A doubtful segment ends with its confidence, and one whose action is unknown is described by its facts.
"""

from __future__ import annotations

from motion2language.transcript import Segment, Transcript
from motion2language.writers import _facts

DIM, NORMAL = "\x1b[2m", "\x1b[0m"  # for terminals


def text(transcript: Transcript) -> str:
    """One line per segment."""
    return "".join(line(segment) + "\n" for segment in transcript.segments)


def line(segment: Segment) -> str:
    """The segment's times and words."""
    return f"{_times(segment)} {_facts.marked(segment)}".rstrip()


def with_facts(transcript: Transcript, dim: bool = False) -> str:
    """One line per segment with its facts behind it, dim on a terminal.

    >>> from motion2language.transcript import Facts, TimedWord
    >>> right = Facts(travel=3.1, direction="right")
    >>> walk = Segment(0.6, 5.8, "walk", (TimedWord("walks", 0.8, 0.3, 1.3),), facts=right)
    >>> with_facts(Transcript((walk,), 6.0))
    '[00:00.6 → 00:05.8] walks  · 3.1 m to the right\\n'
    """
    begin, end = (DIM, NORMAL) if dim else ("", "")
    lines = []
    for segment in transcript.segments:
        notes = [f"· {_facts.beside(segment)}"] if segment.known and _facts.beside(segment) else []
        notes = [_facts.doubt(segment), *notes] if segment.known and _facts.doubt(segment) else notes
        behind = f"  {begin}{'  '.join(notes)}{end}" if notes else ""
        lines.append(f"{_times(segment)} {_facts.caption(segment)}".rstrip() + behind + "\n")
    return "".join(lines)


def _times(segment: Segment) -> str:
    return f"[{clock(segment.start)} → {clock(segment.end)}]"


def clock(seconds: float) -> str:
    """Minutes and seconds to a tenth, hours in front when there are any.

    >>> clock(62.5), clock(3662.5)
    ('01:02.5', '1:01:02.5')
    """
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:" if hours else "") + f"{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"
