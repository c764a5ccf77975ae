"""Gestures shown by recorded bodies: arms, leaning trunk and bending legs are drawn, all else is as recorded.

So an action that one sensor saw is shown as others would have: their skeletons, their trembling, their people's stance.

`python -m motion2language.data.synthesis.on_bodies PEOPLE OUT` writes labelled recordings (data/labelled/form.py): for
each source of PEOPLE a pair SOURCE_gestures.npz and .json, and gestures.npz and .json with invented bodies. The bodies
are those of people in the training split. PEOPLE may be a TOML file that chooses sources.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from motion2language.data.synthesis.body import SIDES, Body, trunk_turn, two_bones, wrist_around
from motion2language.data.synthesis.gestures import GESTURES, plan, through
from motion2language.data.synthesis.recorded_bodies import (
    FPS,
    HIPS,
    bodies_of,
    bone_length,
    chest_axes,
    hip_axes,
    to_and_fro,
    trembling,
    turn_above,
    unit,
    write_shown,
)
from motion2language.data.synthesis.recording import hand_channels, hang_arms, make_motion
from motion2language.data.synthesis.stage import Plan, Stage
from motion2language.files import make_folder
from motion2language.motion import CANONICAL, Motion

EACH = 30  # recordings of an action in each source; chosen
INVENTED = 60  # of invented bodies; chosen
WALKING = ("carry",)  # gestures made while walking
ON_BODIES = tuple(action for action in GESTURES if action not in WALKING)  # that any body can show
TURNS, TURN = 0.3, 0.6  # how often the whole body turns with a gesture, and by how many radians (deviation); chosen
MARGIN = 0.8  # seconds of rest before and after a gesture, at most; chosen
SITS, BENT = 0.3, 0.05  # how far the hips go back as they sink; shares of the leg at which the knees bend. Chosen
DRAWN = "gestures drawn by motion2language"
FINER = 3  # a gesture is drawn at so many times the rate

_OVER, _ONCE = np.array([0.2, 0.8]), [np.zeros(1), np.ones(1)]
_STEPS = {side: f"{side}_foot_forward" for side in SIDES}
_LOWER = [CANONICAL.index(f"{side}_{joint}") for side in SIDES for joint in ("knee", "ankle", "toe")]
_UPPER = [joint for joint in range(len(CANONICAL.joints)) if joint not in _LOWER]


def on_body(base: np.ndarray, gesture: Plan, random: np.random.Generator) -> np.ndarray:
    """The gesture as the body of `base` (T, 21, 3) shows it, at FPS, (T', 21, 3) metres.

    Where the recording is shorter it goes on backwards, and forwards again.
    """
    before, after = (round(random.uniform(0, MARGIN) * FPS) for _ in range(2))
    frames = max(5, before + round(gesture.seconds * FPS) + after)
    stage = Stage(Body.random(random), FINER * frames, FINER * FPS)
    gesture.draw(stage, FINER * before)
    hang_arms(stage, random)
    positions = base[to_and_fro(len(base), frames, random)].astype(np.float64)
    shares = {name: stage.channel(name)[::FINER] / stage.body.leg for name in ("rise", *_STEPS.values())}
    _move_hips(positions, base, shares, np.cumsum(stage.channel("turn"))[::FINER] / stage.fps)
    _lean(positions, {name: stage.channel(name)[::FINER] for name in ("pitch", "bend", "twist", "lean")})
    chest, trembles = chest_axes(positions), trembling(base)
    for side, sign in SIDES.items():
        hand = {name: values[::FINER] for name, values in hand_channels(stage, side).items()}
        _arm(positions, base, side, sign, chest, hand)
        for joint in ("elbow", "wrist"):
            positions[:, CANONICAL.index(f"{side}_{joint}")] += random.normal(0, trembles, (frames, 3))
    if random.random() < TURNS:
        positions = _turned(positions, random.normal(0, TURN) * through(frames, _OVER, _ONCE)[:, 0])
    return positions.astype(np.float32)


def _turned(positions: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """The body turned about the vertical through its pelvis by angles (T,), in radians."""
    around = positions[:, 0] * [1, 0, 1]
    turn = np.stack([np.cos(angles), np.sin(angles)], 1)[:, :, None]
    x, y, z = np.moveaxis(positions - around[:, None], 2, 0)
    return np.stack([x * turn[:, 0] + z * turn[:, 1], y, z * turn[:, 0] - x * turn[:, 1]], 2) + around[:, None]


def _move_hips(positions: np.ndarray, base: np.ndarray, shares: dict[str, np.ndarray], turn: np.ndarray) -> None:
    """Turn the hips over the feet by `turn` (T,) radians, lower the body between them and step; the knees bend.

    shares  what the channels say, (T,) shares of the leg
    """
    positions[:, _UPPER] = _turned(positions, turn)[:, _UPPER]
    across = positions[:, HIPS[0]] - positions[:, HIPS[1]]
    forward = unit(np.cross(across * [1, 0, 1], [0.0, 1.0, 0.0]))
    legs = {side: [CANONICAL.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle", "toe")] for side in SIDES}
    bones = {side: (bone_length(base, *leg[:2]), bone_length(base, *leg[1:3])) for side, leg in legs.items()}
    leg = float(np.mean([sum(each) for each in bones.values()]))
    steps = {side: shares[step] for side, step in _STEPS.items()}
    ahead = sum(steps.values()) / 2 + SITS * shares["rise"]
    positions[:, _UPPER] += leg * (forward * ahead[:, None] + [0.0, 1.0, 0.0] * shares["rise"][:, None])[:, None]
    for side, (hip, knee, ankle, toe) in legs.items():
        moved = np.clip((np.abs(shares["rise"]) + np.abs(sum(steps.values())) + np.abs(turn)) / BENT, 0, 1)[:, None]
        target = positions[:, ankle] + leg * forward * steps[side][:, None]
        bent, foot = two_bones(positions[:, hip], target, *bones[side], forward + SIDES[side] * unit(across) / 3)
        positions[:, toe] += moved * (foot - positions[:, ankle])
        positions[:, knee] += moved * (bent - positions[:, knee])
        positions[:, ankle] += moved * (foot - positions[:, ankle])


def _lean(positions: np.ndarray, channels: dict[str, np.ndarray]) -> None:
    """Turn all that is above the pelvis as the trunk's channels say."""
    level = hip_axes(positions)
    turn_above(positions, level @ trunk_turn(channels) @ np.swapaxes(level, 1, 2))


def _arm(
    positions: np.ndarray, base: np.ndarray, side: str, sign: float, chest: np.ndarray, hand: dict[str, np.ndarray]
) -> None:
    """Put elbow and wrist where the hand's channels say, with the bones of `base`."""
    shoulder, elbow, wrist = (CANONICAL.index(f"{side}_{joint}") for joint in ("shoulder", "elbow", "wrist"))
    upper, fore = bone_length(base, shoulder, elbow), bone_length(base, elbow, wrist)
    target, hint = wrist_around(sign, hand, upper + fore)
    positions[:, elbow], positions[:, wrist] = two_bones(
        positions[:, shoulder],
        positions[:, shoulder] + np.einsum("tij,tj->ti", chest, target),
        upper,
        fore,
        np.einsum("tij,tj->ti", chest, hint),
    )


def shown_by(
    bodies: Sequence[np.ndarray], actions: Sequence[str], count: int, random: np.random.Generator
) -> Iterator[Motion]:
    """`count` gestures of the actions, in turn, by random ones of the bodies (T, 21, 3); those of ON_BODIES only."""
    for number in range(count):
        action = actions[number % len(actions)]
        base = bodies[int(random.integers(len(bodies)))]
        yield Motion(on_body(base, plan(action, random), random), FPS, CANONICAL, f"{action} {number}")


def write(people: Path, out: Path, seed: int = 0) -> int:
    """Write the labelled recordings of all gestures; returns how many."""
    make_folder(out)
    count = write_shown(out / "gestures", _invented(seed), DRAWN)
    for source, (upright, walking) in bodies_of(people).items():
        shown = list(_shown(upright, walking, np.random.default_rng([seed, *source.encode()])))
        count += write_shown(out / f"{source}_gestures", shown, DRAWN) if shown else 0
    return count


def _invented(seed: int) -> list[tuple[str, Motion]]:
    shown = []
    for number, action in enumerate(GESTURES):
        for take in range(INVENTED if action not in WALKING else 0):
            random = np.random.default_rng([seed, number, take])
            motion = make_motion([plan(action, random)], random)[0]
            shown.append((action, motion.resample(FPS)))
    return shown


def _shown(
    upright: Sequence[np.ndarray], walking: Sequence[np.ndarray], random: np.random.Generator
) -> Iterator[tuple[str, Motion]]:
    for action in GESTURES:
        bases = walking if action in WALKING else upright
        for _ in range(EACH if len(bases) else 0):
            positions = on_body(bases[int(random.integers(len(bases)))], plan(action, random), random)
            yield action, Motion(positions, FPS, CANONICAL)


if __name__ == "__main__":
    print(f"{sys.argv[2]}: {write(Path(sys.argv[1]), Path(sys.argv[2]))} recordings of gestures")
