"""SubRip subtitles: a numbered cue a segment, in order of time."""

from __future__ import annotations

from motion2language.transcript import Transcript


def text(transcript: Transcript) -> str:
    """The cues; each lasts at least a millisecond."""
    cues = sorted(transcript.segments, key=lambda segment: segment.start)
    return "\n".join(
        f"{number}\n{timestamp(cue.start)} --> {timestamp(max(cue.end, cue.start + 0.001))}\n{cue.text}\n"
        for number, cue in enumerate(cues, start=1)
    )


def timestamp(seconds: float) -> str:
    """Hours, minutes, seconds, milliseconds: 00:00:01,400."""
    milliseconds = round(seconds * 1000)
    rest, milliseconds = divmod(milliseconds, 1000)
    return f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d},{milliseconds:03d}"
