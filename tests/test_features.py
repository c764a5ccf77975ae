"""What the network reads of a motion, and which changes of the motion it does not see."""

from dataclasses import replace

import numpy as np
import pytest
from small import recording

from motion2language.captioning.features import FEATURES, Normalizer, joint_speed
from motion2language.motion import CANONICAL, Motion, Skeleton


def turned(motion: Motion, angle: float, shift=(0.0, 0.0, 0.0)) -> Motion:
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    return replace(motion, positions=motion.positions @ turn.T + np.array(shift))


def test_there_are_five_features():
    assert set(FEATURES) == {"paper", "angles", "canonical", "live", "partial"}


def test_paper_features_are_the_positions_flattened():
    motion = recording()
    values = FEATURES["paper"](motion)
    assert values.shape == (motion.frames, 63)
    np.testing.assert_array_equal(values[5, 3:6], motion.positions[5, 1])


def test_angles_are_those_of_the_file_or_an_error():
    motion = recording()
    angles = np.random.default_rng(0).normal(size=(motion.frames, 44)).astype(np.float32)
    np.testing.assert_array_equal(FEATURES["angles"](replace(motion, angles=angles)), angles)
    with pytest.raises(ValueError, match="reads joint angles, which the recording lacks"):
        FEATURES["angles"](motion)


@pytest.mark.parametrize("angle", [0.3, np.pi / 2, np.pi, -2.5])
def test_canonical_features_do_not_see_place_or_heading(angle):
    motion = recording(3)
    values = FEATURES["canonical"](motion)
    np.testing.assert_allclose(FEATURES["canonical"](turned(motion, angle, (5, 0.2, -3))), values, atol=2e-3)
    assert np.abs(FEATURES["paper"](turned(motion, angle)) - FEATURES["paper"](motion)).max() > 0.1


def test_canonical_features_do_not_see_the_size_of_the_body():
    motion = recording(2)
    larger = replace(motion, positions=motion.positions * 1.3)
    np.testing.assert_allclose(FEATURES["canonical"](larger), FEATURES["canonical"](motion), atol=2e-3)


def test_canonical_features_by_hand_of_a_body_that_slides_and_turns():
    still = np.repeat(recording(1).positions[:1], 11, axis=0)
    still = still - still[:, :1] * [1, 0, 1]
    leg = 1 / leg_length(still)
    forward = np.cross(still[0, CANONICAL.index("left_hip")] - still[0, CANONICAL.index("right_hip")], [0, 1, 0])
    forward[1] = 0
    forward /= np.linalg.norm(forward)
    sliding = Motion(still + np.arange(11)[:, None, None] * 0.1 * forward, 10.0, CANONICAL)
    values = FEATURES["canonical"](sliding)
    assert values.shape == (11, 124)
    left, up, ahead, turn = values[5, 120:]
    assert ahead == pytest.approx(1.0 * leg, rel=0.05)  # a metre a second
    assert (left, up, turn) == (pytest.approx(0, abs=0.15), pytest.approx(0, abs=1e-3), pytest.approx(0, abs=1e-3))
    np.testing.assert_allclose(values[:, 60:120], 0, atol=1e-3)
    spinning = np.stack([turned(Motion(still[:1], 10.0, CANONICAL), 0.05 * k).positions[0] for k in range(11)])
    values = FEATURES["canonical"](Motion(spinning, 10.0, CANONICAL))
    np.testing.assert_allclose(values[1:, 123], 0.5, atol=1e-3)  # 0.05 radians a frame, to the left


def leg_length(positions: np.ndarray) -> float:
    """The mean length of the two legs, written apart from the code under test."""
    total = 0.0
    for side in ("left", "right"):
        hip, knee, ankle = (positions[0, CANONICAL.index(f"{side}_{part}")] for part in ("hip", "knee", "ankle"))
        total += np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle)
    return total / 2


def test_canonical_features_use_no_later_frame_but_for_size():
    motion = recording(4)
    whole, part = FEATURES["canonical"](motion), FEATURES["canonical"](motion.clip(0, motion.duration / 2))
    np.testing.assert_allclose(part, whole[: len(part)], atol=0.05)


def test_canonical_features_of_another_skeleton_are_an_error():
    other = Skeleton("pair", ("a", "b"), (-1, 0))
    with pytest.raises(ValueError, match="need the canonical body, found skeleton 'pair'"):
        FEATURES["canonical"](Motion(np.zeros((3, 2, 3)), 10.0, other))


@pytest.mark.parametrize("name", ["paper", "canonical"])
def test_one_frame_gives_one_row_of_numbers(name):
    motion = recording()
    values = FEATURES[name](replace(motion, positions=motion.positions[:1]))
    assert len(values) == 1
    assert np.isfinite(values).all()


def test_joint_speed_is_zero_at_rest_and_one_for_a_leg_a_second():
    still = np.repeat(recording().positions[:1], 5, axis=0)
    np.testing.assert_allclose(joint_speed(Motion(still, 10.0, CANONICAL)), 0, atol=1e-6)
    moved = still + np.arange(5)[:, None, None] * np.array([0, 0, leg_length(still) / 10])
    np.testing.assert_allclose(joint_speed(Motion(moved, 10.0, CANONICAL)), 1, atol=1e-3)
    assert joint_speed(Motion(still[:1], 10.0, CANONICAL)).shape == (1,)


def test_partial_features_say_which_parts_are_seen_and_when():
    motion = recording().resample(10.0)
    seen = np.ones((motion.frames, 21), bool)
    seen[:, CANONICAL.index("head")] = seen[5:8, CANONICAL.index("right_knee")] = False
    seen[:, CANONICAL.index("left_toe")] = False  # which derives from the others
    values = FEATURES["partial"](replace(motion, seen=seen))
    np.testing.assert_array_equal(values[:, :124], FEATURES["canonical"](motion))
    expected = np.ones((motion.frames, 5))  # head, left arm, right arm, left leg, right leg
    expected[:, 0] = expected[5:8, 4] = 0
    np.testing.assert_array_equal(values[:, 124:], expected)
    assert (FEATURES["partial"](motion)[:, 124:] == 1).all()


def test_a_normalizer_standardises_inverts_and_comes_back_from_disk(tmp_path):
    random = np.random.default_rng(0)
    values = [random.normal(3, 5, (40, 4)).astype(np.float32) for _ in range(3)]
    for part in values:
        part[:, 2] = 7.0
    normalizer = Normalizer.fit(values)
    applied = np.concatenate([normalizer.apply(part) for part in values])
    np.testing.assert_allclose(applied.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(applied.std(0), [1, 1, 0, 1], atol=1e-5)
    np.testing.assert_allclose(normalizer.invert(normalizer.apply(values[0])), values[0], atol=1e-4)
    normalizer.save(tmp_path / "normalizer.npz")
    np.testing.assert_array_equal(Normalizer.load(tmp_path / "normalizer.npz").apply(values[0]), applied[:40])
    with pytest.raises(ValueError, match="9 features per frame, but the model was trained on 4"):
        normalizer.apply(np.zeros((2, 9)))


def test_statistics_are_those_of_all_frames_at_once_to_the_bit():
    random = np.random.default_rng(0)
    values = [(random.normal(3, 2, (frames, 5)) ** 3).astype(np.float32) for frames in (1, 700, 2, 90)]
    frames = np.concatenate(values).astype(np.float64)
    normalizer = Normalizer.fit(values)
    np.testing.assert_array_equal(normalizer.mean, frames.mean(axis=0).astype(np.float32))
    np.testing.assert_array_equal(normalizer.std, frames.std(axis=0).astype(np.float32))
    with pytest.raises(ValueError, match="no recordings to compute statistics from"):
        Normalizer.fit([])
