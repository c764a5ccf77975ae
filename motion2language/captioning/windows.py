"""Windows of a long recording: cut where the body is stillest, described one by one, and joined in time.

Described is what comes out: the transcript, and how much each of its words looked at each frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from motion2language.body import ensure_canonical
from motion2language.captioning.features import joint_speed
from motion2language.motion import Motion
from motion2language.transcript import Segment, TimedWord, Transcript

LARGEST = 10_000_000  # words x frames of an attention map: about 25 minutes at 10 frames per second; chosen


@dataclass(frozen=True, eq=False)
class Described:
    """A transcript and the weights of the search that found it.

    weights  for each window its first frame and (L, T): how much each of its words looked at each of its frames
    frames   of the whole recording, at the model's frame rate
    alone    for each segment how sure what the model says of its frames alone is of one action and no other; empty
             where it was not asked
    """

    transcript: Transcript
    weights: tuple[tuple[int, np.ndarray], ...]
    frames: int
    alone: tuple[float, ...] = ()

    def attention(self) -> np.ndarray | None:
        """The weights of all windows laid out in time, (L, frames) for the L words of the transcript.

        None when the transcript has no words or not those of the search, or when the map would exceed LARGEST numbers.
        """
        words = sum(len(weights) for _, weights in self.weights)
        if not words or words != len(self.transcript.words) or words * self.frames > LARGEST:
            return None
        attention, row = np.zeros((words, self.frames), dtype=np.float32), 0
        for first, weights in self.weights:
            attention[row : row + len(weights), first : first + weights.shape[1]] = weights
            row += len(weights)
        return attention

    def surer_than(self, least: float) -> Described:
        """Without the segments whose action is less probable than `least`, as Transcript.surer_than."""
        return replace(self, transcript=self.transcript.surer_than(least))


def windows(motion: Motion, longest: float) -> Iterator[tuple[float, Motion]]:
    """(start in seconds, piece) of a recording, each at most `longest` seconds, cut where the body is stillest.

    A cut falls in the second half of what a piece may hold: every piece but the last is at least half as long.
    """
    limit = max(2, int(longest * motion.fps))
    if motion.frames <= limit:
        yield 0.0, motion
        return
    speed = joint_speed(ensure_canonical(motion))
    first = 0
    while motion.frames - first > limit:
        middle = first + limit // 2
        cut = middle + int(speed[middle : first + limit].argmin())
        yield first / motion.fps, motion.frames_between(first, cut)
        first = cut
    yield first / motion.fps, motion.frames_between(first, motion.frames)


def join(parts: Sequence[tuple[float, Transcript]], duration: float, source: str, model: str) -> Transcript:
    """One transcript of consecutive windows, each with its start in seconds; times are clipped to `duration`."""
    segments = tuple(
        shift(segment, start, duration)
        for start, part in parts
        for segment in part.segments
        if start + segment.start < duration
    )
    return Transcript(segments, duration, source, model)


def shift(segment: Segment, by: float, duration: float) -> Segment:
    """The segment `by` seconds later, clipped to `duration`."""

    def at(time: float) -> float:
        return min(time + by, duration)

    words = tuple(
        TimedWord(word.word, at(word.time), at(word.start), at(word.end), word.probability) for word in segment.words
    )
    return replace(segment, start=at(segment.start), end=at(segment.end), words=words)
