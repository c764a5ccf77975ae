"""Scores of whole takes and of marked instants."""

from __future__ import annotations

import pytest

from motion2language.scoring.takes import COLUMNS, instant_scores, take_reliability, take_scores
from motion2language.transcript import Segment, Transcript

TRUE = [Segment(1.0, 2.0, "kick"), Segment(2.0, 4.0, "punch"), Segment(5.0, 6.0, "juggle")]


def _said(*segments: tuple[float, float, str]) -> Transcript:
    return Transcript(tuple(Segment(*segment) for segment in segments), 10.0)


def test_measures_of_takes() -> None:
    said = _said((1.4, 2.4, "kick"), (2.6, 4.0, "punch"), (4.6, 6.4, "walk"), (7.0, 8.0, "punch"))
    scores = take_scores([TRUE], [said], {"kick", "punch", "walk"})
    assert scores["segments"] == 3 and scores["known"] == 2
    assert scores["named"] == 1.0
    assert scores["both"] == pytest.approx(2 / 3)  # the punch begins 0.6 s late; the juggling has both bounds
    assert scores["both_named"] == 0.5
    assert scores["said"] == pytest.approx(4 / 3)
    assert all(name in scores for name in COLUMNS)


def test_nothing_said_scores_nothing() -> None:
    scores = take_scores([TRUE], [_said()], {"kick"})
    assert scores["named"] == scores["both"] == scores["said"] == scores["f1@50"] == 0.0


def test_takes_need_segments_and_one_transcript_each() -> None:
    with pytest.raises(ValueError, match="give one each"):
        take_scores([TRUE], [], {"kick"})
    with pytest.raises(ValueError, match="with segments"):
        take_scores([[]], [_said()], {"kick"})


def test_marked_instants() -> None:
    instants = [[(1.0, "kick"), (3.0, "kick"), (5.0, "kick")], []]
    said = [_said((0.5, 1.5, "kick"), (2.5, 3.5, "punch"), (4.5, 5.5, "kick")), _said()]
    scores = instant_scores(instants, said)
    assert scores["inside"] == pytest.approx(2 / 3)
    assert (scores["takes"], scores["counted"], scores["exact"]) == (1, 1.0, 0.0)
    assert instant_scores([], []) == {"takes": 0, "instants": 0, "inside": 0.0, "counted": 0.0, "exact": 0.0}


def test_probabilities_are_held_against_what_people_cut() -> None:
    kick = Segment(1.2, 2.3, "kick", (), 0.9, 0.8, 0.3)
    juggle = Segment(5.0, 6.8, "dance", (), 0.5, 0.8, 0.3)  # an action that is not known: its bounds alone count
    elsewhere = Segment(7.0, 8.0, "kick", (), 0.9, 0.8, 0.3)  # over nothing that people labelled
    rows = take_reliability([TRUE], [Transcript((kick, juggle, elsewhere), 10.0)], {"kick"})
    assert [(row["count"], row["right"]) for row in rows["action"]] == [(1, 1.0)]
    assert [(row["count"], row["right"]) for row in rows["start"]] == [(2, 1.0)]
    assert [(row["count"], row["right"]) for row in rows["end"]] == [(2, 0.5)]
    assert take_reliability([TRUE], [_said((1.0, 2.0, "kick"))], {"kick"}) == {"action": [], "start": [], "end": []}
