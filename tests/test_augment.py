"""Variations of training recordings: what they change, and that the sentence stays true."""

import numpy as np
import pytest
from small import recording

from motion2language.captioning.features import FEATURES
from motion2language.motion import CANONICAL, Motion, Skeleton
from motion2language.training.augment import AugmentConfig, mirror, vary

MOTION = recording(5)
TEXT = "a person turns left and waves the right hand"


def bones(motion: Motion) -> np.ndarray:
    parents = np.array(CANONICAL.parents[1:])
    return np.linalg.norm(motion.positions[:, 1:] - motion.positions[:, parents], axis=2)


def test_a_mirror_swaps_sides_in_body_and_sentence_and_twice_is_the_same():
    mirrored, text = mirror(MOTION, TEXT)
    assert text == "a person turns right and waves the left hand"
    left, right = CANONICAL.index("left_wrist"), CANONICAL.index("right_wrist")
    np.testing.assert_allclose(mirrored.positions[:, left], MOTION.positions[:, right] * [-1, 1, 1])
    again, text = mirror(mirrored, text)
    np.testing.assert_allclose(again.positions, MOTION.positions)
    assert text == TEXT


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        ("turns to the left, then right.", "turns to the right, then left."),
        ("Left-handed, rightwards; the LEFT", "right-handed, leftwards; the right"),
        ("walks clockwise", "walks counterclockwise"),
        ("anticlockwise or counter-clockwise or counter clockwise", "clockwise or clockwise or clockwise"),
        ("stands upright at a right angle", "stands upright at a right angle"),
    ],
)
def test_a_mirror_turns_every_word_of_a_side(text, mirrored):
    assert mirror(MOTION, text)[1] == mirrored


def test_a_mirrored_turn_goes_the_other_way():
    rate = FEATURES["canonical"](MOTION)[:, 123]
    np.testing.assert_allclose(FEATURES["canonical"](mirror(MOTION, TEXT)[0])[:, 123], -rate, atol=1e-3)


def test_other_skeletons_cannot_be_mirrored():
    with pytest.raises(ValueError, match="only the canonical body can be mirrored, found 'one'"):
        mirror(Motion(np.zeros((2, 1, 3)), 10.0, Skeleton("one", ("a",), (-1,))), "a")


def test_nothing_asked_nothing_changed():
    varied, text = vary(MOTION, TEXT, AugmentConfig(), np.random.default_rng(0))
    np.testing.assert_array_equal(varied.positions, MOTION.positions)
    assert text == TEXT


def test_speed_changes_the_length_alone():
    lengths = {vary(MOTION, TEXT, AugmentConfig(speed=0.2), np.random.default_rng(n))[0].frames for n in range(20)}
    assert len(lengths) > 5
    assert 0.78 * MOTION.frames < min(lengths) < MOTION.frames < max(lengths) < 1.27 * MOTION.frames


def test_bones_change_alike_on_both_sides_and_stay_rigid():
    varied, _ = vary(MOTION, TEXT, AugmentConfig(bones=0.2), np.random.default_rng(1))
    factor = bones(varied) / bones(MOTION)
    np.testing.assert_allclose(factor.std(axis=0), 0, atol=1e-3)
    left, right = CANONICAL.index("left_elbow") - 1, CANONICAL.index("right_elbow") - 1
    np.testing.assert_allclose(factor[:, left], factor[:, right], rtol=1e-3)
    assert factor.mean(axis=0).std() > 0.05


def test_noise_has_the_asked_spread():
    varied, _ = vary(MOTION, TEXT, AugmentConfig(noise=0.01), np.random.default_rng(2))
    assert (varied.positions - MOTION.positions).std() == pytest.approx(0.01, rel=0.05)


def test_offsets_turn_with_the_body():
    varied, _ = vary(MOTION, TEXT, AugmentConfig(offsets=0.05), np.random.default_rng(3))
    moved = np.linalg.norm(varied.positions - MOTION.positions, axis=2)
    assert moved.max() > 0.02
    np.testing.assert_allclose(moved.std(axis=0), 0, atol=1e-4)
