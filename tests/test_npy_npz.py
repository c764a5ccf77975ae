"""Arrays of the corpora and our own archives: read and written, and options that a file needs."""

from dataclasses import replace

import numpy as np
import pytest
from small import recording

from motion2language.formats import npz
from motion2language.formats.npy import LAYOUTS
from motion2language.formats.reading import ReadOptions, read
from motion2language.motion import Motion


def saved(tmp_path, array, **options):
    np.save(tmp_path / "take.npy", array, **options)
    return tmp_path / "take.npy"


def walk(joints: int, frames: int = 40) -> np.ndarray:
    """Joints that hang together, wander over the ground and turn; (T, J, 3)."""
    random = np.random.default_rng(joints)
    body = random.normal(0, 0.3, (joints, 3))
    body[0] = 0
    time = np.arange(frames)[:, None]
    heading = 0.05 * time[:, 0] + 0.4 * np.sin(0.2 * time[:, 0])
    cos, sin = np.cos(heading), np.sin(heading)
    x, y, z = (
        body[None, :, k] + 0.05 * np.sin(0.3 * time + k + np.arange(joints)) * (np.arange(joints) > 0) for k in range(3)
    )
    root = np.cumsum(np.stack((0.05 * sin, 0 * sin, 0.05 * cos), -1), 0) + np.array([0, 0.9, 0])
    around = np.stack((cos[:, None] * x + sin[:, None] * z, y, -sin[:, None] * x + cos[:, None] * z), -1)
    return around + root[:, None], heading


def features_of(positions: np.ndarray, heading: np.ndarray, width: int) -> np.ndarray:
    """HumanML3D's vector, written forward from its definition (Guo et al. 2022) for a body that faces `heading`."""
    frames, joints = positions.shape[:2]
    values = np.zeros((frames, width))
    # The root quaternion turns the world to face +Z: by -heading; its half angle's change is the first value.
    values[:-1, 0] = np.diff(-heading) / 2
    for frame in range(frames):
        cos, sin = np.cos(-heading[frame]), np.sin(-heading[frame])

        def facing(v, cos=cos, sin=sin):
            return np.stack((cos * v[..., 0] + sin * v[..., 2], v[..., 1], -sin * v[..., 0] + cos * v[..., 2]), -1)

        local = positions[frame, 1:] - positions[frame, 0] * [1, 0, 1]
        values[frame, 4 : 4 + 3 * (joints - 1)] = facing(local).ravel()
        values[frame, 3] = positions[frame, 0, 1]
        if frame + 1 < frames:
            step = positions[frame + 1, 0] - positions[frame, 0]
            # The step is in the axes of the frame it arrives at.
            cos2, sin2 = np.cos(-heading[frame + 1]), np.sin(-heading[frame + 1])
            values[frame, 1] = cos2 * step[0] + sin2 * step[2]
            values[frame, 2] = -sin2 * step[0] + cos2 * step[2]
    return values


@pytest.mark.parametrize(("name", "joints", "fps"), [("humanml3d", 22, 20), ("kit", 21, 12.5)])
def test_joints_have_the_frame_rate_of_their_corpus(name, joints, fps, tmp_path):
    positions = walk(joints)[0].astype(np.float32)
    motion = read(saved(tmp_path, positions), ReadOptions(layout=name)).motion
    np.testing.assert_array_equal(motion.positions, positions)
    assert motion.fps == fps
    assert motion.skeleton == LAYOUTS[name].skeleton
    assert len(motion.skeleton.joints) == joints
    assert read(saved(tmp_path, positions), ReadOptions(fps=60.0)).motion.fps == 60


@pytest.mark.parametrize(("name", "joints", "width"), [("humanml3d", 22, 263), ("kit", 21, 251)])
def test_joints_follow_from_feature_vectors(name, joints, width, tmp_path):
    positions, heading = walk(joints)
    values = features_of(positions, heading, width).astype(np.float32)
    found = read(saved(tmp_path, values), ReadOptions(layout=name)).motion.positions
    cos, sin = np.cos(-heading[0]), np.sin(-heading[0])
    start = positions - positions[0, 0] * [1, 0, 1]
    x, z = cos * start[..., 0] + sin * start[..., 2], -sin * start[..., 0] + cos * start[..., 2]
    np.testing.assert_allclose(found, np.stack((x, start[..., 1], z), -1), atol=1e-4)


def test_without_layout_or_rate_the_error_names_both(tmp_path):
    with pytest.raises(ValueError, match=r"give --layout humanml3d \(20 frames per second\) or --fps"):
        read(saved(tmp_path, np.zeros((3, 22, 3), np.float32)))
    with pytest.raises(ValueError, match=r"give --layout kit \(12\.5 frames per second\) or --fps"):
        read(saved(tmp_path, np.zeros((3, 251), np.float32)))


@pytest.mark.parametrize(
    ("array", "layout", "message"),
    [
        (np.zeros((5, 23, 3)), None, r"23 joints in a frame, expected those of mediapipe \(33\)"),
        (np.zeros((22, 3)), "humanml3d", r"shape \(22, 3\); expected"),
        (np.zeros(()), "kit", r"shape \(\); expected"),
        (np.zeros((5, 22, 3)), "kit", "has the layout humanml3d, not kit"),
        (np.zeros((5, 21, 3)), "smpl", "21 joints in a frame, expected 22 or 24 or 52 or 55 of the layout smpl"),
        (np.zeros((5, 22, 3)), "smplx", "unknown layout 'smplx'; expected one of humanml3d, kit, mediapipe"),
        (np.zeros((5, 262)), None, r"shape \(5, 262\); expected joints \(T, J, 3\), or features \(T, 263\)"),
        (np.zeros((0, 22, 3)), "humanml3d", "the file contains no frames"),
        (np.full((5, 22, 3), np.nan), "humanml3d", "5 of 5 frames contain a position that is not a finite number"),
        (np.zeros((5, 22, 3), complex), "humanml3d", "contains complex128, expected an array of numbers"),
        (np.zeros((5, 22, 3), bool), "humanml3d", "contains bool, expected an array of numbers"),
        (np.array(["a"]), "humanml3d", "expected an array of numbers"),
    ],
)
def test_other_arrays_are_refused(array, layout, message, tmp_path):
    with pytest.raises(ValueError, match=message) as caught:
        read(saved(tmp_path, array), ReadOptions(layout=layout))
    assert "take.npy" in str(caught.value)


def test_objects_text_and_cut_files_are_refused(tmp_path):
    path = saved(tmp_path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="contains Python objects, which are refused"):
        read(path, ReadOptions(layout="kit"))
    path.write_bytes(b"PK\x03\x04 a damaged archive")
    with pytest.raises(ValueError, match=r"take\.npy: not an \.npy file, or cut off"):
        read(path, ReadOptions(layout="kit"))
    path.write_bytes(b"not an array")
    with pytest.raises(ValueError, match=r"take\.npy: is not an \.npy file; expected an array of numbers"):
        read(path, ReadOptions(layout="kit"))
    whole = saved(tmp_path, np.zeros((5, 22, 3))).read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match=r"take\.npy: .*cut off"):
        read(path, ReadOptions(layout="humanml3d"))
    path.write_bytes(whole.replace(b"(5, 22, 3), }", b"(5, 22, 3 {  "))
    with pytest.raises(ValueError, match=r"take\.npy: not an \.npy file, or cut off"):
        read(path, ReadOptions(layout="humanml3d"))
    path.write_bytes(whole.replace(b"(5, 22, 3)", b"(9" + b"9" * 13 + b", 22, 3)")[: len(whole)])
    with pytest.raises(ValueError, match=r"take\.npy"):
        read(path, ReadOptions(layout="humanml3d"))


def test_an_archive_called_npy_is_refused(tmp_path):
    npz.write(recording(1), tmp_path / "take.npz")
    (tmp_path / "take.npz").rename(tmp_path / "take.npy")
    with pytest.raises(ValueError, match=r"take\.npy: is an archive of arrays; rename it to \.npz"):
        read(tmp_path / "take.npy", ReadOptions(layout="kit"))


@pytest.mark.parametrize("angles", [None, (30, 44)])
def test_a_written_archive_is_read_back(angles, tmp_path):
    motion = recording(1)
    if angles:
        motion = replace(motion, angles=np.random.default_rng(0).normal(size=(motion.frames, 44)))
    npz.write(motion, tmp_path / "take.npz")
    again = read(tmp_path / "take.npz").motion
    np.testing.assert_array_equal(again.positions, motion.positions)
    assert (again.fps, again.skeleton) == (motion.fps, motion.skeleton)
    if angles:
        np.testing.assert_array_equal(again.angles, motion.angles)
    else:
        assert again.angles is None
    assert read(tmp_path / "take.npz", ReadOptions(fps=50.0)).motion.fps == 50


def archive(tmp_path, **changes):
    motion = recording(1)
    npz.write(Motion(motion.positions[:4], 30.0, motion.skeleton), tmp_path / "take.npz")
    with np.load(tmp_path / "take.npz") as data:
        arrays = {key: value for key, value in {**data, **changes}.items() if value is not None}
    np.savez(tmp_path / "take.npz", **arrays)
    return tmp_path / "take.npz"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fps": None}, "lacks fps; expected positions, fps, joints, parents, found positions"),
        ({"fps": np.array([30.0, 30.0])}, "'fps' has type float64 and shape"),
        ({"fps": np.float64(0)}, "frame rate 0.0 is not a positive number"),
        ({"fps": np.float64(-30)}, "is not a positive number"),
        ({"positions": np.array([{}], dtype=object)}, "contains pickled objects"),
        ({"positions": np.zeros((4, 3, 3))}, r"positions have shape \(4, 3, 3\), expected \(frames, 21, 3\)"),
        ({"positions": np.full((4, 21, 3), np.inf)}, "not a finite number"),
        ({"positions": np.zeros((0, 21, 3))}, "no frames"),
        ({"joints": np.arange(21)}, "'joints' has type int64"),
        ({"parents": np.arange(21)}, "root|parent"),
        ({"angles": np.zeros((3, 44))}, r"angles have shape \(3, 44\), expected \(4, angles\)"),
    ],
)
def test_other_archives_are_refused(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message) as caught:
        read(archive(tmp_path, **changes))
    assert "take.npz" in str(caught.value)


def test_cut_and_foreign_archives_are_refused(tmp_path):
    path = archive(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"take\.npz: not an \.npz archive, or cut off"):
        read(path)
    npz.write(recording(1), path)
    whole = path.read_bytes()
    for place in range(200, 2000, 50):  # the compressed numbers: their stream breaks, or their checksum
        path.write_bytes(whole[:place] + bytes(20) + whole[place + 20 :])
        with pytest.raises(ValueError, match=r"take\.npz: not an \.npz archive, or cut off"):
            read(path)
    np.savez(path, something=np.zeros(3))
    with pytest.raises(ValueError, match=r"lacks positions, fps, joints, parents; .* found something"):
        read(path)
    np.savez(path, positions=np.zeros((4, 2, 3)), offsets=[0, 4], joint_names=["a", "b"], parents=[-1, 0])
    with pytest.raises(ValueError, match=r"take\.npz: contains many labelled recordings .* m2l data check people"):
        read(path)
    np.save(tmp_path / "plain.npy", np.zeros(3))
    (tmp_path / "plain.npy").rename(path)
    with pytest.raises(ValueError, match=r"take\.npz"):
        read(path)
