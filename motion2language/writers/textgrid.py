"""Praat's TextGrid: interval tiers `sentence`, `segments` (labels) and `phrases`, and a point tier `words`.

Intervals of a tier must not overlap in Praat and points must not coincide: overlapping segments go to `segments 2` and
`phrases 2`, and words with the same millisecond share a point.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from motion2language.transcript import Transcript
from motion2language.writers import _facts, _tiers

SUFFIX = ".TextGrid"


def text(transcript: Transcript) -> str:
    """The file in Praat's long form, times in whole milliseconds."""
    end = _tiers.length(transcript) / 1000
    grid = _tiers.pympi().TextGrid(xmax=end)
    sentence = grid.add_tier("sentence")
    if transcript.words:
        sentence.add_interval(0.0, end, _facts.sentence(transcript))
    for number, layer in enumerate(_tiers.layers(transcript.segments)):
        labels = grid.add_tier(_tiers.tier_name("segments", number))
        phrases = grid.add_tier(_tiers.tier_name("phrases", number))
        for segment in layer:
            first, last = (time / 1000 for time in _tiers.span(segment))
            labels.add_interval(first, last, _facts.label(segment))
            phrases.add_interval(first, last, _facts.caption(segment))
    words = grid.add_tier("words", "TextTier")
    for moment, _, texts in _tiers.moments(transcript):
        words.add_point(moment / 1000, texts)
    with tempfile.TemporaryDirectory() as folder:  # the library only writes to a path
        path = Path(folder) / "grid"
        grid.to_file(path)
        return path.read_bytes().decode("utf-8")
