"""Ways: walking is cut where the body stops or turns back, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from bodies import walking

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.features import canonical, ground_velocity
from motion2language.captioning.loading import load_model
from motion2language.captioning.ways import find_ways
from motion2language.live import events
from motion2language.live.captioner import LiveCaptioner
from motion2language.motion import CANONICAL, Motion

FPS = 10.0


@pytest.fixture(scope="module")
def default() -> Captioner:
    return load_model("default")


def motion(positions: np.ndarray) -> Motion:
    return Motion(positions.astype(np.float32), FPS, CANONICAL, "way")


def going(*parts: tuple[float, float, float]) -> np.ndarray:
    """Features of a body that goes: (seconds, leg lengths per second forward, turn rate) of each part."""
    values = np.concatenate([np.tile((speed, turn), (round(seconds * FPS), 1)) for seconds, speed, turn in parts])
    features = np.zeros((len(values), 124), np.float32)
    features[:, 122], features[:, 123] = values.T
    return features


def turned(positions: np.ndarray, degrees: float) -> np.ndarray:
    """Positions turned about the vertical through the first frame's pelvis."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    centre = positions[0, 0] * [1, 0, 1]
    return (positions - centre) @ turn.T + centre


def there_and_back(stand: int) -> np.ndarray:
    """Six seconds there, so many frames of standing, six seconds back."""
    there = walking(60)
    back = turned(there, 180.0)
    return np.concatenate([there, np.repeat(there[-1:], stand, axis=0), back + (there[-1, 0] - back[0, 0]) * [1, 0, 1]])


def test_velocity_over_the_ground_is_that_of_the_pelvis() -> None:
    body = motion(turned(walking(50), 70.0))
    velocity = ground_velocity(canonical(body), FPS)
    leg = np.linalg.norm(np.diff(body.positions[:, 0], axis=0), axis=1) * FPS / np.hypot(*velocity[1:].T)
    np.testing.assert_allclose(leg, leg[0], rtol=0.05)
    way = velocity.sum(0) / FPS * leg[0]
    assert np.hypot(*way) == pytest.approx(
        np.linalg.norm((body.positions[-1, 0] - body.positions[0, 0])[[0, 2]]), rel=0.05
    )
    assert ground_velocity(canonical(body), FPS).shape == (50, 2)


@pytest.mark.parametrize(
    ("parts", "ways"),
    [
        ([(5, 1.2, 0)], 1),
        ([(5, 1.2, 0), (2, 0, 0), (5, 1.2, 0)], 2),
        ([(5, 1.2, 0), (5, -1.2, 0)], 2),
        ([(5, 1.2, 0), (0.5, 0.3, np.pi / 0.5), (5, 1.2, 0)], 2),  # turns round
        ([(5, 1.2, 0), (1, 1.2, np.pi / 2), (5, 1.2, 0)], 1),  # round a corner
        ([(10, 1.2, 0.6)], 1),  # in a circle
        ([(5, 1.2, 0), (0.2, 0.0, 0), (5, 1.2, 0)], 1),  # stumbles
        ([(5, 0.1, 0), (2, 0, 0), (5, 0.1, 0)], 1),  # stays where it is
        ([(0.5, 1.2, 0), (0.5, 0, 0), (0.5, 1.2, 0)], 1),  # too short for two
        ([(3, 1.2, 0), (2, 0, 0), (3, 1.2, 0), (2, 0, 0), (3, 1.2, 0)], 3),
    ],
)
def test_ways_end_where_the_body_stops_or_turns_back(parts: list[tuple[float, float, float]], ways: int) -> None:
    found = find_ways(going(*parts), FPS)
    assert len(found) == ways
    assert all(first < last for first, last in found)
    edges = [frame for way in found for frame in way]
    assert edges == sorted(edges)


def test_a_way_begins_and_ends_with_going() -> None:
    ((first, last),) = find_ways(going((2, 0, 0), (8, 1.2, 0), (2, 0, 0)), FPS)
    assert abs(first - 20) <= 4 and abs(last - 100) <= 4


@pytest.mark.parametrize("frames", [0, 1, 2, 19])
def test_few_frames_are_one_way(frames: int) -> None:
    assert find_ways(going((frames / FPS, 1.2, 0)), FPS) == [(0, frames)]


@pytest.mark.parametrize("stand", [0, 30])
def test_there_and_back_is_said_as_two_walks(default: Captioner, stand: int) -> None:
    said = default.transcribe(motion(there_and_back(stand)))
    assert [segment.label for segment in said.segments] == ["walk", "walk"]
    before, after = said.segments
    assert abs(before.end - 6.0) <= 0.8 and abs(after.start - (6.0 + stand / FPS)) <= 0.8


def test_a_stream_gives_both_walks_and_each_again_when_it_turns_out_longer(default: Captioner) -> None:
    body = motion(there_and_back(30))
    live = LiveCaptioner(default, body.skeleton, unit="m", up="y")
    given = [event for number, pose in enumerate(body.positions) for event in live.feed(pose, number / FPS)]
    given += live.finish()
    pieces = [event.segment for event in given if isinstance(event, events.Piece)]
    starts = list(dict.fromkeys(piece.start for piece in pieces))
    assert len(starts) == 2, "a piece that comes again begins where it began, to the last bit"
    last = {piece.start: piece.end for piece in pieces}
    whole = default.transcribe(body).segments
    found = [edge for start, end in last.items() for edge in (start, end)]
    np.testing.assert_allclose(found, [edge for each in whole for edge in (each.start, each.end)], atol=0.35)
    words = [event.word for event in given if isinstance(event, events.Word)]
    assert words.count("walks") == 2
