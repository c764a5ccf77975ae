"""MVNX of Xsens: segments to joints, one subject of several, damage; and a real file where it is there."""

import re
from dataclasses import replace

import numpy as np
import pytest
from animated import SEGMENTS, mvnx_text
from bodies import SHARED
from small import recording

import motion2language as m2l
from motion2language.body import describe, to_canonical
from motion2language.captioning.facts.find import facts
from motion2language.formats.contents import detect_suffix
from motion2language.formats.reading import read_with_axes
from motion2language.formats.writing import write_motion

MOTION = recording(2).clip(0, 1)
WHOLE = mvnx_text(MOTION)


def written(tmp_path, text: str):
    path = tmp_path / "take.mvnx"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_segments_begin_at_the_joints(tmp_path):
    motion, axes = read_with_axes(written(tmp_path, WHOLE))
    assert (motion.fps, motion.frames, axes.unit, axes.up) == (MOTION.fps, MOTION.frames, "m", "z")
    assert set(motion.skeleton.joints) == set(SEGMENTS)
    np.testing.assert_allclose(to_canonical(motion).positions, MOTION.positions, atol=2e-6)


def test_elements_may_have_a_prefix(tmp_path):
    """As Python's ElementTree writes a file again."""
    text = re.sub(r"<(/?)(?=\w)", r"<\1ns0:", WHOLE).replace("xmlns=", "xmlns:ns0=")
    assert detect_suffix(text.encode()) == ".mvnx"
    motion = m2l.read_motion(written(tmp_path, text))
    np.testing.assert_array_equal(motion.positions, m2l.read_motion(written(tmp_path, WHOLE)).positions)
    assert motion.contacts is not None


def test_of_several_subjects_one_is_chosen(tmp_path):
    first, _, rest = WHOLE.partition("<subject")
    both = f"{first}<subject{rest.partition('</mvnx>')[0]}<subject{rest.replace('Ann', 'Bob')}"
    path = written(tmp_path, both)
    with pytest.raises(ValueError, match="contains 2 subjects, expected one; choose with --subject: Ann, Bob"):
        m2l.read_motion(path)
    with pytest.raises(ValueError, match="no subject 'Eve'; the file has Ann, Bob"):
        m2l.read_motion(path, subject="Eve")
    assert m2l.read_motion(path, subject="bob").frames == MOTION.frames


def with_first(number: str) -> str:
    """The recording with another first coordinate."""
    return re.sub(r'(normal"><position>)\S+', rf"\g<1>{number}", WHOLE, count=1)


def test_foot_contacts_are_kept_as_they_are(tmp_path):
    touches = np.random.default_rng(3).random((MOTION.frames, 4)) < 0.5
    text = mvnx_text(replace(MOTION, contacts=touches))
    motion = m2l.read_motion(written(tmp_path, text), mirror=True)
    np.testing.assert_array_equal(motion.contacts, touches)
    write_motion(to_canonical(m2l.read_motion(written(tmp_path, text))), tmp_path / "take.npz")
    np.testing.assert_array_equal(m2l.read_motion(tmp_path / "take.npz").contacts, touches)
    assert f"left heel {touches[:, 0].mean():.0%}, left toe" in dict(describe(motion))["on the ground"]


LABELS = "<footContactDefinition>{}</footContactDefinition>"


def test_foot_contacts_in_another_order_are_found_by_their_names(tmp_path):
    order = ("RightFoot_Toe", "RightFoot_Heel", "LeftFoot_Toe", "LeftFoot_Heel")
    labels = "".join(f'<contactDefinition label="{label}" index="{place}"/>' for place, label in enumerate(order))
    text = WHOLE.replace("<frames>", LABELS.format(labels) + "<frames>")
    assert m2l.read_motion(written(tmp_path, text)).contacts.tolist() == [[False, False, True, True]] * MOTION.frames


@pytest.mark.parametrize(("text", "note"), [
    (WHOLE.replace("<footContacts>1 1 0 0</footContacts>", "", 1), "foot contacts are missing in some frames, and are"),
    (WHOLE.replace(">1 1 0 0<", ">1 1 0 x<", 1), "foot contacts are missing in some frames"),
    (WHOLE.replace("<frames>", LABELS.format('<contactDefinition label="Hat"/>' * 4) + "<frames>"),
     "foot contacts have the names Hat, Hat, Hat, Hat, and are left out"),
])  # fmt: skip
def test_foot_contacts_that_are_not_whole_are_left_out_with_a_note(text, note, tmp_path):
    with pytest.warns(UserWarning, match=note):
        motion = m2l.read_motion(written(tmp_path, text))
    assert motion.contacts is None
    assert motion.frames == MOTION.frames


def test_facts_say_where_the_contacts_disagree_with_the_steps(tmp_path):
    touches = np.ones((MOTION.frames, 4), bool)
    touches[5:8, :2] = touches[15:18, :2] = touches[10:13, 2:] = False
    body = replace(MOTION, contacts=touches)
    found = facts(body)
    said = "steps: the file's own foot contacts show the left foot in the air 2 times, the right one 1 time"
    assert found.steps != 3
    assert said in found.notes
    assert facts(MOTION) == replace(found, notes=tuple(note for note in found.notes if note != said))


HALF = 0.5**0.5


def test_the_orientation_places_the_end_of_the_head(tmp_path):
    """A turn of a quarter about Y takes the head's X axis to the file's -Z, which is down."""
    motion = m2l.read_motion(written(tmp_path, mvnx_text(MOTION, turn=(HALF, 0.0, HALF, 0.0))))
    head, end = (motion.positions[:, motion.skeleton.index(name)] for name in ("Head", "Head_end"))
    np.testing.assert_allclose(end - head, np.tile([0, -0.2, 0], (motion.frames, 1)), atol=1e-6)
    np.testing.assert_allclose(to_canonical(motion).positions, MOTION.positions, atol=2e-6)


@pytest.mark.parametrize("wrong", [(0.0, 0.0, 0.0, 0.0), (float("nan"), 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 3.0)])
def test_orientations_that_are_no_turns_place_no_end(wrong, tmp_path):
    with pytest.warns(UserWarning, match="orientations are not whole; head, hands and toes have no ends"):
        motion = m2l.read_motion(written(tmp_path, mvnx_text(MOTION, turn=wrong)))
    assert motion.skeleton.joints == m2l.read_motion(written(tmp_path, WHOLE)).skeleton.joints


ENTITY = '<!DOCTYPE mvnx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><mvnx>&b;</mvnx>'


@pytest.mark.parametrize(("text", "message"), [
    (WHOLE[:5000], "not a whole XML file"),
    ("<MMM/>", "an XML file of 'MMM', expected mvnx"),
    (ENTITY, "declares XML entities, which are refused"),
    ("<mvnx>" + "<a>" * 100, "nested more than 64 deep"),
    ("<mvnx/>", "contains 0 subjects"),
    (WHOLE.replace("<position", "<places").replace("</position", "</places"), "contains no frames with positions"),
    (WHOLE.replace("<position>", "<position>1 ", 2), r"line \d+: the position of frame 0 has 64 numbers, expected 63"),
    (with_first("x"), "frame 0 contains something that is not a number"),
    (with_first("9e9"), r"a segment's coordinate is 9e\+09, expected"),
    (with_first("nan"), "a segment's coordinate is nan, expected"),
    (WHOLE.replace(f'frameRate="{MOTION.fps:g}"', 'frameRate="fast"'), "frameRate is 'fast', expected a number; set"),
    (WHOLE.replace("<connector2>Head", "<connector2>Hat"), "no joint connects segment 'Head' with 'Pelvis'"),
    (WHOLE.replace('label="Head"', 'label="Neck"'), "a segment is there twice"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(text, message, tmp_path):
    with pytest.raises(ValueError, match=message) as caught:
        m2l.read_motion(written(tmp_path, text))
    assert str(caught.value).startswith(str(tmp_path / "take.mvnx"))
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not (SHARED / "data/others").is_dir(), reason="no ../shared")
def test_a_real_recording_is_the_same_as_its_bvh():
    """Its BVH begins with a calibration pose in place of the first frame; the rest is the same to 2 mm."""
    read = [m2l.read_motion(SHARED / f"data/others/test_mocap.{kind}") for kind in ("mvnx", "bvh")]
    one, other = map(to_canonical, read)
    assert (one.frames, one.fps) == (other.frames, other.fps) == (112, 60)
    found, expected = (motion.positions[1:].astype(np.float64).reshape(-1, 3) for motion in (one, other))
    found, expected = found - found.mean(axis=0), expected - expected.mean(axis=0)
    u, _, v = np.linalg.svd(expected.T @ found)
    turn = (u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v).T
    distances = np.linalg.norm(found @ turn - expected, axis=1)
    assert distances.mean() < 0.001
    assert distances.max() < 0.002
    for mine, theirs in (("Head", "Head"), ("LeftHand", "LeftWrist"), ("RightToe", "RightToe")):
        steps = [
            motion.positions[1:, motion.skeleton.index(f"{name}_end")]
            - motion.positions[1:, motion.skeleton.index(name)]
            for motion, name in zip(read, (mine, theirs), strict=True)
        ]
        assert np.linalg.norm(steps[0] @ turn - steps[1], axis=1).max() < 0.002
    assert read[0].contacts.all()  # both feet stay on the floor
