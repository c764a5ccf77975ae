"""AMC with ASF: forward kinematics against a naive walk, the search for the skeleton, and errors."""

import numpy as np
import pytest

from motion2language.formats.reading import ReadOptions, read, read_motion

ASF = """# a comment
:version 1.10
:name test
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
  made by hand
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name spine
     direction 0 1 0
     length 5
     axis 10 20 30  XYZ
     dof rx ry rz
     limits (-180.0 180.0)
            (-180.0 180.0)
            (-180.0 180.0)
  end
  begin
     id 2
     name arm
     direction 0.6 0.8 0
     length 3
     axis 0 0 90 XYZ
     dof rz rx # about z first
  end
  begin
     id 3
     name hand
     direction 1 0 0
     length 1
     axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root spine
    spine arm
    arm hand
  end
"""
AMC = """#!OML:ASF
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 10 20 30
spine 5 -6 7
arm 40 50 # the second number is about x
2
root 4 5 6 -70 80 90
spine 0 0 0
arm -15 25
"""


def turn(axis: int, degrees: float) -> np.ndarray:
    n = np.eye(3)[axis]
    k = np.array([[0, -n[2], n[1]], [n[2], 0, -n[0]], [-n[1], n[0], 0]])
    angle = np.deg2rad(degrees)
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def xyz(x: float, y: float, z: float) -> np.ndarray:
    """Acclaim's XYZ: about the fixed x, then y, then z."""
    return turn(2, z) @ turn(1, y) @ turn(0, x)


def naive(root: list[float], spine: list[float], arm: list[float]) -> np.ndarray:
    """Where bones begin (root, spine, arm, hand) and the hand ends, straight from Acclaim's definition."""
    pelvis = np.array(root[:3])
    world = xyz(*root[3:])
    own = xyz(10, 20, 30)
    world_spine = world @ own @ xyz(*spine) @ own.T
    end_spine = pelvis + world_spine @ np.array([0, 5, 0])
    own = xyz(0, 0, 90)
    # dof rz rx: turned about z first, then x
    world_arm = world_spine @ own @ (turn(0, arm[1]) @ turn(2, arm[0])) @ own.T
    end_arm = end_spine + world_arm @ np.array([1.8, 2.4, 0])
    end_hand = end_arm + world_arm @ np.array([1, 0, 0])
    return np.array([pelvis, pelvis, end_spine, end_arm, end_hand])


@pytest.fixture
def pair(tmp_path):
    (tmp_path / "take.asf").write_text(ASF)
    (tmp_path / "take.amc").write_text(AMC)
    return tmp_path / "take.amc"


def test_positions_equal_the_naive_walk(pair):
    recording = read(pair, ReadOptions(fps=120.0))
    motion = recording.motion
    assert motion.skeleton.joints == ("root", "spine", "arm", "hand", "hand_end")
    assert motion.fps == 120
    expected = [
        naive([1, 2, 3, 10, 20, 30], [5, -6, 7], [40, 50]),
        naive([4, 5, 6, -70, 80, 90], [0, 0, 0], [-15, 25]),
    ]
    np.testing.assert_allclose(motion.positions, expected, atol=1e-5)
    assert recording.unit == "cmu"


def test_radians_root_order_and_bones_that_do_not_move(tmp_path):
    (tmp_path / "take.asf").write_text(
        ASF.replace("angle deg", "angle rad").replace("axis 10 20 30  XYZ", "axis 0 0 0 XYZ")
        .replace("order TX TY TZ RX RY RZ", "order RZ TX TZ TY").replace("length 0.45", "length 1")
    )  # fmt: skip
    (tmp_path / "take.amc").write_text(f"1\nroot {np.pi / 2} 1 3 2\n")
    recording = read(tmp_path / "take.amc", ReadOptions(fps=60.0))
    np.testing.assert_allclose(recording.motion.positions[0, :3], [[1, 2, 3], [1, 2, 3], [-4, 2, 3]], atol=1e-5)
    assert recording.unit is None


@pytest.mark.parametrize(("asf", "amc"), [("deg", ":RADIANS"), ("rad", ":DEGREES")])
def test_each_file_specifies_the_unit_of_its_angles(asf, amc, pair, tmp_path):
    expected = read(pair, ReadOptions(fps=120.0)).motion.positions
    if asf == "rad":
        axes = {
            "axis 10 20 30": "axis " + " ".join(map(str, np.deg2rad([10, 20, 30]))),
            "axis 0 0 90": "axis 0 0 1.5707963",
        }
        text = ASF.replace("angle deg", "angle rad")
        for old, new in axes.items():
            text = text.replace(old, new)
        (tmp_path / "take.asf").write_text(text)
    else:
        rows = [line.split(" #")[0].split() for line in AMC.replace(":DEGREES", amc).splitlines()]
        for row in rows:
            first = {"root": 4, "spine": 1, "arm": 1}.get(row[0], len(row))
            row[first:] = [str(np.deg2rad(float(word))) for word in row[first:]]
        pair.write_text("\n".join(map(" ".join, rows)))
    np.testing.assert_allclose(read(pair, ReadOptions(fps=120.0)).motion.positions, expected, atol=1e-5)


def test_the_axes_of_a_bone_turn_in_its_order(pair, tmp_path):
    (tmp_path / "take.asf").write_text(ASF.replace("axis 10 20 30  XYZ", "axis 10 20 30 ZXY"))
    spine = read(pair, ReadOptions(fps=120.0)).motion.positions[0, 2] - [1, 2, 3]
    own = turn(1, 20) @ turn(0, 10) @ turn(2, 30)
    np.testing.assert_allclose(spine, xyz(10, 20, 30) @ own @ xyz(5, -6, 7) @ own.T @ [0, 5, 0], atol=1e-5)


def test_a_bone_without_its_begin_is_a_bone_of_its_own(pair, tmp_path):
    expected = read(pair, ReadOptions(fps=120.0)).motion
    (tmp_path / "take.asf").write_text(
        ASF.replace("  begin\n     id 3\n", "").replace("  begin\n     id 2", "name tail\n  begin\n     id 2")
    )
    found = read(pair, ReadOptions(fps=120.0)).motion
    assert found.skeleton == expected.skeleton
    np.testing.assert_array_equal(found.positions, expected.positions)


def test_the_root_begins_at_its_position_and_orientation(pair, tmp_path):
    text = ASF.replace("position 0 0 0", "position 7 8 9").replace("orientation 0 0 0", "orientation 40 50 60")
    (tmp_path / "take.asf").write_text(text)
    root, _, spine = read(pair, ReadOptions(fps=120.0)).motion.positions[0, :3]
    np.testing.assert_allclose(root, [8, 10, 12], atol=1e-5)
    own, bone = xyz(40, 50, 60), xyz(10, 20, 30)
    world = own @ xyz(10, 20, 30) @ own.T @ bone @ xyz(5, -6, 7) @ bone.T
    np.testing.assert_allclose(spine - root, world @ [0, 5, 0], atol=1e-5)


def test_the_skeleton_is_found_by_name_by_subject_alone_or_by_option(pair, tmp_path):
    for asf, amc in (("01_02.asf", "01_02.amc"), ("07.asf", "07_03.amc"), ("other.asf", "walk.amc")):
        folder = tmp_path / amc.split(".")[0]
        folder.mkdir()
        (folder / asf).write_text(ASF)
        (folder / amc).write_text(AMC)
        assert read(folder / amc, ReadOptions(fps=120.0)).motion.frames == 2
    (tmp_path / "01_02" / "01.asf").write_text("of its subject")  # its own name comes first
    assert read(tmp_path / "01_02" / "01_02.amc", ReadOptions(fps=120.0)).motion.frames == 2
    (tmp_path / "walk" / "second.asf").write_text(ASF)
    with pytest.raises(ValueError, match=r"expected walk\.asf, found 2 \.asf files beside it; give --asf FILE"):
        read(tmp_path / "walk" / "walk.amc", ReadOptions(fps=120.0))
    assert read(tmp_path / "walk" / "walk.amc", ReadOptions(fps=120.0, asf=tmp_path / "take.asf")).motion.frames == 2


def test_read_motion_passes_rate_and_skeleton_on_and_returns_metres(pair, tmp_path):
    motion = read_motion(pair, fps=120, asf=tmp_path / "take.asf", up="y")
    spine = motion.positions[0, 2] - motion.positions[0, 1]
    assert np.linalg.norm(spine) == pytest.approx(5 / 0.45 * 0.0254, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("take.amc", "spine 5 -6 7", "spine 5 -6", r"line 6: bone 'spine' has 2 numbers, expected 3"),
        ("take.amc", "spine 5 -6 7", "tail 5 -6 7", r"line 6: 'tail' is not a bone of the skeleton; is this its \.asf"),
        ("take.amc", "spine 5 -6 7", "spine 5 x 7", r"line 6: bone 'spine' has a value that is not a number"),
        ("take.amc", "spine 5 -6 7", "spine 5 nan 7", r"line 6: bone 'spine' has a value that is not a finite"),
        ("take.amc", "spine 0 0 0\narm -15 25\n", "", r"frame 2 lacks arm, spine; is it cut off"),
        ("take.amc", AMC, ":DEGREES\n", "the file contains no frames"),
        ("take.amc", AMC, "1\n2\n", "the file contains no frames"),
        ("take.amc", "\n2\n", "\n", r"line 8: bone 'root' appears twice in its frame"),
        ("take.asf", ":hierarchy", ":tree", r"take\.asf: no :hierarchy section; expected an Acclaim skeleton"),
        ("take.asf", "arm hand", "arm foot", r"take\.asf: the hierarchy connects arm and foot"),
        (
            "take.asf",
            "root spine",
            "arm spine",
            r"take\.asf: the hierarchy lists spine under arm before arm has a parent",
        ),
        (
            "take.asf",
            "arm hand",
            "hand hand",
            r"take\.asf: the hierarchy lists hand under hand before hand has a parent",
        ),
        ("take.asf", "arm hand", "arm hand\n root hand", r"take\.asf: the hierarchy gives hand two parents"),
        ("take.asf", "direction 0 1 0", "direction up", r"take\.asf: bone 'spine': direction 'up', expected 3 num"),
        ("take.asf", "direction 0 1 0", "direction 0 1", r"bone 'spine': direction '0 1', expected 3 numbers"),
        ("take.asf", "length 5", "length", r"take\.asf: bone 'spine': length '', expected a number"),
        ("take.asf", "length 5", "length nan", r"bone 'spine': length 'nan', expected a number"),
        ("take.asf", "length 0.45", "length inch", r"length of :units 'inch', expected a number"),
        ("take.asf", "10 20 30  XYZ", "10 20", r"bone 'spine': axis '10 20', expected 3 numbers"),
        ("take.asf", "10 20 30  XYZ", "10 20 30 XYX", r"bone 'spine': axis order 'XYX', expected X, Y and Z"),
        ("take.asf", "axis XYZ\n", "axis\n", r"bone 'root': axis order '', expected X, Y and Z"),
        ("take.asf", "position 0 0 0", "position here", r"bone 'root': position 'here', expected 3 numbers"),
        ("take.asf", "dof rz rx", "dof rz tx", r"bone 'arm' has the degree of freedom 'tx'; expected rx, ry, rz"),
        ("take.asf", "dof rz rx", "dof rz l", r"bone 'arm' has the degree of freedom 'l'; expected rx, ry, rz"),
        (
            "take.asf",
            "RX RY RZ",
            "RX RY W",
            r"bone 'root' has the degree of freedom 'w'; expected tx, ty, tz, rx, ry, rz",
        ),
        ("take.asf", "name arm", "name", r"the hierarchy connects spine and arm, but not both are bones"),
    ],
)
def test_an_error_names_the_file_and_the_problem(name, old, new, message, pair, tmp_path):
    text = (tmp_path / name).read_text()
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=message) as caught:
        read(pair, ReadOptions(fps=120.0))
    assert "take.amc" in str(caught.value)


def test_the_frame_rate_must_be_set(pair):
    with pytest.raises(ValueError, match="an AMC file does not specify its frame rate; set it with --fps"):
        read(pair)


def test_the_skeleton_may_be_named_in_capitals(pair):
    skeleton = next(pair.parent.glob("*.asf"))
    expected = read(pair, ReadOptions(fps=120.0)).motion.positions
    skeleton.rename(skeleton.with_name(skeleton.name.upper()))
    np.testing.assert_array_equal(read(pair, ReadOptions(fps=120.0)).motion.positions, expected)


def test_a_missing_skeleton_is_an_error(pair, tmp_path):
    with pytest.raises(ValueError, match=r"its skeleton .*none\.asf cannot be read"):
        read(pair, ReadOptions(fps=120.0, asf=tmp_path / "none.asf"))
