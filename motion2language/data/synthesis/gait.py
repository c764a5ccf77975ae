"""Walking, running and turning: the gait is drawn at random, then written into the channels of a recording.

Durations, speeds and amplitudes are chosen wide, around those of recorded people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion2language.data.synthesis.body import SIDES
from motion2language.data.synthesis.stage import Plan, Stage, bell


def locomotion(random: np.random.Generator, kind: str) -> Plan:
    """Walking (forward, back, left, right), running, and turning left or right along an arc or on the spot."""
    gait = _draw_gait(random, kind)
    fast = {"run": gait.forward > 3.4, "walk": gait.forward > 1.4}.get(kind, False)
    return Plan(gait.seconds, gait.draw, quick=True if fast else None)


@dataclass(frozen=True)
class _Gait:
    """How somebody moves on foot for `seconds`.

    forward, aside  speed, m/s; aside is positive to the left
    turn            radians in all, positive to the left
    cadence         steps per second
    lift            height of the feet, m
    swing, bent     arms: amplitude, and how far the elbows are bent
    lean            of the trunk, radians
    first           the side of the first step
    """

    running: bool
    seconds: float
    forward: float
    aside: float
    turn: float
    cadence: float
    lift: float
    swing: float
    bent: float
    lean: float
    first: str

    def draw(self, stage: Stage, start: float) -> None:
        """Add the gait to the channels from frame `start` on."""
        count = round(self.seconds * stage.fps)
        period = count / (self._steps + 0.5)
        envelope = bell(count, 0.35 / self.seconds, 0.35 / self.seconds)
        phase = np.pi * (np.arange(count) / period + (self.first == "right"))
        self._move(stage, start, envelope)
        self._step(stage, start, count, period)
        self._swing_arms(stage, start, envelope, phase)
        self._bob(stage, start, envelope, phase)

    @property
    def _steps(self) -> int:
        return max(2, round(self.cadence * self.seconds))

    def _move(self, stage: Stage, start: float, envelope: np.ndarray) -> None:
        """The path over the ground."""
        stage.add("forward", start, self.forward * envelope)
        stage.add("aside", start, self.aside * envelope)
        stage.add("turn", start, self.turn * envelope / (envelope.sum() / stage.fps))

    def _step(self, stage: Stage, start: float, count: int, period: float) -> None:
        """The steps, left and right in turn."""
        airborne = 1.5 if self.running else 1.15  # length of a swing in step periods
        sides = [self.first, "right" if self.first == "left" else "left"]
        for step in range(self._steps):
            lifted = start + step * period
            landed = min(lifted + airborne * period, start + count)
            stage.steps.append((sides[step % 2], lifted, landed, self.lift))

    def _swing_arms(self, stage: Stage, start: float, envelope: np.ndarray, phase: np.ndarray) -> None:
        for side, sign in SIDES.items():
            stage.add(f"{side}_swing", start, -sign * self.swing * envelope * np.sin(phase + 0.4))
            stage.add(f"{side}_reach", start, -0.25 * self.bent * envelope)
            stage.add(f"{side}_elevation", start, 0.25 * self.bent * envelope)

    def _bob(self, stage: Stage, start: float, envelope: np.ndarray, phase: np.ndarray) -> None:
        """The trunk: up and down, twisting and leaning."""
        height, sink = (0.03, 0.05) if self.running else (0.012, 0.015)
        stage.add("rise", start, envelope * (height * np.cos(2 * phase) - sink))
        stage.add("twist", start, 0.12 * self.swing * envelope * np.sin(phase + 0.4))
        stage.add("pitch", start, self.lean * envelope)
        stage.add("roll", start, 0.03 * envelope * np.sin(phase))


def _draw_gait(random: np.random.Generator, kind: str) -> _Gait:
    """A random gait; the order of the draws decides what a seed gives."""
    running = kind == "run"
    speeds = {"walk": random.uniform(0.7, 1.6), "run": random.uniform(2.2, 4.2), "back": -random.uniform(0.5, 1.1)}
    forward = speeds.get(kind, 0.0)
    aside = {"left": 1.0, "right": -1.0}.get(kind, 0.0) * random.uniform(0.5, 1.0)
    turn = 0.0
    seconds = random.uniform(1.2, 3.5) if running else random.uniform(1.8, 6.0)
    if kind in ("turn_left", "turn_right"):
        on_the_spot = random.random() < 0.35
        forward = 0.0 if on_the_spot else random.uniform(0.5, 1.3)
        seconds = random.uniform(1.2, 2.6) if on_the_spot else random.uniform(1.8, 4.5)
        turn = (1 if kind == "turn_left" else -1) * random.uniform(1.1, 2.2)
    return _Gait(
        running,
        seconds,
        forward,
        aside,
        turn,
        cadence=random.uniform(2.5, 3.2) if running else random.uniform(1.5, 2.2),
        lift=random.uniform(0.2, 0.5) if running else random.uniform(0.06, 0.16),
        swing=random.uniform(0.5, 1.0) if running else random.uniform(0.1, 0.6),
        bent=random.uniform(0.5, 1.0) if running else random.uniform(0.0, 0.25),
        lean=random.uniform(0.05, 0.3) if running else random.uniform(-0.05, 0.12),
        first=str(random.choice(["left", "right"])),
    )
