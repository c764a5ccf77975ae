"""Facts: displacement, cadence, jumps, falls, postures between, hands, shares of limbs; each unknown one says why."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from test_facts import mirror, standing, turned, walk

from motion2language.captioning.facts.find import SEVERAL, facts
from motion2language.captioning.facts.posture import Postures
from motion2language.data.synthesis.exercises import make_exercise
from motion2language.data.synthesis.recording import make_recording
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Facts
from motion2language.writers import phrase
from motion2language.writers._facts import describe


def still(seconds: float = 3.0, fps: float = 20) -> Motion:
    return Motion(np.repeat(standing().positions, round(seconds * fps), axis=0), fps, CANONICAL, "still")


def lifted(height: np.ndarray, fps: float) -> Motion:
    """A stiff body whose height over the ground changes by `height` (T,) metres."""
    positions = np.repeat(standing().positions, len(height), axis=0)
    positions[..., 1] += height[:, None]
    return Motion(positions, fps, CANONICAL, "lifted")


def jumping(rise: float, fps: float = 60, scale: float = 1.0) -> Motion:
    """A body of this scale that jumps once as gravity has it, `rise` metres high."""
    times = np.arange(round(3 * fps)) / fps - 1.5
    motion = lifted(np.maximum(0, rise - 9.81 * times**2 / 2) / scale, fps)
    return replace(motion, positions=motion.positions * scale)


def toppling(seconds: float) -> Motion:
    """A stiff body that stands a second, goes over forwards in so many seconds, as if tipped, and lies two more."""
    fps = 30
    angles = 90 * np.linspace(0, 1, round(seconds * fps)) ** 2
    angles = np.concatenate([np.zeros(fps), angles, np.full(2 * fps, 90.0)])
    stand = standing().positions[0]
    foot = stand[[CANONICAL.index("left_toe"), CANONICAL.index("right_toe")]].mean(axis=0)
    cos, sin = np.cos(np.radians(angles)), np.sin(np.radians(angles))
    x, y, z = (stand - foot).T
    over = np.stack([np.broadcast_to(x, (len(angles), len(x))), np.outer(cos, y) - np.outer(sin, z),
                     np.outer(sin, y) + np.outer(cos, z)], axis=2)  # fmt: skip
    return Motion(over - [0, over[-1, :, 1].min(), 0] * (angles[:, None, None] > 0), fps, CANONICAL, "toppling")


def handless() -> Motion:
    motion = make_exercise(3, "wave right", 4).motion
    seen = np.ones(motion.positions.shape[:2], dtype=bool)
    seen[:, [CANONICAL.index(f"{side}_{part}") for side in ("left", "right") for part in ("wrist", "ankle")]] = False
    return replace(motion, seen=seen)


@pytest.mark.parametrize(
    "motion",
    [still(), still(0.05), still(fps=5), walk(3, 6), walk(3, 6, belt=True), walk(0.5, 2), handless(), toppling(0.9),
     make_exercise(3, "squat", 3).motion, make_recording(1, ("sit",)).motion],
    ids=lambda motion: motion.label,
)  # fmt: skip
def test_every_fact_that_is_unknown_says_why(motion):
    found = facts(motion)
    said = {name for note in found.notes for name in note.partition(": ")[0].split(", ")}
    unknown = {field.name for field in fields(Facts) if getattr(found, field.name) is None}
    assert unknown <= said or "all but the posture" in said
    assert {type(value) for value in found.known.values()} <= {str, int, float, tuple}
    assert found.displacement is None or found.displacement <= found.travel
    assert not {name for name in said - unknown - SEVERAL - {"steps"} if getattr(found, name, None) is not None}


def test_who_comes_back_went_far_and_ends_where_it_began():
    there = walk(3, 6)
    back = replace(there, positions=np.concatenate([there.positions, there.positions[::-1]]))
    found = facts(back)
    assert found.travel == pytest.approx(6, abs=0.6)
    assert found.displacement == pytest.approx(0, abs=0.1)
    assert facts(there).displacement == pytest.approx(3, abs=0.2)


def test_who_limps_and_slows_down_between_steps_goes_the_whole_way():
    steps = walk(2.4, 6, seconds=9.0, belt=True)
    times = np.arange(steps.frames) / steps.fps
    spurt = np.where(times % 1.5 < 0.5, 0.7, 0.06)  # m/s: .4 m at a time, and hardly on
    way = np.concatenate([[0.0], spurt.cumsum()[:-1]]) / steps.fps
    found = facts(replace(steps, positions=steps.positions + way[:, None, None] * [0, 0, 1]))
    assert found.travel == pytest.approx(way[-1], rel=0.1)
    assert found.step_length * found.steps == pytest.approx(found.travel, rel=0.3)


@pytest.mark.parametrize("belt", [False, True])
def test_cadence_is_steps_per_minute(belt):
    assert facts(walk(4, 8, belt=belt)).cadence == pytest.approx(120, rel=0.05)


@pytest.mark.parametrize("fps", [12, 60, 1000])
@pytest.mark.parametrize("scale", [0.4, 1.0, 2.0])
def test_a_jump_has_a_height_at_any_frame_rate_and_for_any_size(fps, scale):
    found = facts(jumping(0.2 * scale, fps, scale))
    assert found.jumps == 1
    assert found.jump_height == pytest.approx(0.2 * scale, rel=0.1)


def test_too_few_frames_per_second_show_no_jump_and_do_not_deny_it():
    found = facts(jumping(0.08, 5))
    assert found.jumps is None
    assert "jumps: 5 frames per second are too few to see every flight" in found.notes
    assert facts(still(fps=10)).jumps == 0


@pytest.mark.parametrize(("seconds", "falls"), [(0.9, 1), (3.0, 0)])
def test_who_drops_to_the_floor_falls_and_who_lies_down_does_not(seconds, falls):
    found = facts(toppling(seconds))
    assert (found.falls, found.end_posture, found.transitions) == (falls, "lying", ("lies down",))
    assert ("1 fall" in phrase(found)) == bool(falls)


def test_postures_between_are_named():
    found = facts(make_exercise(2, "squat", 1, seconds=4.0).motion)
    assert found.postures == ("standing", "squatting", "standing")
    assert found.transitions == ("squats down", "stands up")
    assert describe(found).endswith("squats down, stands up")
    spans = ((0.0, "lying"), (1.0, "sitting"), (3.0, "standing"), (4.0, "bent"), (5.0, "lying"))
    assert Postures(spans).transitions == ("sits up", "stands up", "lies down")


def test_shares_of_the_limbs_add_up_and_swap_in_the_mirror():
    motion = make_exercise(3, "wave right", 4).motion
    found, other = facts(motion), facts(mirror(turned(motion, 37)))
    shares = (found.left_arm, found.right_arm, found.left_leg, found.right_leg, found.head)
    assert sum(shares) == pytest.approx(1)
    assert found.right_arm == max(shares) > 0.7
    assert other.left_arm == pytest.approx(found.right_arm, abs=0.01)
    assert (facts(still()).left_arm, facts(still()).head) == (None, None)


def test_a_body_that_moves_as_one_has_no_shares():
    positions = np.repeat(still().positions[:1].astype(np.float64), 60, axis=0)
    positions[:, :, 1] += 0.4 * np.abs(np.sin(np.arange(60) / 6))[:, None]  # carried up and down, stiff
    found = facts(Motion(positions.astype(np.float32), 20, CANONICAL))
    assert (found.limb, found.left_arm, found.left_leg, found.head) == ("trunk", None, None, None)


@pytest.mark.parametrize(("left", "right", "hands"), [(0.06, -0.06, ("together",)), (-0.15, 0.15, ("crossed",)),
                                                      (0.3, -0.3, ())])  # fmt: skip
def test_hands_meet_and_cross(left, right, hands):
    motion = make_exercise(3, "wave both", 4).motion
    stand = np.repeat(standing().positions, motion.frames, axis=0)
    neck = stand[:, CANONICAL.index("neck")]
    for side, across in (("left", left), ("right", right)):
        stand[:, CANONICAL.index(f"{side}_wrist")] = neck + np.array([across, -0.2, 0.35])
        stand[:, CANONICAL.index(f"{side}_elbow")] = neck + np.array([1.3 * across, -0.3, 0.2])
    assert facts(replace(motion, positions=stand)).hands == hands


def test_the_hands_of_a_body_that_lies_are_not_overhead_or_crossed():
    wave = turned(make_exercise(3, "wave right", 4).motion, 37)
    x, y, z = np.moveaxis(wave.positions, 2, 0)
    on_the_back = replace(wave, positions=np.stack([x, z - z.min(), -y], axis=2))
    found = facts(on_the_back)
    assert (found.side, found.repetitions, found.postures) == ("right", 4, ("lying",))
    assert set(found.right_hand) <= {"to the head", "to the floor"} and "crossed" not in found.hands
    assert any(note.startswith("left_hand, right_hand, hands: lying") for note in found.notes)


def test_repetitions_have_a_period_and_a_regularity():
    found = facts(make_exercise(3, "squat", 5, seconds=2.0).motion)
    assert found.period == pytest.approx(2.0, rel=0.1)
    assert 0.5 <= found.regularity <= 1
    assert (facts(still()).period, facts(still()).regularity) == (None, None)


def test_a_body_that_slides_says_so():
    motion = still(4)
    slid = replace(motion, positions=motion.positions + np.linspace(0, 3, motion.frames)[:, None, None] * [0, 0, 1])
    found = facts(slid)
    assert (found.steps, found.travel) == (0, pytest.approx(3, abs=0.3))
    assert any(note.startswith("steps: the body travels without any") for note in found.notes)
