"""Loops of steps on the spot: found, set going the way that their feet show, and nothing else is."""

import warnings

import numpy as np
import pytest
from bodies import SHARED, standing

from motion2language.captioning.loading import load_model
from motion2language.captioning.loops import find_speed, set_going
from motion2language.formats.reading import read_motion
from motion2language.motion import CANONICAL, Motion, Skeleton


def stepping(
    seconds: float = 1.0, fps: float = 30, periods: float = 1.0, stride: float = 0.6, lift: float = 0.12
) -> Motion:
    """A body that faces +Z and steps on the spot: its feet slide back by `stride` low, and come forward high."""
    time = np.arange(round(seconds * fps)) / fps
    positions = np.repeat(standing()[None], len(time), axis=0).astype(np.float64)
    for side, phase in (("left", 0.0), ("right", np.pi)):
        angle = 2 * np.pi * periods * time / seconds + phase
        for part, share in (("knee", 0.5), ("ankle", 1.0), ("toe", 1.0)):
            column = CANONICAL.index(f"{side}_{part}")
            positions[:, column, 2] -= share * stride / 2 * np.cos(angle)
            positions[:, column, 1] += share * lift * np.maximum(np.sin(angle), 0)
    return Motion(positions, fps, CANONICAL, "loop")


def test_the_feet_of_a_loop_show_where_it_goes():
    speed = find_speed(stepping())
    assert speed is not None
    assert abs(speed[0]) < 0.01
    assert speed[1] == pytest.approx(0.6 * np.pi / np.sqrt(2), rel=0.03)  # the root mean square of a sine
    assert find_speed(stepping(fps=10)) == pytest.approx(speed, abs=0.1)
    turned = stepping()
    around = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    aside = find_speed(Motion(turned.positions @ around, 30, CANONICAL))
    assert aside is not None
    assert aside == pytest.approx(np.array([-speed[1], 0.0]), abs=0.01)
    back = find_speed(Motion(turned.positions[::-1], 30, CANONICAL))
    assert back is not None
    assert back[1] == pytest.approx(-speed[1], rel=0.03)


@pytest.mark.parametrize(
    ("case", "motion"),
    [
        ("not closed", stepping(periods=0.8)),
        ("marching", stepping(stride=0.05)),
        ("sliding", stepping(lift=0.0)),
        ("long", stepping(seconds=4.0, periods=4)),
        ("still", Motion(np.repeat(standing()[None], 20, axis=0), 20, CANONICAL)),
        ("a few frames", stepping(seconds=0.15)),
        ("no body", Motion(np.zeros((20, 1, 3)), 20, Skeleton("point", ("root",), (-1,)))),
    ],
)
def test_no_other_motion_is_a_loop_of_steps(case, motion):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set_going(motion) is motion, case


def test_feet_that_move_together_take_no_steps():
    motion = stepping()
    positions = motion.positions.copy()
    for part in ("knee", "ankle", "toe"):
        left, right = (CANONICAL.index(f"{side}_{part}") for side in ("left", "right"))
        positions[:, right, 1:] = positions[:, left, 1:]
    assert find_speed(Motion(positions, 30, CANONICAL)) is None


def test_a_body_that_travels_stays_as_it_is():
    motion = stepping()
    way = np.arange(motion.frames)[:, None] * np.array([0, 0, 0.04])
    assert find_speed(Motion(motion.positions + way[:, None], 30, CANONICAL)) is None


def test_a_loop_is_named_as_it_would_go_and_measured_as_it_is():
    motion = stepping()
    with pytest.warns(UserWarning, match=r"loop: is a loop of steps on the spot; .* its feet slide, 1\.[34] m/s"):
        going = set_going(motion)
    assert np.ptp(going.positions[:, 0, 2]) == pytest.approx(1.35 * 29 / 30, abs=0.05)
    np.testing.assert_array_equal(going.positions[:, :, :2], motion.positions[:, :, :2])
    with pytest.warns(UserWarning, match="loop of steps"):
        transcript = load_model("default").transcribe(motion)
    assert transcript.segments
    assert all(segment.facts.direction == "in place" for segment in transcript.segments if segment.facts)


@pytest.mark.parametrize(
    ("take", "label"), [("Walk", "walk"), ("Run", "run"), ("Run_Carry", "run"), ("Punch", "punch")]
)
def test_loops_of_a_real_character_are_named(take, label):
    path = SHARED / "data" / "gltf" / "BaseCharacter.gltf"
    if not path.is_file():
        pytest.skip("no ../shared/data")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transcript = load_model("default").transcribe(read_motion(path, take=take))
    assert [(segment.label, segment.known) for segment in transcript.segments] == [(label, True)]
