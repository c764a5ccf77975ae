"""BVH: read as the hierarchy specifies, against a naive walk and another package; written and read back."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from small import recording

from motion2language.formats import bvh
from motion2language.formats.reading import ReadOptions, read

HEAD = """HIERARCHY
ROOT Hips
{
  OFFSET 0 90 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest
  {
    OFFSET 0 20 1.5e0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 10 0
    }
  }
}
"""
FRAMES = "1 2 3 90 0 0 0 90 0\n-1.5 2e1 3 0 0 90 30 20 10\n"
WHOLE = f"{HEAD}MOTION\nFrames: 2\nFrame Time: 0.0333333\n{FRAMES}"


def taken(text: str | bytes, tmp_path, **options):
    path = tmp_path / "take.bvh"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path, ReadOptions(**options)).motion


def naive_turn(axis: str, degrees: float) -> np.ndarray:
    """A rotation by Rodrigues' formula, apart from the code under test."""
    n = {"X": np.array([1.0, 0, 0]), "Y": np.array([0, 1.0, 0]), "Z": np.array([0, 0, 1.0])}[axis]
    k = np.array([[0, -n[2], n[1]], [n[2], 0, -n[0]], [-n[1], n[0], 0]])
    angle = np.deg2rad(degrees)
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def naive_walk(joints: list, frame: list[float]) -> np.ndarray:
    """World positions of one frame; joints are (parent, offset, channels), read straight from the definition."""
    numbers = iter(frame)
    world, places = [], []
    for parent, offset, channels in joints:
        place, turn = np.array(offset, float), np.eye(3)
        for channel in channels:
            value = next(numbers)
            if channel.endswith("position"):
                place["XYZ".index(channel[0])] = value
            else:
                turn = turn @ naive_turn(channel[0], value)
        above, origin = world[parent] if parent >= 0 else (np.eye(3), np.zeros(3))
        places.append(origin + above @ place)
        world.append((above @ turn, places[-1]))
    return np.array(places)


def test_by_hand(tmp_path):
    motion = taken(WHOLE, tmp_path)
    assert motion.skeleton.joints == ("Hips", "Chest", "Chest_end")
    assert motion.skeleton.parents == (-1, 0, 1)
    assert motion.fps == 30
    # 90 degrees about z: the chest lies to the -x of the hips; then 90 about x in the hips' axes: its end points to +z
    np.testing.assert_allclose(motion.positions[0], [[1, 2, 3], [-19, 2, 4.5], [-19, 2, 14.5]], atol=1e-5)


@pytest.mark.parametrize("order", ["".join(order) for order in itertools.permutations("XYZ")])
@pytest.mark.parametrize("moving", [False, True])
def test_every_order_and_translations_on_any_joint_equal_the_naive_walk(order, moving, tmp_path):
    turns = [f"{axis}rotation" for axis in order]
    moves = [f"{axis}position" for axis in "XYZ"]
    joints = [
        (-1, (0, 90, 0), [*moves, *turns]),
        (0, (1, 20, 3), [*moves, *turns] if moving else turns),
        (1, (5, 6, 7), turns[:2]),
        (2, (0, 4, 0), []),
        (0, (-8, -9, 2), [*turns, *moves] if moving else turns),
        (4, (0, -4, 1), []),
    ]
    lines, depth = ["HIERARCHY"], []
    for index, (parent, offset, channels) in enumerate(joints):
        while depth and depth[-1] != parent:
            depth.pop()
            lines.append("}")
        lines += ["End Site" if not channels else f"{'JOINT' if depth else 'ROOT'} j{index}", "{"]
        lines.append("OFFSET " + " ".join(map(str, offset)))
        if channels:
            lines.append(f"CHANNELS {len(channels)} " + " ".join(channels))
        depth.append(index)
    lines += ["}"] * len(depth)
    frames = np.random.default_rng(0).uniform(-180, 180, (4, sum(len(channels) for *_, channels in joints)))
    rows = "\n".join(" ".join(f"{value:.6f}" for value in frame) for frame in frames)
    motion = taken("\n".join(lines) + f"\nMOTION\nFrames: 4\nFrame Time: 0.01\n{rows}\n", tmp_path)
    assert motion.fps == 100
    expected = [naive_walk(joints, [float(f"{value:.6f}") for value in frame]) for frame in frames]
    np.testing.assert_allclose(motion.positions, expected, atol=1e-3)


def test_another_package_agrees_where_only_the_root_moves(tmp_path):
    from pymotion.io.bvh import BVH
    from pymotion.ops.skeleton import fk

    motion = taken(WHOLE, tmp_path)
    other = BVH()
    other.load(str(tmp_path / "take.bvh"))
    turns, places, parents, offsets, *_ = other.get_data()
    expected, _ = fk(turns, places[:, 0], offsets, parents)
    np.testing.assert_allclose(motion.positions[:, :2], expected, atol=1e-4)


@pytest.mark.parametrize("number", range(3))
def test_a_written_motion_is_read_back(number, tmp_path):
    motion = replace(recording(number), fps=(30, 29.97, 100.1)[number])
    bvh.write(motion, tmp_path / "take.bvh")
    again = read(tmp_path / "take.bvh").motion
    assert again.fps == pytest.approx(motion.fps, rel=1e-6)
    kept = [again.skeleton.index(joint) for joint in motion.skeleton.joints]
    np.testing.assert_allclose(again.positions[:, kept] / 100, motion.positions, atol=1e-5)


def test_written_rotations_have_no_jumps_and_leave_rigid_joints_alone(tmp_path):
    still = recording(1).clip(1.0, 1.001).positions
    angles = np.linspace(0, 4 * np.pi, 60)  # twice about
    turns = [[[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]] for a in angles]
    bvh.write(replace(recording(1), positions=np.einsum("tij,kj->tki", turns, still[0])), tmp_path / "take.bvh")
    rows = [line.split() for line in (tmp_path / "take.bvh").read_text().splitlines()[-60:]]
    rotations = np.array(rows, dtype=float).reshape(60, -1, 6)[..., 3:]
    assert np.abs(np.diff(rotations, axis=0)).max() < 90
    assert abs(rotations[-1, 0] - rotations[0, 0]).sum() == pytest.approx(720, abs=0.1)
    np.testing.assert_allclose(rotations[:, 1:], 0, atol=0.2)


def test_writing_a_motion_of_one_frame_and_one_joint_bones(tmp_path):
    motion = recording().clip(0, 0.01)
    bvh.write(motion, tmp_path / "one.bvh")
    again = read(tmp_path / "one.bvh").motion
    assert again.frames == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("  ", "\t"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("OFFSET 0 10 0", "OFFSET 0 10 0 # the neck"),
        lambda text: text.replace("MOTION\n", "MOTION\n# recorded yesterday\n"),
        lambda text: "# recorded yesterday\n\n// by hand\n" + text,
        lambda text: text.replace("MOTION\n", "  MOTION # of the hips\n"),
        lambda text: text.replace("HIERARCHY", "hierarchy").replace("MOTION", "motion").replace("Frame", "FRAME"),
        lambda text: " ".join(text.split("MOTION")[0].split()) + "\nMOTION" + text.split("MOTION")[1],
        lambda text: "\n" * 60_000 + text.replace("MOTION\n", "\n" * 60_000 + "MOTION\n" + "\n" * 60_000),
        lambda text: text.replace("0 90 0\n", "0 90 0 # the first\n// and the second\n"),
        lambda text: text.replace("JOINT Chest\n  {", "JOINT Chest {"),
        lambda text: text.replace("Frame Time:", "Frame Time :").replace("Frames:", "Frames :"),
        lambda text: text.replace("\n-1.5", "\n\n\n-1.5") + "\n\n  \n",
        lambda text: text.replace("1 2 3 90 0 0 0 90 0", "1 2 3 90 0\n0 0 90 0"),
        lambda text: text.replace("CHANNELS", "Channels").replace("Zrotation", "ZROTATION").replace("OFFSET", "Offset"),
        lambda text: text.replace("90 0 0 0 90 0", "9.0e+1 -0 .0 0. 90 0"),
    ],
)  # fmt: skip
def test_ways_of_writing_the_same_file_read_the_same(change, tmp_path):
    expected = taken(WHOLE, tmp_path)
    found = taken(change(WHOLE), tmp_path)
    np.testing.assert_allclose(found.positions, expected.positions, atol=1e-5)
    assert found.skeleton.joints == expected.skeleton.joints


@pytest.mark.parametrize("line", ["Frames: 7", "Frames: 1", "Frames: many", ""])
def test_a_wrong_number_of_frames_is_a_warning_and_all_are_read(line, tmp_path):
    with pytest.warns(UserWarning, match=r"take\.bvh .*there are 2; all of them are read"):
        assert taken(WHOLE.replace("Frames: 2", line), tmp_path).frames == 2


def test_frames_on_one_long_line_are_separated_by_their_channels(tmp_path):
    table = np.arange(9 * 60_000.0).reshape(-1, 9) % 1000
    line = " ".join(f"{value:g}" for value in table.ravel())
    text = f"{HEAD}MOTION\nFrames: 60000\nFrame Time: 0.01\n"
    assert len(line) > 2_000_000
    motion = taken(f"{text}{line}", tmp_path)
    np.testing.assert_allclose(motion.positions[:, 0], table[:, :3])


def test_names_with_spaces_repeated_names_and_a_joint_called_motion(tmp_path):
    text = WHOLE.replace("JOINT Chest", "JOINT MOTION").replace("ROOT Hips", "ROOT my hips")
    assert taken(text, tmp_path).skeleton.joints == ("my hips", "MOTION", "MOTION_end")
    assert taken(WHOLE.replace("JOINT Chest", "JOINT Hips"), tmp_path).skeleton.joints == (
        "Hips",
        "Hips_2",
        "Hips_2_end",
    )


def test_a_file_that_is_not_utf8_is_read(tmp_path):
    assert taken(WHOLE.replace("Chest", "Brüst").encode("latin-1"), tmp_path).skeleton.joints[1] == "Brüst"


def test_a_missing_frame_time_needs_fps(tmp_path):
    text = WHOLE.replace("Frame Time: 0.0333333\n", "")
    with pytest.raises(ValueError, match=r"take\.bvh: no `Frame Time:` line; set the frame rate with --fps"):
        taken(text, tmp_path)
    assert taken(text, tmp_path, fps=25.0).fps == 25


@pytest.mark.parametrize(("frame_time", "fps"), [("0.0333333", 30), ("0.008333", 120), ("0.04", 25), ("0.0416667", 24),
                                           ("0.0333333351", 30), ("8.333e-3", 120), ("0.00833", 120), ("0.016670", 60),
                                           ("0.001", 1000), ("0.2", 5), ("1", 1), ("2.0", 0.5)])  # fmt: skip
def test_frame_times_of_few_digits_mean_round_rates(frame_time, fps, tmp_path):
    assert taken(WHOLE.replace("0.0333333", frame_time), tmp_path).fps == fps


@pytest.mark.parametrize(("frame_time", "fps"), [("0.016683", 59.94), ("0.033367", 29.97), ("0.0417083", 23.976),
                                           ("0.03", 33.3333)])  # fmt: skip
def test_a_rate_that_is_not_round_is_kept(frame_time, fps, tmp_path):
    assert taken(WHOLE.replace("0.0333333", frame_time), tmp_path).fps == pytest.approx(fps, rel=5e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "not a BVH file: expected HIERARCHY"),
        (HEAD, "not a BVH file"),
        (WHOLE[:200] + "\nMOTION\n", "cut off|expected three numbers|expected their number"),
        (HEAD + "MOTION\nFrames: 0\nFrame Time: 0.1\n", "no frames"),
        (WHOLE.replace("30 20 10", "30 20"), "17 numbers are not whole frames of 9 channels; .* last frame has 8"),
        (WHOLE.replace("30 20 10", "30 twenty 10"), "line 20, number 8: 'twenty', expected a number"),
        (WHOLE.replace("30 20 10", "30 nan 10"), "frame 1 contains a value that is not a finite number"),
        (WHOLE.replace("30 20 10", "30 1e999 10"), "frame 1 contains a value that is not a finite number"),
        (WHOLE.replace("0.0333333", "-0.01"), "`Frame Time: -0.01`, expected seconds above zero"),
        (WHOLE.replace("0.0333333", "0"), "expected seconds above zero"),
        (WHOLE.replace("0.0333333", "soon"), "expected seconds above zero"),
        (WHOLE.replace("0.0333333", "nan"), "expected seconds above zero"),
        (WHOLE.replace("0.0333333", "1e-310"), "expected seconds above zero"),
        (WHOLE.replace("OFFSET 0 10 0", "OFFSET 0 10"), "joint 'Chest_end': OFFSET '0 10', expected three numbers"),
        (WHOLE.replace("CHANNELS 3 Z", "CHANNELS 4 Z"), "joint 'Chest': CHANNELS '4 .*expected their number"),
        (WHOLE.replace("CHANNELS 3 Zrotation", "CHANNELS 3 Wrotation"), "joint 'Chest': CHANNELS"),
        (WHOLE.replace("}\nMOTION", "}\n}\nMOTION"), "closes more braces"),
        (WHOLE.replace("}\nMOTION", "MOTION"), "cut off: its braces do not close"),
        (WHOLE.replace("}\nMOTION", "}\nROOT Second\n{\nOFFSET 0 0 0\n}\nMOTION"), "a second ROOT 'Second'"),
        (WHOLE.replace("JOINT Chest", "BONE Chest"), "unexpected 'BONE Chest'"),
        ("HIERARCHY\n{\nOFFSET 0 0 0\n}\nMOTION\n1", "unexpected '{' in the hierarchy"),
        ("HIERARCHY\nEnd Site\n{\nOFFSET 0 0 0\n}\nMOTION\n1", "unexpected 'End Site' in the hierarchy"),
        ("HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\n}\nMOTION\nFrames: 1\nFrame Time: 1\n1", "no joint has channels"),
        ("HIERARCHY\nMOTION\nFrames: 1\nFrame Time: 1\n1", "the file has no joints"),
        (bytes(range(256)) * 10, "not a BVH file"),
        ("HIERARCHY " + "x" * 2_000_000, "not a BVH file"),
    ],
)
def test_an_error_names_the_file_and_the_problem(text, message, tmp_path):
    with pytest.raises(ValueError, match=message) as caught:
        taken(text, tmp_path)
    assert "take.bvh" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_decimal_commas_are_read_and_a_mixture_is_named_with_its_line(tmp_path):
    (tmp_path / "points.bvh").write_text(WHOLE)
    (tmp_path / "commas.bvh").write_text(re.sub(r"(\d)\.(\d)", r"\1,\2", WHOLE))
    points, commas = (read(tmp_path / f"{name}.bvh", ReadOptions()).motion for name in ("points", "commas"))
    assert commas.fps == points.fps
    np.testing.assert_array_equal(commas.positions, points.positions)
    mixed = WHOLE.replace("-1.5 ", "-1,5 ", 1).replace("30 20 10", "30.5 20 10", 1)
    (tmp_path / "mixed.bvh").write_text(mixed)
    with pytest.raises(ValueError, match=r"mixed\.bvh: line \d+, number \d: '-1,5', expected a number"):
        read(tmp_path / "mixed.bvh", ReadOptions())
