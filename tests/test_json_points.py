"""JSON whose points have names: the names count, not the order; and the forms in which people write frames."""

import json

import numpy as np
import pytest
from small import recording

import motion2language as m2l
from motion2language.body import to_canonical

MOTION = recording(2).clip(0, 0.5)
ORDER = np.random.default_rng(1).permutation(21)
NAMES = [MOTION.skeleton.joints[place] for place in ORDER]
FRAMES = np.round(MOTION.positions[:, ORDER], 6).tolist()


def objects(frame, place):
    return [{"name": name, **place(point)} for name, point in zip(NAMES, frame, strict=True)]


def xyz(point):
    return dict(zip("xyz", point, strict=True))


NAMED = [dict(zip(NAMES, frame, strict=True)) for frame in FRAMES]
FORMS = {
    "points by name": NAMED,
    "objects by name": [{name: xyz(point) for name, point in frame.items()} for frame in NAMED],
    "below joints, with a time": [{"time": n / 30, "joints": frame} for n, frame in enumerate(NAMED)],
    "objects with names": [{"joints": objects(frame, xyz)} for frame in FRAMES],
    "objects with positions": [{"joints": objects(frame, lambda point: {"position": point})} for frame in FRAMES],
    "objects in objects": [objects(frame, lambda point: {"position": xyz(point)}) for frame in FRAMES],
    "names once": {"joint_names": NAMES, "positions": FRAMES},
    "names once, called joints": {"joints": NAMES, "frames": FRAMES},
    "a list a joint": {"joints": {name: [frame[name] for frame in NAMED] for name in NAMES}},
    "frames by number": {str(number): frame for number, frame in enumerate(NAMED)},
    "people": {"frames": [{"people": [{"keypoints": objects(frame, xyz)}]} for frame in FRAMES]},
    "names in another case": [
        {"".join(word.title() for word in name.split("_")): point for name, point in frame.items()} for frame in NAMED
    ],
}


@pytest.mark.parametrize("form", FORMS)
def test_names_count_and_not_the_order(form, tmp_path):
    (tmp_path / "take.json").write_text(json.dumps(FORMS[form]))
    body = to_canonical(m2l.read_motion(tmp_path / "take.json", fps=30))
    np.testing.assert_allclose(body.positions, MOTION.positions, atol=2e-6)


def test_a_frame_in_each_line(tmp_path):
    (tmp_path / "take.json").write_text("\n".join(map(json.dumps, NAMED)) + "\n")
    body = to_canonical(m2l.read_motion(tmp_path / "take.json", fps=30))
    np.testing.assert_allclose(body.positions, MOTION.positions, atol=2e-6)
    (tmp_path / "take.json").write_text(json.dumps(NAMED[0]) + "\n{")
    with pytest.raises(ValueError, match="not a JSON file"):
        m2l.read_motion(tmp_path / "take.json", fps=30)


def test_a_named_point_that_some_frames_lack_is_a_gap(tmp_path):
    frames = [dict(frame) for frame in NAMED]
    for frame in frames[4:8]:
        del frame["left_wrist"]
    frames[0] = dict(reversed(frames[0].items()))
    (tmp_path / "take.json").write_text(json.dumps(frames))
    with pytest.warns(UserWarning, match=r"a gap of up to 0.25 s in the paths of joints is filled"):
        body = to_canonical(m2l.read_motion(tmp_path / "take.json", fps=30))
    others = [place for place, joint in enumerate(body.skeleton.joints) if joint != "left_wrist"]
    np.testing.assert_allclose(body.positions[:, others], MOTION.positions[:, others], atol=2e-6)


@pytest.mark.parametrize(("content", "message"), [
    ({f"joint {n}": [n % 3, n, n * n] for n in range(8)}, "none of the points is a known joint: joint 0, joint 1"),
    ([{name: [0.0, 1.0] for name in NAMES}], "the points are 2-D"),
    ([{name: ["a", 1.0, 2.0] for name in NAMES}], "no points in it"),
    ([objects(FRAMES[0], lambda point: {"position": "here"})], "no points in it"),
    ({"joint_names": NAMES[:5], "positions": FRAMES}, "21 joints in a frame, expected those of"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(content, message, tmp_path):
    (tmp_path / "take.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        m2l.read_motion(tmp_path / "take.json", fps=30)


def test_text_in_place_of_a_number_is_named_with_its_frame(tmp_path):
    frames = [[[float(joint), 1.0, frame / 9] for joint in range(33)] for frame in range(4)]
    frames[2][5][1] = "wide"
    path = tmp_path / "take.json"
    path.write_text(json.dumps(frames))
    with pytest.raises(ValueError, match=r"take\.json: frame 3: 'wide', expected a number"):
        m2l.read_motion(path, fps=30)
