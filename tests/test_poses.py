"""Pose estimators, depth cameras and tables of joints: every layout from a body that is known."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from bodies import walking

from motion2language.body import to_canonical
from motion2language.formats import FORMATS, files_in
from motion2language.formats.contents import detect_suffix
from motion2language.formats.pose_layouts import POSE_LAYOUTS, choose_layout
from motion2language.formats.reading import ReadOptions, read_motion, read_with_axes
from motion2language.motion import CANONICAL
from motion2language.server import app
from motion2language.server.uploads import Upload, read_upload

BODY = walking(40)
EXTRA = {"nose": (0, 0.05, 0.1), "left_ear": (0.07, 0, 0), "right_ear": (-0.07, 0, 0), "spine2": (0, 0.05, 0)}
LIMBS = [f"{side}_{part}" for side in ("left", "right") for part in "shoulder elbow wrist hip knee ankle".split()]


def points(name: str) -> np.ndarray:
    """The walking body (40, K, 3) in a layout: its joints, and others somewhere at the head."""
    head = BODY[:, CANONICAL.index("head")]
    random = np.random.default_rng(1)
    columns = []
    for joint in POSE_LAYOUTS[name].names:
        if joint in CANONICAL.joints:
            columns.append(BODY[:, CANONICAL.index(joint)])
        else:
            columns.append(head + EXTRA.get(joint, random.normal(0, 0.05, 3)))
    return np.stack(columns, axis=1)


def off(motion, joints=LIMBS) -> float:
    """The largest distance of limb joints from the body's own, in metres."""
    found = to_canonical(motion).positions
    columns = [CANONICAL.index(joint) for joint in joints]
    return float(np.linalg.norm(found[:, columns] - BODY[:, columns], axis=2).max())


def save(path, array) -> str:
    np.save(path, array)
    return str(path)


@pytest.mark.parametrize("name", POSE_LAYOUTS)
def test_every_layout_is_the_same_body(name, tmp_path):
    motion, axes = read_with_axes(save(tmp_path / "a.npy", points(name)), ReadOptions(fps=30.0, layout=name))
    assert (axes.unit, axes.up, motion.fps) == ("m", "y", 30)
    assert off(motion) < 1e-5
    assert np.linalg.norm(to_canonical(motion).positions[:, 4] - BODY[:, 4], axis=1).max() < 0.02  # the head
    for joint in ("left_toe", "right_toe"):
        assert joint not in POSE_LAYOUTS[name].names or off(motion, [joint]) < 1e-5


def test_a_layout_is_found_by_its_number_of_joints_or_asked_for(tmp_path):
    assert len(POSE_LAYOUTS) == 9
    for layout in POSE_LAYOUTS.values():
        same = [other for other, each in POSE_LAYOUTS.items() if len(each.names) == len(layout.names)]
        if len(same) == 1:
            assert choose_layout(len(layout.names)) is layout
    with pytest.raises(ValueError, match="25 joints may be in the order body25 or kinect2; choose with --layout"):
        read_motion(save(tmp_path / "a.npy", points("kinect2")), fps=30)
    with pytest.raises(ValueError, match=r"19 joints in a frame, expected those of mediapipe \(33\)"):
        read_motion(save(tmp_path / "a.npy", points("kinect2")[:, :19]), fps=30)
    with pytest.raises(ValueError, match="unknown layout 'mp'; expected one of humanml3d, kit, mediapipe"):
        read_motion(save(tmp_path / "a.npy", points("kinect2")), fps=30, layout="mp")
    with pytest.raises(ValueError, match="25 joints in a frame, expected 17 of the layout h36m"):
        read_motion(save(tmp_path / "a.npy", points("kinect2")), fps=30, layout="h36m")
    with pytest.raises(ValueError, match="does not specify its frame rate; give it with --fps"):
        read_motion(save(tmp_path / "a.npy", points("mediapipe")))


@pytest.mark.parametrize("count", [22, 52, 55])
def test_smpl_with_other_hands_or_none(count, tmp_path):
    fingers = np.random.default_rng(0).normal(0, 1, (40, 33, 3))
    array = np.concatenate([points("smpl")[:, :22], fingers], axis=1)[:, :count]
    assert off(read_motion(save(tmp_path / "a.npy", array), fps=30, layout="smpl")) < 1e-5
    with pytest.raises(ValueError, match="23 joints in a frame, expected 22 or 24 or 52 or 55 of the layout smpl"):
        read_motion(save(tmp_path / "a.npy", points("smpl")[:, :23]), fps=30, layout="smpl")


def test_a_batch_of_one_is_dropped_and_two_dimensions_are_said(tmp_path):
    body = points("mediapipe")
    for array in (body[None], body[:, None]):
        assert off(read_motion(save(tmp_path / "a.npy", array), fps=30)) < 1e-5
    for flat in (body[..., :2], body * (1, 1, 0), np.concatenate([body[..., :2] * 500, body[..., :1] * 0 + 0.9], 2)):
        with pytest.raises(ValueError, match="are 2-D"):
            read_motion(save(tmp_path / "a.npy", flat), fps=30)
    with pytest.raises(ValueError, match=r"shape \(2, 40, 33, 3\)"):
        read_motion(save(tmp_path / "a.npy", np.stack([body, body])), fps=30)


def test_cameras_axes_and_unseen_points(tmp_path):
    """MediaPipe: Y down, from the middle of the hips; one arm out of the picture for 1.2 s, one knee for 0.5 s."""
    names = POSE_LAYOUTS["mediapipe"].names
    body = points("mediapipe")
    hips = body[:, [names.index("left_hip"), names.index("right_hip")]].mean(axis=1, keepdims=True)
    body = (body - hips) * (1, -1, -1)
    visible = np.ones((*body.shape[:2], 1))
    visible[2:38, names.index("left_wrist")] = 0.2
    visible[20:35, names.index("right_knee")] = 0.4
    path = save(tmp_path / "a.npy", np.concatenate([body, visible], axis=2))
    with pytest.warns(UserWarning) as caught:
        motion, axes = read_with_axes(path, ReadOptions(fps=30.0))
    note = str(caught[0].message)
    assert "gaps of up to 1 s are crossed: right knee 0.67 to 1.17 s" in note
    assert "not seen for longer than 1 s, so absent then: left wrist 0.07 to 1.27 s" in note
    assert "positions are relative to the pelvis" in note
    assert (axes.up, axes.unit) == ("-y", "m")
    assert (~motion.seen).sum() == 36
    assert not motion.seen[10, motion.skeleton.index("left_wrist")]
    never = visible * 1
    never[:, [n for n, name in enumerate(names) if "wrist" in name or "elbow" in name]] = 0
    motion = read_motion(save(tmp_path / "a.npy", np.concatenate([body, never], axis=2)), fps=30)
    assert "left_wrist" not in motion.skeleton.joints
    assert not to_canonical(motion).seen[:, CANONICAL.index("left_wrist")].any()


# JSON


def landmarks(frame: np.ndarray) -> list[dict[str, float]]:
    return [dict(zip(("x", "y", "z", "visibility"), (*map(float, point), 0.9), strict=True)) for point in frame]


MEDIAPIPE, BODY25, HUMAN = (points(name) for name in ("mediapipe", "body25", "h36m"))
JSONS = {
    "rows": (MEDIAPIPE.tolist(), {"fps": 30}),
    "a batch of one": ([MEDIAPIPE.tolist()], {"fps": 30}),
    "objects": ({"fps": 30, "frames": [{"pose_world_landmarks": landmarks(frame)} for frame in MEDIAPIPE]}, {}),
    "lists of people": ([[landmarks(frame)] for frame in MEDIAPIPE], {"fps": 30}),
    "world before image": (
        [{"poseLandmarks": landmarks(f[:, ::-1]), "poseWorldLandmarks": [landmarks(f)]} for f in MEDIAPIPE],
        {"fps": 30},
    ),
    "mmpose": (
        {
            "meta_info": {"dataset_name": "h36m"},
            "instance_info": [
                {"frame_id": n, "instances": [{"keypoints": frame.tolist(), "keypoint_scores": [0.9] * 17}]}
                for n, frame in enumerate(HUMAN)
            ],
        },
        {"fps": 30, "layout": "h36m"},
    ),
}


@pytest.mark.parametrize("name", JSONS)
def test_json_in_many_forms_is_the_same_body(name, tmp_path):
    content, options = JSONS[name]
    (tmp_path / "a.json").write_text(json.dumps(content))
    motion = read_motion(tmp_path / "a.json", **options)
    assert (motion.frames, motion.fps) == (40, 30)
    assert off(motion) < 1e-5


def test_openpose_writes_a_file_a_frame(tmp_path):
    for number, frame in enumerate(BODY25):
        people = [] if number == 7 else [{"pose_keypoints_3d": np.c_[frame, np.full(25, 0.8)].ravel().tolist()}]
        (tmp_path / f"take_{number:012d}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": people}))
    with pytest.warns(UserWarning, match="gaps of up to 0.25 s in the paths of joints are filled"):
        motion = read_motion(tmp_path / "take_000000000003_keypoints.json", fps=30, layout="body25")
    assert motion.frames == 40
    assert off(motion) < 0.05


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON file"),
        ("[" * 100_000, "nested too deeply|not a JSON file"),
        ("[]", "no frames; expected a list of frames"),
        ("{}", "no points in it; expected a list of frames"),
        ("3", "no frames"),
        ('[[["a", 1, 2]]]', "frame 1: 'a', expected a number"),
        ("[[[1e400, 1, 2], [1, 2, 3]]]", "2 joints in a frame, expected those of"),
        ('[{"landmarks": [{"x": 1, "y": 2}]}]', "the points are 2-D"),
        (json.dumps(MEDIAPIPE[..., :2].tolist()), "the points are 2-D"),
        (json.dumps([MEDIAPIPE[0].tolist(), MEDIAPIPE[1, :9].tolist()]), "frames with different numbers of points"),
        (json.dumps({"words": [], "segments": []}), "a transcript, not a recording"),
        (json.dumps([[1, 2, 3]]), "a row of 3 numbers"),
    ],
)
def test_an_error_in_json_says_what_is_wrong(text, message, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_motion(tmp_path / "a.json", fps=30)


# Tables


def table(names, paths, pattern="{name}_{axis}", sep=",", fps=30.0, scale=1.0) -> str:
    """A CSV of joints, with a column time."""
    head = [pattern.format(name=name, axis=axis) for name in names for axis in "xyz"]
    rows = [sep.join(["time", *head])]
    for number, frame in enumerate(paths):
        rows.append(sep.join(f"{value:.6f}" for value in (scale * number / fps, *frame.ravel())))
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("pattern", "sep"),
    [("{name}.x", ","), ("{name}_{axis}", ";"), ("{name} {axis}", "\t"), ("{axis}_{name}", ","),
     ("body_{name}_{axis}", ","),
     ("{name}.position.{axis}", ",")],
)  # fmt: skip
def test_tables_with_the_usual_names_of_columns(pattern, sep, tmp_path):
    pattern = pattern.replace(".x", ".{axis}")
    (tmp_path / "a.csv").write_text(table(CANONICAL.joints, BODY, pattern, sep))
    motion = read_motion(tmp_path / "a.csv")
    assert motion.fps == 30
    assert motion.skeleton.joints == CANONICAL.joints
    assert off(motion, CANONICAL.joints) < 1e-5


def test_a_table_in_millimetres_z_up_milliseconds_and_decimal_commas(tmp_path):
    turned = BODY[..., [0, 2, 1]] * (1000, -1000, 1000)
    text = table(CANONICAL.joints, turned, sep=";", scale=1000).replace(".", ",")
    (tmp_path / "a.csv").write_text(text)
    motion, axes = read_with_axes(tmp_path / "a.csv")
    assert (axes.unit, axes.up, motion.fps) == ("mm", "z", 30)
    assert off(motion) < 1e-4


def test_freemocap_and_numbered_columns(tmp_path):
    names = POSE_LAYOUTS["mediapipe"].names
    (tmp_path / "mediapipe_body_3d_xyz.csv").write_text(table(names, points("mediapipe") * 1000))
    assert off(read_motion(tmp_path / "mediapipe_body_3d_xyz.csv")) < 1e-4
    text = table(names, points("mediapipe") * 1000, "body_{name}_{axis}")
    (tmp_path / "freemocap_data.csv").write_text(text)
    motion = read_motion(tmp_path / "freemocap_data.csv")
    assert motion.skeleton.joints == read_motion(tmp_path / "mediapipe_body_3d_xyz.csv").skeleton.joints
    assert off(motion) < 1e-4
    for pattern in ("{axis}{name}", "landmark_{name}_{axis}"):
        (tmp_path / "a.csv").write_text(table(range(33), points("mediapipe"), pattern))
        assert off(read_motion(tmp_path / "a.csv")) < 1e-4


def long_rows(names: list, frames: str = "frame", sep: str = ",") -> str:
    """MediaPipe's points, a row for each; the second point is not seen in the last frame."""
    rows = [sep.join((frames, "person", "landmark", "x", "y", "z", "visibility"))]
    for number, frame in enumerate(points("mediapipe")):
        when = f"{number / 30:.4f}" if frames == "time" else str(number)
        for name, (x, y, z) in zip(names, frame.tolist(), strict=True):
            if (name, number) != (names[1], 39):
                rows.append(sep.join((when, "a", str(name), f"{x:.6f}", f"{y:.6f}", f"{z:.6f}", "0.9")))
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("names", [POSE_LAYOUTS["mediapipe"].names, range(33)])
def test_a_table_with_a_row_for_each_joint(names, tmp_path):
    (tmp_path / "a.csv").write_text(long_rows(list(names)))
    assert off(read_motion(tmp_path / "a.csv", fps=30)) < 1e-4
    (tmp_path / "a.csv").write_text(long_rows(list(names), "time", ";").replace(".", ","))
    motion = read_motion(tmp_path / "a.csv")
    assert motion.fps == 30
    assert off(motion) < 1e-4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0,a,nose", "0,a,left_eye", r"line 4: left_eye is there twice in a frame; does it show several people\?"),
        ("0,a,left_eye_inner,", "0,a,left_eye_inner,z", "line 3, column x: 'z-0.*, expected a number"),
        ("0,a,left_eye_inner,", "0\n0,a,left_eye_inner,", "line 3 has 1 cells, expected 7"),
    ],
)
def test_an_error_in_a_long_table_says_what_is_wrong(old, new, message, tmp_path):
    names = "nose left_eye_inner left_eye".split() + [f"point_{number}" for number in range(30)]
    (tmp_path / "a.csv").write_text(long_rows(names).replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        read_motion(tmp_path / "a.csv", fps=30)


def test_parquet_is_the_same_table(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        f"{joint}.{axis}": BODY[:, j, a] for j, joint in enumerate(CANONICAL.joints) for a, axis in enumerate("xyz")
    }
    columns |= {"time": np.arange(40) / 25, "person": ["Ann"] * 40}
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    motion = read_motion(tmp_path / "a.parquet")
    assert motion.fps == 25
    assert off(motion, CANONICAL.joints) < 1e-6
    (tmp_path / "a.parquet").write_bytes(b"PAR1" * 9)
    with pytest.raises(ValueError, match="not a Parquet file"):
        read_motion(tmp_path / "a.parquet")


def test_uneven_rows_are_brought_to_even_frames(tmp_path):
    lines = table(CANONICAL.joints, BODY).split("\n")
    (tmp_path / "a.csv").write_text("\n".join(lines[:11] + lines[18:]))
    with pytest.warns(
        UserWarning, match="^a.csv: its rows are uneven in time; they are brought to 30 frames per second"
    ):
        motion = read_motion(tmp_path / "a.csv")
    assert motion.frames == 40
    known = [*range(10), *range(17, 40)]
    np.testing.assert_allclose(motion.positions[known], BODY[known], atol=1e-3)


TABLE = table(CANONICAL.joints, BODY)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time\n1\n", "no joints among the columns time; expected columns such as left_knee_x"),
        (TABLE.split("\n")[0], "the table contains no frames"),
        (TABLE.replace("time,", "when,"), "no column time, which gives the frame rate; give it with --fps"),
        (TABLE.replace("0.033333", "9", 1), "column time: times must be numbers that grow"),
        (re.sub(r"(?m)^0\.033333,[^,]*", "0.033333,one", TABLE), "line 3, column pelvis_x: 'one', expected a number"),
        (re.sub(r"(?m),[^,]*_z", ",foo", TABLE), "the points are 2-D, without z"),
        (TABLE.replace("\n0.000000,", "\n-1e308,", 1), "column time: times must be numbers that grow from row to row"),
        (TABLE[:-40], r"line 41 has \d+ cells, expected 64"),
        ("a_x,a_y,a_z,time\n1,2,3,0\n2,3,4,1\n", "none of the points is a known joint: a"),
    ],
)
def test_an_error_in_a_table_says_what_is_wrong(text, message, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_motion(tmp_path / "a.csv")


# Others


def ntu(people: list[tuple[str, np.ndarray]], frames: int) -> str:
    lines = [str(frames)]
    for frame in range(frames):
        lines.append(str(len(people)))
        for name, body in people:
            lines += [f"{name} 0 0 0 0 0 0 0 0 2", "25"]
            lines += [f"{x:.6f} {y:.6f} {z:.6f} 1 1 1 1 0 0 0 1 2" for x, y, z in body[frame]]
    return "\n".join(lines) + "\n"


def test_a_skeleton_file_of_ntu(tmp_path):
    body = points("kinect2")
    (tmp_path / "a.skeleton").write_text(ntu([("721", body * 0 + body[:1]), ("722", body)], 40))
    with pytest.warns(UserWarning, match="describes the body 722 of 721, 722"):
        motion = read_motion(tmp_path / "a.skeleton")
    assert motion.fps == 30
    assert off(motion) < 1e-5
    assert read_motion(tmp_path / "a.skeleton", subject="721").positions.std(axis=0).max() < 1e-6
    with pytest.raises(ValueError, match="no subject '9'; the file has 721, 722"):
        read_motion(tmp_path / "a.skeleton", subject="9")
    text = ntu([("1", body)], 40)
    (tmp_path / "a.skeleton").write_text("\n".join(text.split("\n")[: 1 + 28 * 30]))
    with pytest.warns(UserWarning, match="declares 40 frames, there are 30"):
        assert read_motion(tmp_path / "a.skeleton").frames == 30
    word = text.split("\n")[40].split()[1]
    for damaged, message in (
        ("hello", r"not an NTU \.skeleton file"),
        (text.replace("25\n", "24\n"), r"not an NTU \.skeleton file"),
        (text[:3000], r"line 75 has 1 numbers, expected the x, y and z of a joint; is it cut off\?"),
        ("\n".join(text.split("\n")[:50]), "line 51 has 0 numbers, .*; is it cut off"),
        (text.replace(f" {word} ", " wide ", 1), r"line \d+, number 2: 'wide', expected a number"),
    ):
        (tmp_path / "a.skeleton").write_text(damaged)
        with pytest.raises(ValueError, match=message):
            read_motion(tmp_path / "a.skeleton")


def test_joint_angles_of_opensim_get_a_clear_word(tmp_path):
    (tmp_path / "a.mot").write_text("Coordinates\n")
    with pytest.raises(ValueError, match=r"joint angles of an OpenSim model, which are not read; give the \.trc"):
        read_motion(tmp_path / "a.mot")


def test_tables_and_json_are_not_looked_for_in_folders(tmp_path):
    for name in ("a.csv", "b.json", "c.parquet", "d.npy", "e.skeleton"):
        (tmp_path / name).touch()
    assert [path.name for path in files_in(tmp_path)] == ["d.npy", "e.skeleton"]
    assert {".csv", ".json"} <= FORMATS.keys()


def test_a_whole_body_gives_no_note(tmp_path):
    (tmp_path / "a.csv").write_text(TABLE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_motion(tmp_path / "a.csv").seen is None


def test_the_table_of_files_lists_every_kind_and_every_layout():
    page = (Path(__file__).parent.parent / "docs" / "guide" / "motion-files.md").read_text(encoding="utf-8")
    rows = [line for line in page.split("\n") if line.startswith("| `")]
    listed = {suffix for row in rows for suffix in re.findall(r"`(\.\w+)`", row.split("|")[1])}
    assert listed == set(FORMATS)
    for name, layout in POSE_LAYOUTS.items():
        assert f"| `{name}` | {len(layout.names)} |" in page


def test_uploads_are_recognised_by_their_content():
    for name, (content, _) in JSONS.items():
        assert detect_suffix(json.dumps(content).encode()) == ".json", name
    assert detect_suffix(b'{"asset": {"version": "2.0"}, "nodes": []}') == ".gltf"
    assert detect_suffix(ntu([("721", points("kinect2"))], 2).encode()) == ".skeleton"
    for pattern, sep in (("{name}.{axis}", ","), ("{name}_{axis}", ";"), ("{axis}_{name}", "\t")):
        assert detect_suffix(table(CANONICAL.joints, BODY, pattern, sep).encode()) == ".csv"
    with pytest.raises(ValueError, match="unsupported file type"):
        detect_suffix(b"a,b,c\n1,2,3\n")
    read = read_upload([Upload("take.csv", TABLE.encode())], ReadOptions())
    assert (read.name, read.frames) == ("take.csv", 40)


def test_the_web_page_offers_every_layout():
    page = (Path(app.__file__).parent / "assets" / "app.html").read_text(encoding="utf-8")
    (choices,) = re.findall(r'<select id="layout">(.*?)</select>', page, re.DOTALL)
    assert re.findall('value="([^"]*)"', choices) == ["", "humanml3d", "kit", *POSE_LAYOUTS]


def test_a_file_that_says_no_frames_per_second_is_refused(tmp_path):
    frames = [{"keypoints": [[0.1, 0.2, 0.3]] * 17} for _ in range(4)]
    (tmp_path / "take.json").write_text(json.dumps({"fps": 0, "frames": frames}))
    with pytest.raises(ValueError, match=r"take\.json: 0 frames per second, expected more than 0"):
        read_motion(tmp_path / "take.json", layout="coco17")
