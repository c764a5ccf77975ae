"""Facts: what is measured in a recording without a model, on bodies whose movement is known exactly."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from motion2language.captioning.facts.find import facts, facts_of, facts_of_all
from motion2language.captioning.facts.measure import measure
from motion2language.captioning.facts.paths import ENTER, OTHER, PACE, most_probable_paths
from motion2language.captioning.facts.repetitions import exchanged
from motion2language.data.synthesis.exercises import EXERCISES, make_exercise
from motion2language.data.synthesis.recording import make_recording
from motion2language.formats import bvh
from motion2language.motion import CANONICAL, Motion, Skeleton

LEFT_RIGHT = [CANONICAL.index(exchanged(name)) for name in CANONICAL.joints]


def mirror(motion: Motion) -> Motion:
    return replace(motion, positions=motion.positions[:, LEFT_RIGHT] * [-1, 1, 1])


def turned(motion: Motion, degrees: float) -> Motion:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return replace(motion, positions=motion.positions @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]]))


def standing() -> Motion:
    """One frame of a body at rest that faces +Z."""
    motion = make_exercise(1, "bow", 2).motion.frames_between(0, 1)
    x, _, z = motion.positions[0, CANONICAL.index("left_hip")] - motion.positions[0, CANONICAL.index("right_hip")]
    return turned(motion, np.degrees(np.arctan2(z, x)))


@pytest.fixture
def take(tmp_path):
    path = tmp_path / "take.bvh"
    bvh.write(make_recording(2).motion, path)
    return path


@pytest.mark.parametrize(
    ("kind", "side", "limb"),
    [("wave right", "right", "arm"), ("wave both", "both", "arm"), ("raise left arm", "left", "arm"),
     ("lift left knee", "left", "leg"), ("kick right", "right", "leg")],
)  # fmt: skip
def test_the_acting_side_is_found_and_swaps_in_the_mirror(kind, side, limb):
    motion = make_exercise(3, kind, 4).motion
    found = facts(motion)
    other = facts(mirror(motion))
    assert (found.side, found.limb) == (side, limb)
    assert other.side == {"left": "right", "right": "left"}.get(side, side)
    assert (other.repetitions, other.limb) == (found.repetitions, found.limb)


@pytest.mark.parametrize("kind", ["wave right", "raise arms", "punches in turn", "squat", "jumping jack"])
def test_repetitions_and_their_times_are_those_of_the_exercise(kind):
    exercise = make_exercise(5, kind, 6, seconds=1.2, style="rests")
    found = facts(exercise.motion)
    assert found.repetitions == 6
    np.testing.assert_allclose(found.repetition_times, exercise.times, atol=0.45)


@pytest.mark.parametrize(
    ("kind", "often", "seconds"), [("punches in turn", 4, 0.5), ("wave right", 7, 4.0), ("wave both", 7, 4.0)]
)
def test_arms_that_go_up_before_and_down_after_are_no_part_of_a_repetition(kind, often, seconds):
    exercise = make_exercise(1, kind, often, seconds=seconds, noise=0.005)
    assert facts(exercise.motion).repetitions == often


@pytest.mark.parametrize(("waves", "expected"), [(14, 14), (0, None)])
def test_a_hand_that_waves_by_a_centimetre_while_the_arm_goes_up_and_down_is_counted(waves, expected):
    time = np.arange(210) / 30
    positions = np.repeat(standing().positions.astype(np.float64), len(time), axis=0)
    up = np.sin(np.pi * time / time[-1]) ** 2
    for joint, share in (("right_elbow", 0.5), ("right_wrist", 1.0)):
        positions[:, CANONICAL.index(joint), 1] += share * 0.9 * up
    waving = np.clip((time - 0.7) / 5.6, 0, 1)
    positions[:, CANONICAL.index("right_wrist"), 0] += 0.015 * np.sin(2 * np.pi * waves * waving)
    found = facts(Motion(positions.astype(np.float32), 30.0, CANONICAL, "small wave"))
    assert found.repetitions == (None if expected is None else pytest.approx(expected, abs=1))


def least_price(distance: np.ndarray) -> float:
    """The price of the cheapest row of phases, found phase by phase."""
    phases = distance.shape[1]
    prices = [*distance[0], OTHER]
    for row in distance[1:]:
        own = [
            min(prices[-1] + ENTER, *(prices[(phase - ahead) % phases] + PACE[ahead] for ahead in range(len(PACE))))
            for phase in range(phases)
        ]
        prices = [*(row + own), min(prices) + OTHER]
    return min(prices)


def price_of(path: np.ndarray, distance: np.ndarray) -> float:
    phases = distance.shape[1]
    total = sum(OTHER if phase == phases else distance[row, phase] for row, phase in enumerate(path))
    for before, after in pairwise(path):
        if after != phases:
            total += ENTER if before == phases else PACE[(after - before) % phases]
    return total


def test_paths_through_a_cycle_are_the_cheapest_ones():
    random = np.random.default_rng(4)
    distances = [random.gamma(1.0, 1.5, (frames, 8)) for frames in (2, 3, 16, 37, 80)]
    lengths = np.array(list(map(len, distances)))
    paths = np.split(most_probable_paths(np.concatenate(distances), lengths), lengths.cumsum())
    for distance, path in zip(distances, paths[:-1], strict=True):
        assert price_of(path, distance) == pytest.approx(least_price(distance))
        assert len(path) == len(distance)
    assert len(paths[-1]) == 0


def test_bodies_measured_together_have_the_facts_of_each_alone():
    motions = [make_exercise(3, kind, 4).motion for kind in ("wave right", "squat", "punches in turn")]
    motions += [make_recording(2).motion, standing(), motions[0].clip(0, 0.1), motions[1].clip(0, 0.6)]
    bodies = [measure(motion) for motion in motions]
    together = facts_of_all(bodies)
    assert together == [facts_of(body) for body in bodies]
    assert sum(found.repetitions is not None for found in together) >= 3
    assert facts_of_all([]) == []


def test_knees_lifted_in_turn_are_steps_on_the_spot():
    found = facts(make_exercise(5, "knees in turn", 6, seconds=1.2, style="rests").motion)
    assert (found.steps, found.repetitions, found.direction) == (6, 6, "in place")


@pytest.mark.parametrize("fps", [10, 120])
def test_counts_and_sides_do_not_depend_on_frame_rate_size_place_or_facing(fps):
    motion = make_exercise(6, "raise left arm", 5, seconds=1.5).motion
    expected = facts(motion)
    moved = turned(motion, 137)
    moved = replace(moved, positions=(1.6 * moved.positions + [5, 0, -2]).astype(np.float32)).resample(fps)
    found = facts(moved)
    fields = ("side", "limb", "repetitions", "direction", "steps", "jumps", "start_posture", "end_posture")
    assert {name: getattr(found, name) for name in fields} == {name: getattr(expected, name) for name in fields}
    assert expected.repetitions == 5


def walk(metres: float, steps: int, *, towards: float = 0.0, seconds: float = 4.0, belt: bool = False) -> Motion:
    """A stiff body that faces +Z and walks in a direction (degrees to the left of its facing)."""
    stand = standing()
    still = stand.positions - stand.positions[:1, :1] * [1, 0, 1]
    times = np.linspace(0, 1, round(30 * seconds))
    positions = np.repeat(still, len(times), axis=0)
    ahead = np.array([np.sin(np.radians(towards)), 0, np.cos(np.radians(towards))])
    swing = np.cos(np.pi * steps * times)
    for side, sign in (("left", 1), ("right", -1)):
        for part, share in (("knee", 0.5), ("ankle", 1.0), ("toe", 1.0)):
            reach = sign * swing * share * metres / steps / 2
            positions[:, CANONICAL.index(f"{side}_{part}")] += reach[:, None] * ahead
            lift = 0.05 * share * np.maximum(0, -sign * np.gradient(swing) * len(times) / np.pi / steps)
            positions[:, CANONICAL.index(f"{side}_{part}"), 1] += lift
    if not belt:
        positions += (times * metres)[:, None, None] * ahead
    return Motion(positions, 30, CANONICAL, "walk")


def test_a_step_or_two_have_no_shape():
    positions = walk(3.0, 6, seconds=2.0).positions.copy()
    angle = np.linspace(0, np.pi, len(positions))
    for radius, path in ((0.35, None), (0.7, "curve left")):
        circling = np.stack([radius * (1 - np.cos(angle)), 0 * angle, radius * np.sin(angle)], axis=1)
        own = positions - positions[:, :1] * [1, 0, 1] + circling[:, None]
        found = facts(Motion(own, 30, CANONICAL))
        assert (found.direction != "in place", found.path) == (True, path)


@pytest.mark.parametrize(("towards", "direction"), [(0, "forward"), (180, "backward"), (90, "left"), (-90, "right")])
def test_the_way_is_measured_relative_to_the_facing(towards, direction):
    for facing in (0, 100):
        found = facts(turned(walk(3.0, 6, towards=towards), facing))
        assert found.direction == direction
        assert found.travel == pytest.approx(3.0, abs=0.3)
        assert found.speed == pytest.approx(0.75, abs=0.1)
        assert found.path == "straight"
        assert found.gait == "walk"


@pytest.mark.parametrize("steps", [4, 6, 9])
def test_steps_are_counted_on_the_ground_and_on_a_belt(steps):
    ground, belt = (facts(walk(0.5 * steps, steps, seconds=0.6 * steps, belt=belt)) for belt in (False, True))
    assert ground.steps == steps
    assert abs((belt.steps or 0) - steps) <= 1
    assert belt.direction == "in place"
    assert belt.gait is None
    assert any(note.startswith("steps: on the spot") for note in belt.notes)


@pytest.mark.parametrize(("cut", "steps"), [(0, 6), (6, 6), (12, 5)])
def test_a_swing_that_the_recording_cuts_off_counts_if_its_foot_still_passes(cut, steps):
    """A step takes 20 frames; the recording begins in its first one, or ends in its last one."""
    motion = walk(3.0, 6)
    assert facts(motion.frames_between(cut, motion.frames)).steps == steps
    assert facts(motion.frames_between(0, motion.frames - cut)).steps == steps


@pytest.mark.parametrize(("speed", "gait"), [(0.75, "walk"), (2.4, None), (3.0, "run")])
def test_between_a_walk_and_a_run_the_gait_is_unknown_and_says_so(speed, gait):
    motion = walk(4 * speed, 8)
    height = motion.positions[..., 1].mean(axis=1, keepdims=True)
    motion.positions[..., 1] += height.mean() - height  # no bounce: the speed alone tells
    found = facts(motion)
    assert found.gait == gait
    assert any(note.startswith("gait: between") for note in found.notes) == (gait is None)


def test_a_turn_has_its_sign_and_its_degrees():
    still = standing().positions
    for degrees in (90.0, -90.0, 400.0):
        angles = np.concatenate([np.zeros(20), np.linspace(0, degrees, 60), np.full(20, degrees)])
        frames = [turned(Motion(still, 20, CANONICAL), angle).positions[0] for angle in angles]
        assert facts(Motion(np.stack(frames), 20, CANONICAL)).turn == pytest.approx(degrees, abs=2)


@pytest.mark.parametrize(("kind", "posture"), [("squat", "squatting"), ("bow", "bent"), ("raise arms", "standing")])
def test_a_posture_is_found_at_its_moment(kind, posture):
    exercise = make_exercise(2, kind, 2, seconds=3.0)
    middle = exercise.times[1]
    assert facts(exercise.motion, middle - 0.1, middle + 0.1).start_posture == posture
    assert facts(exercise.motion).start_posture == facts(exercise.motion).end_posture == "standing"


def test_a_body_whose_pelvis_is_below_its_hips_stands():
    """As in characters of games, whose root is low and whose legs are short."""
    positions = np.repeat(standing().positions, 30, axis=0)
    hips = positions[:, [CANONICAL.index("left_hip"), CANONICAL.index("right_hip")]].mean(axis=1)
    positions[:, 0] = hips - [0.0, 0.12, 0.0]
    found = facts(Motion(positions, 30, CANONICAL))
    assert (found.start_posture, found.end_posture) == ("standing", "standing")


def test_sitting_is_found_where_the_body_is_lowest():
    motion = make_recording(1, ("sit",)).motion
    lowest = float(motion.positions[:, 0, 1].argmin()) / motion.fps
    assert facts(motion, lowest - 0.1, lowest + 0.1).start_posture == "sitting"


def test_a_still_body_has_few_facts_and_says_why():
    still = Motion(np.repeat(standing().positions, 60, axis=0), 20, CANONICAL)
    found = facts(still)
    assert (found.side, found.limb, found.repetitions, found.steps, found.jumps) == (None, None, None, 0, 0)
    assert found.direction == "in place"
    assert "repetitions: nothing moves" in found.notes


def test_jitter_alone_repeats_nothing():
    still = np.repeat(standing().positions, 200, axis=0)
    still = still + np.random.default_rng(0).normal(0, 0.01, still.shape)
    found = facts(Motion(still, 30, CANONICAL))
    assert (found.side, found.repetitions, found.steps, found.jumps) == (None, None, 0, 0)


def test_what_hangs_on_a_part_that_was_not_recorded_is_unknown_and_says_so():
    motion = make_exercise(3, "wave right", 4).motion
    seen = np.ones(motion.positions.shape[:2], dtype=bool)
    seen[:, [CANONICAL.index(name) for name in ("left_knee", "left_ankle", "left_toe")]] = False
    found = facts(replace(motion, seen=seen))
    assert (found.steps, found.start_posture, found.legs, found.repetitions) == (None, None, None, 4)
    assert any("left ankle, left knee not recorded" in note for note in found.notes)


def test_one_frame_has_a_posture_alone():
    found = facts(Motion(standing().positions, 30, CANONICAL))
    assert set(found.known) == {"start_posture", "end_posture", "notes"}
    assert "too short" in found.notes[0]


def test_a_part_is_measured_alone():
    motion = make_exercise(3, "raise left arm", 4).motion
    assert facts(motion, 0.0, 0.4).repetitions is None
    assert facts(motion, start=0.0, end=motion.duration) == facts(motion)


@pytest.mark.parametrize(("start", "end"), [(9, None), (-1, 2), (2, 1), (1, 1), (0, float("nan"))])
def test_an_interval_without_frames_is_refused(start, end):
    with pytest.raises(ValueError, match="no frame between"):
        facts(walk(1, 2, seconds=4), start, end)


def test_a_skeleton_that_is_no_body_is_refused():
    point = Motion(np.zeros((9, 1, 3)), 30, Skeleton("point", ("root",), (-1,)))
    with pytest.raises(ValueError, match="motion"):
        facts(point)


def test_exercises_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="no exercise 'juggle'"):
        make_exercise(0, "juggle", 3)
    assert len(EXERCISES) == 12


def test_the_command_prints_a_table_or_json(m2l, take):
    status, out, _ = m2l("facts", take)
    assert status == 0
    assert "start posture" in out
    status, out, _ = m2l("facts", take, "--format", "json", "--end", "1")
    assert status == 0
    assert {"side", "limb", "repetitions", "turn", "travel", "notes"} <= set(json.loads(out))


def test_the_command_refuses_in_one_line(m2l, take):
    for options, reason in ((("--start", "999"), "no frame between"), (("--format", "yaml"), "expected table or json")):
        status, _, err = m2l("facts", take, *options)
        assert status == 1
        assert reason in err
        assert len(err.strip().splitlines()) == 1
