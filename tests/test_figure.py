"""What is drawn of a rig: limbs that hang together, and no targets, twist bones or props."""

import numpy as np
import pytest
from bodies import SHARED, bandai_motion, tree, walking

from motion2language.body import figure_of
from motion2language.formats.reading import read_motion
from motion2language.motion import Motion

RIG = tree(
    ("L", "R"),
    "Bone > Body > Hips > Abdomen > Torso > Neck > Head",
    "Bone > Foot.*",
    "Bone > PoleTarget.* > PoleTarget.*_end",
    "Torso > Shoulder.* > UpperArm.* > Twist.* > LowerArm.* > Fist.*",
    "Fist.* > handslot.* > blade.*",
    "Body > UpperLeg.* > LowerLeg.* > LowerLeg.*_end",
)


def rig() -> Motion:
    positions = np.random.default_rng(0).normal(0, 1, (5, len(RIG.joints), 3))
    seen = np.ones(positions.shape[:2], bool)
    seen[2, RIG.index("Foot.L")] = False
    return Motion(positions, 30, RIG, "rig", seen=seen)


def test_limbs_hang_together_and_what_steers_them_is_left_out():
    motion = rig()
    drawn = figure_of(motion)
    above = {joint: drawn.skeleton.joints[parent] for joint, parent in
             zip(drawn.skeleton.joints[1:], drawn.skeleton.parents[1:], strict=True)}  # fmt: skip
    assert set(RIG.joints) - set(drawn.skeleton.joints) == {
        joint.replace("*", side)
        for joint in ("PoleTarget.*", "PoleTarget.*_end", "Twist.*", "handslot.*")
        for side in "LR"
    }
    assert (above["Foot.L"], above["LowerArm.R"], above["blade.R"]) == ("LowerLeg.L", "UpperArm.R", "Fist.R")
    assert (above["UpperLeg.L"], above["Shoulder.R"]) == ("Body", "Torso")
    for joint in drawn.skeleton.joints:
        np.testing.assert_array_equal(
            drawn.positions[:, drawn.skeleton.index(joint)], motion.positions[:, RIG.index(joint)]
        )
    assert np.argwhere(~drawn.seen).tolist() == [[2, drawn.skeleton.index("Foot.L")]]


def test_a_body_that_hangs_together_and_what_is_no_body_stay_as_they_are():
    motion = bandai_motion(walking(10))
    assert figure_of(motion) is motion
    chain = tree(("", ""), "root > target > tip")
    point = Motion(np.zeros((2, 3, 3)), 30, chain, "chain")
    assert figure_of(point) is point


@pytest.mark.skipif(not (SHARED / "data/gltf").is_dir(), reason="no ../shared")
def test_a_real_character_has_whole_legs_and_no_targets():
    motion = figure_of(read_motion(SHARED / "data/gltf/BaseCharacter.gltf", take="Walk"))
    joints, parents = motion.skeleton.joints, motion.skeleton.parents
    assert not [joint for joint in joints if "Pole" in joint]
    for side in "LR":
        assert joints[parents[joints.index(f"Foot.{side}")]] == f"LowerLeg.{side}"
