"""Gestures of the hands: each a table of the poses that a hand goes through, drawn in as many manners as people have.

Labelled recordings show most actions of the hands with one sensor only: sixteen pushes, none of them seen by a second
one. A gesture is drawn on an invented body, or on a recorded one (on_bodies.py), whose sensor then shows it.

Angles are radians: azimuth 0 ahead and positive outward, elevation 0 level and negative down, reach a share of the
arm's length. All numbers are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion2language.data.synthesis.actions import REST
from motion2language.data.synthesis.body import SIDES
from motion2language.data.synthesis.stage import Plan, Stage, bell, ease

Pose = tuple[float, float, float]  # azimuth, elevation, reach
Key = tuple[float, Pose, float]  # share of the gesture's time, pose of the hand, effort of the trunk

REST_POSE: Pose = (REST["azimuth"], REST["elevation"], REST["reach"])
GUARD, LOW_GUARD = (0.0, -0.15, 0.47), (0.0, -0.7, 0.47)
HIPS, CHEST = (0.55, -0.95, 0.5), (0.1, -0.2, 0.45)
MANNER = np.array([0.2, 0.2, 0.06])  # standard deviation of a person's poses from the table's
SLIP = np.array([0.12, 0.12, 0.04])  # of each pose from the person's
STAYS = 0.7  # how often who has a hand at the ready has it there all the time
AHEAD = 0.5, 0.5  # how much farther ahead elbows point than of arms that hang: mean and standard deviation
SWING = np.array([0.8, 0.8, 0.25])  # of the idle arm, for each radian that the hips turn


@dataclass(frozen=True)
class Beat:
    """A hand swaying about its pose: amplitudes, the fewest and the most beats a second, the elevation's phase."""

    azimuth: float
    elevation: float
    reach: float
    rate: tuple[float, float]
    phase: float = 0.0


@dataclass(frozen=True)
class Gesture:
    """The poses of the acting hand, and what the trunk does.

    seconds  shortest and longest
    keys     between them the hand moves smoothly; it comes from where it hangs, or is at the ready, and goes back there
    both     how often both hands do it alike
    ready    where a hand is while it does nothing, often before and after too; None: it hangs
    beat     how the hand sways, if it does
    twist, pitch, bend, nod, sink  of the trunk at an effort of 1; twist is towards the acting hand's other side, sink a
             share of the leg
    turn     of the hips, as twist; the idle arm swings with it
    elbows   how much farther out than of arms that hang elbows point on average
    stance   how far one foot stands before the other, a share of the leg
    """

    seconds: tuple[float, float]
    keys: tuple[Key, ...]
    both: float = 0.0
    ready: Pose | None = None
    beat: Beat | None = None
    twist: float = 0.0
    pitch: float = 0.0
    bend: float = 0.0
    nod: float = 0.0
    sink: float = 0.0
    turn: float = 0.0
    elbows: float = 0.3
    stance: float = 0.0


def plan(action: str, random: np.random.Generator) -> Plan:
    """One of an action's gestures in a manner of its own; KeyError for an action that is not in GESTURES."""
    choices = GESTURES[action]
    return _plan(choices[int(random.integers(len(choices)))], random)


def _plan(gesture: Gesture, random: np.random.Generator) -> Plan:
    seconds, acting = random.uniform(*gesture.seconds), str(random.choice(["left", "right"]))
    sides = tuple(SIDES) if random.random() < gesture.both else (acting,)
    ready, stays = np.array(gesture.ready or REST_POSE), False
    if gesture.ready:
        ready, stays = ready + random.normal(size=3) * MANNER, random.random() < STAYS
    ramp = min(0.4, random.uniform(0.25, 0.6) / seconds)
    manner = random.normal(size=3) * MANNER
    poses = [np.array(pose) + manner + random.normal(size=3) * SLIP for _, pose, _ in gesture.keys]
    shares = [ramp + (share + random.uniform(-0.02, 0.02)) * (1 - 2 * ramp) for share, _, _ in gesture.keys]
    times = np.maximum.accumulate(np.clip([0, *shares, 1], 0, 1))
    efforts = [0.0, *(effort for _, _, effort in gesture.keys), 0.0]
    turn, swing = gesture.turn * random.uniform(0, 1.6), gesture.turn * random.normal(size=3) * SWING
    strength, stance = random.uniform(0.65, 1.4, 5), gesture.stance * random.uniform(0, 1.5)
    size, rate = random.uniform(0.6, 1.6), random.uniform(*gesture.beat.rate) if gesture.beat else 0.0
    way = float(random.choice([-1.0, 1.0]))
    foot, elbows = str(random.choice(["left", "right"])), random.exponential(gesture.elbows)
    ahead = random.normal(*AHEAD)

    def draw(stage: Stage, start: float) -> None:
        count = round(seconds * stage.fps)
        begin, apart = (ready, np.ones(count)) if stays else (np.array(REST_POSE), bell(count, ramp, ramp))
        hand = through(count, times, [begin, *poses, begin])
        inner = bell(count, min(0.5, 1.3 * ramp), min(0.5, 1.3 * ramp))
        if gesture.beat:
            hand += size * inner[:, None] * _sway(gesture.beat, count, stage.fps, way * rate)
        hand[:, 2] = np.clip(hand[:, 2], 0.27, 0.99)
        effort = through(count, times, [np.array([each]) for each in efforts])[:, 0]
        still = REST_POSE + (ready - REST_POSE) * apart[:, None] + swing * effort[:, None]
        still[:, 2] = np.clip(still[:, 2], 0.27, 0.99)
        lower = gesture.pitch * strength[0] + gesture.bend * strength[1]
        for side in SIDES:
            own = hand if side in sides else still
            for column, name in enumerate(("azimuth", "elevation", "reach")):
                stage.add(f"{side}_{name}", start, own[:, column] - REST[name])
            stage.add(f"{side}_elbow", start, elbows * apart)
            stage.add(f"{side}_elbow_ahead", start, ahead * apart)
            stage.add(f"{side}_swing", start, 0.6 * lower * np.clip(effort, 0, 1) * (gesture.bend > 0))
        if stays:
            _stay(stage, (round(start), round(start) + count), ready, elbows, ahead)
        if len(sides) == 1:
            stage.add("twist", start, -SIDES[acting] * gesture.twist * strength[2] * effort)
            stage.add("turn", start, np.gradient(-SIDES[acting] * turn * effort) * stage.fps)
        stage.add("pitch", start, gesture.pitch * strength[0] * effort)
        stage.add("bend", start, gesture.bend * strength[1] * effort)
        stage.add("nod", start, gesture.nod * strength[3] * np.abs(effort))
        stage.add("rise", start, -gesture.sink * strength[4] * stage.body.leg * np.clip(effort, 0, 1))
        stage.add(f"{foot}_foot_forward", start, stance * stage.body.leg * inner)

    return Plan(seconds, draw, side="both" if len(sides) == 2 else acting)


def _stay(stage: Stage, gesture: tuple[int, int], ready: np.ndarray, elbows: float, ahead: float) -> None:
    """Both hands at the ready before and after the frames of a gesture."""
    away = np.ones(stage.frames)
    away[slice(*gesture)] = 0
    pose = np.array([*ready, REST["elbow"] + elbows, REST["elbow_ahead"] + ahead])
    for side in SIDES:
        for value, name in zip(pose, ("azimuth", "elevation", "reach", "elbow", "elbow_ahead"), strict=True):
            stage.add(f"{side}_{name}", 0, (value - REST[name]) * away)


def through(frames: int, times: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
    """(frames, K) from value to value (K,), each reached at its share of the time, without a jump in speed."""
    share = (np.arange(frames) + 0.5) / frames
    path = np.repeat(values[0][None], frames, 0)
    for low, high, before, after in zip(times[:-1], times[1:], values[:-1], values[1:], strict=True):
        path = path + ease((share - low) / max(high - low, 1e-6))[:, None] * (after - before)
    return np.asarray(path)


def _sway(beat: Beat, frames: int, fps: float, rate: float) -> np.ndarray:
    turn = 2 * np.pi * rate * np.arange(frames) / fps
    return np.stack(
        [beat.azimuth * np.sin(turn), beat.elevation * np.sin(turn + beat.phase), beat.reach * np.sin(turn)], 1
    )


def _held(azimuth: float, elevation: float, reach: float, effort: float = 1.0) -> tuple[Key, ...]:
    """A pose that is kept."""
    pose = azimuth, elevation, reach
    return (0.0, pose, effort), (1.0, pose, effort)


def _strike(before: Pose, at: Pose, ready: Pose | None, elbows: float, wide: bool = False) -> Gesture:
    """Out of `before` into `at`, and back, or in a wide bow back; the hips turn into it."""
    rest = ready or REST_POSE
    keys = (0.1, rest, 0.0), (0.3, before, -0.4), (0.5, at, 1.0), (0.7, at, 1.0)
    back = ((0.82, (0.9, -0.3, 0.6), 0.6), (1.0, rest, 0.0)) if wide else ((1.0, rest, 0.0),)
    return Gesture(
        (0.8, 2.3), keys + back, ready=ready, twist=0.5, turn=0.35, pitch=0.12, sink=0.06, elbows=elbows, stance=0.45
    )


def _back_fist(ready: Pose | None, low: bool) -> Gesture:
    """From before the other side of the body, high or low, in a bow out and up to the side; the hips open with it."""
    before, between = ((-1.0, -0.6, 0.5), (0.1, 0.0, 0.75)) if low else ((-1.0, 0.05, 0.5), (0.2, 0.35, 0.75))
    keys = (0.08, ready or REST_POSE, 0.0), (0.38, before, -0.8), (0.52, between, 0.1), (0.64, (1.25, 0.3, 0.95), 0.9)
    last = (0.74, (1.3, 0.0, 0.93), 0.9), (0.9, (0.8, -0.6, 0.75), 0.4), (1.0, ready or REST_POSE, 0.0)
    return Gesture(
        (1.1, 2.6), (*keys, *last), ready=ready, twist=-0.4, turn=-0.5, pitch=0.05, sink=0.06, elbows=0.7, stance=0.45
    )


def _strikes() -> tuple[Gesture, ...]:
    """Straight, hooked and upward punches, with the back of the fist, with the elbow; from five ways of standing."""
    straight: tuple[Pose | None, Pose, float] = (None, (-0.05, 0.0, 0.92), 0.3)
    hooked = (1.1, 0.0, 0.7), (-0.4, 0.05, 0.65), 1.2
    others = (
        hooked,
        ((0.2, -1.0, 0.6), (-0.15, 0.5, 0.62), 0.3),
        ((0.9, -0.2, 0.33), (-0.55, 0.2, 0.34), 1.2),
    )
    found: list[Gesture] = []
    for ready in (GUARD, LOW_GUARD, LOW_GUARD, HIPS, None):
        for before, at, elbows in (straight, straight, *others):
            found.append(_strike(before or ready or CHEST, at, ready, elbows))
        for before, at, elbows in (straight, hooked):
            found.append(_strike(before or ready or CHEST, at, ready, elbows + 0.5, wide=True))
        found += (_back_fist(ready, low) for low in (False, True))
    return tuple(found)


def _throw(back: Pose, release: Pose, end: Pose, twist: float, both: float = 0.0) -> Gesture:
    keys = (0.3, back, -0.8), (0.55, release, 0.6), (0.72, end, 1.0), (0.8, end, 1.0)
    return Gesture((0.9, 2.4), keys, both=both, twist=twist, turn=0.6 * twist, pitch=0.2, elbows=0.6, stance=0.25)


def _toss(low: float) -> Gesture:
    """A small throw out of the elbow; the hand stays ahead."""
    keys = (0.25, (0.5, 0.2, 0.4), -0.4), (0.45, (0.05, 0.1, 0.9), 0.6), (0.55, (0.0, low, 0.88), 0.8)
    return Gesture((0.8, 2.2), (*keys, (0.8, (0.0, low, 0.85), 0.6)), twist=0.25, turn=0.2, pitch=0.15, stance=0.2)


def _bent(seconds: tuple[float, float], keys: tuple[Key, ...], both: float) -> Gesture:
    """Down with straight legs."""
    return Gesture(seconds, keys, both, pitch=0.95, bend=0.55, nod=0.2, sink=0.05, stance=0.15)


def _low(seconds: tuple[float, float], keys: tuple[Key, ...], twist: float = 0.0) -> Gesture:
    """Down with bent knees, one foot before the other."""
    return Gesture(seconds, keys, 0.35, twist=twist, pitch=0.45, bend=0.3, nod=0.1, sink=0.55, stance=0.35)


def _squatting(seconds: tuple[float, float], keys: tuple[Key, ...], twist: float) -> Gesture:
    """Down with an upright trunk."""
    return Gesture(seconds, keys, 0.35, twist=twist, pitch=0.2, bend=0.15, nod=0.15, sink=0.75, stance=0.2)


_LOW, _BEFORE = (0.05, -1.25, 0.93), (0.1, -0.7, 0.6)
_LOW_ASIDE, _LOW_ACROSS = (0.9, -1.1, 0.93), (-0.8, -1.05, 0.9)
_AHEAD, _TO_BODY = (0.0, -0.05, 0.94), (0.4, -0.5, 0.45)
_QUARTER = np.pi / 2
#: The gestures of each action of the table (data/actions.toml); all as likely, so that one that stands twice is drawn
#: twice as often.
GESTURES: dict[str, tuple[Gesture, ...]] = {
    "punch": _strikes(),
    "push": (
        Gesture((1.0, 2.8), ((0.15, CHEST, 0), (0.55, _AHEAD, 1), (0.8, _AHEAD, 1)), 0.75,
                pitch=0.2, twist=0.2, stance=0.2),
        Gesture((0.9, 2.2), ((0.1, CHEST, 0), (0.5, _AHEAD, 1), (0.9, CHEST, 0)), 0.75, pitch=0.15),
        Gesture((0.9, 2.0), ((0.15, CHEST, 0), (0.55, _AHEAD, 1), (0.8, _AHEAD, 1)), 0.1, twist=0.25, stance=0.2),
    ),
    "pull": (
        Gesture((1.0, 2.8), ((0.1, _AHEAD, -0.5), (0.3, _AHEAD, -0.5), (0.65, _TO_BODY, 1),
                             (0.85, _TO_BODY, 1)), 0.6, twist=-0.4, pitch=-0.2, stance=0.2),
    ),
    "throw": (
        _throw((1.1, 0.6, 0.68), (0.05, 0.5, 0.9), (-0.3, -0.75, 0.9), 0.5),
        _throw((1.1, 0.6, 0.68), (0.05, 0.5, 0.9), (-0.3, -0.75, 0.9), 0.5),
        _throw((0.6, -1.9, 0.9), (0.05, -0.1, 0.93), (0.0, 0.5, 0.85), 0.3),
        _throw((1.5, 0.0, 0.8), (0.35, 0.05, 0.93), (-0.6, -0.2, 0.85), 0.6),
        _throw((0.3, 1.3, 0.6), (0.0, 0.5, 0.93), (0.0, -0.5, 0.93), 0.0, both=1.0),
        _toss(-0.1),
        _toss(-0.5),
    ),
    "pick up": (
        _bent((1.4, 3.4), ((0.4, _LOW, 1), (0.55, _LOW, 1), (1, _BEFORE, 0)), 0.5),
        _bent((1.4, 3.4), ((0.4, _LOW, 1), (0.55, _LOW, 1), (1, REST_POSE, 0)), 0.4),
        Gesture((1.4, 3.4), ((0.4, _LOW, 1), (0.55, _LOW, 1), (1, _BEFORE, 0)), 0.6, pitch=0.6, bend=0.35, sink=0.4,
                stance=0.15),
        *(_low((1.4, 3.6), ((0.4, _LOW, 1), (0.55, _LOW, 1), (1, last, 0))) for last in (_BEFORE, REST_POSE)),
        *(way((1.4, 3.6), ((0.4, at, 1), (0.55, at, 1), (1, last, 0)), twist)
          for way in (_low, _squatting) for last in (_BEFORE, REST_POSE)
          for at, twist in ((_LOW_ASIDE, -0.4), (_LOW_ACROSS, 0.4))),
    ),
    "put down": (
        _bent((1.4, 3.4), ((0, _BEFORE, 0), (0.45, _LOW, 1), (0.6, _LOW, 1), (1, REST_POSE, 0)), 0.5),
        Gesture((1.4, 3.4), ((0, _BEFORE, 0), (0.45, _LOW, 1), (0.6, _LOW, 1), (1, REST_POSE, 0)), 0.6, pitch=0.6,
                bend=0.35, sink=0.4),
        _low((1.4, 3.6), ((0, _BEFORE, 0), (0.45, _LOW, 1), (0.6, _LOW, 1), (1, REST_POSE, 0))),
    ),
    "carry": (Gesture((2.5, 6.0), _held(0.05, -0.6, 0.6, 0.0), 0.75),),
    "drink": (
        Gesture((1.5, 4.5), _held(-0.35, 0.32, 0.4), nod=-0.25),
        Gesture((2.0, 5.0), ((0, _BEFORE, 0), (0.2, _BEFORE, 0), (0.45, (-0.35, 0.32, 0.4), 1),
                             (0.75, (-0.35, 0.32, 0.4), 1), (1, _BEFORE, 0)), nod=-0.25),
    ),
    "eat": (
        Gesture((1.5, 4.0), ((0, (-0.2, -0.6, 0.6), 0), (0.35, (-0.35, 0.3, 0.38), 1), (0.6, (-0.35, 0.3, 0.38), 1),
                             (1, (-0.2, -0.6, 0.6), 0)), nod=0.1),
    ),
    "phone": (Gesture((2.0, 6.0), _held(0.4, 0.55, 0.34), nod=0.05),),
    "hands to the head": (Gesture((1.2, 4.0), _held(0.8, 0.7, 0.4), 1.0),),
    "wave": (
        Gesture((1.2, 5.0), _held(0.6, 0.8, 0.7), 0.2, beat=Beat(0.35, 0.1, 0.03, (0.9, 2.5), 1.0)),
        Gesture((1.2, 5.0), _held(0.6, 1.0, 0.85), 1.0, beat=Beat(0.35, 0.15, 0.03, (0.5, 2.4), 1.0)),
        Gesture((1.2, 5.0), _held(0.8, 0.5, 0.8), 1.0, beat=Beat(0.3, 0.35, 0.03, (0.5, 2.4), 1.0)),
        Gesture((1.5, 6.0), _held(0.8, 0.45, 0.85), 1.0, beat=Beat(0.6, 0.65, 0.05, (0.4, 1.4), np.pi)),
        Gesture((1.5, 6.0), _held(0.3, 0.9, 0.75), 1.0, beat=Beat(0.7, 0.3, 0.05, (0.4, 1.4), np.pi)),
    ),
    "raise": (Gesture((1.0, 3.5), _held(0.5, 1.2, 0.95), 0.5),),
    "reach high": (Gesture((1.2, 3.5), _held(0.1, 1.35, 0.98), 0.5, nod=-0.3),),
    "point": (Gesture((1.0, 3.5), _held(0.2, 0.0, 0.95)),),
    "signal stop": (Gesture((1.0, 3.0), _held(0.1, 0.05, 0.9), 0.2),),
    "push a button": (Gesture((0.9, 2.2), ((0, (0, 0, 0.7), 0), (0.45, (0, 0, 0.95), 1), (1, (0, 0, 0.7), 0))),),
    "knock": (Gesture((1.0, 2.6), _held(0.1, 0.15, 0.68), beat=Beat(0.02, 0.05, 0.1, (2.0, 4.5))),),
    "swipe": (
        Gesture((0.9, 2.2), ((0.1, (1.05, 0.05, 0.8), -0.5), (0.65, (-0.5, 0.05, 0.75), 1)), twist=0.15),
        Gesture((0.9, 2.2), ((0.1, (-0.5, 0.05, 0.75), 0.5), (0.65, (1.05, 0.05, 0.8), -1)), twist=0.15),
    ),
    "clap": (Gesture((1.2, 4.0), _held(-0.02, -0.2, 0.7), 1.0, beat=Beat(0.32, 0.0, 0.0, (1.5, 3.5))),),
    "catch": (
        Gesture((0.9, 2.2), ((0, (0.1, -0.1, 0.9), 0), (0.35, (0.1, -0.1, 0.9), 0), (0.7, (-0.1, -0.5, 0.5), 1),
                             (1, (-0.1, -0.5, 0.5), 1)), 0.8, pitch=0.1),
    ),
    "draw a circle": (Gesture((1.5, 4.0), _held(0, 0.2, 0.8), beat=Beat(0.45, 0.45, 0, (0.4, 1.1), _QUARTER)),),
    "draw an x": (
        Gesture((1.3, 3.5), ((0, (-0.5, 0.6, 0.85), 0), (0.35, (0.5, -0.4, 0.85), 0), (0.6, (0.5, 0.6, 0.85), 0),
                             (1, (-0.5, -0.4, 0.85), 0))),
    ),
    "draw a tick": (
        Gesture((1.0, 2.6), ((0, (-0.4, 0.3, 0.85), 0), (0.4, (-0.1, -0.3, 0.85), 0), (1, (0.5, 0.6, 0.9), 0))),
    ),
    "draw a triangle": (
        Gesture((1.5, 4.0), ((0, (0, 0.7, 0.85), 0), (0.33, (0.5, -0.3, 0.85), 0), (0.66, (-0.5, -0.3, 0.85), 0),
                             (1, (0, 0.7, 0.85), 0))),
    ),
    "circle the arms": (Gesture((1.5, 5.0), _held(0.9, 0.2, 0.97), 0.7, beat=Beat(0.5, 1.0, 0, (0.4, 1.2), _QUARTER)),),
    "cross the arms": (Gesture((1.2, 4.0), _held(-0.7, -0.4, 0.5), 1.0),),
    "serve in tennis": (
        Gesture((1.3, 2.6), ((0, (0.6, -0.2, 0.7), 0), (0.4, (1.2, 0.7, 0.5), -1), (0.65, (0.1, 1.1, 0.97), 0.3),
                             (1, (-0.5, -0.8, 0.8), 1)), twist=0.35, turn=0.3, pitch=0.15, stance=0.2),
    ),
    "swing a racket": (
        Gesture((0.9, 2.0), ((0, (1.4, -0.3, 0.9), -0.8), (0.3, (1.5, -0.2, 0.9), -1), (0.75, (-0.4, 0.3, 0.9), 0.7),
                             (1, (-0.8, 0.6, 0.6), 1)), twist=0.6, turn=0.5, stance=0.2),
    ),
    "swing a bat": (
        Gesture((1.0, 2.2), ((0, (0.7, 0.1, 0.5), -0.8), (0.3, (0.8, 0.1, 0.5), -1), (0.6, (-0.1, -0.2, 0.85), 0.6),
                             (1, (-0.8, 0.3, 0.7), 1)), twist=0.9, turn=0.7, stance=0.25),
    ),
    "read": (Gesture((2.5, 6.0), _held(-0.15, -0.5, 0.55), 1.0, nod=0.3),),
    "type": (Gesture((2.5, 6.0), _held(0, -0.8, 0.65), 1.0, beat=Beat(0.02, 0.05, 0.02, (2.0, 4.0), 1.0)),),
    "play the guitar": (Gesture((2.0, 6.0), _held(-0.2, -0.7, 0.5), 1.0, beat=Beat(0.05, 0.12, 0, (1.5, 4.0), 1.0)),),
    "beat time": (Gesture((2.0, 5.0), _held(0.2, -0.1, 0.6), 1.0, beat=Beat(0.25, 0.35, 0, (0.7, 1.6), 1.0)),),
    "shoot a gun": (Gesture((1.2, 3.5), _held(-0.15, 0.0, 0.9), 0.8, beat=Beat(0, 0.06, 0.03, (1.0, 2.0))),),
}  # fmt: skip
