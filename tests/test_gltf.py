"""glTF: one file or two, takes, interpolations, VRM's table; damage; and real files where they are there."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from animated import Gltf, moved_gltf
from bodies import SHARED
from small import recording

import motion2language as m2l
from motion2language.body import to_canonical
from motion2language.formats import gltf
from motion2language.formats.reading import ReadOptions, list_takes, read_with_axes

MOTION = recording(2).clip(0, 1)
HUMANOID = dict(zip(
    MOTION.skeleton.joints,
    "hips spine chest neck head leftShoulder leftUpperArm leftLowerArm leftHand rightShoulder rightUpperArm "
    "rightLowerArm rightHand leftUpperLeg leftLowerLeg leftFoot leftToes rightUpperLeg "
    "rightLowerLeg rightFoot rightToes".split(),
    strict=True,
))  # fmt: skip


def written(tmp_path, content: bytes, name: str = "take.glb"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_each_form_has_the_places_that_were_written(tmp_path):
    document = moved_gltf(MOTION)
    (tmp_path / "take data.bin").write_bytes(document.data)
    paths = [
        written(tmp_path, document.glb()),
        written(tmp_path, document.gltf(), "embedded.gltf"),
        written(tmp_path, document.gltf("take%20data.bin"), "beside.gltf"),
        written(tmp_path, moved_gltf(MOTION, skin=False).glb(), "no_skin.glb"),
    ]
    for path in paths:
        motion, axes = read_with_axes(path)
        assert (motion.fps, axes.unit, axes.up) == (MOTION.fps, "m", "y")
        assert motion.skeleton.joints == MOTION.skeleton.joints
        np.testing.assert_allclose(motion.positions, MOTION.positions, atol=1e-5)


@pytest.mark.parametrize("extension", [
    lambda bones: {"VRMC_vrm": {"humanoid": {"humanBones": bones}}},
    lambda bones: {"VRMC_vrm_animation": {"humanoid": {"humanBones": bones}}},
    lambda bones: {"VRM": {"humanoid": {"humanBones": [{"bone": name} | row for name, row in bones.items()]}}},
], ids=["vrm", "vrma", "vrm 0"])  # fmt: skip
def test_the_humanoid_table_of_vrm_names_the_joints(extension, tmp_path):
    document = moved_gltf(MOTION, skin=False, names=tuple(f"x{joint}" for joint in range(21)))
    bones = {HUMANOID[name]: {"node": joint} for joint, name in enumerate(MOTION.skeleton.joints)}
    document.json["extensions"] = extension(bones)
    motion = m2l.read_motion(written(tmp_path, document.glb(), "take.vrma"))
    assert motion.skeleton.joints == tuple(HUMANOID.values())
    np.testing.assert_allclose(to_canonical(motion).positions, MOTION.positions, atol=1e-5)


def one_arm(channels, **node) -> Gltf:
    """Two joints, the second a metre along x of the first."""
    document = Gltf()
    document.json["nodes"] = [{"name": "a", "children": [1]} | node, {"name": "b", "translation": [1, 0, 0]}]
    document.json["skins"] = [{"joints": [0, 1]}]
    document.animate("", {(0, path): value for path, value in channels.items()})
    return document


def tips(document: Gltf, tmp_path, fps: float = 4) -> np.ndarray:
    """The places of the second joint."""
    return gltf.read(written(tmp_path, document.glb()), ReadOptions(fps=fps)).motion.positions[:, 1]


def test_interpolations_by_hand(tmp_path):
    half = np.sqrt(0.5)
    turn = np.array([[0, 0, 0, 1], [0, 0, -half, -half]], np.float32)  # 90 degrees about z, written with the other sign
    angles = np.radians([0, 22.5, 45, 67.5, 90])
    arc = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    np.testing.assert_allclose(tips(one_arm({"rotation": ([0, 1], turn, "LINEAR")}), tmp_path), arc, atol=1e-6)
    steps = tips(one_arm({"rotation": ([0, 1], turn, "STEP")}), tmp_path)
    np.testing.assert_allclose(steps, arc[[0, 0, 0, 0, 4]], atol=1e-6)
    # A cubic from 0 to 1 that leaves with slope 1 and arrives with slope 3: 1/2 (0 + 1) + (1 - 3) / 8 in the middle.
    keys = np.zeros((6, 3), np.float32)
    keys[:, 0] = (9, 0, 1, 3, 1, 9)
    cubic = tips(one_arm({"translation": ([0, 1], keys, "CUBICSPLINE")}), tmp_path)
    np.testing.assert_allclose(cubic[[0, 2, 4], 0], (1, 1.25, 2), atol=1e-6)
    size = np.array([[1, 1, 1], [3, 1, 1]], np.float32)
    grown = tips(one_arm({"scale": ([0, 1], size, "LINEAR")}), tmp_path)
    np.testing.assert_allclose(grown[:, 0], (1, 1.5, 2, 2.5, 3), atol=1e-6)


def test_fractions_as_integers_and_a_matrix(tmp_path):
    turn = np.array([[0, 0, 0, 32767], [0, 0, 23170, 23170]], "<i2")
    document = one_arm({"rotation": ([0, 1], turn, "LINEAR")})
    document.json["nodes"].append(
        {"name": "c", "children": [0], "matrix": [0, 2, 0, 0, -2, 0, 0, 0, 0, 0, 2, 0, 5, 6, 7, 1]}
    )
    np.testing.assert_allclose(tips(document, tmp_path)[[0, -1]], [[5, 8, 7], [3, 6, 7]], atol=1e-4)


def test_the_rate_is_that_of_even_keys_else_30(tmp_path):
    turn = np.tile(np.array([0, 0, 0, 1], np.float32), (50, 1))
    for times, rate in ((np.arange(50) / 24, 24), (np.arange(50) / 119.88, 119.88), (np.cumsum(np.arange(50)), 30)):
        path = written(tmp_path, one_arm({"rotation": (times, turn, "LINEAR")}).glb())
        assert gltf.read(path, ReadOptions()).motion.fps == pytest.approx(rate, rel=1e-3)


def test_takes_have_their_names_or_numbers(tmp_path):
    document = moved_gltf(MOTION)
    first = document.json["animations"][0]
    document.json["animations"] += [first | {"name": ""}, first, {"name": "morph", "channels": [], "samplers": []}]
    path = written(tmp_path, document.glb())
    assert list_takes(path) == ("Walk", "take 2", "Walk (3)")
    assert m2l.read_motion(path, take="take 2").name == "take.glb [take 2]"


def changed(change) -> bytes:
    document = moved_gltf(MOTION)
    change(document.json)
    return document.glb()


def circle(content):
    content["nodes"][3]["children"] = [0]


def endless(content):
    content["nodes"] = [{"children": [number + 1]} for number in range(2_999)] + [{}]
    content["skins"] = [{"joints": [*range(3_000)]}]


@pytest.mark.parametrize(("content", "message"), [
    (b"glTF\2\0\0\0", "cut off; expected version 2"),
    (moved_gltf(MOTION).glb()[:-50], "the file is cut off: a chunk of"),
    (b"solid cube", "not a glTF file"),
    (b"{}", "not a glTF file: expected JSON with `asset`"),
    (b"[" * 100_000, "nested too deeply"),
    (changed(lambda c: c["asset"].update(version="1.0")), "glTF version '1.0', expected 2.0"),
    (changed(lambda c: c.update(animations=[])), "contains no animation of nodes, a character in one pose"),
    (changed(lambda c: c["accessors"][0].update(count=10**9)), "1,000,000,000 x 1 values, expected at most"),
    (changed(lambda c: c["accessors"][0].update(count=10**7)), "needs 40000000 bytes, .* are there"),
    (changed(lambda c: c["accessors"][0].update(type="VEC3")), "expected 1 known numbers a row"),
    (changed(lambda c: c["accessors"][0].update(sparse={})), "stored sparsely"),
    (changed(lambda c: c["bufferViews"][0].update(extensions={"EXT_meshopt_compression": 0})), "EXT_meshopt"),
    (changed(lambda c: c["animations"][0]["channels"][0].update(sampler=99)), "sampler 99 does not exist"),
    (changed(lambda c: c["animations"][0]["samplers"][0].update(interpolation="x")), "interpolation 'x', expected"),
    (changed(lambda c: c["nodes"][0].update(children=[500])), "node 500 does not exist, there are 21"),
    (changed(circle), "circle|two places"),
    (changed(lambda c: c["nodes"][2].update(rotation=[0, 0, "x", 1])), "expected 4 numbers"),
    (changed(endless), "3,000 joints, expected at most 2,000; export the body's skeleton alone"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(content, message, tmp_path):
    with pytest.raises(ValueError, match=message) as caught:
        m2l.read_motion(written(tmp_path, content))
    assert str(caught.value).startswith(str(tmp_path / "take.glb"))
    assert "\n" not in str(caught.value)


def test_files_beside_it_are_those_of_its_own_folder(tmp_path):
    folder = tmp_path / "inner"
    folder.mkdir()
    document = moved_gltf(MOTION)
    (tmp_path / "take.bin").write_bytes(document.data)
    for uri, message in (("../take.bin", "outside the file's folder"), ("take.bin", "'take.bin', which is not there"),
                         (str(tmp_path / "take.bin"), "outside the file's folder"), ("data:,x", "not in base64"),
                         ("data:;base64,x", "does not decode"), ("a" * 5000, "names a file that cannot exist"),
                         ("a%0Ab", "names a file that cannot exist"), ("é" * 150, "which is not there")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            m2l.read_motion(written(folder, document.gltf(uri), "take.gltf"))


def test_a_file_beside_is_found_as_on_windows(tmp_path):
    document = moved_gltf(MOTION)
    (tmp_path / "Data").mkdir()
    (tmp_path / "Data" / "Take.BIN").write_bytes(document.data)
    for uri in ("Data/take.bin", "Data\\Take.BIN", "Data%5CTAKE.bin"):
        motion = m2l.read_motion(written(tmp_path, document.gltf(uri), "take.gltf"))
        np.testing.assert_allclose(motion.positions, MOTION.positions, atol=1e-5)
    (tmp_path / "Data" / "TAKE.bin").write_bytes(b"")
    if len(list((tmp_path / "Data").iterdir())) == 2:  # a disk that knows case
        with pytest.raises(ValueError, match="which is not there"):
            m2l.read_motion(written(tmp_path, document.gltf("Data/take.bin"), "take.gltf"))


@pytest.mark.skipif(not (SHARED / "data/gltf").is_dir(), reason="no ../shared")
def test_a_real_character_with_the_same_curves_is_the_same_in_gltf_and_fbx(tmp_path):
    """All joints of all takes within a hundredth of a millimetre, once the glTF has the values of the FBX's curves."""
    script = Path(__file__).parents[1] / "benchmarks" / "exchanged_curves.py"
    spec = importlib.util.spec_from_file_location("exchanged_curves", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files = [SHARED / "data/gltf" / f"BaseCharacter.{suffix}" for suffix in ("gltf", "fbx")]
    (tmp_path / "same.gltf").write_text(module.exchange_curves(*files), encoding="utf-8")
    takes = list_takes(files[0])
    assert len(takes) == 16
    for take in takes:
        assert module.distances(tmp_path / "same.gltf", files[1], take).max() < 0.01


@pytest.mark.skipif(not (SHARED / "data/gltf").is_dir(), reason="no ../shared")
def test_real_characters_as_gltf_and_fbx_are_the_same():
    """One character in both formats. Some limbs of some takes are stored differently (benchmarks/file_parity.py): the
    joints that agree in a take do so to a millimetre, and they are nine in ten."""
    files = [SHARED / "data/gltf" / f"BaseCharacter.{suffix}" for suffix in ("gltf", "fbx")]
    names = [list_takes(path) for path in files]
    assert (len(names[0]), set(names[1]) - set(names[0])) == (16, {"Victory"})
    means = []
    for name in ("Walk", "Jump"):
        one, other = (m2l.read_motion(path, take=name) for path in files)
        assert (one.frames, one.fps) == (other.frames, other.fps)
        for joint in one.skeleton.joints:
            steps = one.positions[:, one.skeleton.index(joint)] - other.positions[:, other.skeleton.index(joint)]
            means.append(np.linalg.norm(steps, axis=1).mean())
    assert np.mean(np.array(means) < 0.001) > 0.9
