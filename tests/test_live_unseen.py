"""Joints that were not seen, in a stream: sent as null, placed by stand-ins, never measured."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small import recording
from test_live import model

from motion2language.body import canonical_tree, to_canonical
from motion2language.data.synthesis.exercises import make_exercise
from motion2language.live.body import LiveBody, gapped
from motion2language.live.captioner import LiveCaptioner
from motion2language.live.events import Note, Sentence, Word
from motion2language.live.listener import Listener
from motion2language.live.protocol import messages, parse
from motion2language.motion import CANONICAL, Motion

ARM = [CANONICAL.index(f"right_{joint}") for joint in ("shoulder", "elbow", "wrist")]
WRIST = CANONICAL.index("left_wrist")


def unseen(motion: Motion, start: float, end: float, joints: list[int] | slice = slice(None)) -> Motion:
    """The motion with joints that are not seen from `start` to `end` seconds."""
    seen = np.ones(motion.positions.shape[:2], bool)
    seen[round(start * motion.fps) : round(end * motion.fps), joints] = False
    return replace(motion, seen=seen)


def test_joints_that_were_not_seen_are_sent_as_null_and_received_as_unseen():
    motion = unseen(recording(2), 1.0, 3.0, [WRIST, 0])
    lines = [line for _, line in messages(motion)]
    assert not any("NaN" in line for line in lines)
    assert json.loads(lines[1 + 45])["positions"][WRIST] == [None, None, None]
    _, *frames = parse(lines)
    received = np.isfinite([frame.positions for frame in frames]).all(axis=2)
    np.testing.assert_array_equal(received, motion.seen)
    shown = np.array([frame.positions for frame in frames])[motion.seen]
    np.testing.assert_allclose(shown, motion.positions[motion.seen], atol=1e-4)


@pytest.mark.parametrize("joint", ["null", "[null, null, null]", "[1, null, 2]", "[NaN, NaN, NaN]"])
def test_null_for_a_joint_or_for_a_coordinate_means_unseen(joint):
    header = '{"joints": ["a", "b", "c"], "parents": [-1, 0, 1]}'
    line = f'{{"time": 1, "positions": [[0, 1, 2], {joint}, [3, 4, 5]]}}'
    _, frame = parse([header, line])
    assert np.isfinite(frame.positions).all(axis=1).tolist() == [True, False, True]


def test_a_live_body_shows_the_joints_that_the_recording_shows():
    names = [joint for joint in CANONICAL.joints if joint not in ("spine", "left_collar")]  # both are mixtures then
    skeleton = canonical_tree("part", names)
    whole = recording(2)
    positions = whole.positions[:, [whole.skeleton.index(joint) for joint in skeleton.joints]]
    motion = unseen(Motion(positions, whole.fps, skeleton), 1.0, 2.0, [skeleton.index("left_shoulder")])
    body = LiveBody(skeleton, "m", "y")
    frames = gapped(motion)
    assert body.detect(frames[:15]) == ""
    found = np.array([body.to_canonical(frame)[1] for frame in frames])
    np.testing.assert_array_equal(found, to_canonical(motion).seen)


def test_an_unseen_joint_moves_on_with_the_joint_above_it_and_begins_where_it_is_seen_first():
    motion = recording(2)
    frames = gapped(unseen(motion, 0.0, 0.2, [WRIST])).copy()
    frames[30:60, WRIST] = np.nan
    body = LiveBody(CANONICAL, "m", "y")
    assert body.detect(frames[:15]) == ""
    joints = np.array([body.to_canonical(frame)[0] for frame in frames])
    arm = joints[:, WRIST] - joints[:, CANONICAL.parents[WRIST]]
    np.testing.assert_allclose(arm[:6], np.tile(arm[6], (6, 1)), atol=1e-5)
    np.testing.assert_allclose(arm[30:60], np.tile(arm[29], (30, 1)), atol=1e-5)
    np.testing.assert_allclose(joints[60:], motion.positions[60:], atol=1e-5)


def test_a_joint_that_no_frame_has_shown_yet_is_at_rest_and_a_note_names_it():
    motion = unseen(recording(4), 0.0, 2.0, ARM)
    live = LiveCaptioner(model(2), motion.skeleton)  # unit and up axis are detected from the other joints
    events = [event for k, frame in enumerate(gapped(motion)) for event in live.feed(100 * frame, k / motion.fps)]
    notes = [event.text for event in events if isinstance(event, Note)]
    assert notes == ["not seen so far: right arm; models learn whole bodies, so words about a part may be wrong"]
    joints, time = live.latest_frame()
    np.testing.assert_allclose(joints, motion.positions[round(time * motion.fps)], atol=1e-4)


def test_a_page_gets_finite_joints_for_what_was_never_seen():
    motion = unseen(recording(4), 0.0, 1.0, ARM).clip(0.0, 0.9)
    shown = []
    listener = Listener(model(2), watch=lambda skeleton, joints, moment: shown.append(joints))
    list(listener.describe(parse(line for _, line in messages(motion))))
    assert shown
    assert np.isfinite(shown).all()
    above = CANONICAL.parents[ARM[0]]
    assert all((joints[ARM] == joints[above]).all() for joints in shown)


def facts_after_a_second(motion: Motion) -> list:
    events = Listener(model(2), facts=True).describe(parse(line for _, line in messages(motion)))
    segments = [segment for event in events if isinstance(event, Sentence) for segment in event.segments]
    return [segment.facts for segment in segments if segment.start >= 1.0 and segment.facts is not None]


def test_what_was_not_seen_is_not_measured():
    motion = make_exercise(3, "wave right", 6, noise=0.01).motion
    assert any(facts.arms == "right" for facts in facts_after_a_second(motion))
    lost = facts_after_a_second(unseen(motion, 1.0, motion.duration, ARM))
    assert lost
    assert all(facts.arms is None for facts in lost)
    assert all("right wrist not recorded" in " ".join(facts.notes) for facts in lost)


def test_frames_that_show_no_joint_end_the_take_as_a_gap_does():
    motion = recording(2)
    live = LiveCaptioner(model(haste=8.0), motion.skeleton, unit="m", up="y")
    events = [
        (event, k / motion.fps)
        for k, frame in enumerate(gapped(unseen(motion, 2.0, 4.0)))
        for event in live.feed(frame, k / motion.fps)
    ]
    notes = [event.text for event, _ in events if isinstance(event, Note)]
    assert notes == ["frame skipped, 1 so far: no joint is seen", "2.03 s without a frame; a new take begins"]
    sentence, moment = next((event, moment) for event, moment in events if isinstance(event, Sentence))
    assert sentence.end <= 2.1
    assert 2.5 < moment < 2.6  # not only when the body is seen again
    assert all(event.time <= 2.1 or event.time >= 4.0 for event, _ in events if isinstance(event, Word))


def test_a_body_that_comes_into_sight_late_is_described_from_then_on():
    motion = recording(2)
    motion = unseen(motion, 0.0, 1.6, [joint for joint in range(21) if joint not in (0, 1, 2)])
    live = LiveCaptioner(model(haste=8.0), motion.skeleton)
    events = [event for k, frame in enumerate(gapped(motion)) for event in live.feed(frame, k / motion.fps)]
    events += live.finish()
    notes = [event.text for event in events if isinstance(event, Note)]
    assert len(notes) == 1
    assert notes[0].startswith("frame skipped, 1 so far: too little of the body is seen: ")
    words = [event for event in events if isinstance(event, Word)]
    assert words
    assert all(word.time >= 1.5 for word in words)
