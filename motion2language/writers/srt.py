"""SubRip subtitles: one numbered cue per segment, in order of time; a doubtful one ends with its confidence."""

from __future__ import annotations

from motion2language.transcript import Transcript
from motion2language.writers import _facts, _subtitles


def text(transcript: Transcript) -> str:
    """The cues; each lasts at least a millisecond."""
    numbered = enumerate(_subtitles.cues(transcript), start=1)
    return "\n".join(f"{number}\n{_subtitles.times(cue, ',')}\n{_facts.marked(cue)}\n" for number, cue in numbered)
