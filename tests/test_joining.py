"""Repetitions of an action in a row joined into one segment with a count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from motion2language.captioning.joining import join_labels, join_repetitions
from motion2language.transcript import Facts, Segment, TimedWord, Transcript
from motion2language.writers.txt import with_facts


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


def test_what_is_done_in_a_pause_of_a_series_stands_behind_it() -> None:
    put = "puts something on the floor"
    parts = [_part(0.0, 2.0, "put down", f"a person {put}"), _part(3.0, 5.0, "put down", f"then {put} again")]
    parts += [_part(5.0, 5.7, "raise", "then raises the right hand"), _part(6.2, 8.0, "put down", f"then {put}")]
    joined = join_repetitions(Transcript(tuple(parts), 9.0))
    assert joined.text == f"a person repeatedly {put} and in between raises the right hand"
    assert [(segment.start, segment.end) for segment in joined.segments] == [(0.0, 8.0), (5.0, 5.7)]
    assert joined.segments[0].facts is not None
    assert joined.segments[0].facts.repetition_times == (1.0, 4.0, 7.1)
    assert join_repetitions(joined) == joined
    there_and_back = Transcript((_part(0.0, 2.0, "walk", "a person walks"), *parts[2:3]), 9.0)
    walk = _part(6.0, 8.0, "walk", "then walks again")
    once = Transcript((*there_and_back.segments, walk), 9.0)
    assert join_repetitions(once) == once  # walking twice is no series


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("someone is kicking", "someone is repeatedly kicking and in between claps"),
        ("and then the man kicks", "and then the man repeatedly kicks and in between claps"),
        ("then kicks", "then repeatedly kicks and in between claps"),
        ("kicks", "repeatedly kicks and in between claps"),
        ("a", "repeatedly a and in between claps"),
    ],
)
def test_repeatedly_stands_before_the_verb(first: str, expected: str) -> None:
    kick, clap = _part(1.0, 2.0, "kick", "then kicks again"), _part(2.0, 2.5, "clap", "then claps")
    series = (_part(0.0, 1.0, "kick", first), kick, clap, _part(3.0, 4.0, "kick", "then kicks"))
    assert join_repetitions(Transcript(series, 4.0)).text == expected


def test_sides_and_unknown_actions_are_not_joined() -> None:
    left, right = _part(0.0, 1.0, "wave", "waves the left hand"), _part(1.0, 2.0, "wave", "then waves the right hand")
    sides = Transcript((left, right), 2.0)
    assert join_repetitions(sides) == sides
    doubtful = Transcript((left, replace(left, start=1.0, end=2.0, known=False)), 2.0)
    assert join_repetitions(doubtful) == doubtful


LEFT, RIGHT = Facts(limb="leg", legs="left", side="left"), Facts(limb="leg", legs="right", side="right")


@pytest.mark.parametrize(
    ("words", "facts", "expected"),
    [
        ("a person kicks with the left foot", (LEFT, RIGHT, RIGHT), "a person kicks three times"),
        ("a person kicks with the left foot", (LEFT, None, LEFT), "a person kicks with the left foot three times"),
        ("a person lifts the left leg", (RIGHT, LEFT, None), "a person lifts a leg three times"),
        ("a person lifts left leg", (RIGHT, RIGHT, RIGHT), "a person lifts a leg three times"),
    ],
)
def test_a_side_that_was_measured_otherwise_is_not_said_of_all(
    words: str, facts: tuple[Facts | None, ...], expected: str
) -> None:
    said = (words, *["then kicks again"] * 2)
    parts = (replace(_part(n, n + 1, "kick", said[n]), facts=found) for n, found in enumerate(facts))
    joined = join_repetitions(Transcript(tuple(parts), 3.0))
    assert joined.text == expected


def test_no_two_of_a_series_say_different_sides() -> None:
    said = ("kicks with the left foot", "then kicks again", "then kicks with the right foot")
    series = Transcript(tuple(_part(n, n + 1, "kick", text) for n, text in enumerate(said)), 3.0)
    assert join_repetitions(series).text == "kicks with the left foot twice then kicks with the right foot"


@pytest.mark.parametrize("words", ["a person is walking", "a person runs slowly"])
def test_walking_that_goes_on_after_a_pause_is_not_counted(words: str) -> None:
    parts = Transcript((_part(0.0, 2.0, "go", words), _part(3.0, 5.0, "go", "then goes again")), 5.0)
    (joined,) = join_repetitions(parts).segments
    assert (joined.text, joined.start, joined.end) == (words, 0.0, 5.0)
    assert joined.facts is not None and joined.facts.repetitions is None


def test_a_count_is_not_printed_twice() -> None:
    kicks = Transcript(tuple(_part(n, n + 1, "kick", "kicks") for n in range(3)), 3.0)
    joined = join_repetitions(kicks)
    assert with_facts(joined) == "[00:00.0 → 00:03.0] kicks three times\n"
    once = replace(joined, segments=(replace(joined.segments[0], words=kicks.segments[0].words),))
    assert with_facts(once) == "[00:00.0 → 00:03.0] kicks  · 3 times\n"


def test_takes_are_scored_by_labels_alone() -> None:
    left, right = _part(0.0, 1.0, "kick", "kicks the left leg"), _part(1.0, 2.0, "kick", "then kicks the right leg")
    rest = (_part(2.0, 2.3, "clap", "then claps"), _part(2.5, 3.0, "kick", "then kicks"))
    joined = join_labels(Transcript((left, replace(right, known=False), *rest), 4.0))
    assert [(each.label, each.start, each.end) for each in joined.segments] == [
        ("kick", 0.0, 2.0), ("clap", 2.0, 2.3), ("kick", 2.5, 3.0),
    ]  # fmt: skip
    assert joined.text == "" and all(each.known for each in joined.segments)
