"""read_motion: unit and up axis detected or set, and errors that name the file."""

import inspect
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from bodies import bandai_motion, walking
from small import recording

import motion2language as m2l
from motion2language.body import to_canonical
from motion2language.cli.options import Input
from motion2language.formats import FORMATS, bvh, npz
from motion2language.formats.contents import detect_suffix
from motion2language.formats.reading import ReadOptions, read_with_axes


def in_other_axes(motion, scale: float, up: str):
    """The motion in another unit, with another axis up."""
    order = {"y": (0, 1, 2), "z": (2, 0, 1), "x": (1, 2, 0)}[up]  # rotations, no mirrors
    return replace(motion, positions=motion.positions[..., order] * scale / 100)  # bvh.write multiplies by 100


@pytest.mark.parametrize(("unit", "scale"), [("m", 1.0), ("cm", 100.0), ("mm", 1000.0), ("inch", 39.37)])
@pytest.mark.parametrize("up", ["y", "z"])
def test_unit_and_up_are_detected_from_the_body(unit, scale, up, tmp_path):
    motion = recording(3)
    bvh.write(in_other_axes(motion, scale, up), tmp_path / "take.bvh")
    found, axes = read_with_axes(tmp_path / "take.bvh")
    assert (axes.unit, axes.up) == (unit, up)
    kept = [found.skeleton.index(joint) for joint in motion.skeleton.joints]
    heights = found.positions[:, kept, 1] - motion.positions[..., 1]
    np.testing.assert_allclose(heights, heights.mean(), atol=0.02)
    spans = np.linalg.norm(found.positions[:, kept[4]] - found.positions[:, kept[0]], axis=1)
    np.testing.assert_allclose(
        spans, np.linalg.norm(motion.positions[:, 4] - motion.positions[:, 0], axis=1), rtol=0.01
    )


def test_the_users_options_come_first(tmp_path):
    motion = recording(3)
    bvh.write(motion, tmp_path / "take.bvh")
    given, axes = read_with_axes(tmp_path / "take.bvh", ReadOptions(fps=60, unit="m", up="z"))
    assert (axes.unit, axes.up, given.fps) == ("m", "z", 60)
    plain = m2l.read_motion(tmp_path / "take.bvh")
    spans, plainly = (np.ptp(read.positions[:, :21], axis=(0, 1)) for read in (given, plain))
    np.testing.assert_allclose(sorted(spans), 100 * np.sort(plainly), rtol=1e-3)
    assert spans[1] == pytest.approx(100 * plainly[2], rel=1e-3)


def test_the_users_options_override_the_file(tmp_path):
    motion = recording(3)
    npz.write(motion, tmp_path / "take.npz")
    _, plain = read_with_axes(tmp_path / "take.npz")
    assert (plain.unit, plain.up) == ("m", "y")
    given, axes = read_with_axes(tmp_path / "take.npz", ReadOptions(unit="cm", up="z"))
    assert (axes.unit, axes.up) == ("cm", "z")
    np.testing.assert_allclose(np.ptp(given.positions[..., 1]), np.ptp(motion.positions[..., 2]) / 100, rtol=1e-4)


def test_a_file_without_permission_is_an_error(tmp_path, monkeypatch):
    def refuse(path, options):
        raise PermissionError

    (tmp_path / "take.bvh").write_text("x")
    monkeypatch.setattr(bvh, "read", refuse)
    with pytest.raises(ValueError, match=r"take\.bvh: cannot be read; check its permissions"):
        m2l.read_motion(tmp_path / "take.bvh")


def test_a_body_too_far_from_the_origin_is_an_error(tmp_path):
    motion = recording(3)
    far = replace(motion, positions=motion.positions + np.array([0, 0, 2e5], np.float32))
    npz.write(far, tmp_path / "take.npz")
    with pytest.raises(
        ValueError, match=r"take\.npz: frame \d+ is 2e\+05 m from the origin, expected at most 1e\+05 m"
    ):
        m2l.read_motion(tmp_path / "take.npz")


def test_a_joint_map_also_serves_unit_and_up_axis(tmp_path):
    motion = recording(3)
    unknown = {name: f"x{number}" for number, name in enumerate(motion.skeleton.joints) if name.startswith("left_")}
    joints = tuple(unknown.get(name, name) for name in motion.skeleton.joints)
    bvh.write(replace(motion, skeleton=replace(motion.skeleton, joints=joints)), tmp_path / "take.bvh")
    with pytest.raises(ValueError, match=r"take\.bvh: .*found no joint for left_shoulder"):
        m2l.read_motion(tmp_path / "take.bvh")
    found, axes = read_with_axes(tmp_path / "take.bvh", ReadOptions(joint_map=unknown))
    assert (axes.unit, axes.up, found.frames) == ("cm", "y", motion.frames)


def test_the_suffix_decides_in_any_case(tmp_path):
    assert set(FORMATS) == {
        ".bvh", ".amc", ".npy", ".npz", ".xml", ".c3d", ".trc", ".fbx", ".glb", ".gltf", ".vrm", ".vrma", ".mvnx",
        ".csv", ".tsv", ".parquet", ".json", ".skeleton",
    }  # fmt: skip
    bvh.write(recording(3), tmp_path / "TAKE.BVH")
    motion = m2l.read_motion(str(tmp_path / "TAKE.BVH"))
    assert (motion.name, motion.fps) == ("TAKE.BVH", 30)


@pytest.mark.parametrize(("options", "message"), [
    ({"unit": "parsec"}, "parsec"), ({"up": "w"}, "'w'"), ({"fps": 0}, "0 frames per second, expected 1 to 10,000"),
    ({"fps": float("nan")}, "nan frames per second"), ({"fps": float("inf")}, "inf frames per second"),
    ({"fps": 0.5}, r"0\.5 frames per second, expected 1 to 10,000; set it with --fps"),
])  # fmt: skip
def test_wrong_options_are_errors_that_name_the_file(options, message, tmp_path):
    bvh.write(recording(3), tmp_path / "take.bvh")
    with pytest.raises(ValueError, match=message) as caught:
        m2l.read_motion(tmp_path / "take.bvh", **options)
    assert "take.bvh" in str(caught.value)


def test_paths_that_are_not_motion_files_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.bvh: no such file"):
        m2l.read_motion(tmp_path / "nowhere.bvh")
    with pytest.raises(ValueError, match=r"a folder, expected a motion file \(\.amc, \.bvh"):
        m2l.read_motion(tmp_path)
    (tmp_path / "take.xyz").write_text("x")
    with pytest.raises(ValueError, match=r"unsupported file type '\.xyz'; expected \.amc, \.bvh"):
        m2l.read_motion(tmp_path / "take.xyz")
    (tmp_path / "take.bvh").write_text("")
    with pytest.raises(ValueError, match=r"take\.bvh: the file is empty"):
        m2l.read_motion(tmp_path / "take.bvh")


def test_files_too_large_are_refused_unread(tmp_path):
    with (tmp_path / "take.bvh").open("wb") as file:
        file.truncate(3 * 2**30)  # sparse: takes no space
    with pytest.raises(ValueError, match=r"3\.0 GiB, expected at most 1 GiB; cut the recording"):
        m2l.read_motion(tmp_path / "take.bvh")


def test_what_may_be_set_for_a_file_has_the_same_names_everywhere():
    names = [field.name for field in fields(ReadOptions)]
    assert len(names) == 12
    assert [field.name for field in fields(Input)] == names
    assert [name for name in inspect.signature(m2l.read_motion).parameters if name != "path"] == names


def test_the_command_line_sets_every_option(tmp_path):
    (tmp_path / "map.toml").write_text('pelvis = "Root"\n')
    paths = {"asf": Path("take.asf"), "body_models": Path("models")}
    values = paths | {"fps": 30.0, "layout": "kit", "unit": "cm", "up": "z", "subject": "Ann", "take": "Walk"}
    values |= {"gap": 2.0, "mirror": True}
    (tmp_path / "markers.toml").write_text('"*heel" = "*Back"\n')
    options = Input(**values, joint_map=tmp_path / "map.toml", markers=tmp_path / "markers.toml").options()
    assert options == ReadOptions(**values, joint_map={"pelvis": "Root"}, markers={"*heel": "*Back"})
    with pytest.raises(ValueError, match="--gap -1: expected seconds, zero or more"):
        Input(gap=-1).options()


def test_a_unit_may_be_a_number_and_an_axis_have_a_sign(tmp_path):
    bvh.write(recording(3), tmp_path / "a.bvh")
    plain = m2l.read_motion(tmp_path / "a.bvh")
    doubled, axes = read_with_axes(tmp_path / "a.bvh", ReadOptions(unit="0.02", up="+y"))
    assert (axes.unit, axes.scale, axes.up) == ("0.02", 0.02, "y")
    np.testing.assert_allclose(doubled.positions, 2 * plain.positions, atol=1e-5)
    turned = m2l.read_motion(tmp_path / "a.bvh", up="-y")
    np.testing.assert_allclose(turned.positions, plain.positions * (1, -1, -1), atol=1e-6)
    for unit in ("0", "-1", "nan", "inf", "yard"):
        with pytest.raises(
            ValueError, match=f"unknown unit '{unit}'; --unit takes .* or a number of metres above zero"
        ):
            m2l.read_motion(tmp_path / "a.bvh", unit=unit)


def test_a_mirrored_take_is_read_with_mirror(tmp_path):
    motion = bandai_motion(walking())
    bvh.write(replace(motion, positions=motion.positions * (-1, 1, 1)), tmp_path / "a.bvh")
    with pytest.raises(ValueError, match=r"left-handed coordinates .read it with --mirror."):
        to_canonical(m2l.read_motion(tmp_path / "a.bvh"))
    body = to_canonical(m2l.read_motion(tmp_path / "a.bvh", mirror=True))
    np.testing.assert_allclose(body.positions, to_canonical(motion).positions, atol=1e-4)


def test_a_file_may_be_named_by_its_suffix_alone(tmp_path):
    bvh.write(recording(3), tmp_path / ".bvh")
    assert m2l.read_motion(tmp_path / ".bvh").frames == recording(3).frames


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.c3d", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS.*git lfs pull"),
        ("a.bvh", b"<!DOCTYPE html><html>Not Found</html>", "a web page, not a recording"),
        ("a.csv", b"Format Version,1.23,Take Name,a,b_z\n", "of OptiTrack Motive.*export BVH, C3D or TRC"),
        ("a.tsv", b"NO_OF_FRAMES\t2\nMARKER_NAMES\tLASI\n", "of Qualisys Track Manager.*export C3D"),
        ("a.fbx", b"HIERARCHY\nROOT hips\n", r"not an FBX file.*that of a \.bvh file: rename it"),
        ("take", b"PathFileType\t4\n", r"its name has no suffix.*that of a \.trc file: rename it"),
        ("a.glb", b"{]", "not a glTF file: expected JSON with `asset`.*1\\)\\)$"),
        ("a.json", b'{"name": "x"}', "each with points of x, y, z$"),
        ("a.zip", b"PK", "an archive; unpack it first"),
        ("a.blend", b"BLENDER", "export FBX, glTF or BVH"),
        ("a.mp4", b"ftyp", "a video; run a pose estimator"),
        ("a.pkl", b"x", "Python objects, which are refused"),
    ],
)
def test_what_is_no_recording_is_named_with_what_to_do(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        m2l.read_motion(tmp_path / name)


@pytest.mark.parametrize("blank", ["\n", "\t\n", "1 \n"])
def test_blank_lines_are_searched_in_time_linear_in_their_number(blank):
    def seconds(count: int) -> float:
        start = time.process_time()
        with pytest.raises(ValueError, match="unsupported file type"):
            detect_suffix((blank * count).encode())
        return time.process_time() - start

    least = [min(seconds(count) for _ in range(3)) for count in (2_000, 16_000)]
    assert least[1] < 24 * least[0] + 0.02  # in quadratic time 64 times
