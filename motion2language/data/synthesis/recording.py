"""One synthetic recording: a sequence of actions with pauses, its sentences, and the exact time of each action."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion2language.data.synthesis.actions import REST
from motion2language.data.synthesis.body import SIDES, Body, pose
from motion2language.data.synthesis.phrases import ACTIONS, sentence
from motion2language.data.synthesis.stage import Plan, Stage, ease
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Caption, Segment


@dataclass(frozen=True, eq=False)
class Recording:
    """A motion, sentences that are true of it, and its actions with their times (label = verb)."""

    motion: Motion
    captions: tuple[Caption, ...]
    segments: tuple[Segment, ...]


def make_recording(
    seed: int | list[int], actions: tuple[str, ...] | None = None, fps: float = 30.0, name: str = ""
) -> Recording:
    """The recording of a seed: 1 to 4 random actions (or those named), three sentences, exact segments.

    actions  keys of phrases.ACTIONS, in order
    """
    random = np.random.default_rng(seed)
    if actions is None:
        count = int(random.choice([1, 2, 3, 4], p=[0.25, 0.35, 0.25, 0.15]))
        actions = tuple(str(action) for action in random.choice(list(ACTIONS), count))
    unknown = [action for action in actions if action not in ACTIONS]
    if unknown or not actions:
        raise ValueError(f"unknown actions {', '.join(unknown) or '(none given)'}; there are {', '.join(ACTIONS)}")
    plans = [ACTIONS[action].plan(random) for action in actions]
    motion, spans = make_motion(plans, random, fps, name)
    captions = tuple(Caption(sentence(actions, plans, random)) for _ in range(3))
    segments = tuple(
        Segment(start, min(end, motion.duration), ACTIONS[action].verb)
        for action, (start, end) in zip(actions, spans, strict=True)
    )
    return Recording(motion, captions, segments)


def make_motion(
    plans: list[Plan], random: np.random.Generator, fps: float = 30.0, name: str = "", body: Body | None = None
) -> tuple[Motion, list[tuple[float, float]]]:
    """A motion of planned actions in order, and start and end of each in seconds; `body` None is a random one."""
    spans, end = _schedule(plans, random)
    stage = Stage(body or Body.random(random), max(2, round(end * fps)), fps)
    for plan, (start, _) in zip(plans, spans, strict=True):
        plan.draw(stage, round(start * fps))
    positions = pose_stage(stage, random)
    positions += random.normal(0, random.uniform(0, 0.002), positions.shape)
    return Motion(positions, fps, CANONICAL, name), spans


def pose_stage(stage: Stage, random: np.random.Generator) -> np.ndarray:
    """Joint positions (T, 21, 3) of a stage whose actions are drawn: how this person holds themselves comes on top."""
    _manner(stage, random)
    return pose(stage.body, _channels(stage, random))


def _schedule(plans: list[Plan], random: np.random.Generator) -> tuple[list[tuple[float, float]], float]:
    """Start and end of each action in seconds, with pauses before, between and after, and the recording's end."""
    time = random.uniform(0, 1.2) if random.random() < 0.6 else 0.0
    spans = []
    for plan in plans:
        spans.append((time, time + plan.seconds))
        time += plan.seconds + (random.uniform(0.2, 1.6) if random.random() < 0.3 else 0.0)
    tail = random.uniform(0, 1.2) if random.random() < 0.6 else 0.0
    return spans, spans[-1][1] + tail


def _manner(stage: Stage, random: np.random.Generator) -> None:
    """How this person holds themselves throughout: stoop, arms, breath."""
    time = np.arange(stage.frames) / stage.fps
    stage.add("bend", 0, np.full(stage.frames, random.normal(0.05, 0.1)))
    stage.add("nod", 0, np.full(stage.frames, random.normal(0, 0.12)))
    stage.add("lean", 0, 0.01 * np.sin(2 * np.pi * random.uniform(0.1, 0.3) * time + random.uniform(0, 6)))
    stage.add("rise", 0, 0.003 * np.sin(2 * np.pi * random.uniform(0.2, 0.4) * time))
    hang_arms(stage, random)


def hang_arms(stage: Stage, random: np.random.Generator) -> None:
    """How this person's arms hang, or are held, besides what they do."""
    for side in SIDES:
        stage.add(f"{side}_reach", 0, np.full(stage.frames, -abs(random.normal(0, 0.06))))
        stage.add(f"{side}_elevation", 0, np.full(stage.frames, random.normal(0.1, 0.1)))
        stage.add(f"{side}_azimuth", 0, np.full(stage.frames, random.normal(0, 0.2)))


def _channels(stage: Stage, random: np.random.Generator) -> dict[str, np.ndarray]:
    """The channels of body.pose: the path integrated, feet planted, hands offset from rest."""
    channel, body = stage.channel, stage.body
    heading = random.uniform(-np.pi, np.pi) + np.cumsum(channel("turn")) / stage.fps
    ahead = np.stack((np.sin(heading), np.zeros_like(heading), np.cos(heading)), -1)
    left = np.stack((np.cos(heading), np.zeros_like(heading), -np.sin(heading)), -1)
    speed = ahead * (channel("forward") + channel("slide"))[:, None] + left * channel("aside")[:, None]
    path = np.cumsum(speed, axis=0) / stage.fps + random.uniform(-2, 2, 3) * np.array([1, 0, 1])
    root = path - ahead * channel("back")[:, None] + left * channel("weight")[:, None]
    root[:, 1] = body.pelvis_height + channel("rise")
    result = {name: channel(name) for name in ("pitch", "roll", "bend", "twist", "lean", "nod")}
    result |= {"root": root, "heading": heading}
    width = random.uniform(0.8, 1.7)
    splay = random.uniform(0.0, 0.3)
    for side, sign in SIDES.items():
        result |= {f"{side}_{name}": values for name, values in hand_channels(stage, side).items()}
        stance = path + left * (sign * body["hip"] * width)
        ankle, yaw, down = _feet(stage, side, stance, heading)
        ankle += ahead * channel(f"{side}_foot_forward")[:, None]
        ankle += left * (sign * channel(f"{side}_foot_out"))[:, None]
        ankle[:, 1] += body["ankle"] + channel(f"{side}_foot_up") + channel("air")
        result[f"{side}_ankle"] = ankle
        result[f"{side}_toe"] = yaw + sign * splay
        result[f"{side}_toe_down"] = down + channel(f"{side}_toe_down") + 0.6 * np.clip(channel("air") / 0.1, 0, 1)
    return result


def hand_channels(stage: Stage, side: str) -> dict[str, np.ndarray]:
    """The channels of a hand as body.wrist_around takes them."""
    return {name: rest + stage.channel(f"{side}_{name}") for name, rest in REST.items()}


def _feet(
    stage: Stage, side: str, stance: np.ndarray, heading: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A foot's path over the ground: planted between steps, under the body at the middle of each stance.

    Returns positions (T, 3) with y its height above standing, yaw (T,) and downward pitch of the toes (T,).
    Flights without a step (jumps) carry the foot along.
    """
    steps = [step for step in stage.steps if step[0] == side]
    last = stage.frames - 1
    carried = np.cumsum(stage.channel("slide") * (stage.channel("air") > 0)) / stage.fps
    lifts = [step[1] for step in steps] + [float(last)]
    lands = [0.0] + [step[2] for step in steps]
    middles = [round(min(last, 0.5 * (landed + lifted))) for landed, lifted in zip(lands, lifts, strict=True)]
    # Before the first and after the last step the foot is under the body.
    middles[0], middles[-1] = 0 if steps else middles[0], last if steps else middles[-1]
    stances, yaws = stance[middles], heading[middles]
    position, yaw = np.repeat(stances[:1], stage.frames, 0), np.repeat(yaws[:1], stage.frames)
    height, down = np.zeros(stage.frames), np.zeros(stage.frames)
    frames = np.arange(stage.frames)
    for index, (_, lifted, landed, lift) in enumerate(steps):
        share = (frames - lifted) / max(landed - lifted, 1e-6)
        going = ease(share)
        position += going[:, None] * (stances[index + 1] - stances[index])
        yaw += going * (yaws[index + 1] - yaws[index])
        swing = np.sin(np.pi * np.clip(share, 0, 1))
        height += lift * swing**2 * (1.3 - np.clip(share, 0, 1) * 0.6)
        down += 0.9 * np.sin(np.pi * np.clip(share, 0, 1)) ** 2 * (share < 0.6) * min(1.0, lift / 0.15)
    ahead = np.stack((np.sin(heading), np.zeros_like(heading), np.cos(heading)), -1)
    if not steps:
        position = position + ahead * (carried - carried[middles[0]])[:, None]
    position[:, 1] = height
    return position, yaw, down
