"""Arrays as other programs save them: coordinates before joints, and archives with one array of joints."""

import numpy as np
import pytest
from small import recording

import motion2language as m2l
from motion2language.body import to_canonical

MOTION = recording(2).clip(0, 0.5)
NAMES = np.array([name.replace("left_", "L_").replace("right_", "R_") for name in MOTION.skeleton.joints])
ORDER = np.random.default_rng(2).permutation(21)
SPREAD = np.random.default_rng(3).normal(size=(9, 17, 3))


def body(path, **more):
    return to_canonical(m2l.read_motion(path, **more))


def test_coordinates_may_come_before_joints(tmp_path):
    """An array of KIT-ML's 21 joints in three orders of its axes."""
    path = tmp_path / "take.npy"
    np.save(path, MOTION.positions)
    expected = m2l.read_motion(path, fps=30).positions
    for axes in ((0, 2, 1), (2, 0, 1)):
        np.save(path, MOTION.positions.transpose(axes))
        with pytest.warns(UserWarning, match=r"is read as \(15, 21, 3\): frames, joints, x y z"):
            np.testing.assert_array_equal(m2l.read_motion(path, fps=30).positions, expected)
    np.save(path, MOTION.positions[:, :19].transpose(0, 2, 1))  # no known number of joints
    with pytest.raises(ValueError, match=r"an array of shape \(15, 3, 19\); expected"):
        m2l.read_motion(path, fps=30)


@pytest.mark.parametrize("key", ["keypoints_3d", "joints", "arr_0", "positions"])
def test_an_archive_with_one_array_of_joints(key, tmp_path):
    path = tmp_path / "take.npz"
    rotations = {"poses": SPREAD, "joint_rotations": SPREAD, "keypoints_2d": SPREAD[..., :2]}
    np.savez(path, **{key: MOTION.positions[None, :, ORDER]}, labels=NAMES[ORDER], fps=np.array([30]), **rotations)
    found = body(path)
    assert found.fps == 30
    np.testing.assert_allclose(found.positions, MOTION.positions, atol=1e-6)


def test_without_names_the_order_is_that_of_a_layout(tmp_path):
    values = np.zeros((9, 17, 3))
    np.savez(tmp_path / "take.npz", keypoints=values + SPREAD)
    with pytest.raises(ValueError, match="has joints in 'keypoints', but no frame rate; give it with --fps"):
        m2l.read_motion(tmp_path / "take.npz")
    with pytest.raises(ValueError, match="17 joints may be in the order coco17 or h36m; choose with --layout"):
        m2l.read_motion(tmp_path / "take.npz", fps=30)


@pytest.mark.parametrize("arrays", [
    {"poses": SPREAD}, {"joint_angles": SPREAD}, {"joints_a": SPREAD, "joints_b": SPREAD}, {"keypoints": SPREAD[:, :5]},
    {"keypoints": np.array([{}, {}], dtype=object)},
])  # fmt: skip
def test_other_archives_are_refused_as_before(arrays, tmp_path):
    np.savez(tmp_path / "take.npz", **arrays)
    with pytest.raises(ValueError, match=r"lacks positions, fps, joints, parents; expected"):
        m2l.read_motion(tmp_path / "take.npz")


def test_our_own_archive_may_lack_a_rate_that_is_set(tmp_path):
    given = {"positions": MOTION.positions, "joints": NAMES, "parents": np.array(MOTION.skeleton.parents)}
    np.savez(tmp_path / "take.npz", **given)
    assert m2l.read_motion(tmp_path / "take.npz", fps=25).fps == 25
    with pytest.raises(ValueError, match="lacks fps; expected"):
        m2l.read_motion(tmp_path / "take.npz")
