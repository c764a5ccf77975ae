"""KIT-ML's MMM files: forward kinematics against a naive walk, and XML that is refused before it is expanded."""

import numpy as np
import pytest

from motion2language.formats.mmm import positions_of
from motion2language.formats.mmm_body import ANGLES, BODY
from motion2language.formats.reading import ReadOptions, read, read_motion


def document(
    frames: list[tuple[list[float], list[float], dict[str, float]]], height: str = "1.8", fps: float = 100
) -> str:
    order = sorted(ANGLES)  # another order than ours
    joints = "".join(f'<Joint name="{name}"/>' for name in order)
    body = "".join(
        f"<MotionFrame><Timestep>{number / fps}</Timestep><RootPosition>{' '.join(map(str, place))}</RootPosition>"
        f"<RootRotation>{' '.join(map(str, turn))}</RootRotation>"
        f"<JointPosition>{' '.join(str(angles.get(name, 0.0)) for name in order)}</JointPosition></MotionFrame>"
        for number, (place, turn, angles) in enumerate(frames)
    )
    return (
        "<?xml version='1.0'?><MMM><Motion name='subject'><ModelProcessorConfig type='Winter'>"
        f"<Height>{height}</Height><Mass>70</Mass></ModelProcessorConfig><JointOrder>{joints}</JointOrder>"
        f"<MotionFrames>{body}</MotionFrames></Motion></MMM>"
    )


def written(tmp_path, text: str | bytes):
    path = tmp_path / "00001_mmm.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def turn(axis: str, angle: float) -> np.ndarray:
    n = np.eye(3)["xyz".index(axis)]
    k = np.array([[0, -n[2], n[1]], [n[2], 0, -n[0]], [-n[1], n[0], 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def naive(place, roll_pitch_yaw, angles, height) -> np.ndarray:
    """One frame, joint by joint: fixed turn about z then x, then the joint's own axes in order."""
    roll, pitch, yaw = roll_pitch_yaw
    world = {"root": (turn("z", yaw) @ turn("y", pitch) @ turn("x", roll), np.array(place, float))}
    for row in BODY[1:]:
        above, origin = world[row.parent]
        rotation = above @ turn("z", np.deg2rad(row.turn[0])) @ turn("x", np.deg2rad(row.turn[1]))
        for axis, name in zip(row.axes, row.angles, strict=True):
            rotation = rotation @ turn(axis, angles.get(name, 0.0))
        world[row.joint] = (rotation, origin + above @ np.array(row.offset) * height)
    return np.array([world[row.joint][1] for row in BODY])


def random_frames(count: int = 5) -> list:
    random = np.random.default_rng(0)
    return [
        (
            list(random.normal(0, 500, 3)),
            list(random.uniform(-3, 3, 3)),
            {name: random.uniform(-1, 1) for name in ANGLES},
        )
        for _ in range(count)
    ]


def test_positions_equal_the_naive_walk_and_angles_are_kept(tmp_path):
    frames = random_frames()
    recording = read(written(tmp_path, document(frames, "1.75")))
    expected = [naive(*frame, 1.75) for frame in frames]
    np.testing.assert_allclose(recording.motion.positions, expected, atol=1e-2)  # millimetres
    assert recording.motion.fps == 100
    assert (recording.unit, recording.up) == ("mm", "z")
    assert recording.motion.angles.shape == (5, 44)
    np.testing.assert_allclose(recording.motion.angles[2], [frames[2][2][name] for name in ANGLES], atol=1e-6)


def test_a_body_that_stands_still_is_upright_and_in_metres(tmp_path):
    motion = read_motion(written(tmp_path, document([([0, 0, 1000], [0, 0, 0], {})] * 3)))
    heights = dict(zip(motion.skeleton.joints, motion.positions[0, :, 1], strict=True))
    assert heights["BUN"] > heights["BT"] > heights["root"] > heights["LK"] > heights["LA"] > 0
    assert heights["root"] == pytest.approx(1.0)
    assert heights["BUN"] - heights["LA"] == pytest.approx(1.8 * (0.462 + 0.491), abs=0.01)
    at = dict(zip(motion.skeleton.joints, motion.positions[0], strict=True))
    assert (at["LF"] - at["LA"])[2] * (at["LH"] - at["RH"])[0] > 0  # it faces +Z with its left side at +X


def test_the_rate_comes_from_the_time_steps_or_is_set(tmp_path):
    frames = random_frames(4)
    assert read(written(tmp_path, document(frames, fps=50))).motion.fps == 50
    last = "<Timestep>0.03</Timestep>"
    for uneven in (document(frames).replace(last, last.replace("3", when)) for when in ("5", "1", "2")):
        with pytest.raises(ValueError, match="time steps are not even and rising; set the frame rate with --fps"):
            read(written(tmp_path, uneven))
        assert read(written(tmp_path, uneven), ReadOptions(fps=100.0)).motion.frames == 4


def test_a_single_frame_needs_a_rate(tmp_path):
    path = written(tmp_path, document(random_frames(1)))
    with pytest.raises(ValueError, match="time steps are not even and rising; set the frame rate with --fps"):
        read(path)
    assert read(path, ReadOptions(fps=100.0)).motion.frames == 1


def test_the_feet_turn_as_in_the_published_model():
    # Rotations and offsets (mm) of LMrot, RMrot and then LFx, RFx in mmm.xml of the Master Motor Map.
    left = [[0.987688, 0.151104, -0.0404882], [-0.156434, 0.954034, -0.255633], [0, 0.258819, 0.965926]]
    right = [[0.987688, -0.151104, 0.0404882], [0.156434, 0.954034, -0.255633], [0, 0.258819, 0.965926]]
    rest = positions_of(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 44)), 1.0)[0]
    at = dict(zip((row.joint for row in BODY), rest, strict=True))
    for ankle, middle, toe, turned, x in (("LA", "LMrot", "LF", left, -8.8), ("RA", "RMrot", "RF", right, 8.8)):
        np.testing.assert_allclose(at[middle] - at[ankle], [0.6, 23.8, -18.7], atol=1e-6)
        np.testing.assert_allclose(at[toe] - at[middle], np.array(turned) @ [x, 53.7, -14.4], atol=1e-4)


ENTITY = '<!DOCTYPE MMM [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE MMM [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("declaration", [ENTITY, EXTERNAL, '<!DOCTYPE MMM SYSTEM "http://localhost/x.dtd">'])
@pytest.mark.parametrize("before", ["", f"<!--{'x' * 100_000}-->"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_wherever_they_are_declared(declaration, before, encoding, tmp_path):
    text = document(random_frames(2)).replace(
        "<?xml version='1.0'?>", f"<?xml version='1.0' encoding='{encoding}'?>{before}{declaration}"
    )
    with pytest.raises(ValueError, match="declares XML entities, which are refused"):
        read(written(tmp_path, text.encode(encoding)))


FRAMES = random_frames(2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<MMM><Motion>", "not a whole XML file"),
        ("hello", "not a whole XML file"),
        (document(FRAMES)[:-30], "not a whole XML file"),
        (document(FRAMES).replace("'1.0'?", "'1.0' encoding='nonsense'?"), r"not a whole XML file \(unknown encoding"),
        ("<MMM/>", "found 0 motions with frames, expected an MMM file with one subject"),
        (document([]), "the file contains no frames|0 motions"),
        (document(FRAMES).replace('<Joint name="LEx_joint"/>', '<Joint name="t"/>'), "JointOrder lacks LEx_joint"),
        (document(FRAMES, height="tall"), "the file lacks the Height of the subject"),
        (document(FRAMES, height="inf"), "Height of the subject .* is inf, expected above zero"),
        (document(FRAMES).replace("</MMM>", document(FRAMES).partition("<MMM>")[2]), "found 2 motions with frames"),
        (document(FRAMES, height="-1"), "Height of the subject .* is -1.0, expected above zero"),
        (document(FRAMES).replace("<RootRotation>", "<RootRotation>1 "), "frame 0: RootRotation has 4 numbers"),
        (document(FRAMES).replace("RootPosition", "Place"), "frame 0: RootPosition is missing, expected 3 numbers"),
        (document([([0, 0, "up"], [0, 0, 0], {})] * 2), "RootPosition contains something that is not a number"),
        (document([([0, 0, 1], [0, 0, 0], {}), ([0, 0, "nan"], [0, 0, 0], {})]), "frame 1 is not a finite"),
    ],
)  # fmt: skip
def test_an_error_names_the_file_and_the_problem(text, message, tmp_path):
    with pytest.raises(ValueError, match=message) as caught:
        read(written(tmp_path, text))
    assert "00001_mmm.xml" in str(caught.value)
