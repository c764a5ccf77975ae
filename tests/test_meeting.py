"""meeting: where one piece follows another at once, their bound goes where movement changes and actions were seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motion2language.captioning import boundaries, meeting
from motion2language.captioning.judge_pieces import Shown
from motion2language.captioning.meeting import AROUND, NEAR, meet
from motion2language.captioning.search_segments import SHORTEST, Piece
from motion2language.model.segmenter import Action, Evidence, Segmenter, SegmenterConfig, Tower

FRAMES, BOUND = 80, 40
CONFIG = SegmenterConfig(
    actions={"kick": Action(label="kick", phrase="kicks"), "bow": Action(label="bow", phrase="bows")},
    names=Tower(width=8, dilations=(1,)),
    bounds=Tower(width=8, dilations=(1,)),
    hidden=6,
    longest=40,
    price=0.1,
)


class Told(Segmenter):
    """A segmenter of which only the configuration is asked for."""

    def __init__(self, config: SegmenterConfig = CONFIG) -> None:
        self.config = config


def piece(start: int, end: int, label: str = "kick") -> Piece:
    return Piece(start, end, label, label + "s", 0.9, 0.9, (start + end - 1) / 2, 0.9, 0.8, 0.8)


def shown(moved: int = BOUND, seen: int | None = None, ends: int | None = None, speed: float = 3.0) -> Shown:
    """A body whose pose is another from frame `moved` on.

    seen  the frame from which the second action is seen; None: both are seen everywhere
    ends  the frame before which one action is seen to end and another to begin; None: anywhere alike
    """
    values = np.zeros((FRAMES, 124), np.float32)
    values[moved:, 10] = speed
    frames = np.full((FRAMES, 3), 1 / 3)
    if seen is not None:
        frames[:seen], frames[seen:] = [0.02, 0.96, 0.02], [0.02, 0.02, 0.96]
    starts = np.zeros(FRAMES)
    if ends is not None:
        starts[ends] = 6.0
    evidence = Evidence(frames, starts, np.zeros(FRAMES), np.zeros((FRAMES // 2, CONFIG.longest)))
    return Shown(values, evidence, Told())


def bounds(pieces: list[Piece]) -> list[tuple[int, int]]:
    return [(each.start, each.end) for each in pieces]


TWO = [piece(20, BOUND), piece(BOUND, 60, "bow")]


@pytest.mark.parametrize("place", [BOUND - 4, BOUND, BOUND + 3])
def test_a_bound_goes_where_the_movement_changes(place: int) -> None:
    assert bounds(meet(TWO, shown(place))) == [(20, place), (place, 60)]


@pytest.mark.parametrize("place", [BOUND - 4, BOUND + 3])
def test_a_bound_goes_where_actions_are_seen(place: int) -> None:
    assert bounds(meet(TWO, shown(seen=place, speed=0.0))) == [(20, place), (place, 60)]
    assert bounds(meet(TWO, shown(ends=place, speed=0.0))) == [(20, place), (place, 60)]


def test_two_of_one_action_meet_where_the_first_is_seen_to_end() -> None:
    same = [TWO[0], replace(TWO[1], label="kick")]
    assert bounds(meet(same, shown(seen=BOUND + 4, ends=BOUND - 3, speed=0.0)))[0] == (20, BOUND - 3)


def test_a_label_that_the_segmenter_never_learnt_is_bounded_by_movement() -> None:
    own = [TWO[0], replace(TWO[1], label="hoop")]
    assert bounds(meet(own, shown(BOUND + 2))) == [(20, BOUND + 2), (BOUND + 2, 60)]


def test_a_bound_stays_near_and_both_pieces_keep_frames() -> None:
    for place in (BOUND - 15, BOUND + 15):
        ((_, end), (start, _)) = bounds(meet(TWO, shown(place)))
        assert start == end and abs(end - BOUND) <= NEAR
    short = [piece(BOUND - 3, BOUND), piece(BOUND, BOUND + 3)]
    for place in (BOUND - 4, BOUND + 4):
        for start, end in bounds(meet(short, shown(place))):
            assert end - start >= SHORTEST
    shortest = [piece(BOUND - 1, BOUND), piece(BOUND, BOUND + 1)]
    assert meet(shortest, shown(BOUND + 1)) == shortest


def test_pieces_that_do_not_meet_stay_as_they_are() -> None:
    apart = [piece(20, BOUND - 1), piece(BOUND, 60)]
    assert meet(apart, shown(BOUND - 4)) == apart
    assert meet([TWO[0]], shown(BOUND - 4)) == [TWO[0]]
    assert meet([], shown()) == []


def test_each_bound_of_a_row_is_set_and_moments_stay_inside() -> None:
    row = [piece(10, 38), replace(piece(38, 54, "bow"), moment=38.0), piece(54, 70)]
    view = shown(41)
    view.values[51:, 12] = 3
    found = meet(row, view)
    assert bounds(found) == [(10, 41), (41, 51), (51, 70)]
    assert all(each.start <= each.moment < each.end for each in found)
    assert [each.probability for each in found] == [each.probability for each in row]


def test_what_is_far_away_does_not_matter() -> None:
    """So that a stream, which forgets, finds the same bound."""
    row = [piece(0, BOUND), piece(BOUND, FRAMES, "bow")]
    near, far = shown(BOUND + 2), shown(BOUND + 2)
    far.values[: BOUND - AROUND - 4] = 9
    far.values[BOUND + AROUND + 4 :] = 9
    assert meet(row, near) == meet(row, far)
    far.values[BOUND - 2 : BOUND, 10] = -9
    assert meet(row, near) != meet(row, far)


def test_frames_that_are_gone_change_nothing() -> None:
    """A stream may have dropped the first frames of a piece; then it begins before frame 0."""
    after = piece(BOUND, 60, "bow")
    assert bounds(meet([piece(-20, BOUND), after], shown(BOUND + 3))) == [(-20, BOUND + 3), (BOUND + 3, 60)]
    early = [piece(-20, 0), piece(0, 20, "bow")]
    assert meet(early, shown(3)) == early, "nothing is seen of the first"


def test_a_piece_moves_by_half_of_itself_at_most() -> None:
    row = [piece(10, 40), piece(40, 44, "bow"), piece(44, 70)]
    for place in (35, 48):
        (_, first), (start, end), (_, _) = bounds(meet(row, shown(place)))
        assert start == first and start < end
        assert 38 <= first <= 42
        assert max(start, 40) < min(end, 44), "it keeps a frame of its own"


def test_movement_is_that_of_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """Smoothed with the frames beside the two pieces, as in the whole recording."""
    looked = []
    monkeypatch.setattr(
        meeting, "cheapest", lambda values, allowed, costs: looked.append(values) or [int(allowed[0][0])]
    )
    view = shown(22)
    view.values[:] = np.random.default_rng(0).normal(size=view.values.shape)
    meet([piece(20, BOUND), piece(BOUND, 60, "bow")], view)
    np.testing.assert_allclose(looked[0], boundaries.movement(view.values)[20:60], atol=1e-9)


def test_features_of_another_kind_have_no_movement_to_look_at() -> None:
    view = shown(BOUND + 3)
    other = Shown(view.values, view.evidence, Told(replace(CONFIG, features="paper")))
    assert meet(TWO, other) == TWO
