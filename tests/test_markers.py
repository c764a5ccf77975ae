"""formats/markers, marker_rules and marker_joints: labels, gaps, and joints from markers."""

import warnings

import numpy as np
import pytest
from bodies import rotation, walking
from hypothesis import given, settings
from hypothesis import strategies as st
from marked import FULL, MEDIAL, skin

from motion2language.formats.marker_joints import REQUIRED, recording
from motion2language.formats.marker_labels import labels_of, marker_sets
from motion2language.formats.marker_rules import RULES, USUAL
from motion2language.formats.markers import Markers, fill, recognise
from motion2language.formats.reading import ReadOptions
from motion2language.motion import CANONICAL

SKIN, CENTRES, JOINTS = (dict(marker_sets()[name]) for name in ("skin", "centres", "joints"))
BODY = walking(40)
ALL = skin(BODY)


def markers(put: dict[str, np.ndarray], fps: float = 100.0, unit: str = "m") -> Markers:
    return Markers(np.stack(list(put.values()), axis=1), list(put), fps, unit)


def full(*without: str) -> dict[str, np.ndarray]:
    return {label: ALL[label] for label in FULL if label not in without}


def joints(put: dict[str, np.ndarray], **options) -> dict[str, np.ndarray]:
    motion = recording(markers(put, **options), "take", ReadOptions()).motion
    return {joint: motion.positions[:, column] for column, joint in enumerate(motion.skeleton.joints)}


def point(*xyz: float) -> np.ndarray:
    return np.tile(np.array(xyz, float), (3, 1))


# Labels


#: Labels as files write them, by part of the body; the last are unknown.
WRITTEN = {
    "left front waist": "LASI L.ASIS LEFT_ASIS ASIS_L LeftAsis LFWT WaistLFront Ann:lasi Wright_LASI AsisLeft",
    "right front waist": "R_Asis R-ASIS WaistRFront R.IAS",
    "left back waist": "LPSI LBWT Q_WaistLBack",
    "sacrum": "SACR V.Sacral",
    "left outer elbow": "LELB LAEL L_elbow_lat",
    "right thumb wrist": "RWRA RWTS R_wrist_radius R.Wrist.Lat",
    "left small wrist": "LWRB LWPS LWristOut",
    "right inner knee": "RMEK R_knee_med RKNM",
    "left outer ankle": "LANK LLM L_ankle",
    "right outer forefoot": "RMT5 r_5meta R.Toe.Lat",
    "left front head": "LFHD KUO_251112_LFHD",
    "right shoulder top": "RSHO R.Acromium RShoulderTop R_Shoulder",
    "right hip": "R_HJC RHJC",
    "C7": "C7",
    "": "*12 U7 LHipAngles R_Sternum r_shank_antsup CentreOfMass RTHI RTH1 Angle_LKnee Force_L_Ankle vel_RKNE",
}


@pytest.mark.parametrize(("label", "part"), [(label, part) for part, row in WRITTEN.items() for label in row.split()])
def test_labels_are_recognised_in_every_spelling(label, part):
    _, _, name = label.rpartition(":")
    put = {"S:LASI": point(1, 1, 1), "S:RASI": point(2, 1, 1), f"S:{name}": point(3, 1, 1)}
    found = recognise(markers(put), "S")
    assert set(found) == {"left front waist", "right front waist", part} - {""}


def test_no_label_has_two_meanings():
    for table in (SKIN | CENTRES, JOINTS):
        labels = [label for row in table.values() for label in row.split()]
        forms = [label.replace("*", side) for label in labels for side in ("LR" if "*" in label else "L")]
        assert len(forms) == len(set(forms)) > 15


def test_each_rule_uses_known_parts():
    known = {part.replace("*", "left ") for part in (*SKIN, *JOINTS)} | {part.replace("*", "right ") for part in SKIN}
    for joint, rules in RULES.items():
        for rule in rules:
            needs = {part.replace("*", "left ").replace("other", "right") for part in rule.needs}
            assert needs <= known | {"left toe"}, joint
        known |= {joint.replace("*", side) for side in ("left ", "right ")}
    assert all(labels_of(part.replace("*", "left ")) for parts in USUAL.values() for part in parts)


# Joints


def test_the_hip_follows_bell():
    """ASIS 0.2 apart at the origin's sides, facing +Z: 0.19 of it backwards, 0.30 down, 0.36 outwards."""
    put = full() | {"LASI": ALL["LASI"] * 0 + (0.1, 0, 0), "RASI": ALL["LASI"] * 0 - (0.1, 0, 0)}
    put |= {"LPSI": ALL["LASI"] * 0 + (0.04, 0, -0.15), "RPSI": ALL["LASI"] * 0 + (-0.04, 0, -0.15)}
    found = joints(put)
    np.testing.assert_allclose(found["left_hip"][0], (0.072, -0.06, -0.038), atol=1e-6)
    np.testing.assert_allclose(found["right_hip"][0], (-0.072, -0.06, -0.038), atol=1e-6)
    put["SACR"] = (put.pop("LPSI") + put.pop("RPSI")) / 2
    np.testing.assert_allclose(joints(put)["left_hip"], found["left_hip"], atol=1e-6)


def test_the_shoulder_is_below_the_acromion():
    found = joints(full())
    width = np.linalg.norm(ALL["LSHO"] - ALL["RSHO"], axis=1)
    np.testing.assert_allclose(np.linalg.norm(ALL["LSHO"] - found["left_shoulder"], axis=1), 0.17 * width, rtol=1e-5)


@pytest.mark.parametrize("labels", [FULL, FULL + MEDIAL], ids=["outer markers", "markers on both sides"])
def test_joints_are_found_under_the_skin(labels):
    found = joints({label: ALL[label] for label in labels})
    for joint in (*REQUIRED, "neck", "chest", "spine", "pelvis", "left_toe", "right_toe"):
        off = np.linalg.norm(found[joint] - BODY[:, CANONICAL.index(joint)], axis=1).max()
        assert off < (0.02 if joint != "head" else 0.03), joint


def test_the_thumb_determines_the_elbow_of_a_straight_arm():
    body = BODY.copy()
    for side in ("left", "right"):
        shoulder, elbow, wrist = (CANONICAL.index(f"{side}_{part}") for part in ("shoulder", "elbow", "wrist"))
        body[:, wrist] = body[:, elbow] + 0.85 * (body[:, elbow] - body[:, shoulder])
    put = skin(body)
    found = joints({label: put[label] for label in FULL})
    for joint in ("left_elbow", "right_elbow"):
        assert np.linalg.norm(found[joint] - body[:, CANONICAL.index(joint)], axis=1).max() < 0.015


def test_centres_in_the_file_come_first():
    under = {"HJC": "ASI", "KJC": "KNE", "AJC": "ANK", "SJC": "SHO", "EJC": "ELB", "WJC": "WRA"}
    put = full() | {side + label: ALL[side + near] + 0.01 for side in "LR" for label, near in under.items()}
    found = joints(put)
    for joint, label in (("hip", "HJC"), ("knee", "KJC"), ("ankle", "AJC"), ("shoulder", "SJC"), ("elbow", "EJC")):
        np.testing.assert_allclose(found[f"right_{joint}"], put[f"R{label}"], atol=1e-6)


def test_joints_without_markers_are_used_directly():
    names = {f"{side[0].upper()}{part.title()}": f"{side}_{part}" for side in ("left", "right")
             for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")}  # fmt: skip
    put = {name: BODY[:, CANONICAL.index(joint)] for name, joint in names.items()}
    put |= {"Neck": BODY[:, CANONICAL.index("neck")], "Head": BODY[:, CANONICAL.index("head")] + (0, 0.1, 0)}
    found = joints(put)
    for joint in names.values():
        np.testing.assert_allclose(found[joint], BODY[:, CANONICAL.index(joint)], atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    scale=st.floats(1e-3, 1e4),
    seed=st.integers(0, 99),
    prefix=st.sampled_from(["", "Ann:", "Session 1:Ann:", "Q_", "walk-03 "]),
    shift=st.floats(-5, 5),
)
def test_unit_place_and_prefix_change_nothing(scale, seed, prefix, shift):
    turn = rotation(seed)
    moved = {prefix + label: scale * (path @ turn.T + shift) for label, path in full().items()}
    plain, other = joints(full()), joints(moved, unit="")
    assert plain.keys() == other.keys()
    for joint, path in plain.items():
        np.testing.assert_allclose(other[joint] / scale, path @ turn.T + shift, atol=1e-4)


# What is missing


def test_the_message_names_the_parts_without_markers():
    put = {label: path for label, path in full().items() if label[1:] in "ASI PSI THI KNE TIB HEE TOE".split()}
    with pytest.raises(
        ValueError,
        match=r"no markers determine head, shoulders, elbows, wrists, knees, ankles; expected both legs or both arms, "
        "that is C7 CLAV LFHD RFHD LBHD RBHD LSHO RSHO LELB LWRA LWRB RELB RWRA RWRB LANK RANK or .* found LASI LPSI",
    ):
        joints(put)


def test_the_markers_of_a_gait_laboratory_are_a_lower_body():
    put = {label: path for label, path in full().items() if label[1:] in "ASI PSI THI KNE TIB ANK HEE TOE".split()}
    lower = {joint for joint in CANONICAL.joints if joint == "pelvis" or joint[-3:] in ("hip", "nee", "kle", "toe")}
    found = joints(put)
    assert found.keys() == lower
    whole = joints(full())
    for joint in lower:
        np.testing.assert_allclose(found[joint], whole[joint], atol=1e-9)
    never = put | {label: path * np.nan for label, path in full().items() if label not in put}
    with pytest.warns(UserWarning, match="take: markers labelled and never seen: LFHD RFHD"):
        assert joints(never).keys() == lower


def test_unknown_labels_are_shown():
    with pytest.raises(ValueError, match=r"no markers determine head, .*, found A B$"):
        joints({"A": ALL["C7"], "B": ALL["C7"], "": ALL["C7"]})


def test_without_markers_the_head_is_placed_on_the_trunk_with_a_warning():
    with pytest.warns(UserWarning, match="take: no markers on the head, which is placed in line with the trunk"):
        found = joints(full("LFHD", "RFHD", "LBHD", "RBHD"))
    assert np.linalg.norm(found["head"] - BODY[:, CANONICAL.index("head")], axis=1).max() < 0.05


def test_with_long_gaps_the_head_is_placed_on_the_trunk_with_a_warning():
    put = full()
    for label in ("LFHD", "LBHD"):
        put[label] = put[label].copy()
        put[label][3:37] = np.nan
    with pytest.warns(UserWarning, match="take: too few markers on the head, which is placed in line with the trunk"):
        found = joints(put)
    trunk = found["neck"] - found["pelvis"]
    np.testing.assert_allclose(found["head"], found["pelvis"] + 1.19 * trunk, atol=1e-6)


def test_a_single_marker_on_the_wrist_and_none_on_the_chest():
    put = full("LWRB", "RWRB", "LWRA", "RWRA", "T10", "CLAV") | {"LWRI": ALL["LWRA"], "RWRI": ALL["RWRA"]}
    found = joints(put)
    assert not {"chest", "spine"} & found.keys()
    for part in ("elbow", "wrist"):
        assert np.linalg.norm(found[f"left_{part}"] - BODY[:, CANONICAL.index(f"left_{part}")], axis=1).max() < 0.035


# Gaps


def gap(label: str, *frames: int) -> dict[str, np.ndarray]:
    put = full()
    put[label] = put[label].copy()
    put[label][slice(*frames)] = np.nan
    return put


def test_short_gaps_are_filled_by_lines_and_held_at_the_ends():
    line = np.outer(np.arange(40), (1.0, 2.0, 3.0))
    path = line.copy()
    path[[0, 1, 10, 11, 12, 39]] = np.nan
    filled, count = fill({"C7": path}, 12.0)  # 0.25 s are three frames
    assert count == 6
    np.testing.assert_allclose(filled["C7"][2:39], line[2:39])
    np.testing.assert_allclose(filled["C7"][[0, 39]], line[[2, 38]])
    filled, count = fill({"C7": path}, 11.0)
    assert count == 3
    assert np.isnan(filled["C7"][10:13]).all()


def test_a_marker_of_the_pelvis_is_placed_by_the_others_for_any_time():
    put = gap("LPSI", 3, 38)
    turns = np.stack([rotation(seed) for seed in range(40)])  # a different attitude in every frame
    paths = {part: (turns @ path[..., None])[..., 0] for part, path in recognise(markers(put), None).items()}
    filled, count = fill(paths, 100.0)
    assert count == 35
    np.testing.assert_allclose(filled["left back waist"], (turns @ ALL["LPSI"][..., None])[..., 0], atol=1e-6)


def test_a_marker_of_the_head_is_placed_without_mirroring_it():
    parts = [f"{side} {place} head" for side in ("left", "right") for place in ("front", "back")]
    head = np.random.default_rng(1).normal(size=(4, 3))
    turns = np.stack([rotation(seed) for seed in range(40)])
    paths = {part: turns @ place for part, place in zip(parts, head, strict=True)}
    lost = paths | {parts[0]: np.where(np.arange(40)[:, None] > 0, np.nan, paths[parts[0]])}
    filled, count = fill(lost, 100.0)
    assert count == 39
    np.testing.assert_allclose(filled[parts[0]], paths[parts[0]], atol=1e-6)


def test_long_gaps_are_crossed_or_leave_the_joint_absent_with_times():
    with pytest.warns(UserWarning, match=r"gaps of up to 1 s are crossed: left knee 0\.05 to 0\.35 s"):
        assert recording(markers(gap("LKNE", 5, 35)), "take", ReadOptions()).motion.seen is None
    with pytest.warns(UserWarning, match=r"not seen for longer than 1 s, so absent then: left knee 0\.25 to 1\.75 s"):
        motion = recording(markers(gap("LKNE", 5, 35), fps=20.0), "take", ReadOptions()).motion
    lost = ~motion.seen
    assert lost[5:35, motion.skeleton.index("left_knee")].all()
    assert lost.sum() == 30
    with pytest.warns(UserWarning, match=r"not seen for longer than 0\.3 s"):
        assert recording(markers(gap("LKNE", 5, 38)), "take", ReadOptions(gap=0.3)).motion.seen is not None


def test_a_person_who_enters_late_is_held_still_until_then_with_a_warning():
    put = full()
    for label in put:
        put[label] = put[label].copy()
        put[label][:6] = np.nan
    put["LKNE"][:10] = put["RELB"][30:] = np.nan
    with pytest.warns(
        UserWarning, match=r"whole body is seen from 0\.40 to 1\.20 s; it is held still before and after"
    ):
        found = joints(put, fps=25.0)
    plain = joints(full(), fps=25.0)
    for joint in plain:
        frames = np.arange(40).clip(10, 29)
        np.testing.assert_allclose(found[joint], plain[joint][frames], atol=2e-3)
    for label in put:
        put[label][:21] = np.nan
    with pytest.warns(UserWarning, match=r"not seen for longer than 1 s, so absent then: pelvis 0\.00 to 2\.10 s"):
        motion = recording(markers(put, fps=10.0), "take", ReadOptions()).motion
    assert not motion.seen[:21].any()


def test_a_better_rule_for_a_joint_may_start_a_little_later():
    put = full()
    for label in put:
        put[label] = put[label].copy()
        put[label][:10] = np.nan
    for label in ("LFHD", "RFHD", "LBHD", "RBHD", "LWRB"):
        put[label][:14] = put[label][36:] = np.nan
    with pytest.warns(UserWarning, match=r"whole body is seen from 1\.40 to 3\.60 s"):
        found = joints(put, fps=10.0)  # half a second are five frames
    plain = joints(full(), fps=10.0)
    for joint in ("head", "left_wrist"):
        np.testing.assert_allclose(found[joint], plain[joint][np.arange(40).clip(14, 35)], atol=1e-6)
    put["LWRB"][:16] = np.nan
    with pytest.warns(UserWarning, match=r"whole body is seen from 1\.40 to 3\.60 s"):
        found = joints(put, fps=10.0)
    np.testing.assert_allclose(found["left_wrist"][20], ALL["LWRA"][20], atol=1e-6)


def test_a_long_gap_is_made_up_from_other_markers_of_the_trunk_with_a_warning():
    with pytest.warns(UserWarning, match="chest, spine had too long gaps and were made up from their neighbours"):
        assert not {"chest", "spine"} & joints(gap("T10", 5, 35), fps=20.0).keys()


def test_a_wrist_follows_one_marker_when_the_other_is_lost():
    found = joints(gap("LWRA", 5, 35))
    np.testing.assert_allclose(found["left_wrist"], ALL["LWRB"], atol=1e-6)
    np.testing.assert_allclose(found["right_wrist"], (ALL["RWRA"] + ALL["RWRB"]) / 2, atol=1e-6)


def test_a_marker_that_is_never_seen_is_ignored():
    put = full() | {f"{side}KNM": np.full((40, 3), np.nan) for side in "LR"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = joints(put)
    np.testing.assert_allclose(found["left_knee"], joints(full())["left_knee"])
