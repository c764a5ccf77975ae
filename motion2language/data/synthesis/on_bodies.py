"""Gestures shown by recorded bodies: arms, leaning trunk and bending legs are drawn, all else is as recorded.

So an action that one sensor saw is shown as others would have: their skeletons, their trembling, their people's stance.

`python -m motion2language.data.synthesis.on_bodies PEOPLE OUT` writes labelled recordings (data/labelled/form.py): for
each source of PEOPLE a pair SOURCE_gestures.npz and .json, and gestures.npz and .json with invented bodies. The bodies
are those of people in the training split. PEOPLE may be a TOML file that chooses sources.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from motion2language.body import to_canonical
from motion2language.data.labelled.form import read_motion, write_source
from motion2language.data.labelled.persons import split_by_person
from motion2language.data.labelled.selection import choose, read_selection
from motion2language.data.synthesis.body import SIDES, Body, trunk_turn, two_bones, wrist_around
from motion2language.data.synthesis.gestures import GESTURES, plan, through
from motion2language.data.synthesis.recording import hand_channels, hang_arms, make_motion
from motion2language.data.synthesis.stage import Plan, Stage
from motion2language.files import make_folder
from motion2language.motion import CANONICAL, Motion

FPS = 10.0
EACH = 30  # recordings of an action in each source; chosen
INVENTED = 60  # of invented bodies; chosen
WALKING = ("carry",)  # gestures made while walking
ON_BODIES = tuple(action for action in GESTURES if action not in WALKING)  # that any body can show
#: What a body that stands does at most: metres that it goes, lifts a foot, and sinks; radians that it leans. Chosen.
GOES, LIFTS, SINKS, LEANS = 0.35, 0.12, 0.12, 0.5
LEAST, ENOUGH = 12, 300  # frames of a body; chosen
TURNS, TURN = 0.3, 0.6  # how often the whole body turns with a gesture, and by how many radians (deviation); chosen
MARGIN = 0.8  # seconds of rest before and after a gesture, at most; chosen
SITS, BENT = 0.3, 0.05  # how far the hips go back as they sink; shares of the leg at which the knees bend. Chosen
FINER = 3  # a gesture is drawn at so many times the rate

_ABOVE = [
    CANONICAL.index(name)
    for name in CANONICAL.joints
    if name in ("spine", "chest", "neck", "head") or name.endswith(("collar", "shoulder"))
]
_HIPS, _SHOULDERS, _ANKLES, _WRISTS = (
    [CANONICAL.index(f"{side}_{joint}") for side in SIDES] for joint in ("hip", "shoulder", "ankle", "wrist")
)
_OVER, _ONCE = np.array([0.2, 0.8]), [np.zeros(1), np.ones(1)]
_STEPS = {side: f"{side}_foot_forward" for side in SIDES}
_LOWER = [CANONICAL.index(f"{side}_{joint}") for side in SIDES for joint in ("knee", "ankle", "toe")]
_UPPER = [joint for joint in range(len(CANONICAL.joints)) if joint not in _LOWER]
_SPINE, _NECK = CANONICAL.index("spine"), CANONICAL.index("neck")


def standing(positions: np.ndarray) -> np.ndarray:
    """The longest part of a recording of a canonical body (T, 21, 3) in which it stands upright in its place.

    The first of ENOUGH frames where there is one, so that the time grows with the recording's length alone.
    """
    trunk = positions[:, _NECK] - positions[:, 0]
    upright = trunk[:, 1] >= np.cos(LEANS) * np.linalg.norm(trunk, axis=1)
    places = np.concatenate(
        [positions[:, 0, ::2] / GOES, positions[:, :1, 1] / SINKS, positions[:, _ANKLES, 1] / LIFTS], 1
    )
    best, start = (0, 0), 0
    for frame in range(len(positions)):
        if not upright[frame]:
            start = frame + 1
        while start <= frame and np.ptp(places[start : frame + 1], axis=0).max() > 1:
            start += 1
        best = max(best, (frame + 1 - start, start))
        if best[0] == ENOUGH:
            break
    return positions[best[1] : best[1] + best[0]]


def on_body(base: np.ndarray, gesture: Plan, random: np.random.Generator) -> np.ndarray:
    """The gesture as the body of `base` (T, 21, 3) shows it, at FPS, (T', 21, 3) metres.

    Where the recording is shorter it goes on backwards, and forwards again.
    """
    before, after = (round(random.uniform(0, MARGIN) * FPS) for _ in range(2))
    frames = max(5, before + round(gesture.seconds * FPS) + after)
    stage = Stage(Body.random(random), FINER * frames, FINER * FPS)
    gesture.draw(stage, FINER * before)
    hang_arms(stage, random)
    positions = base[_to_and_fro(len(base), frames, random)].astype(np.float64)
    shares = {name: stage.channel(name)[::FINER] / stage.body.leg for name in ("rise", *_STEPS.values())}
    _move_hips(positions, base, shares, np.cumsum(stage.channel("turn"))[::FINER] / stage.fps)
    _lean(positions, {name: stage.channel(name)[::FINER] for name in ("pitch", "bend", "twist", "lean")})
    chest = _axes(positions[:, _SHOULDERS[0]] - positions[:, _SHOULDERS[1]], positions[:, _NECK] - positions[:, _SPINE])
    trembling = float(np.median(np.abs(np.diff(base[:, _WRISTS], 2, axis=0)))) / 2 if len(base) > 2 else 0.0
    for side, sign in SIDES.items():
        hand = {name: values[::FINER] for name, values in hand_channels(stage, side).items()}
        _arm(positions, base, side, sign, chest, hand)
        for joint in ("elbow", "wrist"):
            positions[:, CANONICAL.index(f"{side}_{joint}")] += random.normal(0, max(trembling, 0.002), (frames, 3))
    if random.random() < TURNS:
        positions = _turned(positions, random.normal(0, TURN) * through(frames, _OVER, _ONCE)[:, 0])
    return positions.astype(np.float32)


def _turned(positions: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """The body turned about the vertical through its pelvis by angles (T,), in radians."""
    around = positions[:, 0] * [1, 0, 1]
    turn = np.stack([np.cos(angles), np.sin(angles)], 1)[:, :, None]
    x, y, z = np.moveaxis(positions - around[:, None], 2, 0)
    return np.stack([x * turn[:, 0] + z * turn[:, 1], y, z * turn[:, 0] - x * turn[:, 1]], 2) + around[:, None]


def _to_and_fro(length: int, frames: int, random: np.random.Generator) -> np.ndarray:
    """`frames` frame numbers of a recording, from a random one on."""
    clock = (np.arange(frames) + int(random.integers(0, max(1, length - frames + 1)))) % max(1, 2 * (length - 1))
    return np.where(clock < length, clock, 2 * (length - 1) - clock)


def _move_hips(positions: np.ndarray, base: np.ndarray, shares: dict[str, np.ndarray], turn: np.ndarray) -> None:
    """Turn the hips over the feet by `turn` (T,) radians, lower the body between them and step; the knees bend.

    shares  what the channels say, (T,) shares of the leg
    """
    positions[:, _UPPER] = _turned(positions, turn)[:, _UPPER]
    across = positions[:, _HIPS[0]] - positions[:, _HIPS[1]]
    forward = _unit(np.cross(across * [1, 0, 1], [0.0, 1.0, 0.0]))
    legs = {side: [CANONICAL.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle", "toe")] for side in SIDES}
    bones = {side: (_length(base, *leg[:2]), _length(base, *leg[1:3])) for side, leg in legs.items()}
    leg = float(np.mean([sum(each) for each in bones.values()]))
    steps = {side: shares[step] for side, step in _STEPS.items()}
    ahead = sum(steps.values()) / 2 + SITS * shares["rise"]
    positions[:, _UPPER] += leg * (forward * ahead[:, None] + [0.0, 1.0, 0.0] * shares["rise"][:, None])[:, None]
    for side, (hip, knee, ankle, toe) in legs.items():
        moved = np.clip((np.abs(shares["rise"]) + np.abs(sum(steps.values())) + np.abs(turn)) / BENT, 0, 1)[:, None]
        target = positions[:, ankle] + leg * forward * steps[side][:, None]
        bent, foot = two_bones(positions[:, hip], target, *bones[side], forward + SIDES[side] * _unit(across) / 3)
        positions[:, toe] += moved * (foot - positions[:, ankle])
        positions[:, knee] += moved * (bent - positions[:, knee])
        positions[:, ankle] += moved * (foot - positions[:, ankle])


def _length(base: np.ndarray, start: int, end: int) -> float:
    """The bone between two joints: its median over the frames, at least 5 cm."""
    return max(0.05, float(np.median(np.linalg.norm(base[:, end] - base[:, start], axis=1))))


def _lean(positions: np.ndarray, channels: dict[str, np.ndarray]) -> None:
    """Turn all that is above the pelvis as the trunk's channels say."""
    across = positions[:, _HIPS[0]] - positions[:, _HIPS[1]]
    level = _axes(across * [1, 0, 1], np.broadcast_to([0.0, 1.0, 0.0], across.shape))
    turn = level @ trunk_turn(channels) @ np.swapaxes(level, 1, 2)
    above = positions[:, _ABOVE] - positions[:, :1]
    positions[:, _ABOVE] = positions[:, :1] + np.einsum("tij,taj->tai", turn, above)


def _arm(
    positions: np.ndarray, base: np.ndarray, side: str, sign: float, chest: np.ndarray, hand: dict[str, np.ndarray]
) -> None:
    """Put elbow and wrist where the hand's channels say, with the bones of `base`."""
    shoulder, elbow, wrist = (CANONICAL.index(f"{side}_{joint}") for joint in ("shoulder", "elbow", "wrist"))
    upper, fore = _length(base, shoulder, elbow), _length(base, elbow, wrist)
    target, hint = wrist_around(sign, hand, upper + fore)
    positions[:, elbow], positions[:, wrist] = two_bones(
        positions[:, shoulder],
        positions[:, shoulder] + np.einsum("tij,tj->ti", chest, target),
        upper,
        fore,
        np.einsum("tij,tj->ti", chest, hint),
    )


def _axes(across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """(T, 3, 3) with columns left, up and forward, of a direction to the left and one upward (T, 3)."""
    upward = _unit(up)
    forward = _unit(np.cross(across, upward))
    return np.stack([np.cross(upward, forward), upward, forward], -1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6))


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
    count = _write(out / "gestures", _invented(seed))
    for source, (upright, walking) in _bodies(people).items():
        shown = list(_shown(upright, walking, np.random.default_rng([seed, *source.encode()])))
        count += _write(out / f"{source}_gestures", shown) if shown else 0
    return count


def _invented(seed: int) -> list[tuple[str, Motion]]:
    shown = []
    for number, action in enumerate(GESTURES):
        for take in range(INVENTED if action not in WALKING else 0):
            random = np.random.default_rng([seed, number, take])
            motion = make_motion([plan(action, random)], random)[0]
            shown.append((action, motion.resample(FPS)))
    return shown


def _bodies(people: Path) -> dict[str, tuple[list[np.ndarray], list[np.ndarray]]]:
    """For each source the recordings of standing and of walking bodies, of people who train."""
    chosen = choose(read_selection(people))
    entries = [each.entry for each in chosen.recordings]
    training = {entry.name for entry in split_by_person(entries, chosen.selection.val, chosen.selection.test)["train"]}
    bodies: dict[str, tuple[list[np.ndarray], list[np.ndarray]]] = defaultdict(lambda: ([], []))
    for each in chosen.recordings:
        if each.entry.name not in training:
            continue
        motion = to_canonical(read_motion(each.arrays, each.fps, each.entry.number, each.entry.name)).resample(FPS)
        part = standing(motion.positions)
        if len(part) >= LEAST:
            bodies[each.entry.source][0].append(part)
        if each.meanings and each.meanings[0].action == "walk" and motion.frames >= LEAST:
            bodies[each.entry.source][1].append(motion.positions)
    return bodies


def _shown(
    upright: Sequence[np.ndarray], walking: Sequence[np.ndarray], random: np.random.Generator
) -> Iterator[tuple[str, Motion]]:
    for action in GESTURES:
        bases = walking if action in WALKING else upright
        for _ in range(EACH if len(bases) else 0):
            positions = on_body(bases[int(random.integers(len(bases)))], plan(action, random), random)
            yield action, Motion(positions, FPS, CANONICAL)


def _write(path: Path, shown: Sequence[tuple[str, Motion]]) -> int:
    clips = [
        {"id": f"{action.replace(' ', '_')}_{number}", "label": action} for number, (action, _) in enumerate(shown)
    ]
    write_source(
        path, {"source": path.name, "about": "gestures drawn by motion2language"}, clips, [m for _, m in shown]
    )
    return len(shown)


if __name__ == "__main__":
    print(f"{sys.argv[2]}: {write(Path(sys.argv[1]), Path(sys.argv[2]))} recordings of gestures")
