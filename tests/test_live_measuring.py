"""Facts in a stream: segments measured when they close, and repetitions counted as they end, never taken back."""

import json

import numpy as np
import pytest
from small import recording
from test_live import model

from motion2language.captioning.facts.repetitions import Repetitions
from motion2language.data.synthesis.exercises import make_exercise
from motion2language.live import measuring, stream
from motion2language.live.captioner import LiveCaptioner
from motion2language.live.events import Count, Sentence, Word
from motion2language.live.measuring import KEPT, Measurer
from motion2language.motion import CANONICAL
from motion2language.transcript import Facts, Segment, TimedWord


def counted(positions: np.ndarray, fps: float = 30.0, start: float = 0.0) -> list[tuple[int, float, float]]:
    """Each count with the middle of its repetition and when it was said."""
    measurer = Measurer()
    return [
        (count, middle, start + number / fps)
        for number, pose in enumerate(positions)
        for count, middle in measurer.feed(start + number / fps, pose)
    ]


@pytest.mark.parametrize(("kind", "seconds"), [("squat", 1.5), ("jumping jack", 1.0)])
def test_repetitions_are_counted_one_after_another_while_they_happen(kind, seconds):
    exercise = make_exercise(3, kind, 6, seconds=seconds, noise=0.005)
    found = counted(exercise.motion.positions)
    assert [count for count, _, _ in found] == [1, 2, 3, 4, 5, 6]
    middles = np.array([middle for _, middle, _ in found])
    assert np.abs(middles - exercise.times).max() < 0.5 * seconds
    delays = np.array([said - middle for _, middle, said in found])
    assert (delays > 0).all()
    assert np.median(delays[3:]) < seconds + 1.0  # the first ones wait until the movement is seen to repeat


def test_what_arrives_later_changes_no_count_and_the_clock_may_start_anywhere():
    positions = make_exercise(3, "squat", 7, noise=0.005).motion.positions
    whole = counted(positions)
    part = len(positions) * 3 // 4
    begun = counted(positions[:part])
    assert begun == whole[: len(begun)]
    assert 0 < len(begun) < len(whole)
    late = counted(positions, start=1000.0)
    np.testing.assert_allclose(late, np.array(whole) + np.array([0, 1000, 1000]), atol=1e-3)


def test_another_exercise_begins_at_one_again():
    first = make_exercise(3, "squat", 5, seconds=1.5, noise=0.005).motion.positions
    second = make_exercise(3, "jumping jack", 5, noise=0.005).motion.positions
    counts = [count for count, _, _ in counted(np.concatenate([first, second]))]
    assert counts == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]


def test_a_count_goes_on_where_the_same_movement_is_found_in_other_phases(monkeypatch):
    def found(body):
        now = body.start + body.duration
        return Repetitions(tuple(np.arange(1.0 if now < 12 else 2.0, now, 2.0)), 2.0, 0.9)  # half a period later

    monkeypatch.setattr(measuring, "find_repetitions", found)
    squats = make_exercise(3, "squat", 10, seconds=2.0).motion.positions[::3]
    counts = [count for count, _, _ in counted(squats, fps=10.0)]
    assert counts == list(range(1, len(counts) + 1))
    assert len(counts) >= 8


def test_a_body_that_rests_or_walks_away_counts_nothing_and_memory_is_bounded():
    rest = make_exercise(3, "squat", 1).motion.positions[:1]
    measurer = Measurer()
    random = np.random.default_rng(0)
    for number in range(400):
        jitter = random.normal(0, 0.002, (21, 3))
        assert list(measurer.feed(number / 10, rest[0] + jitter)) == []
    assert len(measurer._poses) == KEPT * 20
    squats = make_exercise(3, "squat", 5, noise=0.005).motion.positions
    way = np.arange(len(squats))[:, None, None] / 30 * np.array([0.0, 0.0, 1.0])
    assert counted(squats + way) == []


def test_segments_get_facts_of_what_is_kept_and_absent_joints_give_none():
    exercise = make_exercise(3, "wave right", 6, noise=0.0)
    for absent, steps in (
        (frozenset(), 0),
        (frozenset({"left_ankle", "right_ankle", "left_knee", "right_knee"}), None),
    ):
        measurer, seen = Measurer(), np.array([joint not in absent for joint in CANONICAL.joints])
        assert measurer.measure(segments := (Segment(0.0, 1.0, "wave", (TimedWord("waves", 0.5, 0, 1),)),)) == segments
        for number, pose in enumerate(exercise.motion.positions):
            list(measurer.feed(100 + number / 30, pose, seen))
        inside, before = measurer.measure((Segment(100.5, 106.0, "wave"), Segment(50.0, 60.0, "wave")))
        assert before.facts is None
        assert inside.facts is not None
        assert inside.facts.arms == "right"
        assert inside.facts.steps == steps


def listen(facts: bool) -> list:
    motion = recording(3)
    live = LiveCaptioner(model(2), motion.skeleton, unit="m", up="y", facts=facts)
    events = [event for k, frame in enumerate(motion.positions) for event in live.feed(frame, k / motion.fps)]
    return [*events, *live.finish()]


def test_the_captioner_measures_closed_segments_where_asked_and_says_the_same_words():
    plain, measured = listen(False), listen(True)
    assert [event for event in measured if isinstance(event, Word)] == [e for e in plain if isinstance(e, Word)]
    segments = [segment for event in measured if isinstance(event, Sentence) for segment in event.segments]
    assert segments
    assert all(isinstance(segment.facts, Facts) for segment in segments)
    assert not any(s.facts for event in plain if isinstance(event, Sentence) for s in event.segments)


def test_the_captioner_counts_an_exercise_on_its_own_skeleton():
    motion = make_exercise(3, "squat", 4, noise=0.005).motion
    live = LiveCaptioner(model(2), motion.skeleton, facts=True)
    events = [event for k, frame in enumerate(motion.positions) for event in live.feed(100 * frame, k / motion.fps)]
    assert [event.count for event in events if isinstance(event, Count)] == [1, 2, 3, 4]
    assert all(event.said > event.time for event in events if isinstance(event, Count))


def test_counts_and_facts_are_printed():
    assert stream.as_text(Count(3, 4.25, 5.5)) == "· 3 "
    assert json.loads(stream.as_json(Count(3, 4.25, 5.5))) == {"kind": "count", "count": 3, "time": 4.25, "said": 5.5}
    walk = Segment(0.6, 5.8, "walk", (TimedWord("walks", 0.8, 0.3, 1.3),), facts=Facts(travel=3.1, direction="right"))
    assert stream.as_text(Sentence((walk,), 0.0, 6.0)) == "\n[00:00.6 → 00:05.8] walks  · 3.1 m to the right\n"
    assert json.loads(stream.as_json(Sentence((walk,), 0.0, 6.0)))["segments"][0]["facts"]["travel"] == 3.1
