"""body: unit and up axis detected from the body, heights, canonical motions, and errors."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from bodies import SHARED, SIDES, bandai_motion, rotation, skeleton_of, standing, walking

from motion2language import body
from motion2language.body.median import median
from motion2language.motion import CANONICAL, Motion, Skeleton

# A body with Y up as a file with another up axis contains it; each is a rotation.
FILE_AXES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "y": lambda p: p,
    "z": lambda p: np.stack([p[..., 0], -p[..., 2], p[..., 1]], axis=-1),
    "x": lambda p: np.stack([p[..., 1], -p[..., 0], p[..., 2]], axis=-1),
    "-y": lambda p: np.stack([p[..., 0], -p[..., 1], -p[..., 2]], axis=-1),
    "-z": lambda p: np.stack([p[..., 0], p[..., 2], -p[..., 1]], axis=-1),
    "-x": lambda p: np.stack([-p[..., 1], p[..., 0], p[..., 2]], axis=-1),
}


@pytest.mark.parametrize(
    ("unit", "up", "pose"), list(itertools.product(body.UNITS, ["y", "z", "x"], ["stand", "walk"]))
)
def test_unit_and_up_axis_are_detected_and_undone(unit: str, up: str, pose: str) -> None:
    metres = walking() if pose == "walk" else np.repeat(standing()[None], 3, axis=0)
    in_file = FILE_AXES[up](metres) / body.UNITS[unit]
    axes = body.detect_axes(in_file, CANONICAL)
    assert (axes.unit, axes.up, axes.scale) == (unit, up, body.UNITS[unit])
    back = axes.apply(in_file)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, metres, atol=1e-5)


@pytest.mark.parametrize("up", FILE_AXES)
def test_a_given_up_axis_is_used_and_turns_without_mirroring(up: str) -> None:
    in_file = FILE_AXES[up](walking()) * 100
    axes = body.detect_axes(in_file, CANONICAL, up=up)
    assert (axes.unit, axes.up) == ("cm", up)
    np.testing.assert_allclose(axes.apply(in_file), walking(), atol=1e-5)
    basis = body.Axes("m", up, 1.0).apply(np.eye(3))
    assert np.linalg.det(basis) == pytest.approx(1)


def test_no_size_fits_two_units_and_common_statures_fit_one() -> None:
    low, high = body.PLAUSIBLE_HEIGHT
    for size in np.geomspace(0.5, 5000, 2000):
        assert sum(low <= size * scale <= high for scale in body.UNITS.values()) <= 1


def test_given_unit_and_up_come_before_the_body() -> None:
    positions = FILE_AXES["z"](walking())
    axes = body.detect_axes(positions, CANONICAL, unit="cm")
    assert (axes.unit, axes.up, axes.scale) == ("cm", "z", 0.01)
    assert body.detect_axes(positions, CANONICAL, up="y") == body.Axes("m", "y", 1.0)
    flat = Skeleton("two", ("a", "b"), (-1, 0))
    assert body.detect_axes(np.zeros((1, 2, 3)), flat, "mm", "z") == body.Axes("mm", "z", 0.001)


def test_lying_crouched_and_bowing_bodies_have_the_standing_height() -> None:
    straight = body.stature(walking())
    lying = FILE_AXES["z"](walking())
    assert body.stature(lying) == pytest.approx(straight, rel=1e-6)
    assert 1.55 < straight < 1.85
    bent = np.repeat(standing()[None], 2, axis=0)  # both legs folded flat at the knees
    for side in SIDES:
        knee, ankle, toe = (CANONICAL.index(f"{side}_{part}") for part in ("knee", "ankle", "toe"))
        shift = np.array([0, 2 * (bent[0, knee, 1] - bent[0, ankle, 1]), 0])
        bent[:, [ankle, toe]] += shift
    assert body.stature(bent) == pytest.approx(straight, rel=0.01)


def test_the_pose_of_most_frames_gives_the_up_axis() -> None:
    positions = walking()
    positions[:15] = FILE_AXES["z"](positions[:15])  # lies down for fifteen of forty frames
    assert body.detect_axes(positions, CANONICAL).up == "y"


@pytest.mark.parametrize(("unit", "scale"), [("m", 1.0), ("cm", 100.0), ("mm", 1000.0)])
@pytest.mark.parametrize("size", [0.55, 1.6])  # of a child of 0.9 m and of a cartoon character of 2.7 m
def test_the_metric_unit_of_an_unusual_body_is_assumed_with_a_note(unit, scale, size) -> None:
    with pytest.warns(
        UserWarning, match=rf"is [02]\.\d\d m tall if its unit is {unit}, which is assumed; set .*--unit"
    ):
        assert body.detect_axes(walking() * size * scale, CANONICAL).unit == unit


def test_errors_of_axes_report_what_was_found() -> None:
    with pytest.raises(ValueError, match=r"body is 1\.\d+e\+04 units tall.*one of m, cm.*--unit"):
        body.detect_axes(walking() * 9000, CANONICAL)
    with pytest.raises(ValueError, match=r"-\d\.\d\d along y.*--up"):
        body.detect_axes(FILE_AXES["-y"](walking()), CANONICAL)
    tilted = walking() @ np.linalg.qr(np.array([[1.0, 1, 0], [1, -1, 1], [1, 0, -1]]))[0]
    with pytest.raises(ValueError, match="expected an axis on which the head stays above the feet"):
        body.detect_axes(tilted, CANONICAL)
    with pytest.raises(ValueError, match="unknown unit 'yard'; --unit takes m, cm, mm, inch, ft, cmu"):
        body.detect_axes(walking(), CANONICAL, unit="yard")
    with pytest.raises(ValueError, match="unknown up 'Y'; --up takes y, z, x, -y"):
        body.detect_axes(walking(), CANONICAL, up="Y")
    with pytest.raises(ValueError, match="scale 0"):
        body.Axes("m", "y", 0)


def test_a_skeleton_without_a_body_is_measured_by_its_bounding_box_and_needs_up() -> None:
    skeleton = Skeleton("markers", ("root", "a", "b"), (-1, 0, 0))
    positions = np.array([[[0, 0, 0], [0, 170, 0], [30, 20, 0]]], dtype=float)
    assert body.detect_axes(positions, skeleton, up="y").unit == "cm"
    with pytest.raises(ValueError, match="found no joint for"):
        body.detect_axes(positions, skeleton)
    with pytest.raises(ValueError, match="joint map: head = 'c' is not a joint"):
        body.detect_axes(positions, skeleton, up="y", overrides={"head": "c"})


def test_to_canonical_keeps_rate_name_and_angles_and_only_picks_joints() -> None:
    motion = replace(bandai_motion(walking()), angles=np.ones((40, 5)))
    mapped = body.to_canonical(motion)
    assert (mapped.skeleton, mapped.fps, mapped.name) == (CANONICAL, 30, "walk")
    np.testing.assert_array_equal(mapped.angles, motion.angles)
    np.testing.assert_array_equal(mapped.positions, walking().astype(np.float32))
    assert body.body_height(mapped) == pytest.approx(1.7, abs=0.1)


def test_a_motion_on_the_canonical_body_is_taken_as_it_is_and_another_is_mapped() -> None:
    motion = bandai_motion(walking())
    mapped = body.ensure_canonical(motion)
    np.testing.assert_array_equal(mapped.positions, body.to_canonical(motion).positions)
    assert body.ensure_canonical(mapped) is mapped


def test_renaming_a_recording_changes_no_number() -> None:
    motion = bandai_motion(walking())
    names = [
        joint.replace("Shoulder", "Clavicle").replace("LowerLeg", "Shin").replace("_L", ".l").replace("_R", ".r")
        for joint in motion.skeleton.joints
    ]
    renamed = replace(motion, skeleton=replace(motion.skeleton, joints=tuple(names)))
    assert renamed.skeleton.joints != motion.skeleton.joints
    np.testing.assert_array_equal(body.to_canonical(renamed).positions, body.to_canonical(motion).positions)


def test_a_mirrored_recording_is_refused() -> None:
    left_handed = walking() * np.array([-1, 1, 1])
    assert body.mirrored(Motion(left_handed, 30, CANONICAL))
    with pytest.raises(
        ValueError, match=r"walk: its feet are on the wrong sides.*left-handed.*--mirror, or without it.*--joint-map"
    ):
        body.to_canonical(bandai_motion(left_handed))
    for seed in range(5):  # no rotation, not even lying on the back, is taken for mirroring
        assert not body.mirrored(Motion(walking() @ rotation(seed), 30, CANONICAL))


def test_a_body_not_in_metres_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"walk: the body is 1\d\d m tall, expected 0\.4 to 4\.0; set the unit with --unit"
    ):
        body.to_canonical(bandai_motion(walking() * 100))


def test_describe_gives_rows_of_plain_values() -> None:
    rows = body.describe(bandai_motion(walking()), body.Axes("cm", "z", 0.01))
    values = dict(rows)
    assert (values["frames"], values["frames per second"], values["unit"], values["up axis"]) == (40, 30.0, "cm", "z")
    assert values["seconds"] == pytest.approx(40 / 30)
    assert values["left and right"] == "as named"
    assert rows[-21:] == body.map_joints(skeleton_of("bandai without root")).rows()
    assert all(type(value) in (str, int, float) for _, value in rows)


def test_describe_reports_why_a_skeleton_cannot_be_mapped() -> None:
    label, value = body.describe(Motion(np.zeros((1, 2, 3)), 30, Skeleton("two", ("a", "b"), (-1, 0))))[-1]
    assert label == "body"
    assert str(value).startswith("not found: skeleton 'two': found no joint for left_shoulder")


def test_composed_clips_keep_their_numbers() -> None:
    index = SHARED / "data" / "bnr" / "clips_10hz.json"
    if not index.is_file():
        pytest.skip("no ../shared/data/bnr")
    data = json.loads(index.read_text())
    skeleton = Skeleton("bandai", tuple(data["joints"]), tuple(data["parents"]))
    with np.load(index.with_suffix(".npz")) as archive:
        clips = [archive[name] for name in sorted(archive.files)[::100]]
    assert len(clips) > 20
    for positions in clips:
        axes = body.detect_axes(positions, skeleton)
        assert (axes.unit, axes.up) == ("cm", "y")
        motion = Motion(axes.apply(positions), 10, skeleton)
        np.testing.assert_array_equal(body.to_canonical(motion).positions, motion.positions)


def test_real_cmu_recordings_are_centimetres_y_up() -> None:
    files = sorted((SHARED / "data" / "bvh" / "cmu").glob("*.bvh"), key=lambda file: file.stat().st_size)[:3]
    if not files:
        pytest.skip("no ../shared/data/bvh")
    bvh = pytest.importorskip("pymotion.io.bvh")
    forward_kinematics = pytest.importorskip("pymotion.ops.skeleton").fk
    for file in files:
        reader = bvh.BVH()
        reader.load(str(file))
        rotations, places, parents, offsets, _, _ = reader.get_data()
        positions, _ = forward_kinematics(rotations, places[:, 0], offsets, parents)
        skeleton = Skeleton("cmu", tuple(reader.data["names"]), (-1, *map(int, parents[1:])))
        axes = body.detect_axes(positions, skeleton)
        assert (axes.unit, axes.up) == ("cm", "y")
        mapped = body.to_canonical(Motion(axes.apply(positions), 120, skeleton))
        assert 1.6 < body.body_height(mapped) < 1.8


@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (8, 3), (9, 2, 3)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_median_is_that_of_numpy(shape: tuple[int, ...], kind: type) -> None:
    values = np.random.default_rng(len(shape)).normal(size=shape).astype(kind)
    for _ in range(2):
        np.testing.assert_array_equal(median(values), np.median(values, axis=0))
        assert median(values).dtype == np.median(values, axis=0).dtype
        values[len(values) // 2] = np.nan
    with pytest.raises(ValueError, match="no values"):
        median(values[:0])
