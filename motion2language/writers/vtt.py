"""WebVTT subtitles: one cue per segment, with the timestamp of each word inside it.

A doubtful cue ends with its confidence, and one whose action is unknown is described by its facts.
"""

from __future__ import annotations

from motion2language.transcript import Segment, Transcript
from motion2language.writers import _facts, _subtitles


def text(transcript: Transcript) -> str:
    """The file; each cue lasts at least a millisecond."""
    cues = [f"{_subtitles.times(cue, '.')}\n{_payload(cue)}\n" for cue in _subtitles.cues(transcript)]
    return "\n".join(["WEBVTT\n", *cues])


def _payload(segment: Segment) -> str:
    """The words, each after its timestamp where that rises and lies inside the cue, as the format demands."""
    if not segment.known:
        return _escape(_facts.marked(segment))
    parts, last = [], round(segment.start * 1000)
    for word in segment.words:
        moment = round(word.time * 1000)
        if last < moment < round(segment.end * 1000):
            parts.append(f"<{_subtitles.timestamp(word.time, '.')}>{_escape(word.word)}")
            last = moment
        else:
            parts.append(_escape(word.word))
    doubt = _facts.doubt(segment)
    return " ".join([*parts, f"({doubt})"] if doubt else parts)


def _escape(word: str) -> str:
    return word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
