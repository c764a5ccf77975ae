"""Plain text: one line per segment, `[00:00.0 → 00:01.4] a person walks forward`."""

from __future__ import annotations

from motion2language.transcript import Segment, Transcript


def text(transcript: Transcript) -> str:
    """One line per segment."""
    return "".join(line(segment) + "\n" for segment in transcript.segments)


def line(segment: Segment) -> str:
    """The segment's times and words."""
    return f"[{clock(segment.start)} → {clock(segment.end)}] {segment.text}"


def clock(seconds: float) -> str:
    """Minutes and seconds to a tenth, hours in front when there are any.

    >>> clock(62.5), clock(3662.5)
    ('01:02.5', '1:01:02.5')
    """
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:" if hours else "") + f"{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"
