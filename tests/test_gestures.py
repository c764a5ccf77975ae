"""Gestures drawn on invented bodies and on recorded ones."""

import json
from dataclasses import replace

import numpy as np
import pytest
from people import write_people

from motion2language.data.actions import load_actions
from motion2language.data.labelled.selection import choose, read_selection
from motion2language.data.synthesis import gestures, make_recording, on_bodies
from motion2language.data.synthesis.body import HAND, Body
from motion2language.data.synthesis.gestures import GESTURES, plan
from motion2language.data.synthesis.on_bodies import on_body
from motion2language.data.synthesis.recorded_bodies import ENOUGH, standing
from motion2language.data.synthesis.recording import make_motion
from motion2language.data.synthesis.stage import Stage
from motion2language.motion import CANONICAL

SIDES = "left", "right"


def joint(positions: np.ndarray, name: str) -> np.ndarray:
    return positions[:, CANONICAL.index(name)]


def drawn(action: str, seed: int) -> np.ndarray:
    """An invented body that makes a gesture, (T, 21, 3)."""
    random = np.random.default_rng([seed, 5])
    return make_motion([plan(action, random)], random)[0].positions


def highest_hand(positions: np.ndarray) -> float:
    """How far a hand comes above its shoulder, in metres."""
    return max(
        float((joint(positions, f"{side}_wrist") - joint(positions, f"{side}_shoulder"))[:, 1].max()) for side in SIDES
    )


def test_each_gesture_is_an_action_of_the_table():
    assert set(GESTURES) <= set(load_actions().actions)


@pytest.mark.parametrize("action", GESTURES)
def test_gestures_are_whole_and_differ_from_person_to_person(action):
    bodies = [drawn(action, seed) for seed in range(3)]
    assert all(np.isfinite(positions).all() for positions in bodies)
    assert len({len(positions) for positions in bodies}) > 1
    np.testing.assert_array_equal(drawn(action, 0), bodies[0])
    for positions in bodies:
        reach = max(np.ptp(joint(positions, f"{side}_wrist"), axis=0).max() for side in SIDES)
        assert 0.08 < reach < 2.0


@pytest.mark.parametrize("action", GESTURES)
def test_no_hand_is_elsewhere_in_an_instant(action):
    for seed in range(20):
        random = np.random.default_rng([seed, 9])
        stage = Stage(Body.random(random), 3000, 300.0)
        plan(action, random).draw(stage, 200)
        steps = [np.diff(stage.channel(f"{side}_{name}")) for side in SIDES for name in HAND]
        assert np.abs(steps).max() < 0.4


def test_who_strikes_mostly_has_the_hands_at_the_ready_before_and_after():
    shown = []
    for seed in range(40):
        stage = Stage(Body.random(np.random.default_rng(seed)), 300, 30.0)
        plan("punch", np.random.default_rng(seed)).draw(stage, 100)
        shown.append([abs(stage.channel("left_elevation")[frame]) > 0.2 for frame in (0, -1)])
    assert all(first == last for first, last in shown)
    assert 10 < sum(first for first, _ in shown) < 35


@pytest.mark.parametrize("seed", range(4))
def test_hands_go_where_the_action_needs_them(seed):
    assert highest_hand(drawn("raise", seed)) > 0.25
    assert highest_hand(drawn("reach high", seed)) > 0.3
    low = drawn("pick up", seed)
    lowest = min(joint(low, f"{side}_wrist")[:, 1].min() for side in SIDES)
    assert lowest < 0.75 * joint(low, "pelvis")[0, 1]
    apart = np.linalg.norm(joint(drawn("clap", seed), "left_wrist") - joint(drawn("clap", seed), "right_wrist"), axis=1)
    assert apart.min() < 0.35
    drinking = drawn("drink", seed)
    near = [np.linalg.norm(joint(drinking, f"{side}_wrist") - joint(drinking, "head"), axis=1).min() for side in SIDES]
    assert min(near) < 0.4


def base(seconds: float) -> np.ndarray:
    """A body that stands and waves, at 10 frames per second."""
    return (
        make_recording([3, 1], ("wave_right",)).motion.resample(10).positions[: round(10 * seconds)].astype(np.float32)
    )


def length(positions: np.ndarray, start: str, end: str) -> np.ndarray:
    return np.linalg.norm(joint(positions, end) - joint(positions, start), axis=1)


def test_a_recorded_body_keeps_all_but_arms_and_trunk_if_a_gesture_needs_no_legs(monkeypatch):
    monkeypatch.setattr(on_bodies, "TURNS", 0.0)
    recorded, random = base(2.5), np.random.default_rng(4)
    shown = on_body(recorded, plan("knock", random), random)
    below = [
        CANONICAL.index(name) for name in CANONICAL.joints if name.endswith(("pelvis", "hip", "knee", "ankle", "toe"))
    ]
    for frame in shown[:, below]:
        assert np.isclose(recorded[:, below], frame, atol=1e-5).all(axis=(1, 2)).any()
    for side in SIDES:
        for pair in ((f"{side}_shoulder", f"{side}_elbow"), (f"{side}_elbow", f"{side}_wrist")):
            own, given = (
                np.median(np.linalg.norm(joint(each, pair[1]) - joint(each, pair[0]), axis=1))
                for each in (shown, recorded)
            )
            assert own == pytest.approx(given, abs=0.01)
    assert max(np.ptp(joint(shown, f"{side}_wrist"), axis=0).max() for side in SIDES) > 0.15


@pytest.mark.parametrize("seed", range(4))
def test_legs_bend_for_what_is_picked_up_from_low(seed, monkeypatch):
    monkeypatch.setattr(on_bodies, "TURNS", 0.0)
    monkeypatch.setattr(gestures, "GESTURES", {"pick up": gestures.GESTURES["pick up"][-1:]})
    recorded, random = base(2.5), np.random.default_rng(seed)
    shown = on_body(recorded, plan("pick up", random), random)
    assert joint(shown, "pelvis")[:, 1].min() < 0.8 * joint(recorded, "pelvis")[:, 1].min()
    assert min(joint(shown, f"{side}_wrist")[:, 1].min() for side in SIDES) < 0.5 * joint(shown, "neck")[0, 1]
    for side in SIDES:
        assert joint(shown, f"{side}_ankle")[:, 1].max() < joint(recorded, f"{side}_ankle")[:, 1].max() + 0.05
        for pair in (("hip", "knee"), ("knee", "ankle"), ("ankle", "toe")):
            bone = length(shown, *(f"{side}_{name}" for name in pair))
            given = np.median(length(recorded, *(f"{side}_{name}" for name in pair)))
            np.testing.assert_allclose(bone, given, atol=0.02)
        ahead = np.cross(joint(shown, "left_hip") - joint(shown, "right_hip"), [0.0, 1.0, 0.0])
        bent = joint(shown, f"{side}_knee") - (joint(shown, f"{side}_hip") + joint(shown, f"{side}_ankle")) / 2
        low = int(joint(shown, "pelvis")[:, 1].argmin())
        assert bent[low] @ ahead[low] > 0


def test_a_body_may_turn_with_the_gesture(monkeypatch):
    monkeypatch.setattr(on_bodies, "TURNS", 1.0)
    random = np.random.default_rng(3)
    shown = on_body(base(2.5), plan("push", random), random)
    across = joint(shown, "left_hip") - joint(shown, "right_hip")
    heading = np.unwrap(np.arctan2(across[:, 0], across[:, 2]))
    assert abs(heading[-1] - heading[0]) > 0.05
    np.testing.assert_allclose(np.linalg.norm(across, axis=1), np.linalg.norm(across[0]), atol=0.02)


@pytest.mark.parametrize("seed", (0, 1, 2, 4))
def test_the_hips_turn_into_a_strike_and_back_over_feet_that_stand(seed, monkeypatch):
    monkeypatch.setattr(on_bodies, "TURNS", 0.0)
    strike = replace(gestures.GESTURES["punch"][0], turn=0.6)
    monkeypatch.setattr(gestures, "GESTURES", {"punch": (strike,)})
    recorded, random = base(2.5), np.random.default_rng(seed)
    shown = on_body(recorded, plan("punch", random), random)
    across = joint(shown, "left_hip") - joint(shown, "right_hip")
    heading = np.unwrap(np.arctan2(across[:, 0], across[:, 2]))
    still = np.arctan2(*(joint(recorded, "left_hip") - joint(recorded, "right_hip"))[:, [0, 2]].T)
    assert 0.1 < np.ptp(heading) - np.ptp(still) < 1.6
    assert abs(heading[-1] - heading[0]) < 0.1 + np.ptp(still)
    for side in SIDES:
        assert np.ptp(joint(shown, f"{side}_ankle")[:, ::2], axis=0).max() < 0.75 * np.median(
            length(recorded, f"{side}_hip", f"{side}_ankle")
        )
        bone = length(shown, f"{side}_hip", f"{side}_knee")
        np.testing.assert_allclose(bone, np.median(length(recorded, f"{side}_hip", f"{side}_knee")), atol=0.02)


def test_only_the_part_in_which_a_body_stands_is_taken():
    walking = make_recording([3, 2], ("walk",)).motion.resample(10).positions
    still = np.repeat(walking[-1:], 30, 0)
    part = standing(np.concatenate([walking, still]))
    assert 30 <= len(part) < 30 + len(walking)
    np.testing.assert_array_equal(part[-30:], still)
    assert len(standing(np.repeat(still, 30, 0))) == ENOUGH
    lying = still[..., [0, 2, 1]]
    assert len(standing(lying)) == 0


def test_gestures_become_labelled_recordings_of_bodies_that_train(tmp_path, monkeypatch):
    monkeypatch.setattr(on_bodies, "EACH", 1)
    monkeypatch.setattr(on_bodies, "INVENTED", 1)
    (tmp_path / "people").mkdir()
    write_people(tmp_path / "people", "lab", ["ann", "bob", "cyd"])
    count = on_bodies.write(tmp_path / "people", tmp_path / "out")
    files = sorted((tmp_path / "out").glob("*.json"))
    assert {file.stem for file in files} == {"gestures", "lab_gestures"}
    assert count == sum(len(json.loads(file.read_text())["clips"]) for file in files)
    chosen = choose(read_selection(tmp_path / "out"))
    assert len(chosen.recordings) == count
    assert {each.meanings[0].action for each in chosen.recordings} <= set(GESTURES)
    assert all(not each.entry.person for each in chosen.recordings)
