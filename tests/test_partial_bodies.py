"""Part of a body: what is enough, what stands in for the rest, and joints that are not seen for a while."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from bodies import SHARED, bandai_motion, tree, walking

from motion2language.body import (
    PartialBodyWarning,
    body_height,
    canonical_tree,
    describe,
    detect_axes,
    map_joints,
    to_canonical,
)
from motion2language.captioning.facts.find import facts
from motion2language.captioning.features import canonical
from motion2language.captioning.loading import load_model
from motion2language.data.synthesis.exercises import make_exercise
from motion2language.formats import npz
from motion2language.formats.gaps import cross_gaps
from motion2language.formats.reading import read_motion
from motion2language.motion import CANONICAL, Motion, Skeleton
from motion2language.viewer import drawing

BODY = walking(40)
BESIDE = np.array([0.0, 0.0, 1.0])
LEGS = ("pelvis", *(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle", "toe")))
ARMS = ("neck", "head", *(f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "elbow", "wrist")))


def part(joints: tuple[str, ...], name: str = "part") -> Motion:
    """The walking body with these joints alone."""
    skeleton = canonical_tree("part", joints)
    columns = [CANONICAL.index(joint) for joint in skeleton.joints]
    return Motion(BODY[:, columns], 30, skeleton, name)


def test_each_joint_hangs_from_the_nearest_that_is_there():
    legs = canonical_tree("legs", ("left_toe", "pelvis", "left_knee"))
    assert (legs.joints, legs.parents) == (("pelvis", "left_knee", "left_toe"), (-1, 0, 1))
    assert canonical_tree("wrists", ("left_wrist", "right_wrist")).parents == (-1, 0)


@pytest.mark.parametrize(
    ("joints", "lost"),
    [
        (LEGS, "head, arms"),
        (("pelvis", *ARMS), "legs"),
        (ARMS, "pelvis, legs"),
        (("chest", *ARMS), "pelvis, legs"),
        (ARMS[2:], "pelvis, head, legs"),
        (tuple(joint for joint in CANONICAL.joints if "left_" not in joint or joint in LEGS), "left arm"),
        (tuple(joint for joint in CANONICAL.joints if joint not in ("left_wrist", "head")), "head, left wrist"),
    ],
)
def test_the_part_that_is_there_is_kept_and_the_rest_stands_in(joints, lost):
    with pytest.warns(PartialBodyWarning, match=f"part: shows no {lost}; what is absent stands at rest here"):
        body = to_canonical(part(joints))
    here = [CANONICAL.index(joint) for joint in joints]
    np.testing.assert_array_equal(body.positions[:, here], BODY[:, here].astype(np.float32))
    assert body.seen[:, here].all()
    known = {joint for joint, seen in zip(CANONICAL.joints, body.seen.all(axis=0), strict=True) if seen}
    assert set(CANONICAL.joints) - known == map_joints(part(joints).skeleton).absent
    assert body_height(body) == pytest.approx(body_height(Motion(BODY, 30, CANONICAL)), rel=0.12)
    # What stands in is near the walking person's own joints: a foot's length, or for a swinging leg a step.
    assert np.linalg.norm(body.positions - BODY, axis=2).max() < (0.35 if "legs" not in lost else 0.6)
    assert np.isfinite(canonical(body)).all()
    assert dict(describe(part(joints)))["absent"] == lost


def test_a_whole_body_is_seen_and_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert to_canonical(bandai_motion(BODY)).seen is None


def test_what_stands_in_follows_the_body():
    turn = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # a quarter turn about Y
    lower = part(LEGS)
    mapped = map_joints(lower.skeleton)
    still = mapped.apply(lower.positions)
    np.testing.assert_allclose(
        mapped.apply(lower.positions @ turn.T + (1, 0, 2)), still @ turn.T + (1, 0, 2), atol=1e-5
    )
    np.testing.assert_allclose(mapped.apply(lower.positions * 2), still * 2, atol=1e-5)


@pytest.mark.parametrize(("joints", "low"), [
    (LEGS, "feet"), (("pelvis", *ARMS), "pelvis"), (("head", *ARMS[2:]), "shoulders"),
    (("chest", "neck", *ARMS[2:]), "chest"),
])  # fmt: skip
def test_unit_and_up_axis_are_found_from_a_part(joints, low):
    some = part(joints)
    turned = some.positions[..., [0, 2, 1]] * (100, -100, 100)
    axes = detect_axes(turned, some.skeleton)
    assert (axes.unit, axes.up) == ("cm", "z")
    with pytest.raises(ValueError, match=f"the direction from {low} to .* expected an axis.*--up"):
        detect_axes(some.positions * (1, -1, -1), some.skeleton)
    with pytest.raises(ValueError, match="neither head nor feet show which way is up"):
        detect_axes(part(ARMS[2:]).positions, part(ARMS[2:]).skeleton)


@pytest.mark.parametrize(("chain", "spine", "chest"), [
    ("Chest", "absent", "Chest"), ("torso", "absent", "torso"), ("Spine2", "absent", "Spine2"),
    ("Spine > Chest", "Spine", "Chest"), ("Spine1 > Spine2", "Spine1", "Spine2"),
    ("Root > thorax", "absent", "thorax"), ("Armature", "absent", "absent"),
    ("abdomen", "abdomen", "65 % abdomen + 35 % Neck"),
])  # fmt: skip
def test_an_upper_body_rooted_at_the_chest_has_no_pelvis(chain, spine, chest):
    upper = tree(("Left", "Right"), f"{chain} > Neck > Head", f"{chain.rsplit(' ')[-1]} > *Arm > *ForeArm > *Hand")
    rows = dict(map_joints(upper).rows())
    assert (rows["pelvis"], rows["spine"], rows["chest"], rows["neck"]) == ("absent", spine, chest, "Neck")
    assert (rows["head"], rows["left_shoulder"], rows["right_wrist"]) == ("Head", "LeftArm", "RightHand")


def test_hips_without_a_pelvis_have_it_between_them():
    rows = dict(map_joints(part(LEGS[1:]).skeleton).rows())
    assert rows["pelvis"] == "50 % left_hip + 50 % right_hip"


def test_a_trunk_below_a_bent_chest_bends_with_it():
    whole = make_exercise(1, "bow", 2).motion.positions
    skeleton = canonical_tree("upper", ("chest", *ARMS))
    columns = [CANONICAL.index(joint) for joint in skeleton.joints]
    joints = map_joints(skeleton)
    each = np.concatenate([joints.apply(frame[None, columns]) for frame in whole])  # as of a stream: always upright
    away, upright = (np.linalg.norm(found[:, 0] - whole[:, 0], axis=1)
                     for found in (joints.apply(whole[:, columns]), each))  # fmt: skip
    np.testing.assert_allclose(each[:, 0, [0, 2]], whole[:, CANONICAL.index("chest")][:, [0, 2]], atol=1e-5)
    assert away.max() < 0.12
    assert upright.max() > 0.2


def test_ends_of_forearms_are_wrists_where_they_are_as_far_as_wrists_are():
    names = tuple(joint.replace("left_wrist", "left_elbow_end") for joint in CANONICAL.joints)
    skeleton = Skeleton("no hand", names, CANONICAL.parents)
    assert dict(map_joints(skeleton, BODY).rows())["left_wrist"] == "left_elbow_end"
    short = BODY.copy()
    elbow, end = names.index("left_elbow"), names.index("left_elbow_end")
    short[:, end] = short[:, elbow] + (BODY[:, end] - BODY[:, elbow]) * 0.2
    assert map_joints(skeleton, short).absent == {"left_wrist"}


@pytest.mark.parametrize("root", ["pelvis", "chest"])
def test_facts_of_the_arms_are_those_of_the_whole_body(root):
    whole = make_exercise(3, "wave right", 4).motion
    skeleton = canonical_tree("upper", (root, *ARMS))
    columns = [CANONICAL.index(joint) for joint in skeleton.joints]
    with pytest.warns(PartialBodyWarning, match="legs"):
        found = facts(replace(whole, positions=whole.positions[:, columns], skeleton=skeleton))
    names = ("side", "limb", "arms", "repetitions", "left_hand", "right_hand")
    assert [getattr(found, name) for name in names] == [getattr(facts(whole), name) for name in names]
    assert (found.side, found.limb, found.repetitions) == ("right", "arm", 4)
    assert (found.steps, found.gait, found.legs, found.start_posture) == (None, None, None, None)


def test_of_an_arm_that_acts_the_side_is_unclear_where_the_other_is_absent():
    motion = make_exercise(3, "wave right", 4).motion
    seen = np.ones(motion.positions.shape[:2], dtype=bool)
    seen[:, [CANONICAL.index(name) for name in ("left_elbow", "left_wrist")]] = False
    found, whole = facts(replace(motion, seen=seen)), facts(motion)
    assert (found.side, found.limb, found.repetitions) == (None, "arm", 4)
    assert whole.right_hand == found.right_hand != ()
    assert found.left_hand == ()
    assert any(note.startswith("side, ") and "left elbow, left wrist" in note for note in found.notes)


def test_the_movement_is_shared_among_the_limbs_that_were_recorded():
    motion = make_exercise(3, "wave right", 4).motion
    whole = facts(motion)
    seen = np.ones(motion.positions.shape[:2], dtype=bool)
    seen[:, [CANONICAL.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "ankle")]] = False
    found = facts(replace(motion, seen=seen))
    assert (found.left_leg, found.right_leg) == (None, None)
    assert found.left_arm + found.right_arm + found.head == pytest.approx(1)
    assert found.left_arm / found.right_arm == pytest.approx(whole.left_arm / whole.right_arm)
    assert any(note.endswith("right knee not recorded") and "left_arm" not in note for note in found.notes)
    seen[:] = True
    seen[:, [CANONICAL.index(name) for name in ("head", "left_elbow", "left_wrist")]] = False
    found = facts(replace(motion, seen=seen))
    assert (found.left_arm, found.head) == (None, None)
    assert found.right_arm + found.left_leg + found.right_leg == pytest.approx(1)


def test_arms_that_swing_above_unseen_legs_do_not_act():
    with pytest.warns(PartialBodyWarning, match="pelvis, legs"):
        found = facts(part(("chest", *ARMS)))
    assert (found.side, found.limb, found.arms, found.direction) == (None, None, None, "forward")


def test_less_than_both_legs_or_both_arms_is_refused():
    one_leg = tuple(joint for joint in LEGS if "right" not in joint)
    with pytest.raises(
        ValueError, match=r"found no joint for left_shoulder.* or shoulders, .* of both sides are needed"
    ):
        to_canonical(part((*one_leg, "head")))
    with pytest.raises(ValueError, match="of both sides are needed"):
        to_canonical(part(("chest", "neck", "head", "right_shoulder", "right_elbow", "right_wrist")))


def test_joints_with_unknown_names_may_be_the_missing_ones():
    chain = ("wing", "feather", "claw")
    names = tuple(
        dict(zip(("left_shoulder", "left_elbow", "left_wrist"), chain, strict=True)).get(joint, joint)
        for joint in CANONICAL.joints
    )
    with pytest.raises(ValueError, match="found no joint for left_shoulder, left_elbow, left_wrist"):
        map_joints(Skeleton("odd", names, CANONICAL.parents), BODY)
    spine = Skeleton("lower", ("Hips", "Spine", "Spine1", *LEGS[1:]), (-1, 0, 1, 0, 3, 4, 5, 0, 7, 8, 9))
    assert {"head", "left_wrist"} <= map_joints(spine).absent


def test_what_was_seen_is_cut_resampled_mapped_and_written(tmp_path):
    seen = np.ones((40, 21), bool)
    seen[10:30, CANONICAL.index("left_wrist")] = False
    motion = Motion(BODY, 30, CANONICAL, "walk", seen=seen)
    assert motion.clip(0, 10 / 30).seen is None
    assert motion.frames_between(5, 15).seen.sum() == 10 * 21 - 5
    slower = motion.resample(15).seen
    assert slower.shape == (20, 21)
    assert (~slower).sum() == 10
    assert (~motion.resample(60).seen).sum() == 40
    npz.write(motion, tmp_path / "a.npz")
    np.testing.assert_array_equal(read_motion(tmp_path / "a.npz").seen, seen)
    np.testing.assert_array_equal(to_canonical(motion).seen, seen)
    assert dict(describe(motion))["not seen"] == "left_wrist 50%"
    with pytest.raises(ValueError, match=r"walk: seen has shape \(3, 21\), expected \(40, 21\)"):
        Motion(BODY, 30, CANONICAL, "walk", seen=seen[:3])


def test_gaps_are_crossed_from_the_joint_above():
    """The parent walks along a curve; the child keeps its place beside it, also where nobody sees it."""
    path = np.stack([np.arange(40), np.arange(40) ** 2 / 40, np.zeros(40)], axis=1).astype(float)
    joints = np.stack([path, path + BESIDE], axis=1)
    joints[5:7, 1] = joints[10:20, 1] = joints[25:, 1] = np.nan
    crossed = cross_gaps(joints, ("hand", "thumb"), (-1, 0), 10.0, longest=1.0)
    np.testing.assert_allclose(crossed.positions[:, 1], path + BESIDE)
    assert np.flatnonzero(~crossed.seen.all(axis=1)).tolist() == list(range(25, 40))
    assert crossed.notes == (
        "a gap of up to 0.25 s in the paths of joints is filled",
        "gaps of up to 1 s are crossed: thumb 1.00 to 2.00 s",
        "not seen for longer than 1 s, so absent then: thumb 2.50 to 4.00 s",
    )


def test_pictures_and_films_leave_stand_ins_out():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        body = to_canonical(part(LEGS))
    drawn = {frozenset(CANONICAL.joints[end] for end in drawing.BONES[bone]) for bone in drawing.seen_bones(body, 5)}
    assert drawn == {
        frozenset(pair)
        for side in ("left", "right")
        for pair in (
            ("pelvis", f"{side}_hip"),
            (f"{side}_hip", f"{side}_knee"),
            (f"{side}_knee", f"{side}_ankle"),
            (f"{side}_ankle", f"{side}_toe"),
        )
    }
    assert not drawing.shows_head(body, 5)
    whole = Motion(BODY, 30, CANONICAL)
    assert len(drawing.seen_bones(whole, 5)) == 20
    assert drawing.shows_head(whole, 5)


def test_a_note_says_that_models_learn_whole_bodies():
    captioner = load_model("default")
    with pytest.warns(UserWarning, match="part: models learn whole bodies, so words about a part may be wrong"):
        prepared = captioner.transcribe(part(LEGS))
    assert prepared.duration == pytest.approx(40 / 30)


def test_the_end_of_a_neck_without_a_head_is_the_head():
    arms = ("Hips > Spine > *Arm > *ForeArm > *Hand", "Hips > *UpLeg > *Leg > *Foot")
    for chain, head in (("Spine > Neck > Neck1 > Neck1_end", "Neck1"), ("Spine > Neck > Neck_end", "Neck_end")):
        rows = dict(map_joints(tree(("Left", "Right"), *arms, f"Hips > {chain}")).rows())
        assert (rows["neck"], rows["head"]) == ("Neck", head)
    assert map_joints(tree(("Left", "Right"), *arms, "Hips > Spine > Neck")).absent == {"head"}


#: The files of ../shared/cases/recordings: joints that are absent, and what a note says.
CASES = {
    "commas.trc": (set(), None),
    "decimal_comma.bvh": (set(), None),
    "front_back_shoulder.trc": (set(), None),
    "gap_of_0.4_s.trc": (set(), "crossed: left elbow 1.00 to 1.40 s"),
    "good_pig.trc": (set(), None),
    "header_says_more_frames.trc": (set(), "declares 900 frames, there are 40"),
    "helen_hayes.trc": (set(), None),
    "labelled_but_never_seen.trc": ({"head", "left_wrist", "right_elbow"}, "labelled and never seen: LSHO RSHO"),
    "no_head_joint.bvh": (set(), None),
}


@pytest.mark.parametrize("name", CASES)
def test_recordings_that_once_went_wrong(name, recwarn):
    path = SHARED / "cases" / "recordings" / name
    if not path.is_file():
        pytest.skip("no ../shared/cases")
    absent, note = CASES[name]
    motion = read_motion(path)
    notes = " ".join(str(each.message) for each in recwarn)
    assert (note in notes) if note else not notes
    assert absent <= map_joints(motion.skeleton).absent
    assert absent or body_height(to_canonical(motion)) == pytest.approx(1.74, abs=0.03)


def test_positions_that_are_not_finite_end_at_once():
    lower = part(LEGS)
    with np.errstate(invalid="ignore"):
        found = map_joints(lower.skeleton).apply(np.full_like(lower.positions, np.inf))
    assert not np.isfinite(found).any()
