"""What SubRip and WebVTT share: cues in order of time, and timestamps, which differ in the mark before milliseconds."""

from __future__ import annotations

from motion2language.transcript import Segment, Transcript


def cues(transcript: Transcript) -> list[Segment]:
    """The segments by their start."""
    return sorted(transcript.segments, key=lambda segment: segment.start)


def timestamp(seconds: float, mark: str) -> str:
    """Hours, minutes, seconds, milliseconds.

    >>> timestamp(3661.4, ","), timestamp(3661.4, ".")
    ('01:01:01,400', '01:01:01.400')
    """
    rest, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}{mark}{milliseconds:03d}"


def times(cue: Segment, mark: str) -> str:
    """The line with the cue's start and end, at least a millisecond apart."""
    end = max(cue.end, (round(cue.start * 1000) + 1) / 1000)  # of the start as written
    return f"{timestamp(cue.start, mark)} --> {timestamp(end, mark)}"
