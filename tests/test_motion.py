"""motion: errors of Skeleton and Motion, and the conventions of time in clip and resample."""

from __future__ import annotations

import numpy as np
import pytest
from bodies import walking
from hypothesis import given
from hypothesis import strategies as st

from motion2language.motion import CANONICAL, Motion, Skeleton

POINT = Skeleton("point", ("root",), (-1,))


def point(xs: np.ndarray, fps: float, angles: np.ndarray | None = None) -> Motion:
    """One joint that moves along X."""
    positions = np.zeros((len(xs), 1, 3))
    positions[:, 0, 0] = xs
    return Motion(positions, fps, POINT, "dot", angles)


def xs(motion: Motion) -> np.ndarray:
    return motion.positions[:, 0, 0]


# Skeleton


@pytest.mark.parametrize(
    ("joints", "parents", "message"),
    [
        (("a", "b"), (-1,), "2 joint names but 1 parents"),
        ((), (), "has no joints"),
        (("a", "b", "b"), (-1, 0, 0), "must be unique, found twice: b"),
        (("a",), (0,), r"joint 'a' \(index 0\) has parent 0"),
        (("a", "b"), (-1, -1), r"joint 'b' \(index 1\) has parent -1"),
        (("a", "b", "c"), (-1, 2, 0), r"joint 'b' \(index 1\) has parent 2; the root comes first"),
        (("a", "b"), (-1, 1), r"joint 'b' \(index 1\) has parent 1"),
    ],
)
def test_a_skeleton_that_is_not_a_tree_is_refused(
    joints: tuple[str, ...], parents: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Skeleton("odd", joints, parents)


def test_a_joint_is_found_by_name_and_an_unknown_name_lists_all_joints() -> None:
    skeleton = Skeleton("arm", ("shoulder", "elbow"), (-1, 0))
    assert skeleton.index("elbow") == 1
    with pytest.raises(ValueError, match="'arm' has no joint 'knee'; it has shoulder, elbow"):
        skeleton.index("knee")


def test_the_canonical_body_is_symmetric() -> None:
    assert len(CANONICAL.joints) == 21
    for joint, parent in zip(CANONICAL.joints, CANONICAL.parents, strict=True):
        if joint.startswith("left_"):
            other = CANONICAL.index(joint.replace("left_", "right_"))
            expected = CANONICAL.joints[parent].replace("left_", "right_")
            assert CANONICAL.joints[CANONICAL.parents[other]] == expected


# Motion


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 3), r"walk: positions have shape \(4, 3\), expected \(frames, 1, 3\)"),
        ((4, 2, 3), r"positions have shape \(4, 2, 3\), expected \(frames, 1, 3\) for skeleton 'point'"),
        ((4, 1, 2), r"positions have shape \(4, 1, 2\)"),
        ((0, 1, 3), "walk: no frames"),
    ],
)
def test_positions_of_another_shape_are_refused(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Motion(np.zeros(shape), 10, POINT, "walk")


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_a_frame_rate_must_be_positive(fps: float) -> None:
    with pytest.raises(ValueError, match=f"motion: frame rate {fps} is not a positive number"):
        Motion(np.zeros((2, 1, 3)), fps, POINT)
    with pytest.raises(ValueError, match=f"dot: cannot resample to {fps} frames per second"):
        point(np.zeros(2), 10).resample(fps)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_frames_that_are_not_finite_are_counted_and_the_first_is_named(bad: float) -> None:
    values = np.zeros(5)
    values[[3, 4]] = bad
    with pytest.raises(ValueError, match=r"dot: 2 of 5 frames contain a position that is not a finite number.*frame 3"):
        point(values, 10)
    with pytest.raises(ValueError, match=r"dot: 2 of 5 frames contain a joint angle that is not.*first frame 3"):
        point(np.zeros(5), 10, angles=values[:, None])


@pytest.mark.parametrize("angles", [np.zeros((4, 2)), np.zeros(5)])
def test_angles_must_have_one_row_per_frame(angles: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"angles have shape .*, expected \(5, angles\)"):
        point(np.zeros(5), 10, angles=angles)


def test_values_become_float32_and_the_duration_is_frames_over_rate() -> None:
    motion = point(np.arange(15), 30, angles=np.zeros((15, 2), dtype=np.float64))
    assert motion.positions.dtype == motion.angles.dtype == np.float32
    assert isinstance(motion.fps, float)
    assert (motion.frames, motion.duration) == (15, 0.5)


# clip: frame k is sampled at k / fps; the interval is half-open


def test_clip_takes_the_frame_at_its_start_and_not_the_one_at_its_end() -> None:
    motion = point(np.arange(10), 10, angles=np.arange(10.0)[:, None])
    part = motion.clip(0.2, 0.5)
    assert xs(part).tolist() == [2, 3, 4]
    assert part.angles[:, 0].tolist() == [2, 3, 4]
    assert (part.fps, part.name) == (10, "dot")
    assert xs(motion.clip(0.21, 0.5)).tolist() == [3, 4]
    assert xs(motion.clip(0.2, 0.51)).tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize("fps", [10, 24, 29.97, 30, 100, 120])
def test_clips_at_frame_times_part_the_recording(fps: float) -> None:
    # k / fps * fps is often not k in binary, 0.29 * 100 for one
    motion = point(np.arange(60), fps)
    for cut in range(1, 60):
        left, right = motion.clip(0, cut / fps), motion.clip(cut / fps, motion.duration)
        assert xs(left).tolist() == list(range(cut))
        assert xs(right).tolist() == list(range(cut, 60))


def test_foot_contacts_are_cut_and_resampled_with_the_poses() -> None:
    contacts = np.zeros((8, 4), bool)
    contacts[4:, 1] = True
    motion = Motion(np.zeros((8, 1, 3)), 8, POINT, "step", contacts=contacts)
    assert motion.clip(0.375, 0.75).contacts[:, 1].tolist() == [False, True, True]
    assert motion.frames_between(1, 8, 2).contacts[:, 1].tolist() == [False, False, True, True]
    assert motion.resample(4).contacts[:, 1].tolist() == [False, False, True, True]
    assert motion.resample(16).contacts.sum(axis=0).tolist() == [0, 9, 0, 0]
    with pytest.raises(ValueError, match=r"step: contacts have shape \(8, 2\), expected \(8, 4\)"):
        Motion(np.zeros((8, 1, 3)), 8, POINT, "step", contacts=contacts[:, :2])


def test_clip_beyond_the_recording_ends_with_the_recording() -> None:
    motion = point(np.arange(10), 10)
    assert xs(motion.clip(-3, 0.2)).tolist() == [0, 1]
    assert xs(motion.clip(0.8, 99)).tolist() == [8, 9]
    assert xs(motion.clip(float("-inf"), float("inf"))).tolist() == list(range(10))


def test_frames_between_two_numbers_or_every_third_of_them() -> None:
    motion = point(np.arange(10), 10, angles=np.arange(10.0)[:, None])
    part = motion.frames_between(2, 5)
    assert (xs(part).tolist(), part.angles[:, 0].tolist(), part.fps, part.name) == ([2, 3, 4], [2, 3, 4], 10, "dot")
    part = motion.frames_between(2, 10, 3)
    assert (xs(part).tolist(), part.angles[:, 0].tolist(), part.fps) == ([2, 5, 8], [2, 5, 8], 10 / 3)


@pytest.mark.parametrize(("start", "end"), [(1, 2), (0.5, 0.5), (0.5, 0.2), (0.21, 0.29), (-2, -1)])
def test_clip_without_a_frame_is_refused(start: float, end: float) -> None:
    with pytest.raises(ValueError, match=f"dot: no frame between {start} s and {end} s; the recording lasts 1 s"):
        point(np.arange(10), 10).clip(start, end)


# resample


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    motion = point(np.random.default_rng(0).normal(size=9), 30)
    assert np.array_equal(motion.resample(30).positions, motion.positions)


@pytest.mark.parametrize(("old", "new"), [(10, 20), (10, 40), (12.5, 100), (20, 30), (29.97, 120)])
def test_going_up_frame_k_is_the_pose_at_k_over_fps(old: float, new: float) -> None:
    motion = point(np.arange(20) * 0.5 / old, old)  # half a metre per second
    result = motion.resample(new)
    times = np.arange(result.frames) / new
    assert result.frames == round(20 * new / old)
    assert result.fps == new
    inside = times <= 19 / old
    np.testing.assert_allclose(xs(result)[inside], 0.5 * times[inside], atol=1e-6)
    np.testing.assert_allclose(xs(result)[~inside], 0.5 * 19 / old, atol=1e-6)  # after the last frame its pose stays


@pytest.mark.parametrize(("old", "new"), [(20, 10), (30, 12.5), (100, 10), (120, 100), (100, 29.97)])
def test_going_down_frame_k_is_the_pose_at_k_over_fps(old: float, new: float) -> None:
    result = point(np.arange(200) * 0.5 / old, old).resample(new)
    times = np.arange(result.frames) / new
    assert result.frames == round(200 * new / old)
    # Within a tenth of an input frame; at the ends the average repeats the end frames.
    np.testing.assert_allclose(xs(result)[2:-2], 0.5 * times[2:-2], atol=0.1 * 0.5 / old)


@given(st.integers(20, 120), st.integers(2, 6), st.floats(0.2, 1.5))
def test_a_slow_movement_survives_going_up_and_down(frames: int, factor: int, hertz: float) -> None:
    fps = 30
    wave = np.sin(2 * np.pi * hertz * np.arange(frames) / fps)
    back = point(wave, fps).resample(fps * factor).resample(fps)
    assert back.frames == frames
    np.testing.assert_allclose(xs(back)[2:-2], wave[2:-2], atol=0.03)


def test_a_walking_body_survives_going_up_and_down() -> None:
    motion = Motion(walking(60), 30, CANONICAL, "walk")
    back = motion.resample(100).resample(30)
    assert back.positions.shape == motion.positions.shape
    np.testing.assert_allclose(back.positions[3:-3], motion.positions[3:-3], atol=0.01)


def test_movement_too_fast_for_the_new_rate_is_averaged_out_and_not_aliased() -> None:
    # 11 Hz at 10 frames per second would look like 1 Hz if frames were only picked.
    times = np.arange(400) / 100
    fast = np.sin(2 * np.pi * 11 * times)
    assert np.abs(fast[::10]).max() > 0.9
    assert np.abs(xs(point(fast, 100).resample(10))[1:-1]).max() < 0.05


def test_the_mean_pose_is_kept_going_down() -> None:
    still = point(np.full(50, 1.25), 50)
    for fps in (25, 17, 3, 0.1):
        np.testing.assert_allclose(xs(still.resample(fps)), 1.25, atol=1e-6)


@pytest.mark.parametrize("fps", [1, 10, 200])
def test_one_frame_stays_the_same_pose_at_any_rate(fps: float) -> None:
    result = point(np.array([0.75]), 20, angles=np.array([[3.0]])).resample(fps)
    assert result.frames == max(1, round(fps / 20))
    assert set(xs(result).tolist()) == {0.75}
    assert set(result.angles[:, 0].tolist()) == {3.0}


@pytest.mark.parametrize("fps", [10, 40])
def test_angles_are_unwrapped_so_that_no_frame_lies_between_plus_and_minus_pi(fps: float) -> None:
    turning = np.linspace(0, 4 * np.pi, 81)
    wrapped = (turning + np.pi) % (2 * np.pi) - np.pi
    result = point(np.zeros(81), 20, angles=wrapped[:, None]).resample(fps)
    expected = np.interp(np.arange(result.frames) * 20 / fps, np.arange(81), turning)
    np.testing.assert_allclose(result.angles[2:-2, 0], expected[2:-2], atol=0.01)
