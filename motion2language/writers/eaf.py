"""ELAN annotations: tiers `sentence`, `segments` (labels), `phrases`, `facts` and `words`, times in whole milliseconds.

Annotations of a tier must not overlap in ELAN, so overlapping segments go to `segments 2` and `phrases 2`. A word
begins at its moment and lasts until its window ends or the next word begins; words with the same millisecond share an
annotation. Source, model and duration are properties of the file. No medium is linked; link a film of the recording
(`m2l render --out take.mp4`) in ELAN.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from motion2language.transcript import Transcript
from motion2language.writers import _facts, _tiers

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(transcript: Transcript) -> str:
    """The XML file."""
    pympi = _tiers.pympi()
    document = pympi.Eaf(author=_xml(transcript.model or "motion2language"))
    document.adocument["DATE"] = datetime.now(UTC).isoformat(timespec="seconds")
    for name in ("source", "model", "duration"):
        document.add_property(name, _xml(str(getattr(transcript, name))))
    document.remove_tier("default")
    document.add_tier("sentence")
    if transcript.words:
        document.add_annotation("sentence", 0, _tiers.length(transcript), _xml(_facts.sentence(transcript)))
    for number, layer in enumerate(_tiers.layers(transcript.segments)):
        for tier in ("segments", "phrases"):
            document.add_tier(_tiers.tier_name(tier, number))
            for segment in layer:
                value = _facts.caption(segment) if tier == "phrases" else _facts.label(segment)
                document.add_annotation(_tiers.tier_name(tier, number), *_tiers.span(segment), _xml(value))
    if any(_facts.phrase(segment.facts) for segment in transcript.segments):
        _add_facts(document, transcript)
    document.add_tier("words")
    for moment, end, words in _tiers.moments(transcript):
        document.add_annotation("words", moment, end, _xml(words))
    _order_slots(document)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + pympi.Elan.to_string(document) + "\n"


def _add_facts(document: Any, transcript: Transcript) -> None:
    """Tiers `facts`: what was measured in each segment."""
    for number, layer in enumerate(_tiers.layers(transcript.segments)):
        document.add_tier(_tiers.tier_name("facts", number))
        for segment in layer:
            document.add_annotation(
                _tiers.tier_name("facts", number), *_tiers.span(segment), _xml(_facts.phrase(segment.facts))
            )


def _order_slots(document: Any) -> None:
    """Number the time slots in order of time, as ELAN does; the library numbers them in order of creation."""
    ordered = sorted(document.timeslots.items(), key=lambda slot: slot[1])
    renamed = {old: f"ts{number}" for number, (old, _) in enumerate(ordered, start=1)}
    document.timeslots = {renamed[old]: time for old, time in ordered}
    for aligned, *_ in document.tiers.values():
        for name, (start, end, *rest) in aligned.items():
            aligned[name] = (renamed[start], renamed[end], *rest)


def _xml(value: str) -> str:
    """The text with characters that XML forbids replaced."""
    return _NOT_XML.sub("\ufffd", value)
