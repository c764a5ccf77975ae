"""The synthetic corpus: seeded, unlimited, true to its sentences, with plausible bodies."""

import numpy as np
import pytest

from motion2language.captioning.features import FEATURES, joint_speed
from motion2language.data import corpora
from motion2language.data.corpora.synthetic import sample
from motion2language.data.synthesis import make_recording
from motion2language.data.synthesis.__main__ import SAMPLES
from motion2language.data.synthesis.phrases import ACTIONS
from motion2language.motion import CANONICAL


def index(joint: str) -> int:
    return CANONICAL.index(joint)


def test_there_are_at_least_twelve_actions_including_the_required_ones():
    assert len(ACTIONS) == 22
    verbs = {action.verb for action in ACTIONS.values()}
    assert verbs == set("walk run jump bow squat sit punch clap point wave raise turn kick".split())


def test_the_same_seed_gives_the_same_recording_and_another_another():
    first, again, other = make_recording(3), make_recording(3), make_recording(4)
    np.testing.assert_array_equal(first.motion.positions, again.motion.positions)
    assert first.captions == again.captions
    assert first.motion.positions.shape != other.motion.positions.shape


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_moves_its_body_rigidly_above_the_ground(action):
    recording = make_recording(11, (action,))
    positions = recording.motion.positions
    parents = np.array(CANONICAL.parents[1:])
    lengths = np.linalg.norm(positions[:, 1:] - positions[:, parents], axis=2)
    assert (lengths.std(axis=0) < 0.02).all(), dict(zip(CANONICAL.joints[1:], lengths.std(axis=0), strict=True))
    assert positions[..., 1].min() > -0.12
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=2).max() * recording.motion.fps
    assert 0.3 < speed < 25
    assert [segment.label for segment in recording.segments] == [ACTIONS[action].verb]


def test_actions_lie_in_order_inside_the_recording_and_in_its_sentences():
    for number in range(30):
        one = sample("train", number)
        assert 1 <= len(one.segments) <= 4
        assert len(one.captions) == 3
        edges = [time for segment in one.segments for time in (segment.start, segment.end)]
        assert edges == sorted(edges)
        assert edges[0] >= 0
        assert edges[-1] <= one.motion.duration + 1e-9


def heading_change(action: str) -> float:
    rate = FEATURES["canonical"](make_recording(5, (action,)).motion)[:, 123]
    return float(rate.sum() / 30)


def test_turns_go_in_the_direction_of_their_sentence():
    assert heading_change("turn_left") > 0.4
    assert heading_change("turn_right") < -0.4
    assert abs(heading_change("walk")) < 0.4


def test_walks_go_in_the_direction_of_their_sentence():
    def travelled(action: str) -> np.ndarray:
        return FEATURES["canonical"](make_recording(5, (action,)).motion)[:, 120:123].mean(axis=0)

    assert travelled("walk")[2] > 0.3
    assert travelled("walk_back")[2] < -0.2
    assert travelled("walk_left")[0] > 0.2
    assert travelled("walk_right")[0] < -0.2
    assert travelled("run")[2] > travelled("walk")[2]


@pytest.mark.parametrize("side", ["left", "right"])
def test_gestures_use_the_hand_and_kicks_the_foot_of_their_sentence(side):
    other = "right" if side == "left" else "left"
    waving = make_recording(6, (f"wave_{side}",)).motion.positions[..., 1]
    assert waving[:, index(f"{side}_wrist")].max() > waving[:, index(f"{other}_wrist")].max() + 0.3
    kicking = make_recording(6, (f"kick_{side}",)).motion.positions[..., 1]
    assert kicking[:, index(f"{side}_ankle")].max() > kicking[:, index(f"{other}_ankle")].max() + 0.15


def test_bodies_go_down_or_up_when_they_should():
    def pelvis(action: str) -> np.ndarray:
        height = make_recording(8, (action,)).motion.positions[:, 0, 1]
        return height - np.median(height[:3])

    assert pelvis("squat").min() < -0.2
    assert pelvis("sit").min() < -0.2
    assert pelvis("jump").max() > 0.1
    assert abs(pelvis("clap")).max() < 0.1


def test_the_body_moves_more_inside_its_segment_than_before_it():
    recording = next(r for r in (make_recording(n, ("jump",)) for n in range(50)) if r.segments[0].start > 0.6)
    speed, start = joint_speed(recording.motion), int(recording.segments[0].start * 30)
    assert speed[start:].mean() > 3 * speed[1 : start - 5].mean()


def test_unknown_actions_are_named():
    with pytest.raises(ValueError, match="unknown actions fly; there are walk, "):
        make_recording(0, ("fly",))


def test_the_corpus_has_disjoint_splits_and_no_root(tmp_path):
    sizes = {split: len(corpora.load("synthetic", None, split)) for split in ("train", "val", "test")}
    assert sizes == {"train": 3000, "val": 300, "test": 300}
    firsts = [corpora.load("synthetic", None, split)[0] for split in sizes]
    assert len({one.name for one in firsts}) == len({one.motion.frames for one in firsts}) == 3
    part = corpora.load("synthetic", None, "val")[10:13]
    assert [one.name for one in part] == [f"synthetic_val_{number:05d}" for number in (10, 11, 12)]
    with pytest.raises(ValueError, match="is made, not read; leave out --root"):
        corpora.load("synthetic", tmp_path, "train")


def test_the_shipped_samples_have_one_to_four_actions_outside_every_split():
    assert [len(actions) for _, actions in SAMPLES.values()] == [1, 2, 3, 4]
    assert all(len(seed) == 3 for seed, _ in SAMPLES.values())
