"""Whole takes as the shipped model `default` describes them: little happens, or one thing all the time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bodies import walking

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.loading import load_model
from motion2language.formats.reading import read_motion
from motion2language.motion import CANONICAL, Motion

SAMPLES = Path(__file__).parent.parent / "motion2language" / "samples"


@pytest.fixture(scope="module")
def default() -> Captioner:
    return load_model("default")


def _standing(seconds: float, trembling: float) -> Motion:
    still = np.repeat(walking(1), round(10 * seconds), axis=0)
    noise = np.random.default_rng(0).normal(0, trembling, still.shape)
    return Motion((still + noise).astype(np.float32), 10.0, CANONICAL, "standing")


@pytest.mark.parametrize("trembling", [0.0, 0.003])
def test_of_standing_still_for_a_minute_nothing_is_said(default: Captioner, trembling: float) -> None:
    said = default.transcribe(_standing(60.0, trembling))
    assert said.segments == () and said.text == "" and said.duration == pytest.approx(60.0)


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.bvh")), ids=lambda path: path.stem)
def test_of_a_pose_held_for_a_minute_no_action_is_said(default: Captioner, sample: Path) -> None:
    recording = read_motion(sample)
    for frame in np.linspace(0, recording.frames - 1, 6).astype(int):
        pose = np.repeat(recording.positions[frame : frame + 1], round(60 * recording.fps), axis=0)
        said = default.transcribe(Motion(pose, recording.fps, recording.skeleton, sample.name))
        assert {segment.label for segment in said.segments} <= {"stand still"}


@pytest.mark.parametrize("fps", [5.0, 10.0, 30.0])
def test_walking_all_the_time_is_one_segment(default: Captioner, fps: float) -> None:
    said = default.transcribe(Motion(walking(400), 10.0, CANONICAL, "walking").resample(fps))
    (segment,) = said.segments
    assert segment.label == "walk" and segment.end - segment.start > 36
    assert segment.bounded_by == "pieces" and segment.probability is not None and segment.probability > 0.5


def test_walking_between_two_rests_is_bounded(default: Captioner) -> None:
    rest = np.repeat(walking(1), 50, axis=0)
    steps = walking(80)
    after = np.repeat(steps[-1:], 50, axis=0)
    said = default.transcribe(Motion(np.concatenate([rest, steps, after]), 10.0, CANONICAL, "there and stop"))
    assert [segment.label for segment in said.segments] == ["walk"]
    assert abs(said.segments[0].start - 5.0) <= 1.0 and abs(said.segments[0].end - 13.0) <= 1.0


def test_a_recording_of_many_windows_is_described_to_its_end(default: Captioner) -> None:
    steps, rest = walking(100), np.repeat(walking(1), 100, axis=0)
    take = np.concatenate([part for _ in range(20) for part in (steps, rest)])
    said = default.transcribe(Motion(take, 10.0, CANONICAL, "long"))
    assert said.duration == pytest.approx(400.0) and said.segments[-1].end > 380
    assert 15 <= len(said.segments) <= 40 and {segment.label for segment in said.segments} >= {"walk"}
    starts = [segment.start for segment in said.segments]
    assert starts == sorted(starts)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_recordings_too_short_for_a_piece_are_described(default: Captioner, frames: int) -> None:
    said = default.transcribe(Motion(walking(frames), 10.0, CANONICAL, "short"))
    assert said.duration == pytest.approx(frames / 10)


def test_a_beam_finds_one_sentence_unless_pieces_are_asked_for(default: Captioner) -> None:
    motion = Motion(walking(100), 10.0, CANONICAL, "walking")
    assert all(segment.bounded_by != "pieces" for segment in default.transcribe(motion, beam=2).segments)
    assert default.transcribe(motion, beam=2) == default.transcribe(motion, beam=2, search="sentence")
    pieces = default.transcribe(motion, beam=2, search="segmental").segments
    assert pieces and all(segment.bounded_by == "pieces" for segment in pieces)
