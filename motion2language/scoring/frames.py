"""Times in whole frames, as the paper's scoring counts them (10 per second), instead of exact ones.

References and transcripts are rounded to the nearest frame; baselines are cut where a frame begins. A segment keeps at
least one frame.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from motion2language.scoring.reference import Reference
from motion2language.transcript import Segment, TimedWord, Transcript

Timed = TypeVar("Timed", Reference, Transcript)


def in_frames(item: Timed, fps: float) -> Timed:
    """A reference or transcript with its times (seconds) moved to whole frames; without segments it is unchanged.

    >>> moved = in_frames(Transcript((Segment(0.26, 1.51, "walk"),), 2.04), 10)
    >>> moved.segments[0].start, moved.segments[0].end, moved.duration
    (0.3, 1.5, 2.0)
    """
    if not item.segments:
        return item
    frames = max(1, round(item.duration * fps))
    segments = tuple(_move(part, round(part.start * fps), round(part.end * fps), frames, fps) for part in item.segments)
    return replace(item, segments=segments, duration=frames / fps)


def from_frames(baseline: Transcript, fps: float) -> Transcript:
    """A baseline whose times are in frames, cut at whole ones, in seconds."""
    frames = int(baseline.duration)
    segments = tuple(_move(part, int(part.start), int(part.end), frames, fps) for part in baseline.segments)
    return replace(baseline, segments=segments, duration=frames / fps)


def _move(part: Segment, start: int, end: int, frames: int, fps: float) -> Segment:
    """The segment from frame `start` to frame `end` of `frames`."""
    start = min(start, frames - 1)
    end = max(start + 1, min(end, frames))
    words = tuple(_clip(word, frames / fps) for word in part.words)
    return replace(part, start=start / fps, end=end / fps, words=words)


def _clip(word: TimedWord, duration: float) -> TimedWord:
    start, time, end = (min(moment, duration) for moment in (word.start, word.time, word.end))
    return replace(word, start=start, time=time, end=end)
