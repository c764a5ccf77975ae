"""Repetitions of an action in a row joined into one segment with a count."""

from __future__ import annotations

import pytest

from motion2language.captioning.joining import join_repetitions
from motion2language.transcript import Segment, TimedWord, Transcript


def _part(start: float, end: float, label: str | None, text: str, probability: float | None = None) -> Segment:
    words = tuple(TimedWord(word, start, start, start) for word in text.split())
    return Segment(start, end, label, words, probability, 0.5, end / 20)


def test_repetitions_become_one_segment_with_a_count() -> None:
    kicks = [_part(0.0, 1.0, "kick", "a person kicks", 0.9), _part(1.5, 2.0, "kick", "then kicks again", 0.4)]
    kicks.append(_part(2.0, 3.0, "kick", "then kicks again", 0.7))
    said = Transcript((*kicks, _part(3.0, 4.0, "walk", "then walks"), _part(7.0, 8.0, "walk", "then walks again")), 9.0)
    joined = join_repetitions(said)
    assert joined.text == "a person kicks three times then walks then walks again"  # three seconds part the two walks
    kick = joined.segments[0]
    assert (kick.start, kick.end, kick.probability) == (0.0, 3.0, 0.4)
    assert (kick.start_probability, kick.end_probability) == (0.5, pytest.approx(0.15))
    assert kick.facts is not None and kick.facts.repetitions == 3
    assert kick.facts.repetition_times == (0.5, 1.75, 2.5)
    assert joined.segments[1:] == said.segments[3:]
    assert join_repetitions(joined) == joined
    assert Transcript.from_dict(joined.to_dict()).segments[0].facts == kick.facts


def test_what_has_no_label_is_never_joined_and_many_are_counted_in_digits() -> None:
    unnamed = Transcript((_part(0.0, 1.0, None, "something"), _part(1.0, 2.0, None, "something")), 2.0)
    assert join_repetitions(unnamed) == unnamed
    assert join_repetitions(Transcript((), 2.0)).segments == ()
    many = Transcript(tuple(_part(n, n + 1, "kick", "kicks") for n in range(14)), 14.0)
    assert join_repetitions(many).text == "kicks 14 times"
