"""MVNX of Xsens: segments to joints, one subject of several, damage; and a real file where it is there."""

import re

import numpy as np
import pytest
from animated import SEGMENTS, mvnx_text
from bodies import SHARED
from small import recording

import motion2language as m2l
from motion2language.body import to_canonical
from motion2language.formats.reading import read_with_axes

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
    one, other = (to_canonical(m2l.read_motion(SHARED / f"data/others/test_mocap.{kind}")) for kind in ("mvnx", "bvh"))
    assert (one.frames, one.fps) == (other.frames, other.fps) == (112, 60)
    found, expected = (motion.positions[1:].astype(np.float64).reshape(-1, 3) for motion in (one, other))
    found, expected = found - found.mean(axis=0), expected - expected.mean(axis=0)
    u, _, v = np.linalg.svd(expected.T @ found)
    distances = np.linalg.norm(found @ (u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v).T - expected, axis=1)
    assert distances.mean() < 0.001
    assert distances.max() < 0.002
