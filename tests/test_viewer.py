"""The player's file, without a browser: its data, its size, its safety, its colours."""

from __future__ import annotations

import base64
import json
import re
import zlib
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import takes
from bodies import bandai_motion, skeleton_of, standing, walking
from hypothesis import given, settings
from hypothesis import strategies as st

from motion2language import viewer
from motion2language.motion import CANONICAL, Motion, Skeleton
from motion2language.transcript import Transcript
from motion2language.viewer import document, packing, sides
from motion2language.viewer.take import speed_curve

PAIR = Skeleton("pair", ("root", "tip"), (-1, 0))


def decode(packed: dict, parents: tuple[int, ...]) -> np.ndarray:
    """The page's decoding, number by number."""
    content = zlib.decompress(base64.b64decode(packed["data"]))
    half = len(content) // 2
    frames, joints = packed["frames"], len(parents)
    whole = np.zeros((frames, joints, 3), dtype=int)
    at = 0
    for joint, axis in product(range(joints), range(3)):
        value = 0
        for frame in range(frames):
            code = content[at] + 256 * content[half + at]
            value += -(code + 1) // 2 if code % 2 else code // 2
            value = (value + 2**15) % 2**16 - 2**15
            whole[frame, joint, axis] = value
            at += 1
    for joint in range(1, joints):
        whole[:, joint] += whole[:, parents[joint]]
    return whole * packed["step"] + np.array(packed["origin"])


def data_of(page: str) -> list[dict]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


# Numbers


def test_movement_is_kept_to_a_millimetre():
    motion = Motion(walking(50) + np.array([3, 0, -40]), 30, CANONICAL)
    packed = packing.pack_motion(motion)
    assert (packed["fps"], packed["frames"], packed["step"]) == (30.0, 50, 0.001)
    assert np.abs(decode(packed, CANONICAL.parents) - motion.positions).max() < 0.0006


def test_faster_recordings_are_kept_at_thirty_frames_a_second_and_slow_ones_as_they_are():
    assert packing.pack_motion(Motion(walking(240), 120, CANONICAL))["frames"] == 60
    assert packing.pack_motion(Motion(walking(24), 12, CANONICAL))["fps"] == 12.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-1000, 1000, width=32)] * 3), min_size=1, max_size=8), st.floats(0.001, 50))
def test_any_movement_comes_back(way, length):
    root = np.array(way)
    positions = np.stack([root, root + np.array([0, length, 0])], axis=1)
    packed = packing.pack_motion(Motion(positions, 10, PAIR))
    reach = max(np.abs(root - root[0]).max(), length)
    assert np.abs(decode(packed, PAIR.parents) - positions).max() <= max(0.0011, reach / 16000)


def test_a_busy_hand_with_noise_is_slowed_until_it_fits():
    noise = np.random.default_rng(0).normal(0, 1.0, size=(600, 21, 3))
    packed = packing.pack_motion(Motion(walking(600) + noise, 30, CANONICAL))
    assert packed["fps"] < 30
    assert len(packed["data"]) <= packing.BUDGET * 20


def test_attention_is_scaled_to_the_largest_of_each_row():
    packed = packing.pack_weights(np.array([[0.1, 0.2], [0, 0], [0.5, 0.125]], np.float32))
    values = zlib.decompress(base64.b64decode(packed["data"]))
    assert (packed["words"], packed["frames"], list(values)) == (3, 2, [128, 255, 0, 0, 255, 64])


def test_the_speed_curve_is_the_mean_speed_of_the_joints():
    still, moving = np.zeros((31, 2, 3)), np.zeros((31, 2, 3))
    moving[:, 1, 0] = np.arange(31) / 30 * 3  # one of two joints at 3 m/s
    assert speed_curve(Motion(still, 30, PAIR)) == [0.0] * 16
    assert speed_curve(Motion(moving, 30, PAIR))[5] == pytest.approx(1.5)
    assert speed_curve(Motion(still[:1], 30, PAIR)) == [0.0]


# Skeletons


def test_sides_head_and_facing_of_the_canonical_body():
    data = sides.describe(Motion(walking(3), 30, CANONICAL))
    assert data["sides"] == "".join(
        {"l": "l", "r": "r"}.get(joint[:2].rstrip("ei_"), "m") for joint in CANONICAL.joints
    )
    assert data["sides"].count("l") == data["sides"].count("r") == 8
    assert (data["pelvis"], CANONICAL.joints[data["head"]]) == (0, "head")
    assert data["facing"] == pytest.approx(0, abs=1e-6)
    turned = standing()[None] @ np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]])  # to the left: +Z becomes +X
    assert sides.describe(Motion(turned, 30, CANONICAL))["facing"] == pytest.approx(np.pi / 2)


def test_hands_and_feet_are_known_of_people_alone():
    ends = sides.limb_ends(Motion(walking(3), 30, CANONICAL))
    feet = [[CANONICAL.index(f"{side}_ankle"), CANONICAL.index(f"{side}_toe")] for side in ("left", "right")]
    assert ends == {"hands": [CANONICAL.index("left_wrist"), CANONICAL.index("right_wrist")], "feet": feet}
    assert sides.limb_ends(Motion(np.zeros((1, 2, 3)), 30, PAIR)) == {"hands": [], "feet": []}


def test_fingers_have_the_side_of_their_hand_and_a_static_root_is_not_the_pelvis():
    daz = skeleton_of("cmu daz")
    letters = sides.describe(Motion(np.random.default_rng(0).normal(size=(2, len(daz.joints), 3)), 30, daz))["sides"]
    by_name = dict(zip(daz.joints, letters, strict=True))
    assert (by_name["lThumb2"], by_name["rIndex1"], by_name["chest"]) == ("l", "r", "m")
    bandai = skeleton_of("bandai")
    data = sides.describe(Motion(np.random.default_rng(0).normal(size=(2, len(bandai.joints), 3)), 30, bandai))
    assert bandai.joints[data["pelvis"]] == "Hips"


def test_a_body_that_is_not_a_person_is_also_shown():
    data = sides.describe(Motion(np.zeros((1, 2, 3)), 30, PAIR))
    assert data == {"sides": "mm", "pelvis": 0, "head": None, "facing": 0.0}
    assert "tip" in viewer.page([viewer.Take(Motion(np.zeros((1, 2, 3)), 30, PAIR), Transcript((), 1 / 30))])


# The file


def test_the_file_is_small_and_whole(tmp_path):
    viewer.write([takes.take()], tmp_path / "take.html")
    text = (tmp_path / "take.html").read_text(encoding="utf-8")
    assert text == viewer.page([takes.take()])
    assert len(text.encode()) < 2e6
    assert [path.name for path in tmp_path.iterdir()] == ["take.html"]
    (data,) = data_of(text)
    assert data["transcript"]["segments"] == takes.transcript().to_dict()["segments"]
    assert data["reference"]["text"] == "someone walks turns runs"
    assert (data["name"], data["duration"]) == ("walk.bvh", 8.0)


def test_ten_more_seconds_cost_less_than_forty_kilobytes():
    def size(seconds: float) -> int:
        body = bandai_motion(walking(round(30 * seconds)))
        return len(viewer.page([viewer.Take(body, Transcript((), seconds))]).encode())

    assert size(60) - size(50) < 40_000
    assert size(10) < 2e6


def test_zero_or_too_many_takes_are_refused():
    for number in (0, viewer.MOST_TAKES + 1):
        with pytest.raises(ValueError, match=f"shows 1 to 8 recordings side by side, found {number}"):
            viewer.page([takes.take()] * number)


def test_a_transcript_of_another_recording_is_refused():
    other = Transcript((), 12.0, "other.bvh")
    with pytest.raises(ValueError, match=r"walk.bvh: lasts 8.00 s, but the reference is of other.bvh of 12.00 s"):
        viewer.Take(takes.motion(), takes.transcript(), other)
    with pytest.raises(ValueError, match=r"the transcript is of other.bvh"):
        viewer.Take(takes.motion(), other)
    with pytest.raises(ValueError, match=r"attention has shape \(3, 5\), expected \(8 words, frames\)"):
        viewer.Take(takes.motion(), takes.transcript(), weights=np.zeros((3, 5), np.float32))


class Elements(HTMLParser):
    """Every start tag with its attributes, and the title."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.title = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.found[-1:] and self.found[-1][0] == "title":
            self.title += data


def test_hostile_names_and_words_change_nothing_but_text():
    harmless, hostile = (Elements(viewer.page([each])) for each in (takes.take(), takes.hostile_take()))
    assert [tag for tag, _ in hostile.found] == [tag for tag, _ in harmless.found]
    assert hostile.title.rstrip() == takes.hostile_take().motion.name
    (data,) = data_of(viewer.page([takes.hostile_take()]))
    assert [word["word"] for word in data["transcript"]["segments"][0]["words"]] == list(takes.HOSTILE)


def test_nothing_is_loaded_from_elsewhere():
    text = viewer.page([takes.take()])
    page = Elements(text)
    assert all("src" not in attributes for _, attributes in page.found)
    assert [attributes["href"] for _, attributes in page.found if "href" in attributes] == ["data:,"]
    own = "".join((document.ASSETS / name).read_text() for name in (*document.SCRIPTS, "player.css", "player.html"))
    assert set(re.findall(r"https?://[^\"'\s]+", own)) <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in own
    assert "innerHTML" not in own
    (policy,) = (attributes["content"] for _, attributes in page.found if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_the_licence_of_the_library_stands_in_the_page():
    assert "Copyright © 2010-2026 three.js authors" in viewer.page([takes.take()])
    assert "Permission is hereby granted" in viewer.page([takes.take()])


def test_every_script_there_is_stands_in_the_page():
    assert {path.name for path in document.ASSETS.glob("*.js")} == set(document.SCRIPTS)
    assert all(len(path.read_text().splitlines()) < 320 for path in document.ASSETS.glob("*.js"))


# Colours


def themes() -> dict[str, dict[str, np.ndarray]]:
    style = (Path(document.ASSETS) / "player.css").read_text()
    light, dark = (
        {name: np.array([int(value[at : at + 2], 16) for at in (0, 2, 4)]) for name, value in data}
        for data in (re.findall(r"--([\w-]+): #(\w{6});", block) for block in style.split("@media")[:2])
    )
    assert set(light) == set(dark)
    return {"light": light, "dark": dark}


def contrast(first: np.ndarray, second: np.ndarray) -> float:
    """As the Web Content Accessibility Guidelines 2 define it."""

    def luminance(colour: np.ndarray) -> float:
        parts = colour / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_on_every_colour(theme):
    colours = themes()[theme]
    named = [colours[f"c{number}"] for number in range(8)] + [colours["unnamed"]]
    pairs = [
        *((colours[text], colours[back]) for text in ("ink", "quiet", "accent") for back in ("paper", "card")),
        (colours["quiet"], colours["stage"]),
        (colours["on-colour"], colours["accent"]),
        *((colours["on-colour"], colour) for colour in named),
        *((colours["ink"], 0.34 * colour + 0.66 * colours["card"]) for colour in named),
    ]
    assert min(contrast(text, back) for text, back in pairs) >= 4.5
    shapes = [colours[side] for side in ("left", "right", "middle")]
    assert min(contrast(shape, colours["stage"]) for shape in shapes) >= 2.3
