"""scoring/segments: segment scores by hand and against a slow oracle, both protocols, counts, the curve, floors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motion2language.scoring.baselines import BASELINES, baseline_transcript
from motion2language.scoring.segments import (
    THRESHOLDS,
    interval_iop,
    interval_iou,
    match,
    segment_scores,
    threshold_curve,
)
from motion2language.transcript import Segment, Transcript

LABELS = st.lists(st.sampled_from(["walk", "turn", "kick", None]), max_size=4)


def clip(*parts: tuple[float, float, str | None], duration: float = 4.0) -> Transcript:
    return Transcript(tuple(Segment(*part) for part in parts), duration)


def score(
    references: Sequence[Transcript],
    predictions: Sequence[Transcript],
    anchors: Sequence[Sequence[float]] | None = None,
) -> dict[str, float]:
    """Segment scores; anchors are the middles unless given."""
    middles = [[(part.start + part.end) / 2 for part in clip.segments] for clip in predictions]
    return segment_scores([clip.segments for clip in references], predictions, anchors or middles)


# Intervals


@pytest.mark.parametrize(
    ("predicted", "iou", "iop"),
    [
        ((1.0, 3.0), 1.0, 1.0),
        ((2.0, 4.0), 1 / 3, 1 / 2),  # 1 s shared, 3 s in all
        ((0.0, 4.0), 1 / 2, 1 / 2),  # holds the reference
        ((1.5, 2.0), 1 / 4, 1.0),  # lies inside it
        ((3.0, 4.0), 0.0, 0.0),  # touches: half-open, nothing shared
        ((3.5, 4.0), 0.0, 0.0),
    ],
)
def test_overlap_of_two_intervals_by_hand(predicted: tuple[float, float], iou: float, iop: float) -> None:
    reference, found = Segment(1.0, 3.0, "walk"), Segment(*predicted, "walk")
    assert interval_iou(found, reference) == interval_iou(reference, found) == pytest.approx(iou)
    assert interval_iop(found, reference) == pytest.approx(iop)
    scores = score([clip((1, 3, "walk"))], [clip((*predicted, "walk"))])
    assert scores["iou/strict/all"] == pytest.approx(iou)
    assert scores["iop/strict/all"] == pytest.approx(iop)
    assert scores["iou_at_0.5/strict/all"] == (iou >= 0.5)


@pytest.mark.parametrize(("anchor", "inside"), [(1.0, 1), (2.9, 1), (3.0, 0), (0.9, 0)])
def test_element_of_looks_at_the_verbs_moment_in_the_half_open_reference(anchor: float, inside: int) -> None:
    scores = score([clip((1, 3, "walk"))], [clip((0, 4, "walk"))], [[anchor]])
    assert scores["element_of/strict/all"] == scores["element_of/paper/all"] == inside


# Matching


@pytest.mark.parametrize(
    ("references", "predictions", "expected"),
    [
        (["walk", "turn"], ["walk", "turn"], [0, 1]),
        (["walk", "turn"], ["kick", "walk", "turn"], [1, 2]),
        (["walk", "walk"], ["walk"], [0, None]),
        (["walk"], ["walk", "walk"], [0]),
        (["walk", "turn", "walk"], ["turn", "walk"], [None, 0, 1]),  # order kept, as many as possible
        (["walk", "turn"], ["turn", "walk"], [1, None]),
        (["walk"], [], [None]),
        ([], ["walk"], []),
        ([None], [None], [None]),  # no verb is no match
    ],
)
def test_verbs_are_matched_in_order(
    references: list[str | None], predictions: list[str | None], expected: list[int | None]
) -> None:
    assert match(references, predictions) == expected


@given(LABELS, LABELS)
def test_matching_is_the_first_of_the_largest(references: list[str | None], predictions: list[str | None]) -> None:
    none = len(predictions)  # sorts after every index

    def allowed(pairing: tuple[int, ...]) -> bool:
        taken = [index for index in pairing if index != none]
        same = all(
            references[row] == predictions[index] is not None for row, index in enumerate(pairing) if index != none
        )
        return same and taken == sorted(set(taken))

    options = [pairing for pairing in itertools.product(range(none + 1), repeat=len(references)) if allowed(pairing)]
    best = min(options, key=lambda pairing: (pairing.count(none), pairing))
    assert match(references, predictions) == [None if index == none else index for index in best]


# Segment scores


def test_a_perfect_transcript_scores_one_everywhere() -> None:
    clips = [clip((0, 1, "walk"), (1.5, 3, "turn")), clip((0, 2, "kick"))]
    scores = score(clips, clips)
    counts = {name: value for name, value in scores.items() if name.startswith(("clips", "left_out"))}
    assert counts == {
        "clips/all": 2, "clips/one": 1, "clips/several": 1,
        "left_out/paper/all": 0, "left_out/paper/one": 0, "left_out/paper/several": 0,
    }  # fmt: skip
    assert {value for name, value in scores.items() if name not in counts} == {1.0}
    # 4 measures in 2 protocols, 6 boundary scores, edit, tIoU, 3 F1, exact verbs, 2 counts; three groups
    assert len(scores) == 3 * (4 * 2 + 6 + 2 + 3 + 1 + 2)


def test_a_missing_verb_scores_zero_when_strict_and_leaves_its_clip_out_in_the_papers_protocol() -> None:
    references = [clip((0, 1, "walk"), (1, 2, "turn")), clip((0, 1, "walk"), (1, 3, "turn"))]
    predictions = [clip((0, 1, "walk"), (1, 2, "kick")), clip((0, 1, "walk"), (1, 2, "turn"))]
    scores = score(references, predictions)
    assert scores["iou/strict/all"] == pytest.approx(((1 + 0) / 2 + (1 + 0.5) / 2) / 2)
    assert scores["iou/paper/all"] == pytest.approx((1 + 0.5) / 2)
    assert scores["iop/strict/all"] == pytest.approx((0.5 + 1) / 2)
    assert scores["element_of/strict/all"] == pytest.approx((0.5 + 1) / 2)
    assert scores["iou_at_0.5/strict/all"] == pytest.approx(3 / 4)
    assert scores["iou_at_0.5/paper/all"] == 1.0
    assert scores["left_out/paper/all"] == 1
    assert scores["clips/all"] == 2
    assert scores["verbs_exact/all"] == 0.5


def test_the_mean_is_over_a_clips_segments_then_over_clips() -> None:
    references = [clip((0, 1, "walk")), clip((0, 1, "walk"), (1, 2, "turn"), (2, 3, "kick"))]
    scores = score(references, [clip((0, 1, "walk")), clip()])
    assert scores["iou/strict/all"] == 0.5  # over segments it would be a quarter
    assert (scores["iou/strict/one"], scores["iou/strict/several"]) == (1.0, 0.0)
    assert (scores["clips/one"], scores["clips/several"]) == (1, 1)


def test_an_added_verb_is_not_exact_but_nothing_is_left_out() -> None:
    scores = score([clip((0, 1, "walk"))], [clip((0, 1, "walk"), (1, 2, "turn"))])
    assert (scores["verbs_exact/all"], scores["left_out/paper/all"], scores["iou/strict/all"]) == (0, 0, 1)


def test_a_group_without_clips_is_not_in_the_table() -> None:
    scores = score([clip((0, 1, "walk"))], [clip((0, 1, "walk"))])
    assert not [name for name in scores if name.endswith("/several")]


def test_nothing_predicted_scores_zero_and_leaves_every_clip_out() -> None:
    scores = score([clip((0, 1, "walk"))], [clip()])
    assert scores["left_out/paper/all"] == scores["clips/all"] == 1
    assert {value for name, value in scores.items() if not name.startswith(("clips", "left_out"))} == {0.0}


@pytest.mark.parametrize(
    ("predicted", "fine", "coarse"),
    [
        ([(1.0, 2.0)], 1.0, 1.0),
        ([(1.2, 1.8)], 1.0, 1.0),  # exactly the tolerance away
        ([(1.3, 2.0)], 0.5, 1.0),
        ([(1.6, 2.6)], 0.0, 0.5),  # 1.6 is near 2.0, and 2.6 near nothing
        ([(1.0, 2.0), (2.0, 3.0)], 0.8, 0.8),  # 2 of 2 found with 3: a shared boundary counts once
        ([(1.0, 1.1)], 0.5, 0.5),  # one to one: both are near 1.0 alone
        ([], 0.0, 0.0),
    ],
)
def test_boundaries_by_hand(predicted: list[tuple[float, float]], fine: float, coarse: float) -> None:
    scores = score([clip((1, 2, "walk"))], [clip(*((*part, "walk") for part in predicted))])
    assert scores["boundary_f1@0.2/strict/all"] == pytest.approx(fine)
    assert scores["boundary_f1@0.5/strict/all"] == pytest.approx(coarse)


def test_a_boundary_is_found_once() -> None:
    # 1.15 lies within 0.2 s of both ends of the reference.
    scores = score([clip((1.0, 1.3, "walk"))], [clip((1.15, 3, "walk"))])
    assert scores["boundary_f1@0.2/strict/all"] == 0.5


@pytest.mark.parametrize(
    ("references", "transcripts", "anchors", "message"),
    [
        ([], [], [], "0 reference clips, 0 transcripts, 0 lists of anchors; give one each, at least one"),
        ([clip((0, 1, "walk")).segments], [], [[]], "1 reference clips, 0 transcripts"),
        ([clip((0, 1, "walk")).segments], [clip()], [], "0 lists of anchors"),
        ([()], [clip()], [[]], "a clip without reference segments cannot be scored"),
        ([clip((0, 1, "walk")).segments], [clip((0, 1, "walk"))], [[]], "0 anchors for 1 segments; give one each"),
    ],
)
def test_segment_scores_need_everything_for_each_clip(
    references: list[tuple[Segment, ...]], transcripts: list[Transcript], anchors: list[list[float]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        segment_scores(references, transcripts, anchors)


# Threshold curve


def test_the_curve_is_the_share_at_or_above_each_threshold() -> None:
    assert THRESHOLDS[0] == 0
    assert THRESHOLDS[-1] == 1
    np.testing.assert_allclose(np.diff(THRESHOLDS), 0.05, atol=1e-9)
    curve = dict(zip(THRESHOLDS, threshold_curve([0.0, 0.3, 0.5, 1.0]), strict=True))
    assert (curve[0.0], curve[0.05], curve[0.3], curve[0.35], curve[0.5], curve[0.55], curve[1.0]) == (
        1.0, 0.75, 0.75, 0.5, 0.5, 0.25, 0.25,
    )  # fmt: skip
    assert threshold_curve([0.7 - 0.4])[6] == threshold_curve([1 - 0.9])[2] == 1.0  # a rounding error below


def test_the_curve_of_no_scores_is_zero() -> None:
    assert threshold_curve([]) == [0.0] * len(THRESHOLDS)


# Floors


@pytest.mark.parametrize(
    ("name", "expected", "anchors"),
    [
        ("whole clip", [(0, 4), (0, 4)], [2, 2]),
        ("n equal cuts", [(0, 2), (2, 4)], [1, 3]),
        ("n equal cuts of 15-85 %", [(0.6, 2.0), (2.0, 3.4)], [1.3, 2.7]),
    ],
)
def test_floors_by_hand(name: str, expected: list[tuple[float, float]], anchors: list[float]) -> None:
    references = clip((0.5, 1, "walk"), (1.5, 3.5, "turn")).segments
    transcript, times = baseline_transcript(name, references, 4.0)
    np.testing.assert_allclose([(part.start, part.end) for part in transcript.segments], expected)
    assert [part.label for part in transcript.segments] == ["walk", "turn"]
    assert times == pytest.approx(anchors)
    assert (transcript.model, transcript.duration) == (name, 4.0)


def test_every_floor_knows_the_verbs_and_none_looks_at_their_times() -> None:
    assert len(BASELINES) == 3
    early, late = clip((0, 0.1, "walk"), (0.1, 0.2, "turn")), clip((3, 3.5, "walk"), (3.5, 4, "turn"))
    for name in BASELINES:
        transcript, anchors = baseline_transcript(name, early.segments, 4.0)
        assert baseline_transcript(name, late.segments, 4.0) == (transcript, anchors)
        assert score([early], [transcript], [anchors])["verbs_exact/all"] == 1
        assert baseline_transcript(name, (), 4.0)[0].segments == ()


@given(st.integers(1, 60), st.floats(0.05, 1000))
def test_floors_stay_inside_the_clip(count: int, duration: float) -> None:
    references = [Segment(0, 1, "walk")] * count
    for name in BASELINES:
        transcript, _ = baseline_transcript(name, references, duration)
        assert len(transcript.segments) == count
