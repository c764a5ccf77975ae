"""body/sides: swapped recordings are found, noisy feet are a note."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from bodies import SHARED, rotation, standing, walking

from motion2language import body
from motion2language.body.sides import measure_sides
from motion2language.data.synthesis import make_recording
from motion2language.motion import CANONICAL, Motion, Skeleton

PEOPLE = SHARED / "data/people"
MIRROR = np.array([-1, 1, 1])
TOES = [CANONICAL.index("left_toe"), CANONICAL.index("right_toe")]
ANKLES = [CANONICAL.index("left_ankle"), CANONICAL.index("right_ankle")]


def with_feet_backwards(positions: np.ndarray, frames: slice = slice(None)) -> np.ndarray:
    """The recording with both feet turned to point backwards in some frames, as a single camera may see them."""
    turned = positions.copy()
    turned[frames, TOES] = 2 * turned[frames, ANKLES] - turned[frames, TOES]
    turned[frames, TOES, 1] = positions[frames, TOES, 1]
    return turned


@pytest.mark.parametrize("actions", [("walk",), ("sit",), ("squat", "wave_left"), ("clap",), ("kick_left", "punch")])
@pytest.mark.parametrize("seed", range(3))
def test_a_mirrored_recording_is_found_and_a_turned_one_is_not(actions, seed):
    positions = make_recording([5, seed], actions).motion.positions
    assert measure_sides(positions * MIRROR).swapped
    assert not measure_sides(positions @ rotation(seed)).swapped
    assert not measure_sides(positions).doubtful


def test_a_standing_body_is_judged_by_its_feet():
    pose = np.repeat(standing()[None], 3, axis=0)
    assert measure_sides(pose * MIRROR).swapped
    assert not measure_sides(pose).swapped


def test_feet_that_point_backwards_in_a_noisy_recording_are_a_note():
    seated = make_recording([5, 0], ("sit", "clap")).motion.positions
    noisy = Motion(with_feet_backwards(seated), 30, CANONICAL, "take")
    assert measure_sides(noisy.positions).wrong > 0.9
    with pytest.warns(body.FeetWarning, match=r"take: its feet point the wrong way in \d+% of the frames; .* as named"):
        mapped = body.to_canonical(noisy)
    np.testing.assert_array_equal(mapped.positions, noisy.positions)
    (said,) = (value for label, value in body.describe(noisy) if label == "left and right")
    assert str(said).startswith("as named; feet point the wrong way in")


def test_feet_that_are_wrong_for_a_while_are_nothing_to_speak_of():
    positions = walking()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        body.to_canonical(Motion(with_feet_backwards(positions, slice(0, len(positions) // 4)), 30, CANONICAL))


def test_of_all_shared_recordings_none_is_refused_and_nearly_every_mirrored_one_is_found():
    if not PEOPLE.is_dir():
        pytest.skip("no shared data")
    refused, found, doubtful = [], [], 0
    for path in sorted(PEOPLE.glob("*.npz")):
        with np.load(path) as arrays:
            positions, offsets = arrays["positions"].astype(np.float32), arrays["offsets"]
            skeleton = Skeleton(path.stem, tuple(arrays["joint_names"].tolist()), tuple(arrays["parents"].tolist()))
        mapped = body.map_joints(skeleton, positions[:50]).apply(positions)
        has_feet = not np.array_equal(mapped[:, TOES], mapped[:, ANKLES])
        clips = json.loads(path.with_suffix(".json").read_text())["clips"]
        for clip, first, end in zip(clips, offsets[:-1], offsets[1:], strict=True):
            sides = measure_sides(mapped[first:end])
            refused += [clip["id"]] * sides.swapped
            doubtful += sides.doubtful
            if has_feet:
                found.append(measure_sides(mapped[first:end] * MIRROR).swapped)
    assert refused == []
    assert doubtful == 9
    assert len(found) == 2603
    assert np.mean(found) > 0.97
