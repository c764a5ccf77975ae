"""body: joint maps of the conventions in use, of bodies with uninformative names, and of a user's own file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bodies import (
    CONVENTIONS,
    LIMBS,
    SHARED,
    SIDES,
    bandai_motion,
    expected_rows,
    rotation,
    skeleton_of,
    standing,
    tree,
    walking,
)

from motion2language import body
from motion2language.motion import CANONICAL, Motion, Skeleton


def single_sources(joint_map: body.JointMap) -> dict[str, str]:
    """The rows with a single joint and no remark."""
    return {
        rule.canonical: rule.weights[0][0] for rule in joint_map.rules if len(rule.weights) == 1 and not rule.remark
    }


@pytest.mark.parametrize("name", CONVENTIONS)
def test_each_convention_maps_as_expected(name: str) -> None:
    found = single_sources(body.map_joints(skeleton_of(name)))
    assert {joint: source.replace(" ", "_") for joint, source in found.items()} == expected_rows(name)


@pytest.mark.parametrize(
    "pattern",
    [
        "{Left}{Part}", "{left}{Part}", "{Part}{Left}", "{part}_{left}", "{Left}_{Part}", "{L}_{Part}", "{Part}_{L}",
        "{part}_{l}", "{l}_{part}", "{Part}.{L}", "{part}.{L}", "{part}-{l}", "{L}{Part}", "{l}{Part}", "{l}{part}",
        "{left}{part}", "{LEFT}{PART}", "{PART}_{L}", "Bip001 {L} {Part}", "Bob:{Left}{Part}", "Bob_{Left}{Part}",
        "a|b|{Part}_{L}", "{part}_{l}_jnt", "mixamorig2:{Left}{Part}", "Character1_{Left}{Part}", "DEF-{part}.{L}",
    ],
)  # fmt: skip
def test_every_way_to_write_a_side(pattern: str) -> None:
    def written(part: str, side: str) -> str:
        sides = {"l": side[0], "L": side[0].upper(), "left": side, "Left": side.title(), "LEFT": side.upper()}
        return pattern.format_map(sides | {"part": part.lower(), "Part": part, "PART": part.upper()})

    parts = ("Clavicle", "UpperArm", "ForeArm", "Hand", "Thigh", "Shin", "Foot", "Toe")
    arms = [">".join(["Hips", "Spine", "Chest", *(written(part, side) for part in parts[:4])]) for side in SIDES]
    legs = [">".join(["Hips", *(written(part, side) for part in parts[4:])]) for side in SIDES]
    found = single_sources(body.map_joints(tree(("", ""), *arms, *legs, "Chest>Neck>Head")))
    for side in SIDES:
        assert [found[f"{side}_{part}"] for part in LIMBS] == [written(part, side) for part in parts]


def test_real_names_of_the_shared_recordings() -> None:
    for folder, convention in (("cmu", "cmu daz"), ("bandai", "bandai")):
        files = sorted((SHARED / "data" / "bvh" / folder).glob("*.bvh"))
        if not files:
            pytest.skip("no ../shared/data/bvh")
        for file in files:
            names = re.findall(r"^\s*(?:ROOT|JOINT)\s+(\S+)", file.read_text(), flags=re.MULTILINE)
            assert names[0] in ("hip", "joint_Root", "Hips")
            assert set(expected_rows(convention).values()) <= set(names)


def test_asf_names_at_bone_starts_are_distinguished_from_bone_ends() -> None:
    skeleton = skeleton_of("cmu asf")
    at = dict(zip(CANONICAL.joints, standing(), strict=True))
    starts = {"root": "pelvis", "lowerback": "pelvis", "upperback": "spine", "thorax": "chest", "lowerneck": "neck"}
    pose = starts | {"upperneck": "neck", "head": "head"}
    for side in SIDES:
        names = ("clavicle", "humerus", "radius", "wrist", "femur", "tibia", "foot", "toes")
        pose |= {side[0] + name: f"{side}_{part}" for name, part in zip(names, LIMBS, strict=True)}
        pose |= {side[0] + name: f"{side}_wrist" for name in ("hand", "fingers", "thumb")} | {
            f"{side[0]}hipjoint": "pelvis"
        }
    positions = np.array([[at[pose[joint]] for joint in skeleton.joints]])
    rows = dict(body.map_joints(skeleton, positions).rows())
    expected = ["lhumerus", "lradius", "lwrist", "lfemur", "ltibia", "lfoot", "ltoes"]
    assert [rows[f"left_{part}"] for part in LIMBS if part != "collar"] == expected


NAMELESS = Skeleton("nameless", tuple(f"joint_{index}" for index in range(21)), CANONICAL.parents)


@pytest.mark.parametrize("seed", range(4))
def test_a_body_with_uninformative_names_is_mapped_by_tree_and_bones(seed: int) -> None:
    positions = walking() @ rotation(seed) * 10.0**seed + 5 * seed
    rows = body.map_joints(NAMELESS, positions).rows()
    # The tree identifies the chain pelvis, spine, chest, so every joint must be found.
    assert rows == [(joint, f"joint_{index}") for index, joint in enumerate(CANONICAL.joints)]


def test_structure_does_not_depend_on_the_order_of_branches() -> None:
    # Depth first, right side before left, legs before trunk.
    order = [0, 17, 18, 19, 20, 13, 14, 15, 16, 1, 2, 9, 10, 11, 12, 5, 6, 7, 8, 3, 4]
    parents = tuple(-1 if CANONICAL.parents[old] < 0 else order.index(CANONICAL.parents[old]) for old in order)
    skeleton = Skeleton("shuffled", tuple(f"b{index}" for index in range(21)), parents)
    rows = dict(body.map_joints(skeleton, walking()[:, order]).rows())
    assert rows == {CANONICAL.joints[old]: f"b{new}" for new, old in enumerate(order)}


def test_nameless_body_with_fingers_and_end_sites() -> None:
    chains = [
        "0 > 1 > 2 > 3 > 4 > top",
        "2 > c* > s* > e* > w* > m1* > m2*",
        "w* > i1* > i2* > i3*",
        "0 > h* > k* > a* > t* > end*",
    ]
    named = tree(("x", "y"), *chains)
    at = dict(zip(CANONICAL.joints, standing(), strict=True))
    pose = {"0": "pelvis", "1": "spine", "2": "chest", "3": "neck", "4": "head"}
    for token, side in (("x", "left"), ("y", "right")):
        pose |= {letter + token: f"{side}_{part}" for letter, part in zip("csewhkat", LIMBS, strict=True)}
    known = {name: at[joint] for name, joint in pose.items()}
    for name, parent in zip(named.joints, named.parents, strict=True):
        if name not in known:
            known[name] = known[named.joints[parent]] + np.array([0, 0.1 if name == "top" else -0.04, 0.03])
    positions = np.array([[known[name] for name in named.joints]])
    skeleton = replace(named, joints=tuple(f"n{index}" for index in range(len(named.joints))))
    rows = dict(body.map_joints(skeleton, positions).rows())
    assert rows == {pose[name]: skeleton.joints[index] for index, name in enumerate(named.joints) if name in pose}


def test_a_nameless_body_with_long_legs_and_without_collars() -> None:
    joints = [joint for joint in CANONICAL.joints if "collar" not in joint]
    parents = [CANONICAL.parents[CANONICAL.index(joint)] for joint in joints]
    above = ["chest" if "collar" in CANONICAL.joints[parent] else CANONICAL.joints[parent] for parent in parents]
    skeleton = Skeleton("few", tuple(f"n{joint}" for joint in range(19)), (-1, *map(joints.index, above[1:])))
    positions = walking()[:, [CANONICAL.index(joint) for joint in joints]]
    for side in SIDES:
        shift = positions[:, joints.index(f"{side}_knee")] - positions[:, joints.index(f"{side}_hip")]
        for part in ("knee", "ankle", "toe"):
            positions[:, joints.index(f"{side}_{part}")] += 2 * shift
    rows = dict(body.map_joints(skeleton, positions).rows())
    assert [rows[joint] for joint in joints] == list(skeleton.joints)
    assert rows["left_collar"] == f"70 % {rows['neck']} + 30 % {rows['left_shoulder']}"


def test_a_nameless_body_with_a_short_spine_above_wide_hips() -> None:
    skeleton = Skeleton("wide", tuple(f"n{joint}" for joint in range(21)), CANONICAL.parents)
    positions = walking()
    positions[:, [CANONICAL.index("spine")]] = positions[:, [0]] + np.array([0, 0.05, 0])
    for side, sign in zip(SIDES, (1, -1), strict=True):
        leg = [CANONICAL.index(f"{side}_{part}") for part in ("hip", "knee", "ankle", "toe")]
        positions[:, leg] += np.array([0.08 * sign, 0, 0])
    assert [row[1] for row in body.map_joints(skeleton, positions).rows()] == list(skeleton.joints)


def test_one_joint_that_names_do_not_identify_is_an_error_and_not_guessed() -> None:
    names = tuple("thing" if joint == "left_wrist" else joint for joint in CANONICAL.joints)
    with pytest.raises(ValueError, match=r"found no joint for left_wrist; it has"):
        body.map_joints(Skeleton("odd", names, CANONICAL.parents), walking())


def test_a_nameless_tree_hung_from_its_chest_is_not_taken_for_a_body() -> None:
    joints = [2, 1, 0, *range(13, 21), *range(3, 13)]  # chest, spine, pelvis, legs, neck, head, arms
    above = {2: -1, 1: 2, 0: 1, 3: 2, 5: 2, 9: 2, 13: 0, 17: 0}
    parents = [above.get(joint, CANONICAL.parents[joint]) for joint in joints]
    skeleton = Skeleton(
        "hung", tuple(f"n{joint}" for joint in joints), tuple(p if p < 0 else joints.index(p) for p in parents)
    )
    with pytest.raises(ValueError, match="found no joint for left_shoulder"):
        body.map_joints(skeleton, walking()[:, joints])


def test_a_users_row_beats_the_tree() -> None:
    rows = dict(body.map_joints(NAMELESS, walking(), {"head": "joint_3"}).rows())
    assert (rows["head"], rows["left_wrist"]) == ("joint_3", "joint_8")


def test_names_without_meaning_and_no_positions_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"found no joint for left_shoulder.*--joint-map"):
        body.map_joints(NAMELESS)


@pytest.mark.parametrize("spin", [0.0, 0.4, 2.0])
def test_moving_and_turning_the_recording_changes_no_map(spin: float) -> None:
    motion = bandai_motion(walking())
    turned = motion.positions @ np.array([[np.cos(spin), 0, np.sin(spin)], [0, 1, 0], [-np.sin(spin), 0, np.cos(spin)]])
    assert body.map_joints(motion.skeleton, turned + 100) == body.map_joints(motion.skeleton)


def test_missing_limbs_are_named_with_the_solution() -> None:
    armless = tree(("L", "R"), "Hips > Spine > Chest > Neck > Head", "Hips > UpperLeg_* > LowerLeg_*")
    with pytest.raises(
        ValueError,
        match=r"left_shoulder, left_elbow, left_wrist, left_ankle, right_shoulder.*it has Hips.*--joint-map FILE",
    ):
        body.map_joints(armless, np.zeros((1, len(armless.joints), 3)))


def test_mixtures_lie_on_the_line_between_their_neighbours() -> None:
    sparse = tree(("Left", "Right"), "Hips > *Arm > *ForeArm > *Hand", "Hips > *Thigh > *Shin > *Foot", "Hips > Head")
    joint_map = body.map_joints(sparse)
    rows = dict(joint_map.rows())
    assert rows["neck"] == "50 % LeftArm + 50 % RightArm"
    assert rows["spine"] == "62 % Hips + 19 % LeftArm + 19 % RightArm"
    assert rows["left_toe"] == "LeftFoot (the ankle again: no toe found)"
    for rule in joint_map.rules:
        assert sum(share for _, share in rule.weights) == pytest.approx(1)
    positions = np.zeros((1, len(sparse.joints), 3), dtype=np.float32)
    positions[0, sparse.index("LeftArm")] = (0.2, 1, 0)
    positions[0, sparse.index("RightArm")] = (-0.2, 1, 0)
    mapped = dict(zip(CANONICAL.joints, joint_map.apply(positions)[0], strict=True))
    np.testing.assert_allclose(mapped["neck"], (0, 1, 0), atol=1e-6)
    np.testing.assert_allclose(mapped["chest"], (0, 0.6, 0), atol=1e-6)
    np.testing.assert_allclose(mapped["left_collar"], (0.06, 1, 0), atol=1e-6)


def test_a_toe_is_taken_from_the_foots_end_but_never_from_its_heel() -> None:
    chains = ("Hips > *Arm > *ForeArm > *Hand", "Hips > *Thigh > *Shin > *Foot > *Heel", "Hips > Head")
    rows = dict(body.map_joints(tree(("Left", "Right"), *chains)).rows())
    assert rows["left_toe"] == "LeftFoot (the ankle again: no toe found)"
    rows = dict(body.map_joints(tree(("Left", "Right"), *chains, "*Foot > *Foot_end")).rows())
    assert rows["right_toe"] == "RightFoot_end"


def test_targets_ends_twists_and_props_are_ignored_and_listed() -> None:
    chains = (
        "Hips > Spine > Neck > Head > Head_end",
        "Spine > UpperArm.* > UpperArmTwist.*",
        "UpperArm.* > LowerArm.* > Hand.* > handslot.*",
        "Hips > Thigh.* > Shin.* > Foot.* > FootRoll.*",
        "Hips > PoleTarget.*",
    )
    skeleton = tree(("L", "R"), *chains)
    rows = dict(body.describe(Motion(np.zeros((1, len(skeleton.joints), 3)), 30, skeleton)))
    assert rows["left_toe"] == "Foot.L (the ankle again: no toe found)"
    assert rows["head"] == "Head"
    assert rows["ignored"] == (
        "ends: Head_end; twist: UpperArmTwist.L, UpperArmTwist.R, FootRoll.L, FootRoll.R; "
        "props: handslot.L, handslot.R; targets: PoleTarget.L, PoleTarget.R"
    )


def test_overrides_come_before_names(tmp_path: Path) -> None:
    skeleton = skeleton_of("smpl 24")
    rows = dict(body.map_joints(skeleton, overrides={"spine": "spine1", "left_wrist": "left_hand"}).rows())
    assert (rows["spine"], rows["chest"], rows["left_wrist"]) == ("spine1", "spine3", "left_hand")
    file = tmp_path / "map.toml"
    file.write_text('left_wrist = "left_hand"\nspine = "spine1"\n')
    assert body.load_joint_map(file) == {"spine": "spine1", "left_wrist": "left_hand"}


def test_overrides_complete_a_skeleton_with_uninformative_names() -> None:
    overrides = {joint: f"joint_{index}" for index, joint in enumerate(CANONICAL.joints) if "collar" not in joint}
    joint_map = body.map_joints(NAMELESS, overrides=overrides)
    assert single_sources(joint_map) == overrides


def test_joint_map_errors_suggest_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    with pytest.raises(FileNotFoundError, match=r"map\.toml: no such joint map"):
        body.load_joint_map(file)
    file.write_text('left_tow = "LeftToe"\n')
    with pytest.raises(ValueError, match=r"map\.toml: canonical joint 'left_tow'.*did you mean 'left_toe'"):
        body.load_joint_map(file)
    file.write_text("left_toe = 3\n")
    with pytest.raises(ValueError, match=r"left_toe = 3; expected the name of a joint"):
        body.load_joint_map(file)
    file.write_text("left_toe = \n")
    with pytest.raises(ValueError, match=r"map\.toml: not a TOML file"):
        body.load_joint_map(file)
    with pytest.raises(ValueError, match=r"left_toe = 'lefttoebas' is not a joint.*did you mean 'LeftToeBase'"):
        body.map_joints(skeleton_of("mixamo without prefix"), overrides={"left_toe": "lefttoebas"})
    with pytest.raises(ValueError, match=r"canonical joint 'tail'.*expected one of pelvis"):
        body.map_joints(CANONICAL, overrides={"tail": "head"})


def test_canonical_names_map_to_themselves() -> None:
    assert single_sources(body.map_joints(CANONICAL)) == {joint: joint for joint in CANONICAL.joints}
