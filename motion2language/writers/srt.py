"""SubRip subtitles: a numbered cue a segment, in order of time."""

from __future__ import annotations

from motion2language.transcript import Segment, Transcript


def text(transcript: Transcript) -> str:
    """The cues; each lasts at least a millisecond."""
    cues = sorted(transcript.segments, key=lambda segment: segment.start)
    return "\n".join(f"{number}\n{_span(cue)}\n{cue.text}\n" for number, cue in enumerate(cues, start=1))


def timestamp(seconds: float) -> str:
    """Hours, minutes, seconds, milliseconds: 00:00:01,400."""
    milliseconds = round(seconds * 1000)
    rest, milliseconds = divmod(milliseconds, 1000)
    return f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d},{milliseconds:03d}"


def _span(cue: Segment) -> str:
    end = max(cue.end, (round(cue.start * 1000) + 1) / 1000)  # of the start as written
    return f"{timestamp(cue.start)} --> {timestamp(end)}"
