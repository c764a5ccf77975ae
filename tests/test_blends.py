"""Blends: movements half one recording and half another, which teach a model what it does not know."""

from __future__ import annotations

import numpy as np
import pytest

from motion2language.data.synthesis.recording import make_recording
from motion2language.motion import CANONICAL
from motion2language.training.blends import LONGEST, blend

PARENTS = np.maximum(CANONICAL.parents, 0)


def bones(positions: np.ndarray) -> np.ndarray:
    return np.linalg.norm(positions - positions[:, PARENTS], axis=2)[:, 1:]


@pytest.fixture(scope="module")
def recordings():
    return [make_recording(seed, (name,)).motion.resample(10) for seed, name in ((3, "raise_left"), (4, "squat"))]


def test_a_blend_has_the_bones_and_the_way_of_the_first(recordings):
    first, second = recordings
    made = blend(first, second)
    assert made.frames == min(LONGEST, round((first.frames * second.frames) ** 0.5))
    assert made.fps == first.fps
    lengths = np.broadcast_to(np.median(bones(first.positions), axis=0), bones(made.positions).shape)
    np.testing.assert_allclose(bones(made.positions), lengths, atol=0.002)
    np.testing.assert_allclose(made.positions[[0, -1], 0], first.positions[[0, -1], 0], atol=1e-3)


def test_a_blend_of_a_recording_with_itself_is_that_recording_wherever_it_faces(recordings):
    first, _ = recordings
    turned = first.positions @ np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])
    np.testing.assert_allclose(
        blend(first, first.__class__(turned, first.fps, first.skeleton)).positions, first.positions, atol=0.02
    )


def test_a_blend_is_neither_recording(recordings):
    first, second = recordings
    hand, hip = CANONICAL.index("left_wrist"), CANONICAL.index("pelvis")

    def highest(motion):
        return (motion.positions[:, hand, 1] - motion.positions[:, hip, 1]).max()

    assert highest(second) + 0.1 < highest(blend(first, second)) < highest(first) - 0.1


def test_two_single_frames_and_joints_in_one_place_are_blended(recordings):
    one = recordings[0].frames_between(0, 1)
    assert np.isfinite(blend(one, one).positions).all()
    flat = one.__class__(np.zeros_like(one.positions), 10.0, CANONICAL)
    assert np.isfinite(blend(flat, one).positions).all()
