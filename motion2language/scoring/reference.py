"""Reference: what people wrote and marked about a recording, without the recording itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from motion2language.transcript import Segment, Transcript


@dataclass(frozen=True, eq=False)
class Reference:
    """What people wrote and marked about a recording: sentences, segments, or both; times in seconds.

    >>> data = {"schema": 1, "source": "take", "model": "", "duration": 2.0, "text": "walks", "segments": []}
    >>> Reference.from_dict(data)
    Reference(name='take', duration=2.0, captions=('walks',), segments=())
    """

    name: str
    duration: float
    captions: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """A transcript's JSON form, with the sentences under "captions"."""
        return {**Transcript(self.segments, self.duration, self.name).to_dict(), "captions": list(self.captions)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Reference:
        """The reference in a transcript's JSON form; without "captions" its text, if any, is the one sentence."""
        transcript = Transcript.from_dict(data)
        captions = data.get("captions", [transcript.text] if transcript.text else [])
        if not isinstance(captions, list) or not all(isinstance(caption, str) for caption in captions):
            raise ValueError(f"captions are {str(captions)[:80]!r}, expected a list of sentences")
        return cls(transcript.source, transcript.duration, tuple(captions), transcript.segments)
