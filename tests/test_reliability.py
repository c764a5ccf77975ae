"""Reliability: counted by hand, perfect and overconfident predictions."""

import pytest

from motion2language.scoring.reliability import calibration_error, reliability
from motion2language.transcript import Segment, TimedWord, Transcript


def said(*parts: tuple[float, float, str, float]) -> Transcript:
    """Segments (start, end, label, probability of everything), one word each."""
    segments = tuple(
        Segment(start, end, label, (TimedWord(label, start, start, end, sure),), sure, sure, sure)
        for start, end, label, sure in parts
    )
    return Transcript(segments, 10.0)


def test_a_clip_by_hand():
    transcript = said((0, 4, "walk", 0.95), (4, 8, "jump", 0.5))
    truth = [Segment(0.0, 4.6, "walk"), Segment(4.6, 8.0, "bow")]
    found = reliability([["walk bow", "walk jump"]], [truth], [transcript])
    assert found["words"] == [
        {"count": 1, "said": 0.5, "right": 0.5},
        {"count": 1, "said": 0.95, "right": 1.0},
    ]
    assert found["actions"] == [{"count": 1, "said": 0.5, "right": 0.0}, {"count": 1, "said": 0.95, "right": 1.0}]
    assert found["boundaries"] == [{"count": 2, "said": 0.5, "right": 0.0}, {"count": 2, "said": 0.95, "right": 0.5}]
    assert calibration_error(found["actions"]) == pytest.approx((0.5 + 0.05) / 2)


def test_without_probabilities_or_references_nothing_is_counted():
    plain = Transcript((Segment(0.0, 1.0, "walk"),), 1.0)
    assert reliability([["walk"]], [[Segment(0.0, 1.0, "walk")]], [plain]) == {
        "words": [],
        "actions": [],
        "boundaries": [],
    }
    found = reliability([["walk"]], [[]], [said((0, 1, "walk", 1.0))])
    assert (len(found["words"]), found["actions"], found["boundaries"]) == (1, [], [])
    assert calibration_error([]) == 0
