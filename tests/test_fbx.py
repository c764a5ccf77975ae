"""FBX: binary and text, versions 6 and 7, transforms, curves, takes, bodies; and real files where they are there."""

import json
import warnings

import numpy as np
import pytest
from animated import SECOND, Block, Rig, binary, curve_block, moved_rig, old_text, text
from bodies import SHARED
from small import recording

import motion2language as m2l
from motion2language.body import to_canonical
from motion2language.formats import fbx
from motion2language.formats.fbx_curves import curve_of
from motion2language.formats.fbx_document import Block as Parsed
from motion2language.formats.fbx_document import parse_binary
from motion2language.formats.kinematics import euler_rotation
from motion2language.formats.reading import ReadOptions, list_takes, read_takes, read_with_axes
from motion2language.motion import CANONICAL

MOTION = recording(2).clip(0, 1)


def written(tmp_path, content: bytes, name: str = "take.fbx"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("form", [
    lambda rig: binary(rig.blocks()), lambda rig: binary(rig.blocks(), compress=False),
    lambda rig: binary(rig.blocks(), 7700), lambda rig: text(rig.blocks()),
], ids=["binary", "unpacked", "7.7", "text"])  # fmt: skip
def test_each_form_has_the_places_that_were_written(form, tmp_path):
    motion, axes = read_with_axes(written(tmp_path, form(moved_rig(MOTION))))
    assert (motion.fps, axes.unit, axes.up) == (MOTION.fps, "cm", "y")
    assert motion.skeleton.joints == MOTION.skeleton.joints
    assert motion.skeleton.parents == MOTION.skeleton.parents
    np.testing.assert_allclose(motion.positions, MOTION.positions, atol=1e-5)


@pytest.mark.parametrize("binary_form", [False, True])
def test_version_6_has_the_places_that_were_written(binary_form, tmp_path):
    motion, axes = read_with_axes(written(tmp_path, old_text(MOTION, binary_form)))
    assert (motion.fps, axes.unit, motion.frames) == (30, "cm", MOTION.frames)
    np.testing.assert_allclose(motion.positions, MOTION.positions, atol=1e-5)


@pytest.mark.parametrize(("settings", "up"), [
    ({"UpAxis": 1, "FrontAxis": 2, "CoordAxis": 0}, "y"),
    ({"UpAxis": 2, "FrontAxis": 1, "FrontAxisSign": -1, "CoordAxis": 0}, "z"),
    ({"UpAxis": 1, "FrontAxis": 2, "CoordAxis": 0, "CoordAxisSign": -1}, "y"),
])  # fmt: skip
def test_axes_and_units_of_the_settings_are_used(settings, up, tmp_path):
    rig = moved_rig(MOTION, scale=1.0)
    rig.settings |= settings
    signs = np.ones(3)
    if up == "z":  # Y up to Z up: x, -z, y
        for curves in rig.takes[0][1].values():
            x, y, z = curves
            curves[:] = [x, (z[0], -z[1]), y]
    if settings.get("CoordAxisSign"):
        signs[0] = -1
        for curves in rig.takes[0][1].values():
            curves[0] = (curves[0][0], -curves[0][1])
    motion, axes = read_with_axes(written(tmp_path, binary(rig.blocks())))
    assert (axes.unit, axes.up) == ("cm", up)
    np.testing.assert_allclose(motion.positions, MOTION.positions, atol=1e-5)


def naive_chain(nodes: list[dict], degrees: np.ndarray, orders: list[str]) -> np.ndarray:
    """World places (N, 3) of a chain of nodes by 4 x 4 matrices, all scales inherited with the whole matrix."""

    def shift(vector):
        matrix = np.eye(4)
        matrix[:3, 3] = vector
        return matrix

    def turn(angles, order):
        matrix = np.eye(4)
        for axis in order:  # the first axis is turned about first
            matrix[:3, :3] = (
                euler_rotation(["XYZ".index(axis)], np.radians([[angles["XYZ".index(axis)]]]))[0] @ matrix[:3, :3]
            )
        return matrix

    world, places = np.eye(4), []
    for node, angles, order in zip(nodes, degrees, orders, strict=True):
        get = {name: np.zeros(3) for name in ("RotationOffset", "RotationPivot", "ScalingOffset", "ScalingPivot",
                                              "PreRotation", "PostRotation", "Lcl_Translation")}  # fmt: skip
        get = {name: np.array(node.get(name, value)) for name, value in get.items()}
        size = np.diag([*node.get("Lcl_Scaling", (1, 1, 1)), 1])
        world = (
            world @ shift(get["Lcl_Translation"]) @ shift(get["RotationOffset"]) @ shift(get["RotationPivot"])
            @ turn(get["PreRotation"], "XYZ") @ turn(angles, order) @ np.linalg.inv(turn(get["PostRotation"], "XYZ"))
            @ shift(-get["RotationPivot"]) @ shift(get["ScalingOffset"]) @ shift(get["ScalingPivot"]) @ size
            @ shift(-get["ScalingPivot"])
        )  # fmt: skip
        places.append(world[:3, 3])
    return np.array(places)


def chain(nodes: list[dict], degrees: np.ndarray, inherit: int = 1) -> np.ndarray:
    """The places that the reader finds for a chain, in centimetres."""
    rig = Rig({"TimeMode": 6})
    curves = {}
    for number, (node, angles) in enumerate(zip(nodes, degrees, strict=True)):
        rig.add(f"bone{number}", number - 1, **({"InheritType": inherit, "RotationActive": 1} | node))
        curves[number, "Lcl Rotation"] = [([0.0, 1.0], [angle, angle]) for angle in angles]
    rig.takes.append(("turn", curves, {}))
    return rig


@pytest.mark.parametrize("order", ["XYZ", "XZY", "YZX", "YXZ", "ZXY", "ZYX"])
def test_rotation_orders_pivots_and_scales_are_as_by_matrices(order, tmp_path):
    chance = np.random.default_rng(0)
    names = ("RotationOffset", "RotationPivot", "ScalingOffset", "ScalingPivot", "PreRotation", "PostRotation",
             "Lcl_Translation")  # fmt: skip
    number = ["XYZ", "XZY", "YZX", "YXZ", "ZXY", "ZYX"].index(order)
    nodes = [
        {name: tuple(chance.uniform(-40, 40, 3)) for name in names}
        | {"Lcl_Scaling": tuple(chance.uniform(0.5, 2, 3)), "RotationOrder": number}
        for _ in range(4)
    ]
    degrees = chance.uniform(-180, 180, (4, 3)).astype(np.float32)
    path = written(tmp_path, binary(chain(nodes, degrees).blocks()))
    found = fbx.read(path, ReadOptions()).motion.positions
    np.testing.assert_allclose(found[0], naive_chain(nodes, degrees, [order] * 4), atol=1e-3)
    np.testing.assert_allclose(found[-1], found[0], atol=1e-3)


def test_a_node_may_take_only_part_of_its_parents_scale(tmp_path):
    nodes = [
        {"Lcl_Scaling": (2.0, 3.0, 4.0)},
        {"Lcl_Translation": (1.0, 1.0, 1.0)},
        {"Lcl_Translation": (1.0, 0.0, 0.0)},
    ]
    quarter = np.array([[0, 0, 0], [0, 0, 90], [0, 0, 0]], np.float32)
    # The middle bone stands at (2, 3, 4). Its x axis points along y: 1 becomes 3 by its parent's scale in the world
    # (RSrs), 2 where the scale comes after its own turn (RrSs), 1 where it does not inherit it (Rrs).
    for inherit, reach in ((1, 3.0), (0, 2.0), (2, 1.0)):
        path = written(tmp_path, binary(chain(nodes, quarter, inherit).blocks()))
        found = fbx.read(path, ReadOptions()).motion.positions[0]
        np.testing.assert_allclose(found, [[0, 0, 0], [2, 3, 4], [2, 3 + reach, 4]], atol=1e-4)


def test_pre_rotation_counts_only_where_rotation_is_active(tmp_path):
    nodes = [{"PreRotation": (0.0, 0.0, 90.0), "RotationActive": 0}, {"Lcl_Translation": (1.0, 0.0, 0.0)}]
    path = written(tmp_path, binary(chain(nodes, np.zeros((2, 3))).blocks()))
    np.testing.assert_allclose(fbx.read(path, ReadOptions()).motion.positions[0, 1], (1, 0, 0), atol=1e-6)


def curve(times, values, flag, data=(0.0, 0.0, 0.0, 0.0)):
    document, _ = parse_binary(binary([Block("Objects", [], [curve_block(1, times, values, flag, data)])]))
    found: Parsed = document.blocks[0].blocks[0]
    return curve_of(found, SECOND)


def test_curves_by_hand():
    times = np.array([0.0, 0.5, 0.999, 1.0, 1.5, 9.0])
    np.testing.assert_allclose(curve([0, 1], [2, 4], 4).at(times), [2, 3, 3.998, 4, 4, 4], atol=1e-6)
    np.testing.assert_allclose(curve([0, 1], [2, 4], 2).at(times), [2, 2, 2, 4, 4, 4])
    np.testing.assert_allclose(curve([0, 1], [2, 4], 0x102).at(times), [2, 4, 4, 4, 4, 4])
    # Hermite with slope 1 out of the first key and slope 3 into the second: at half 0.5 (2 + 4) + (1 - 3) / 8.
    np.testing.assert_allclose(curve([0, 1], [2, 4], 0x408, (1, 3, 0, 0)).at(times[:2]), [2, 2.75])
    # Automatic tangents of even keys on a line are the line, and flat at both ends: the middle key has slope 1.
    assert curve([0, 1, 2], [0, 1, 2], 0x108).at(np.array([0.5]))[0] == pytest.approx(0.5 - 1 / 8)


def test_a_weighted_cubic_is_the_bezier_curve_of_its_handles():
    weights = np.array([5000 | 2500 << 16], "<i4").view("<f4")[0]
    found = curve([0, 1], [0, 1], 0x408 | 0x3000000, (2.0, 0.0, weights, 0.0))
    place = np.linspace(0, 1, 50)
    reach, back = 5000 / 9999, 2500 / 9999
    rest = 1 - place
    time = 3 * rest**2 * place * reach + 3 * rest * place**2 * (1 - back) + place**3
    value = 3 * rest**2 * place * 2 * reach + 3 * rest * place**2 + place**3
    np.testing.assert_allclose(found.at(time), value, atol=1e-6)


def several(motion) -> Rig:
    rig = moved_rig(motion)
    name, curves, own = rig.takes[0]
    still = {key: [(times[:1], values[:1]) for times, values in three] for key, three in curves.items()}
    rig.takes = [(name, curves, own), ("Armature|Pose", still, {}), ("nothing", {}, {})]
    return rig


def test_takes_are_listed_chosen_and_read_at_once(tmp_path):
    path = written(tmp_path, binary(several(MOTION).blocks()))
    assert list_takes(path) == ("Walk", "Pose")
    with pytest.raises(ValueError, match=r"contains 2 takes; choose one with --take: Walk, Pose"):
        m2l.read_motion(path)
    with pytest.raises(ValueError, match=r"no take 'run'; expected one of Walk, Pose"):
        m2l.read_motion(path, take="run")
    walk = m2l.read_motion(path, take="walk")
    assert (walk.name, walk.frames) == ("take.fbx [Walk]", MOTION.frames)
    (first, _), (second, _) = read_takes(path, ("Walk", "Pose"))
    np.testing.assert_array_equal(first.positions, walk.positions)
    assert second.frames == 1


def test_a_rate_that_is_set_samples_the_curves(tmp_path):
    path = written(tmp_path, binary(moved_rig(MOTION).blocks()))
    motion = m2l.read_motion(path, fps=60)
    assert (motion.fps, motion.frames) == (60, 2 * MOTION.frames - 1)
    np.testing.assert_allclose(motion.positions[::2], MOTION.positions, atol=1e-5)


def two_people() -> Rig:
    rig = moved_rig(MOTION)
    rig.nodes = [
        (f"Ann:{name}" if kind == "LimbNode" else name, *rest) for name, *rest in rig.nodes for kind in rest[1:2]
    ]
    rig.nodes[1] = (rig.nodes[1][0], -1, *rig.nodes[1][2:])
    first = len(rig.nodes)
    for name, parent, kind, rest in rig.nodes[1:first]:
        rig.add(name.replace("Ann", "Bob"), parent + first - 1 if parent >= 0 else -1, kind, **rest)
    curves = rig.takes[0][1]
    curves |= {(node + first - 1, channel): three for (node, channel), three in curves.items() if node > 9}
    return rig


def test_the_body_with_most_moving_bones_is_described_and_the_others_are_named(tmp_path):
    path = written(tmp_path, binary(two_people().blocks()))
    with pytest.warns(UserWarning, match=r"describes Ann; also moving: Bob \(choose with --subject\)"):
        motion = m2l.read_motion(path)
    assert motion.skeleton.joints[0] == "Ann:pelvis"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert m2l.read_motion(path, subject="bob", unit="cm", up="y").skeleton.joints[0] == "Bob:pelvis"
        with pytest.raises(ValueError, match=r"no subject 'Eve'; the file has Ann, Bob"):
            m2l.read_motion(path, subject="Eve")


@pytest.mark.parametrize(("content", "message"), [
    (b"Kaydara FBX Binary  \0\x1a\0", "cut off within its header"),
    (binary([], 4000), "FBX version 4000, expected 6100 to 7700"),
    (binary([]), "contains no nodes; expected a character with a skeleton"),
    (binary(Rig(nodes=[("a", -1, "LimbNode", {})]).blocks()), "contains no animation, a character in one pose"),
    (binary(moved_rig(MOTION).blocks())[:3000], "does not fit into the file; is it cut off"),
    (text(moved_rig(MOTION).blocks())[:3000], "the file is cut off: its braces do not close"),
    (b"solid cube", "not an FBX file"),
    (b"FBXHeaderExtension: {\n" + b"b: {" * 100, "nested more than 64 deep"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(content, message, tmp_path):
    with pytest.raises(ValueError, match=message) as caught:
        m2l.read_motion(written(tmp_path, content))
    assert str(caught.value).startswith(str(tmp_path / "take.fbx"))
    assert "\n" not in str(caught.value)


def test_an_array_that_unpacks_to_more_than_it_declares_is_refused_unread(tmp_path):
    rig = Rig({}, [("a", -1, "LimbNode", {})], [("t", {(0, "Lcl Rotation"): [([0, 1], [0, 1]), None, None]}, {})])
    content = binary(rig.blocks())
    assert content.count(b"l\x02\0\0\0\x01\0\0\0") == 1
    with pytest.raises(ValueError, match=r"an array unpacks to 9 bytes, expected 8"):
        m2l.read_motion(written(tmp_path, content.replace(b"l\x02\0\0\0\x01", b"l\x01\0\0\0\x01")))
    with pytest.raises(ValueError, match=r"declares 4,278,190,082 numbers in 1. bytes"):
        m2l.read_motion(written(tmp_path, content.replace(b"l\x02\0\0\0\x01", b"l\x02\0\0\xff\x01")))


def test_two_keys_do_not_make_hours(tmp_path):
    rig = Rig({"TimeMode": 12}, [("a", -1, "LimbNode", {})])
    rig.takes.append(("t", {(0, "Lcl Rotation"): [([0, 500_000], [0, 1]), None, None]}, {}))
    with pytest.raises(ValueError, match=r"an animation of 500,000 s at 1000 frames per second: .* expected at most"):
        m2l.read_motion(written(tmp_path, binary(rig.blocks())))


@pytest.mark.skipif(not (SHARED / "data/fbx").is_dir(), reason="no ../shared")
@pytest.mark.parametrize(("clip", "source", "start", "frames"), [
    ("07_01", "cmu_bvh_more", 2, 317), ("09_11", "cmu_amc_big", 1, 166), ("49_08", "cmu_amc_big", 1, 576),
])  # fmt: skip
def test_real_takes_are_the_same_as_by_another_way(clip, source, start, frames):
    """CMU's takes as FBX, against the same takes read by others, at 20 Hz: within a centimetre.

    start  the FBX frame, of 120 a second, at which the other begins
    The FBX files have no bone from chest to neck, so neck, head and arms of the other are brought to their chest.
    """
    people = np.load(SHARED / f"data/people/{source}.npz", allow_pickle=False)
    index = json.loads((SHARED / f"data/people/{source}.json").read_text())
    number = next(number for number, row in enumerate(index["clips"]) if row["id"] == clip)
    first, last = people["offsets"][number : number + 2]
    skeleton = m2l.Skeleton("bvh", tuple(map(str, people["joint_names"])), tuple(map(int, people["parents"])))
    other = to_canonical(m2l.Motion(people["positions"][first:last].astype(np.float32), 20, skeleton)).positions.copy()
    motion = to_canonical(m2l.read_motion(SHARED / f"data/fbx/{clip}_cmu.fbx"))
    assert (motion.fps, motion.frames) == (120, frames)
    found = motion.positions[start::6][: len(other)]
    other = other[: len(found)]
    chest, neck = CANONICAL.index("chest"), CANONICAL.index("neck")
    assert np.abs(found[:, neck] - found[:, chest]).max() < 1e-4
    upper = [n for n, joint in enumerate(CANONICAL.joints)
             if joint.endswith(("neck", "head", "collar", "shoulder", "elbow", "wrist"))]  # fmt: skip
    other[:, upper] -= other[:, [neck]] - other[:, [chest]]
    distances = np.linalg.norm((found - found.mean((0, 1))) - (other - other.mean((0, 1))), axis=2)
    assert distances.mean() < 0.01
