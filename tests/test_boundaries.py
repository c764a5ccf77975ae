"""boundaries: a change of movement between two anchors is found, stillness is trimmed, nothing else moves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from bodies import standing
from hypothesis import given
from hypothesis import strategies as st

from motion2language.captioning.boundaries import (
    BOUND,
    SHOWN,
    SMOOTHING,
    SPREAD,
    UNSEEN,
    Seen,
    _pause,
    certainty,
    change_points,
    refine,
)
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Segment, TimedWord, Transcript

FPS = 10


def moving(*parts: tuple[str, int]) -> Motion:
    """A body that does one thing after another, each (joint or "still", frames): the joint swings to and fro."""
    poses = []
    for joint, frames in parts:
        part = np.repeat(standing()[None], frames, axis=0)
        if joint != "still":
            part[:, CANONICAL.index(joint), 1] += 0.5 * (np.arange(frames) % 2)
        poses.append(part)
    return Motion(np.concatenate(poses), FPS, CANONICAL, "made up")


def told(duration: float, *labels: str | None) -> Transcript:
    """A transcript whose segments all last the whole recording, as a model's may."""
    word = TimedWord("walks", duration / 2, 0.0, duration, 0.5)
    return Transcript(tuple(Segment(0.0, duration, label, (word,)) for label in labels), duration, "x", "m")


def bounds(transcript: Transcript) -> list[tuple[float, float]]:
    return [(round(part.start, 6), round(part.end, 6)) for part in transcript.segments]


# change_points


@pytest.mark.parametrize("cut", [6, 10, 17, 24])
def test_a_step_between_two_anchors_is_found(cut: int) -> None:
    values = np.zeros((30, 2))
    values[cut:] = 1
    assert change_points(values, np.array([5.0, 25.0])) == [cut]


def test_a_change_beyond_the_anchors_is_out_of_reach() -> None:
    values = np.zeros((30, 1))
    values[26:] = 1
    assert change_points(values, np.array([5.0, 19.5])) == [20]
    assert change_points(values[::-1], np.array([5.5, 20.0])) == [6]


def test_several_steps_are_found_together() -> None:
    values = np.repeat([0.0, 3, 1, 5], [8, 9, 6, 7])[:, None]
    assert change_points(values, np.array([4.0, 12, 20, 28])) == [8, 17, 23]


@pytest.mark.parametrize("anchors", [[], [3.0]])
def test_fewer_than_two_anchors_have_no_boundary(anchors: list[float]) -> None:
    assert change_points(np.zeros((5, 1)), np.array(anchors)) == []


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(6, 12))
def test_boundaries_are_the_best_of_all_between_their_anchors(seed: int, count: int, frames: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=(frames, 2))
    anchors = np.sort(random.choice(frames, count, replace=False)).astype(float)

    def cost(cuts: tuple[int, ...]) -> float:
        return sum(float(np.square(part - part.mean(axis=0)).sum()) for part in np.split(values, cuts))

    options = itertools.product(*(range(int(left) + 1, int(right) + 1) for left, right in itertools.pairwise(anchors)))
    best = min(cost(cuts) for cuts in options if all(a < b for a, b in itertools.pairwise(cuts)))
    found = change_points(values, anchors)
    assert cost(tuple(found)) == pytest.approx(best)


@given(st.data(), st.integers(1, 12))
def test_boundaries_rise_whatever_the_anchors(data: st.DataObject, frames: int) -> None:
    # Several action words may look at the same frame, or all at the last one.
    where = st.one_of(st.floats(0, frames - 1), st.sampled_from([0.0, frames / 2, frames - 1.0]))
    anchors = np.sort(data.draw(st.lists(where, min_size=1, max_size=frames)))
    values = np.random.default_rng(frames).normal(size=(frames, 2))
    cuts = [0, *change_points(values, anchors), frames]
    assert len(cuts) == len(anchors) + 1
    assert all(before < after for before, after in itertools.pairwise(cuts))


# refine


@pytest.mark.parametrize("cut", [15, 20, 26])
def test_a_change_of_movement_is_found_within_two_frames(cut: int) -> None:
    motion = moving(("left_wrist", cut), ("right_ankle", 40 - cut))
    refined = refine(told(4.0, "wave", "kick"), [1.0, 3.2], motion)
    (start, end), (then, last) = bounds(refined)
    assert (start, last) == (0.0, 4.0)
    assert end == pytest.approx(cut / FPS, abs=0.2)
    assert then == pytest.approx(end, abs=0.2)


def test_three_actions_told_in_another_order_get_their_own_times() -> None:
    motion = moving(("left_wrist", 14), ("right_ankle", 13), ("head", 13))
    refined = refine(told(4.0, "nod", "wave", "kick"), [3.5, 0.5, 2.0], motion)
    expected = [(2.7, 4.0), (0.0, 1.4), (1.4, 2.7)]
    assert [part.label for part in refined.segments] == ["nod", "wave", "kick"]
    np.testing.assert_allclose(bounds(refined), expected, atol=0.2)


@pytest.mark.parametrize("size", [0.2, 1.0, 5.0])
def test_stillness_is_trimmed_at_both_ends_of_a_body_of_any_size_and_leaves_a_gap(size: float) -> None:
    motion = moving(("still", 8), ("left_wrist", 12), ("still", 10), ("right_ankle", 12), ("still", 8))
    trembling = np.random.default_rng(0).normal(0, 0.0004, motion.positions.shape)  # still, below 2 cm/s
    motion = Motion((motion.positions + trembling) * size, FPS, CANONICAL)
    refined = refine(told(5.0, "wave", "kick"), [1.4, 3.5], motion)
    np.testing.assert_allclose(bounds(refined), [(0.8, 2.0), (3.0, 4.2)], atol=0.11)


def test_stillness_inside_an_action_stays() -> None:
    motion = moving(("left_wrist", 10), ("still", 6), ("left_wrist", 10))
    assert bounds(refine(told(2.6, "wave"), [0.5], motion)) == [(0.0, 2.6)]


def test_a_body_that_never_moves_keeps_the_whole_recording() -> None:
    assert bounds(refine(told(2.0, "stand"), [1.0], moving(("still", 20)))) == [(0.0, 2.0)]


def test_words_labels_and_names_stay_what_they_were() -> None:
    transcript = told(4.0, "wave", "kick")
    refined = refine(transcript, [1.0, 3.2], moving(("left_wrist", 20), ("right_ankle", 20)))
    assert refined.words == transcript.words
    assert (refined.duration, refined.source, refined.model) == (4.0, "x", "m")
    assert refined != transcript


def test_without_a_described_action_nothing_changes() -> None:
    motion = moving(("still", 10), ("head", 10))
    for transcript in (told(2.0), told(2.0, None)):
        assert refine(transcript, [0.5] * len(transcript.segments), motion) is transcript


def test_fewer_frames_than_segments_change_nothing() -> None:
    transcript = told(0.2, "wave", "kick", "nod")
    assert refine(transcript, [0.1, 0.1, 0.1], moving(("head", 2))) is transcript


def test_each_segment_has_its_anchor() -> None:
    with pytest.raises(ValueError, match="1 anchors for 2 segments; give one each"):
        refine(told(2.0, "wave", "kick"), [1.0], moving(("head", 20)))


def test_only_the_canonical_body_has_features() -> None:
    motion = Motion(np.zeros((20, 1, 3)), FPS, type(CANONICAL)("point", ("root",), (-1,)), "dot")
    with pytest.raises(ValueError, match="dot: features 'canonical' need the canonical body"):
        refine(told(2.0, "wave"), [1.0], motion)


@given(
    st.lists(st.floats(0, 0.99), min_size=1, max_size=5),
    st.integers(1, 3 * SMOOTHING),
    st.sampled_from(["still", "left_wrist", "pelvis"]),
    st.floats(-0.05, 0.05),
)
def test_refined_segments_are_sound_and_do_not_overlap(
    shares: list[float], frames: int, joint: str, off: float
) -> None:
    # The recording's own duration may differ from that of the resampled motion by half a frame.
    motion = moving((joint, frames))
    duration = frames / FPS + off
    anchors = [share * (frames - 1) / FPS for share in shares]
    transcript = Transcript(tuple(Segment(0.0, duration, "wave") for _ in shares), duration)
    refined = refine(transcript, anchors, motion)
    assert len(refined.segments) == len(shares)
    if frames >= len(shares):
        times = sorted(bounds(refined))
        assert all(end <= start + 0.05 + 1e-6 for (_, end), (start, _) in itertools.pairwise(times))


def walk_pause_wave(pause: int) -> Motion:
    """Ten frames a second: 2 s of swinging arms, `pause` still frames, 2 s of faster swinging."""
    still = standing()[None]
    frames = np.repeat(still, 40 + pause, axis=0)
    wrist = CANONICAL.index("left_wrist")
    time = np.arange(20)
    frames[:20] += 0.3 * np.sin(0.9 * time)[:, None, None] * np.array([0, 0, 1])
    frames[20 + pause :, wrist] += 0.5 * np.sin(2.0 * time)[:, None] * np.array([0, 1, 0])
    return Motion(frames, 10.0, CANONICAL)


@pytest.mark.parametrize("pause", [4, 10, 20])
def test_a_pause_between_two_actions_belongs_to_neither(pause):
    motion = walk_pause_wave(pause)
    anchors = [1.0, 3.0 + pause / 10]
    words = [TimedWord(word, time, time, time, 1.0) for word, time in zip(("walks", "waves"), anchors, strict=True)]
    segments = tuple(Segment(0.0, motion.duration, word.word, (word,)) for word in words)
    first, second = refine(Transcript(segments, motion.duration), anchors, motion).segments
    assert first.end == pytest.approx(2.0, abs=0.15)
    assert second.start == pytest.approx(2.0 + pause / 10, abs=0.15)


@pytest.mark.parametrize(("cut", "found"), [(8, (10, 20)), (22, (10, 20)), (14, (14, 14)), (5, (5, 5)), (30, (30, 30))])
def test_a_boundary_near_the_edge_of_a_pause_takes_the_pause_for_it(cut, found):
    speed = np.ones(40)
    speed[10:20] = 0.0
    speed[29] = 0.0  # one still frame is no pause
    assert _pause(speed, cut, near=3) == found


# certainty


def test_certainty_is_the_share_of_all_boundaries_near_the_chosen_by_enumeration() -> None:
    random = np.random.default_rng(3)
    values, anchors = random.normal(0, 6, (12, 2)), np.array([1.0, 5.0, 10.0])
    cuts = change_points(values, anchors)
    weights = {}
    for first in range(2, 6):
        for second in range(max(first + 1, 6), 11):
            parts = np.split(values, [first, second])
            weights[first, second] = np.exp(-sum(((part - part.mean(0)) ** 2).sum() for part in parts) / SPREAD)
    total = sum(weights.values())
    for index, found in enumerate(certainty(values, anchors, cuts, near=1)):
        near = sum(weight for places, weight in weights.items() if abs(places[index] - cuts[index]) <= 1)
        assert found == pytest.approx(near / total, abs=1e-6)


def test_a_sharp_change_is_more_certain_than_none() -> None:
    sharp = np.repeat([[0.0], [30.0]], 20, axis=0)
    anchors = np.array([2.0, 37.0])
    assert certainty(sharp, anchors, [20], 2)[0] > 0.99
    assert certainty(np.zeros((40, 1)), anchors, [20], 2)[0] == pytest.approx(5 / 35)
    assert certainty(sharp, np.array([3.0]), [], 2) == []


def test_changes_of_other_features_bound_segments_instead() -> None:
    motion = moving(("left_wrist", 20), ("right_ankle", 20))
    step = np.repeat([[0.0], [9.0]], [27, 13], axis=0)
    said, anchors = told(4.0, "wave", "kick"), [1.0, 3.0]
    assert bounds(refine(said, anchors, motion))[0][1] == pytest.approx(2.0, abs=0.2)
    assert bounds(refine(said, anchors, motion, step)) == [(0.0, 2.7), (2.7, 4.0)]


# what a segmenter saw


def seen_at_random(frames: int, *labels: str) -> Seen:
    random = np.random.default_rng(frames)
    return Seen(random.normal(0, 3, frames), {label: random.uniform(size=frames) for label in labels})


def test_costs_of_what_was_seen_sum_to_log_odds_and_log_chances() -> None:
    seen = seen_at_random(12, "wave", "kick")
    costs = seen.costs(["wave", "a new one", "kick", None])
    cuts = [0, 3, 5, 10, 12]
    total = sum(row[last] - row[first] for row, (first, last) in zip(costs, itertools.pairwise(cuts), strict=True))
    shown = np.concatenate([seen.actions["wave"][0:3], seen.actions["kick"][5:10]])
    expected = BOUND * seen.bounds[[3, 5, 10]].sum() + SHOWN * np.log(shown + UNSEEN).sum()
    assert total == pytest.approx(-SPREAD * expected)


def test_boundaries_and_their_certainty_with_what_was_seen_are_those_by_enumeration() -> None:
    random, seen = np.random.default_rng(5), seen_at_random(12, "wave", "kick", "nod")
    values, anchors = random.normal(0, 9, (12, 2)), np.array([1.0, 5.0, 10.0])
    costs = seen.costs(["nod", "wave", "kick"])
    weights = {}
    for first in range(2, 6):
        for second in range(max(first + 1, 6), 11):
            parts = np.split(values, [first, second])
            chances = np.split(np.stack([seen.actions[label] for label in ("nod", "wave", "kick")]), [first, second], 1)
            shown = sum(np.log(part[row] + UNSEEN).sum() for row, part in enumerate(chances))
            moved = sum(((part - part.mean(0)) ** 2).sum() for part in parts)
            weights[first, second] = np.exp(
                -moved / SPREAD + SHOWN * shown + BOUND * seen.bounds[[first, second]].sum()
            )
    cuts = change_points(values, anchors, costs)
    assert tuple(cuts) == max(weights, key=weights.get) != tuple(change_points(values, anchors))
    for index, found in enumerate(certainty(values, anchors, cuts, 1, costs)):
        near = sum(weight for places, weight in weights.items() if abs(places[index] - cuts[index]) <= 1)
        assert found == pytest.approx(near / sum(weights.values()), abs=1e-6)


def test_segments_end_where_frames_show_the_next_action_of_the_sentence() -> None:
    motion = moving(("left_wrist", 40))
    waving = np.where(np.arange(40) < 13, 0.9, 0.05)
    seen = Seen(np.full(40, -5.0), {"wave": waving, "kick": 1 - waving})
    for labels, cut in ((("wave", "kick"), 1.3), (("a new one", "kick"), 1.3), (("wave", "wave"), None)):
        first, second = refine(told(4.0, *labels), [0.5, 3.0], motion, seen=seen).segments
        assert first.end == second.start
        assert cut is None or first.end == pytest.approx(cut, abs=0.11)
    begins = Seen(np.where(np.arange(40) == 20, 3.0, -5.0), {})
    assert bounds(refine(told(4.0, "wave", "kick"), [0.5, 3.0], motion, seen=begins)) == [(0.0, 2.0), (2.0, 4.0)]


def test_a_boundary_that_the_segmenter_saw_is_more_probable() -> None:
    motion = moving(("left_wrist", 20), ("right_ankle", 20))
    words = (TimedWord("walks", 2.0, 0.0, 4.0, 0.5),)
    said = Transcript(tuple(Segment(0.0, 4.0, label, words, 1.0) for label in ("wave", "kick")), 4.0)
    sharp, flat = (Seen(np.where(np.arange(40) == 20, odds, -5.0), {}) for odds in (9.0, -5.0))
    saw, did_not = (refine(said, [0.5, 3.5], motion, np.zeros((40, 1)), seen).segments[0] for seen in (sharp, flat))
    assert saw.end_probability > did_not.end_probability
    assert saw.start_probability == did_not.start_probability
