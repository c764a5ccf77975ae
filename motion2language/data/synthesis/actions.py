"""What a body can do besides walking: each action draws its own manner and writes it into a recording's channels.

Durations, speeds and amplitudes are chosen wide, around those of recorded people.
"""

from __future__ import annotations

import numpy as np

from motion2language.data.synthesis.body import SIDES
from motion2language.data.synthesis.stage import Plan, Stage, bell, ease

#: Where a hand is at rest around its shoulder.
REST = {"azimuth": 0.7, "elevation": -1.45, "reach": 0.97, "swing": 0.0, "elbow": 0.4, "elbow_ahead": -0.6}


def hand_gesture(random: np.random.Generator, kind: str, sides: tuple[str, ...]) -> Plan:
    """Waving, raising or pointing with one hand or both."""
    seconds = {"wave": random.uniform(1.2, 5.0), "raise": random.uniform(0.9, 3.0), "point": random.uniform(1.2, 4.0)}
    duration = seconds[kind]
    target = {
        "wave": (random.uniform(0.2, 1.4), random.uniform(0.35, 1.25), random.uniform(0.55, 0.9)),
        "raise": (random.uniform(0.0, 1.5), random.uniform(0.9, 1.5), random.uniform(0.9, 0.99)),
        "point": (random.uniform(-0.2, 1.1), random.uniform(-0.35, 0.3), random.uniform(0.75, 0.99)),
    }[kind]
    ramp = min(0.45, random.uniform(0.35, 0.7) / duration)
    beat, breadth = random.uniform(0.9, 2.4), random.uniform(0.15, 0.5)
    opposed, sway = random.random() < 0.5, random.normal(0, 0.08)
    reach_beat = random.uniform(0.0, 0.06)

    def draw(stage: Stage, start: float) -> None:
        count = round(duration * stage.fps)
        envelope = bell(count, ramp, ramp)
        time = np.arange(count) / stage.fps
        inner = bell(count, min(0.5, 1.4 * ramp), min(0.5, 1.4 * ramp))
        for side in sides:
            towards_hand(stage, side, start, envelope, target)
            if kind == "wave":
                sign = -1.0 if opposed and side == "right" else 1.0
                beats = inner * np.sin(2 * np.pi * beat * time) * sign
                stage.add(f"{side}_azimuth", start, breadth * beats)
                stage.add(f"{side}_reach", start, reach_beat * beats)
        stage.add("lean", start, sway * envelope)
        stage.add("nod", start, -0.15 * envelope * (kind == "raise"))

    return Plan(duration, draw, side=sides[0] if len(sides) == 1 else "both")


def clap(random: np.random.Generator) -> Plan:
    """Hands brought together in front, several times."""
    duration, beat = random.uniform(1.2, 4.0), random.uniform(1.5, 3.5)
    height, breadth = random.uniform(-0.5, 0.1), random.uniform(0.25, 0.55)
    reach = random.uniform(0.6, 0.85)

    def draw(stage: Stage, start: float) -> None:
        count = round(duration * stage.fps)
        ramp = min(0.4, 0.4 / duration)
        beats = 0.5 - 0.5 * np.cos(2 * np.pi * beat * np.arange(count) / stage.fps)
        for side in SIDES:
            towards_hand(stage, side, start, bell(count, ramp, ramp), (-0.32, height, reach))
            stage.add(f"{side}_azimuth", start, bell(count, ramp, ramp) * breadth * beats)

    return Plan(duration, draw)


def bow(random: np.random.Generator) -> Plan:
    """The trunk bends forward and comes up again."""
    duration, depth = random.uniform(1.3, 4.5), random.uniform(0.45, 1.4)
    share = random.uniform(0.3, 0.7)

    def draw(stage: Stage, start: float) -> None:
        count = round(duration * stage.fps)
        envelope = bell(count, random.uniform(0.3, 0.5), random.uniform(0.3, 0.5))
        stage.add("pitch", start, share * depth * envelope)
        stage.add("bend", start, (1 - share) * depth * envelope)
        stage.add("nod", start, 0.3 * envelope)
        stage.add("back", start, 0.10 * depth * envelope)
        for side in SIDES:
            stage.add(f"{side}_swing", start, 0.7 * depth * envelope)

    return Plan(duration, draw)


def squat(random: np.random.Generator) -> Plan:
    """Knees bend deeply and stretch again, once or several times."""
    once, times = random.uniform(1.2, 2.4), int(random.integers(1, 4))
    depth, arms = random.uniform(0.35, 0.62), random.random() < 0.6

    def draw(stage: Stage, start: float) -> None:
        count = round(once * stage.fps)
        for turn in range(times):
            envelope = bell(count, 0.45, 0.45)
            _lower(stage, start + turn * count, envelope, depth)
            if arms:
                for side in SIDES:
                    towards_hand(stage, side, start + turn * count, envelope, (0.1, -0.05, 0.95))

    return Plan(once * times, draw)


def sit(random: np.random.Generator) -> Plan:
    """Down onto a seat, a pause there, and up again."""
    duration, height = random.uniform(2.2, 5.0), random.uniform(0.38, 0.52)
    hands = random.random() < 0.5

    def draw(stage: Stage, start: float) -> None:
        count = round(duration * stage.fps)
        ramp = min(0.4, 0.9 / duration)
        envelope = bell(count, ramp, ramp)
        moving = 4 * envelope * (1 - envelope)
        stage.add("rise", start, -height * stage.body.leg * envelope)
        stage.add("back", start, 0.5 * stage.body["thigh"] * envelope)
        stage.add("pitch", start, 0.45 * moving + 0.05 * envelope)
        stage.add("bend", start, 0.3 * moving)
        for side in SIDES:
            target = (0.2, -0.9, 0.75) if hands else (0.5, -1.3, 0.9)
            towards_hand(stage, side, start, envelope, target)

    return Plan(duration, draw)


def jump(random: np.random.Generator) -> Plan:
    """Crouch, flight and landing, once or several times, in place or forward."""
    times, height = int(random.integers(1, 4)), random.uniform(0.12, 0.45)
    crouch, forward = random.uniform(0.15, 0.4), random.choice([0.0, 0.0, 1.0]) * random.uniform(0.2, 0.9)
    flight = 2 * np.sqrt(2 * height / 9.81)
    down = random.uniform(0.35, 0.6)
    once, arms = 2 * down + flight, random.uniform(0.3, 2.2)

    def draw(stage: Stage, start: float) -> None:
        count = round(once * stage.fps)
        time = (np.arange(count) + 0.5) / stage.fps
        in_air = np.clip((time - down) / flight, 0, 1)
        up = 4 * height * in_air * (1 - in_air)
        bent = crouch * (np.sin(np.pi * np.clip(time / down, 0, 1)) ** 2 * (time < down))
        bent += crouch * np.sin(np.pi * np.clip((time - down - flight) / down, 0, 1)) ** 2 * (time > down + flight)
        for turn in range(times):
            first = start + turn * count
            stage.add("rise", first, up - bent * stage.body.leg)
            stage.add("air", first, up)
            stage.add("pitch", first, 0.8 * bent)
            stage.add("slide", first, forward * stage.fps * np.diff(ease(in_air), prepend=0.0))
            for side in SIDES:
                stage.add(f"{side}_swing", first, -1.2 * bent + arms * 4 * in_air * (1 - in_air))

    return Plan(times * once, draw)


def kick(random: np.random.Generator, side: str) -> Plan:
    """Knee up, shin out, back again, once to three times; often with raised fists."""
    once, times = random.uniform(0.7, 1.5), int(random.integers(1, 4))
    height, reach = random.uniform(0.25, 1.15), random.uniform(0.75, 0.98)
    guard, round_house = random.random() < 0.6, random.choice([0.0, 0.0, 0.6]) * random.uniform(0.5, 1.0)
    wait, lean = random.uniform(0.0, 0.5), random.uniform(0.05, 0.4)

    def draw(stage: Stage, start: float) -> None:
        count, rest = round(once * stage.fps), round(wait * stage.fps)
        whole = times * (count + rest)
        share = (np.arange(count) + 0.5) / count
        knee = ease(share / 0.35) * (1 - ease((share - 0.68) / 0.32))
        out = ease((share - 0.25) / 0.22) * (1 - ease((share - 0.55) / 0.25))
        leg = stage.body.leg
        for turn in range(times):
            first = start + turn * (count + rest)
            up = knee * 0.42 * leg * min(1.0, height) + out * (height - 0.42 * min(1.0, height)) * leg
            stage.add(f"{side}_foot_up", first, up)
            stage.add(f"{side}_foot_forward", first, reach * leg * (0.25 * knee + 0.6 * out))
            stage.add(f"{side}_foot_out", first, 0.35 * round_house * leg * knee * (1 - out))
            stage.add("pitch", first, -lean * out)
            stage.add("twist", first, SIDES[side] * -0.25 * out)
            stage.add("weight", first, -SIDES[side] * 0.06 * knee)
            stage.add("rise", first, -0.03 * knee)
            stage.add(f"{side}_toe_down", first, 0.6 * out)
        if guard:
            _guard(stage, start, whole)
        else:
            for other, sign in SIDES.items():
                stage.add(
                    f"{other}_swing", start, 0.4 * -sign * SIDES[side] * np.tile(np.r_[out, np.zeros(rest)], times)
                )

    return Plan(times * (once + wait), draw, side=side)


def punch(random: np.random.Generator) -> Plan:
    """From raised fists straight ahead and back, one to five times, one hand or alternating."""
    once, times = random.uniform(0.45, 1.0), int(random.integers(1, 6))
    sides = [str(random.choice(["left", "right"]))]
    sides = sides * 2 if random.random() < 0.5 else [*sides, "left" if sides[0] == "right" else "right"]
    height, twist = random.uniform(-0.25, 0.25), random.uniform(0.1, 0.7)

    def draw(stage: Stage, start: float) -> None:
        count, ready = round(once * stage.fps), round(0.4 * stage.fps)
        share = (np.arange(count) + 0.5) / count
        out = ease(share / 0.4) * (1 - ease((share - 0.5) / 0.5))
        _guard(stage, start, times * count + 2 * ready)
        for turn in range(times):
            first, side = start + ready + turn * count, sides[turn % 2]
            stage.add(f"{side}_reach", first, 0.48 * out)
            stage.add(f"{side}_elevation", first, (height - 0.1) * out)
            stage.add(f"{side}_azimuth", first, 0.15 * out)
            stage.add("twist", first, -SIDES[side] * twist * out)
            stage.add("pitch", first, 0.1 * out)
            stage.add("slide", first, 0.1 * np.gradient(out) * stage.fps)

    return Plan(times * once + 0.8, draw)


def towards_hand(stage: Stage, side: str, start: float, share: np.ndarray, target: tuple[float, float, float]) -> None:
    """Move a hand from rest towards (azimuth, elevation, reach) by a share (frames,) of the way."""
    for name, value in zip(("azimuth", "elevation", "reach"), target, strict=True):
        stage.add(f"{side}_{name}", start, (value - REST[name]) * share)


def _guard(stage: Stage, start: float, frames: int) -> None:
    """Fists in front of the chest."""
    envelope = bell(frames, min(0.3, 8 / max(frames, 1)), min(0.3, 8 / max(frames, 1)))
    for side in SIDES:
        towards_hand(stage, side, start, envelope, (-0.15, 0.05, 0.48))
    stage.add("rise", start, -0.02 * envelope)


def _lower(stage: Stage, start: float, share: np.ndarray, depth: float) -> None:
    """The pelvis sinks by a share of the leg, the trunk leans forward against it."""
    stage.add("rise", start, -depth * stage.body.leg * share)
    stage.add("back", start, 0.12 * depth * share)
    stage.add("pitch", start, 0.9 * depth * share)
