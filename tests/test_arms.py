"""Arms of one recording on the body of another."""

import json

import numpy as np
import pytest
from people import write_people

from motion2language.data.labelled.selection import choose, read_selection
from motion2language.data.synthesis import arms, make_recording
from motion2language.data.synthesis.arms import arms_on_body
from motion2language.data.synthesis.recorded_bodies import bone_length, chest_axes, hip_axes, standing
from motion2language.motion import CANONICAL

ARM = "shoulder", "elbow", "wrist"


def recorded(action: str, seed: int) -> np.ndarray:
    return make_recording([seed, 1], (action,)).motion.resample(10).positions


def from_shoulder(positions: np.ndarray, joint: str, side: str) -> np.ndarray:
    """Where a joint of an arm is from its shoulder, in the axes of the chest and arm lengths, (T, 3)."""
    shoulder, elbow, wrist = (CANONICAL.index(f"{side}_{name}") for name in ARM)
    length = bone_length(positions, shoulder, elbow) + bone_length(positions, elbow, wrist)
    way = positions[:, CANONICAL.index(f"{side}_{joint}")] - positions[:, shoulder]
    return np.einsum("tji,tj->ti", chest_axes(positions), way) / length


@pytest.fixture
def shown() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A recording of waving, a body that stands, and what it shows."""
    waving, base = recorded("wave_right", 3), standing(recorded("wave_left", 8))
    return waving, base, arms_on_body(waving, base, np.random.default_rng(0))


def test_arms_and_trunk_do_what_the_recording_shows(shown):
    waving, _, result = shown
    assert result.shape == waving.shape
    for side in ("left", "right"):
        found, expected = from_shoulder(result, "wrist", side), from_shoulder(waving, "wrist", side)
        assert np.abs(found - expected).mean() < 0.03
    lean = [np.swapaxes(hip_axes(each), 1, 2) @ chest_axes(each) for each in (result, waving)]
    np.testing.assert_allclose(lean[0], lean[1], atol=1e-5)


def test_legs_and_bones_are_those_of_the_body(shown):
    _, base, result = shown
    legs = [CANONICAL.index(f"{side}_{name}") for side in ("left", "right") for name in ("hip", "knee", "ankle", "toe")]
    stands = base[:, legs]
    assert all(np.abs(stands - pose[legs]).max(axis=(1, 2)).min() == 0 for pose in result)
    for side in ("left", "right"):
        for pair in (ARM[:2], ARM[1:]):
            joints = [CANONICAL.index(f"{side}_{name}") for name in pair]
            assert bone_length(result, *joints) == pytest.approx(bone_length(base, *joints), abs=0.01)


def test_arms_are_shown_by_bodies_of_other_sources_that_train(tmp_path, monkeypatch):
    monkeypatch.setattr(arms, "EACH", 2)
    people = tmp_path / "people"
    people.mkdir()
    for source, labels in (("lab", ("clap", "walk")), ("hall_a", ("clap",)), ("hall_b", ("clap",))):
        write_people(people, source, ["ann", "bob", "cyd", "dan"], labels)
    count = arms.write(people, tmp_path / "out")
    chosen = choose(read_selection(tmp_path / "out"))
    assert len(chosen.recordings) == count > 0
    assert {each.meanings[0].action for each in chosen.recordings} == {"clap"}
    sources = {path.stem: json.loads(path.read_text())["clips"] for path in (tmp_path / "out").glob("*.json")}
    assert set(sources) <= {"lab_arms", "hall_a_arms", "hall_b_arms"}
    assert len(sources["lab_arms"]) == sum(map(len, sources.values())) * 2 / 3  # all of both halls', which are one


def test_nothing_is_shown_where_no_other_source_stands(tmp_path):
    (tmp_path / "people").mkdir()
    write_people(tmp_path / "people", "lab", ["ann", "bob", "cyd"])
    assert arms.write(tmp_path / "people", tmp_path / "out") == 0
