"""Synthetic exercises whose repetitions are known exactly: for tests and figures of counting.

A body does one exercise several times at a chosen pace, in a chosen style, and its joints get a chosen noise. The
ground truth is the middle of every repetition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from motion2language.data.synthesis.actions import towards_hand
from motion2language.data.synthesis.body import SIDES, Body
from motion2language.data.synthesis.recording import pose_stage
from motion2language.data.synthesis.stage import Stage, bell, ease
from motion2language.motion import CANONICAL, Motion

#: How repetitions follow each other: without a break, with a rest after each, or each of its own length and size.
STYLES = ("even", "rests", "uneven")
_READY = 0.6  # seconds from rest to the exercise's first pose, and back after the last repetition; chosen


@dataclass(frozen=True, eq=False)
class Exercise:
    """A motion and the middle of each of its repetitions, in seconds."""

    motion: Motion
    times: tuple[float, ...]


def make_exercise(
    seed: int | list[int],
    kind: str,
    repetitions: int,
    *,
    seconds: float = 1.0,
    style: str = "even",
    noise: float = 0.0,
    fps: float = 30.0,
) -> Exercise:
    """A random body that does one of EXERCISES `repetitions` times, with a pause before and after.

    seconds  length of a repetition without its rest
    noise    standard deviation of each coordinate of each joint, metres
    """
    if kind not in EXERCISES or style not in STYLES:
        raise ValueError(
            f"no exercise {kind!r} in style {style!r}; exercises are {', '.join(EXERCISES)}, styles {', '.join(STYLES)}"
        )
    random = np.random.default_rng(seed)
    spans, end = _schedule(repetitions, seconds, style, random)
    stage = Stage(Body.random(random), round((end + _READY + random.uniform(0, 1)) * fps), fps)
    sizes = np.exp(random.normal(0, 0.15, repetitions)) if style == "uneven" else np.ones(repetitions)
    exercise = EXERCISES[kind]
    if exercise.ready is not None:
        first, last = round((spans[0][0] - _READY) * fps), round((spans[-1][1] + _READY) * fps)
        share = _READY * fps / (last - first)
        exercise.ready(stage, first, bell(last - first, share, share))
    for number, ((start, stop), size) in enumerate(zip(spans, sizes, strict=True)):
        exercise.once(stage, start * fps, round((stop - start) * fps), float(size), number)
    positions = pose_stage(stage, random)
    positions += random.normal(0, noise, positions.shape) if noise else 0
    return Exercise(Motion(positions, fps, CANONICAL, kind), tuple((start + stop) / 2 for start, stop in spans))


def _schedule(
    repetitions: int, seconds: float, style: str, random: np.random.Generator
) -> tuple[list[tuple[float, float]], float]:
    """Start and end of each repetition, and the end of the last."""
    time = _READY + random.uniform(0, 1)
    spans = []
    for _ in range(repetitions):
        length = seconds * (np.exp(random.normal(0, 0.15)) if style == "uneven" else 1.0)
        spans.append((time, time + length))
        time += length + (seconds * random.uniform(0.4, 1.2) if style == "rests" else 0.0)
    return spans, spans[-1][1]


def _excursion(frames: int) -> np.ndarray:
    """From rest to the full movement and back, (frames,) 0 to 1 to 0."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(frames) + 0.5) / frames)


def _wave(*sides: str) -> _Exercise:
    def ready(stage: Stage, start: float, share: np.ndarray) -> None:
        for side in sides:
            towards_hand(stage, side, start, share, (0.9, 0.7, 0.75))

    def once(stage: Stage, start: float, frames: int, size: float, number: int) -> None:
        for side in sides:
            stage.add(f"{side}_azimuth", start, 0.5 * size * np.sin(2 * np.pi * np.arange(frames) / frames))

    return _Exercise(once, ready)


def _raise_arms(*sides: str) -> _Exercise:
    def once(stage: Stage, start: float, frames: int, size: float, number: int) -> None:
        for side in sides:
            towards_hand(stage, side, start, min(size, 1.1) * _excursion(frames), (1.2, 1.2, 0.97))

    return _Exercise(once)


def _punches(stage: Stage, start: float, frames: int, size: float, number: int) -> None:
    side = ("right", "left")[number % 2]
    out = _excursion(frames)
    stage.add(f"{side}_reach", start, 0.45 * min(size, 1.1) * out)
    stage.add("twist", start, -SIDES[side] * 0.4 * size * out)


def _guard(stage: Stage, start: float, share: np.ndarray) -> None:
    for side in SIDES:
        towards_hand(stage, side, start, share, (-0.1, 0.0, 0.5))


def _clap(stage: Stage, start: float, frames: int, size: float, number: int) -> None:
    for side in SIDES:
        stage.add(f"{side}_azimuth", start, 0.4 * size * (1 - np.cos(2 * np.pi * np.arange(frames) / frames)))


def _hands_together(stage: Stage, start: float, share: np.ndarray) -> None:
    for side in SIDES:
        towards_hand(stage, side, start, share, (-0.3, -0.2, 0.7))


def _squat(stage: Stage, start: float, frames: int, size: float, number: int) -> None:
    down = 0.45 * min(size, 1.3) * _excursion(frames)
    stage.add("rise", start, -down * stage.body.leg)
    stage.add("pitch", start, 0.9 * down)
    stage.add("back", start, 0.12 * down)
    for side in SIDES:
        towards_hand(stage, side, start, 2 * down, (0.1, -0.05, 0.95))


def _bow(stage: Stage, start: float, frames: int, size: float, number: int) -> None:
    stage.add("pitch", start, 0.5 * size * _excursion(frames))
    stage.add("bend", start, 0.5 * size * _excursion(frames))


def _jumping_jack(stage: Stage, start: float, frames: int, size: float, number: int) -> None:
    out = _excursion(frames)
    stage.add("rise", start, 0.08 * size * np.abs(np.sin(2 * np.pi * np.arange(frames) / frames)))
    for side in SIDES:
        towards_hand(stage, side, start, min(size, 1.1) * out, (1.3, 1.1, 0.97))
        stage.add(f"{side}_foot_out", start, 0.3 * size * stage.body.leg * out)
        stage.add(f"{side}_foot_up", start, 0.08 * size * np.abs(np.sin(2 * np.pi * np.arange(frames) / frames)))


def _lift_knee(sides: tuple[str, ...]) -> _Exercise:
    def once(stage: Stage, start: float, frames: int, size: float, number: int) -> None:
        side, up = sides[number % len(sides)], _excursion(frames)
        stage.add(f"{side}_foot_up", start, 0.4 * size * stage.body.leg * up)
        stage.add(f"{side}_foot_forward", start, 0.2 * size * stage.body.leg * up)
        stage.add("weight", start, -SIDES[side] * 0.06 * up)

    return _Exercise(once)


def _kick(stage: Stage, start: float, frames: int, size: float, number: int) -> None:
    share = (np.arange(frames) + 0.5) / frames
    knee = ease(share / 0.4) * (1 - ease((share - 0.6) / 0.4))
    out = ease((share - 0.2) / 0.3) * (1 - ease((share - 0.5) / 0.3))
    stage.add("right_foot_up", start, size * stage.body.leg * (0.3 * knee + 0.2 * out))
    stage.add("right_foot_forward", start, size * stage.body.leg * (0.2 * knee + 0.5 * out))
    stage.add("pitch", start, -0.2 * out)


@dataclass(frozen=True)
class _Exercise:
    """How a repetition is drawn (stage, first frame, frames, size, number), and the pose it starts from."""

    once: Callable[[Stage, float, int, float, int], None]
    ready: Callable[[Stage, float, np.ndarray], None] | None = None


EXERCISES: dict[str, _Exercise] = {
    "wave right": _wave("right"),
    "wave both": _wave("left", "right"),
    "raise left arm": _raise_arms("left"),
    "raise arms": _raise_arms("left", "right"),
    "punches in turn": _Exercise(_punches, _guard),
    "clap": _Exercise(_clap, _hands_together),
    "squat": _Exercise(_squat),
    "bow": _Exercise(_bow),
    "jumping jack": _Exercise(_jumping_jack),
    "lift left knee": _lift_knee(("left",)),
    "knees in turn": _lift_knee(("left", "right")),
    "kick right": _Exercise(_kick),
}
