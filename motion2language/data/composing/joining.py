"""Joining takes of clips into one motion: each is turned and moved to go on where the previous one ended.

A clip begins where the previous one ended: with its heading (across the hips, about the vertical) and at its place (of
the root, on the ground). A short blend connects the two poses, and limbs keep their lengths. During a pause the last
pose is held, with the noise of a recording. An action ends and the next begins in the middle of the blend; with a pause
between them the action ends with its clip, and the pause lasts to that middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from motion2language.body import JointMap
from motion2language.data.composing.recipe import Plan, Recipe, Take
from motion2language.motion import CANONICAL, Motion

_HIPS = [CANONICAL.index("left_hip"), CANONICAL.index("right_hip")]


@dataclass(frozen=True, eq=False)
class Composed:
    """positions (T, J, 3), metres; spans: each action's first frame and the frame after its last."""

    positions: np.ndarray
    spans: tuple[tuple[int, int], ...]


def compose(
    plan: Plan, motions: Mapping[str, Motion], body: JointMap, recipe: Recipe, fps: float, random: np.random.Generator
) -> Composed:
    """The motion of a plan at `fps` frames per second, its first frame above the origin.

    motions  name of a clip -> its recording
    body     finds the hips among the clips' joints
    """
    before, *between, after = (round(pause * fps) for pause in plan.pauses)
    count = max(1, round(recipe.blend * fps))
    first = _frames(plan.takes[0], motions, fps)
    first -= first[0, 0] * np.array([1, 0, 1])
    pieces = [hold(first[0], before, recipe.noise, random), first]
    spans = [(before, before + len(first))]
    for take, pause in zip(plan.takes[1:], between, strict=True):
        last, end = pieces[-1][-1], spans[-1][1]
        frames = _continue_from(_frames(take, motions, fps), last, body)
        pause_frames = hold(last, max(0, pause - count // 2), recipe.noise, random)
        pieces += [pause_frames, blend(last, frames[0], count, body.skeleton.parents), frames]
        middle = end + len(pause_frames) + count // 2
        if not pause:
            spans[-1] = (spans[-1][0], middle)
        spans.append((middle, end + len(pause_frames) + count + len(frames)))
    pieces.append(hold(pieces[-1][-1], after, recipe.noise, random))
    return Composed(np.concatenate(pieces).astype(np.float32), tuple(spans))


def _frames(take: Take, motions: Mapping[str, Motion], fps: float) -> np.ndarray:
    """The part of the clip, played at its tempo."""
    whole = motions[take.clip.name]
    start = take.start * whole.duration
    part = whole.clip(start, start + take.share * whole.duration)
    return replace(part, fps=part.fps * take.speed).resample(fps).positions.astype(np.float64)


def hold(pose: np.ndarray, count: int, noise: float, random: np.random.Generator) -> np.ndarray:
    """`count` frames of a pose, with the noise of a recording: `noise` metres, the deviation of each coordinate."""
    return pose + random.normal(0, noise, (count, *pose.shape))


def _continue_from(frames: np.ndarray, last: np.ndarray, body: JointMap) -> np.ndarray:
    """Frames (T, J, 3), turned about the vertical and moved along the ground to begin at the pose `last`."""
    now, wanted = (np.subtract(*body.apply(pose[None])[0, _HIPS]) for pose in (frames[0], last))
    return continue_from(frames, last, now, wanted)


def continue_from(frames: np.ndarray, last: np.ndarray, now: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Frames (T, J, 3), moved along the ground to begin at the pose `last`, and turned about the vertical.

    now, wanted  (3,) across the hips, from right to left, in the first frame and in `last`
    """
    before, after = complex(now[0], now[2]), complex(wanted[0], wanted[2])
    turn = after / before if abs(before) > 1e-3 and abs(after) > 1e-3 else 1.0 + 0j  # lying on the side: no heading
    around = (frames - frames[0, 0])[..., 0] + 1j * (frames - frames[0, 0])[..., 2]
    around *= turn / abs(turn)
    return np.stack((around.real + last[0, 0], frames[..., 1], around.imag + last[0, 2]), axis=-1)


def blend(start: np.ndarray, end: np.ndarray, count: int, parents: tuple[int, ...]) -> np.ndarray:
    """`count` poses between two: joints move in straight lines, then bones get lengths between those of the two."""
    shares = (np.arange(1, count + 1) / (count + 1))[:, None]
    straight = (1 - shares[..., None]) * start + shares[..., None] * end
    result = straight.copy()
    for joint, parent in enumerate(parents[1:], start=1):
        bone = straight[:, joint] - straight[:, parent]
        lengths = [np.linalg.norm(pose[joint] - pose[parent]) for pose in (start, end)]
        wanted = (1 - shares) * lengths[0] + shares * lengths[1]
        result[:, joint] = result[:, parent] + bone * wanted / np.maximum(
            np.linalg.norm(bone, axis=-1, keepdims=True), 1e-9
        )
    return result
