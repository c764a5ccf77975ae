"""WebVTT subtitles: a cue a segment, with the moment of each word inside it."""

from __future__ import annotations

from motion2language.transcript import Segment, Transcript


def text(transcript: Transcript) -> str:
    """The file; each cue lasts at least a millisecond."""
    cues = sorted(transcript.segments, key=lambda segment: segment.start)
    return "\n".join(
        [
            "WEBVTT\n",
            *(f"{_span(cue)}\n{_payload(cue)}\n" for cue in cues),
        ]
    )


def timestamp(seconds: float) -> str:
    """Hours, minutes, seconds, milliseconds: 00:00:01.400."""
    milliseconds = round(seconds * 1000)
    rest, milliseconds = divmod(milliseconds, 1000)
    return f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{milliseconds:03d}"


def _span(cue: Segment) -> str:
    end = max(cue.end, (round(cue.start * 1000) + 1) / 1000)  # of the start as written
    return f"{timestamp(cue.start)} --> {timestamp(end)}"


def _payload(segment: Segment) -> str:
    """The words, each after its time where that rises and lies inside the cue, as the format demands."""
    parts, last = [], round(segment.start * 1000)
    for word in segment.words:
        moment = round(word.time * 1000)
        if last < moment < round(segment.end * 1000):
            parts.append(f"<{timestamp(word.time)}>{_escape(word.word)}")
            last = moment
        else:
            parts.append(_escape(word.word))
    return " ".join(parts)


def _escape(word: str) -> str:
    return word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
