"""Times counted in whole frames, as the paper's scoring does (10 a second), instead of exactly.

What people marked and what is scored is rounded to the nearest frame; a floor is cut where a frame begins. A segment
keeps one frame at least.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from motion2language.scoring.reference import Reference
from motion2language.transcript import Segment, TimedWord, Transcript

Said = TypeVar("Said", Reference, Transcript)


def in_frames(said: Said, fps: float) -> Said:
    """A reference or transcript with its times, seconds, at frames; one without segments as it is."""
    if not said.segments:
        return said
    frames = max(1, round(said.duration * fps))
    segments = tuple(
        _placed(part, round(part.start * fps), round(part.end * fps), frames, fps) for part in said.segments
    )
    return replace(said, segments=segments, duration=frames / fps)


def from_frames(floor: Transcript, fps: float) -> Transcript:
    """A floor whose times are in frames, cut at whole ones, in seconds."""
    frames = int(floor.duration)
    segments = tuple(_placed(part, int(part.start), int(part.end), frames, fps) for part in floor.segments)
    return replace(floor, segments=segments, duration=frames / fps)


def _placed(part: Segment, start: int, end: int, frames: int, fps: float) -> Segment:
    """The segment from frame `start` to frame `end` of `frames`."""
    start = min(start, frames - 1)
    end = max(start + 1, min(end, frames))
    words = tuple(_within(word, frames / fps) for word in part.words)
    return replace(part, start=start / fps, end=end / fps, words=words)


def _within(word: TimedWord, duration: float) -> TimedWord:
    start, time, end = (min(moment, duration) for moment in (word.start, word.time, word.end))
    return replace(word, start=start, time=time, end=end)
