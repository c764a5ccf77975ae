"""m2l convert and the writers of motions: what is written is read back as the same positions."""

import json
import struct
import warnings

import numpy as np
import pytest
from animated import moved_gltf
from bodies import SHARED, bandai_motion, rotation, walking
from small import recording

from motion2language.cli.convert import convert
from motion2language.cli.options import Input
from motion2language.formats.bone_turns import turn_bones
from motion2language.formats.gltf_writing import _quaternions
from motion2language.formats.kinematics import forward, quaternion_rotation
from motion2language.formats.pieces import write_pieces
from motion2language.formats.reading import read, read_motion
from motion2language.formats.writing import WRITERS, write_motion
from motion2language.motion import CANONICAL, Motion, Skeleton
from motion2language.transcript import Segment, Transcript

EXACT = {".npz": 0.0, ".csv": 0.0, ".bvh": 1e-5, ".glb": 1e-5}  # metres


def off(motion: Motion, other: Motion) -> float:
    columns = [other.skeleton.index(joint) for joint in motion.skeleton.joints]
    return float(np.abs(motion.positions - other.positions[:, columns]).max())


def moving(seed: int = 1) -> Motion:
    """A body that walks, turns over in all directions, and whose bones change their length a little."""
    random = np.random.default_rng(seed)
    body = walking(60) + random.normal(0, 0.004, (60, 21, 3))
    turns = np.stack([rotation(seed)] * 60)
    angle = np.linspace(0, 2 * np.pi, 60)
    turns = turns @ np.stack([[[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]] for a in angle])
    return Motion(np.einsum("tij,tkj->tki", turns, body), 29.97, CANONICAL, "tumble")


@pytest.mark.parametrize("suffix", EXACT)
@pytest.mark.parametrize("motion", [recording(2), bandai_motion(walking(40))], ids=["synthetic", "walk"])
def test_what_is_written_is_read_back(suffix, motion, tmp_path):
    write_motion(motion, tmp_path / f"a{suffix}")
    assert set(EXACT) == set(WRITERS)
    found = read_motion(tmp_path / f"a{suffix}")
    assert (found.frames, found.fps) == (motion.frames, pytest.approx(motion.fps, rel=1e-5))
    if suffix != ".csv":  # which gives joints their canonical names
        assert off(motion, found) <= EXACT[suffix]


@pytest.mark.parametrize("suffix", EXACT)
def test_any_attitude_and_bones_of_changing_length_come_back(suffix, tmp_path):
    motion = moving()
    write_motion(motion, tmp_path / f"a{suffix}")
    found = read_motion(tmp_path / f"a{suffix}", unit="cm" if suffix == ".bvh" else "m", up="y", fps=29.97)
    assert found.frames == motion.frames
    assert off(motion, found) <= 5 * EXACT[suffix]


@pytest.mark.parametrize("suffix", EXACT)
def test_a_chain_of_a_thousand_joints_is_written(suffix, tmp_path):
    names, parents = tuple(f"j{number}" for number in range(1_100)), tuple(range(-1, 1_099))
    positions = np.arange(1_100)[:, None] * np.array([0.001, 0.001, 0])
    motion = Motion(np.stack([positions, positions + 0.01]), 30.0, Skeleton("chain", names, parents))
    write_motion(motion, tmp_path / f"a{suffix}")
    if suffix == ".bvh":
        found = read(tmp_path / "a.bvh").motion
        assert found.skeleton.joints[:1_100] == names
        np.testing.assert_allclose(found.positions[:, :1_100] / 100, motion.positions, atol=1e-4)


@pytest.mark.parametrize("suffix", EXACT)
def test_joints_in_any_order_come_back(suffix, tmp_path):
    """SMPL's joints are listed level by level, those of a BVH limb by limb."""
    motion = moving()
    depths = [0]
    for parent in CANONICAL.parents[1:]:
        depths.append(depths[parent] + 1)
    order = sorted(range(21), key=lambda joint: depths[joint])
    parents = [order.index(CANONICAL.parents[joint]) if joint else -1 for joint in order]
    levels = Skeleton("levels", tuple(CANONICAL.joints[joint] for joint in order), tuple(parents))
    write_motion(Motion(motion.positions[:, order], motion.fps, levels), tmp_path / f"a{suffix}")
    found = read_motion(tmp_path / f"a{suffix}", unit="cm" if suffix == ".bvh" else "m", up="y", fps=29.97)
    assert off(motion, found) <= 5 * EXACT[suffix]


def test_there_and_back_through_glb(tmp_path):
    motion = bandai_motion(walking(40))
    for step, suffix in enumerate((".bvh", ".glb", ".bvh", ".csv")):
        write_motion(motion if step == 0 else read_motion(tmp_path / f"{step - 1}{(0, '.bvh', '.glb', '.bvh')[step]}"),
                     tmp_path / f"{step}{suffix}")  # fmt: skip
    assert off(motion, read_motion(tmp_path / "2.bvh")) < 1e-4


def test_ends_of_bvh_stay_ends(tmp_path):
    motion = recording(2)
    for name in ("a.bvh", "b.bvh", "c.bvh"):
        write_motion(motion, tmp_path / name)
        motion = read_motion(tmp_path / name)
    once, again = (read_motion(tmp_path / name) for name in ("a.bvh", "c.bvh"))
    assert again.skeleton.joints == once.skeleton.joints
    assert "_end" in once.skeleton.joints[-1]
    assert (tmp_path / "c.bvh").read_text().count("CHANNELS") == (tmp_path / "a.bvh").read_text().count("CHANNELS")
    assert off(once, again) < 2e-5


def test_rotations_and_the_rest_pose_alone_reproduce_bones_of_constant_length():
    motion = bandai_motion(walking(40))
    bones = turn_bones(motion)
    offsets = [np.asarray(bones.offsets[0]), *bones.rest[1:]]
    found = forward(motion.skeleton.parents, offsets, list(bones.turns))
    assert np.abs(found - motion.positions).max() < 1e-3


def test_quaternions_are_those_of_the_rotations_without_jumps():
    turns = np.stack(
        [rotation(seed) for seed in range(50)] + [np.diag([1.0, -1, -1]), np.diag([-1.0, -1, 1]), np.eye(3)]
    )
    quaternions = _quaternions(turns)
    np.testing.assert_allclose(quaternion_rotation(quaternions), turns, atol=1e-12)
    assert ((quaternions[1:] * quaternions[:-1]).sum(axis=1) >= 0).all()


def test_a_glb_is_what_the_specification_asks_for(tmp_path):
    motion = recording(1)
    write_motion(motion, tmp_path / "a.glb")
    data = (tmp_path / "a.glb").read_bytes()
    magic, version, length, size, kind = struct.unpack_from("<4sIII4s", data)
    assert (magic, version, length, kind) == (b"glTF", 2, len(data), b"JSON")
    document = json.loads(data[20 : 20 + size])
    assert size % 4 == 0
    assert document["buffers"][0]["byteLength"] == len(data) - 28 - size
    assert [node["name"] for node in document["nodes"]] == list(motion.skeleton.joints)
    children = {child: n for n, node in enumerate(document["nodes"]) for child in node.get("children", ())}
    assert tuple(children.get(n, -1) for n in range(len(document["nodes"]))) == motion.skeleton.parents
    assert len(document["animations"][0]["channels"]) == 2 * len(motion.skeleton.joints)
    times = document["accessors"][0]
    assert (times["count"], times["min"], times["type"]) == (motion.frames, [0.0], "SCALAR")


def test_what_was_not_seen_stays_unseen_in_tables_and_archives(tmp_path):
    seen = np.ones((40, 21), bool)
    seen[2:38, CANONICAL.index("left_wrist")] = False
    motion = Motion(walking(40), 30, CANONICAL, "walk", seen=seen)
    for suffix in (".csv", ".npz"):
        write_motion(motion, tmp_path / f"a{suffix}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.testing.assert_array_equal(read_motion(tmp_path / f"a{suffix}").seen, seen)


def test_the_command_writes_a_file_and_refuses_others_first(tmp_path, capsys):
    write_motion(recording(3), tmp_path / "a.bvh")
    assert convert(tmp_path / "a.bvh", tmp_path / "a.glb", source=Input()) == 0
    assert "a.glb: " in capsys.readouterr().out
    assert off(read_motion(tmp_path / "a.bvh"), read_motion(tmp_path / "a.glb")) < 1e-4
    with pytest.raises(ValueError, match=r"motions are not written as \.fbx; expected \.bvh, \.npz, \.csv, \.glb"):
        convert(tmp_path / "missing.bvh", tmp_path / "a.fbx")
    with pytest.raises(ValueError, match="files without a suffix"):
        convert(tmp_path / "a.bvh", tmp_path / "glb")
    with pytest.raises((ValueError, OSError)):
        convert(tmp_path / "a.bvh", tmp_path / "none" / "a.glb")


def test_files_that_are_there_are_only_replaced_where_asked(tmp_path, m2l):
    write_motion(recording(3), tmp_path / "a.bvh")
    document = moved_gltf(recording(2).clip(0, 1))
    walk = document.json["animations"][0]
    document.json["animations"] = [walk | {"name": name} for name in ("Walk", "Run")]
    (tmp_path / "two.glb").write_bytes(document.glb())
    for name in ("b.npz", "c_Run.npz"):
        (tmp_path / name).write_text("mine")
    status, out, err = m2l("convert", tmp_path / "a.bvh", tmp_path / "b.npz")
    assert (status, out) == (1, "")
    assert err == f"m2l: {tmp_path / 'b.npz'}: is there already; --overwrite replaces it\n"
    assert "c_Run.npz: is there already" in m2l("convert", tmp_path / "two.glb", tmp_path / "c.npz")[2]
    assert not (tmp_path / "c_Walk.npz").exists()
    assert (tmp_path / "b.npz").read_text() == "mine"
    assert m2l("convert", tmp_path / "a.bvh", tmp_path / "b.npz", "--overwrite")[0] == 0
    assert read_motion(tmp_path / "b.npz").frames == recording(3).frames


def test_each_take_of_a_file_gets_a_file_of_its_own(tmp_path, capsys):
    document = moved_gltf(recording(2).clip(0, 1))
    walk = document.json["animations"][0]
    document.json["animations"] = [walk | {"name": name} for name in ("Walk", "Run/fast", "Run fast")]
    (tmp_path / "a.glb").write_bytes(document.glb())
    assert convert(tmp_path / "a.glb", tmp_path / "b.npz", source=Input()) == 0
    assert sorted(path.name for path in tmp_path.glob("b*")) == ["b_Run-fast.npz", "b_Run-fast_2.npz", "b_Walk.npz"]
    assert capsys.readouterr().out.count("frames per second") == 3
    whole = read_motion(tmp_path / "a.glb", take="Walk")
    np.testing.assert_array_equal(read_motion(tmp_path / "b_Walk.npz").positions, whole.positions)
    assert convert(tmp_path / "a.glb", tmp_path / "one.npz", source=Input(take="walk")) == 0
    np.testing.assert_array_equal(read_motion(tmp_path / "one.npz").positions, whole.positions)


def test_a_take_that_cannot_be_read_stops_no_other(tmp_path, capsys):
    document = moved_gltf(recording(2).clip(0, 1))
    walk = document.json["animations"][0]
    lame = walk | {"name": "Lame", "samplers": [{**row, "interpolation": "WILD"} for row in walk["samplers"]]}
    document.json["animations"] = [lame, walk | {"name": "Walk"}]
    (tmp_path / "a.glb").write_bytes(document.glb())
    assert convert(tmp_path / "a.glb", tmp_path / "b.npz", source=Input()) == 1
    assert [path.name for path in tmp_path.glob("b*")] == ["b_Walk.npz"]
    assert "take Lame: interpolation 'WILD'" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", EXACT)
def test_pieces_are_written_in_every_format(suffix, tmp_path):
    motion = recording(2)
    parts = (Segment(0.0, 1.0, "walk"), Segment(1.0, 1.5, "wave", known=False), Segment(1.5, motion.duration, "turn"))
    transcript = Transcript(parts, motion.duration, "take.bvh", "someone")
    written = write_pieces(motion, transcript, tmp_path, "take", suffix)
    assert [path.name for path, _ in written] == [
        f"take_{name}{suffix}" for name in ("01_walk", "02_unknown", "03_turn")
    ]
    assert sum(read_motion(path).frames for path, _ in written) == motion.frames


def test_a_single_pose_and_a_single_joint_are_written(tmp_path):
    point = Motion(np.ones((1, 1, 3)), 30, Skeleton("point", ("root",), (-1,)), "point")
    for suffix in WRITERS:
        write_motion(point, tmp_path / f"a{suffix}")
        assert (tmp_path / f"a{suffix}").stat().st_size > 0


@pytest.mark.parametrize("name", ["bvh/cmu", "fbx", "gltf", "others", "bvh/bandai"])
def test_real_recordings_come_back_from_glb_and_bvh(name, tmp_path):
    """One recording of each kind in the shared data, at most 600 frames of it."""
    folder = SHARED / "data" / name
    files = sorted(path for path in folder.glob("*") if path.suffix in (".bvh", ".fbx", ".glb", ".mvnx"))
    if not files:
        pytest.skip("no ../shared/data")
    from motion2language.formats.reading import ReadOptions, list_takes

    file = min(files, key=lambda path: path.stat().st_size)
    takes = list_takes(file, ReadOptions())
    motion = read_motion(file, take=max(takes, key=len) if takes else None)
    motion = motion.frames_between(0, min(motion.frames, 600))
    for suffix in (".glb", ".bvh"):
        write_motion(motion, tmp_path / f"a{suffix}")
        found = read_motion(tmp_path / f"a{suffix}", unit="cm" if suffix == ".bvh" else "m", up="y")
        columns = [found.skeleton.index(joint) for joint in motion.skeleton.joints]
        apart = np.linalg.norm(found.positions[: motion.frames, columns] - motion.positions, axis=2).max()
        assert apart < 1e-3, (file.name, suffix)
