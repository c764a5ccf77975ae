"""Which part of a take shows its action, where its person rests, and with which arm or leg it is done.

A take's label says what happens in it, not when: people stand before and after, and many a take begins in the pose by
which a sensor finds the body, arms stretched to both sides. The core runs from the first to the last frame that moves.
All functions take positions (T, 21, 3) of the canonical body, metres, at a low rate (10 per second).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from motion2language.motion import CANONICAL

MOVING = 0.3  # share of the 95th percentile of speed from which a frame moves; a trial's choice
_REST_SPEED = 0.25  # leg lengths per second: mean joint speed below which a body rests; chosen
_SETTLED = 0.3  # seconds for which the arms hang after a calibration pose; chosen
_ASIDE = 0.8  # arm lengths that both wrists reach to the sides in a calibration pose; chosen
_HANGING = 0.6  # arm lengths that both wrists are below the shoulders of hanging arms; chosen
# Logarithms of left over right, of the path and of the deviation of wrists or ankles. Measured on 2,378 recordings
# whose labels name the side: 2,222 are told, all of them right.
ONE_SIDE, BOTH = 1.2, 0.12
_MOVED = 0.3  # trunk lengths by which a limb deviates at least, for "both"; chosen

Side = Literal["", "left", "right", "both"]
_INDEX = {name: number for number, name in enumerate(CANONICAL.joints)}


def leg_length(positions: np.ndarray) -> float:
    """Thigh and shin, the mean of both legs, each at its median over time."""
    lengths = [
        np.median(np.linalg.norm(positions[:, _INDEX[f"{side}_{a}"]] - positions[:, _INDEX[f"{side}_{b}"]], axis=-1))
        for side in ("left", "right")
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    ]
    return max(float(sum(lengths)) / 2, 1e-3)


def in_body_axes(positions: np.ndarray) -> np.ndarray:
    """Joints relative to the pelvis, in leg lengths, along the body's left, up and forward, (T, 21, 3)."""
    relative = (positions - positions[:, :1]).astype(np.float64)
    across = sum(
        relative[:, _INDEX[f"left_{part}"]] - relative[:, _INDEX[f"right_{part}"]] for part in ("hip", "shoulder")
    )
    left = np.asarray(across) * (1, 0, 1)
    left /= np.maximum(np.linalg.norm(left, axis=-1, keepdims=True), 1e-6)
    axes = np.stack([left, np.broadcast_to((0.0, 1.0, 0.0), left.shape), np.cross(left, (0.0, 1.0, 0.0))], axis=1)
    return np.einsum("tjk,tik->tji", relative, axes) / leg_length(positions)


def speed(body: np.ndarray, fps: float) -> np.ndarray:
    """Mean speed of the joints relative to the pelvis, (T,) leg lengths per second, of what `in_body_axes` gives."""
    steps = np.linalg.norm(np.diff(body, axis=0), axis=-1).mean(axis=-1) * fps
    return np.concatenate([steps[:1], steps]) if len(steps) else np.zeros(1)


def find_core(body: np.ndarray, fps: float) -> tuple[int, int]:
    """First frame and the frame after the last of the action, with one frame more at each end.

    body  as `in_body_axes` gives it
    A calibration pose at either end, with the way out of it or into it, does not count.
    """
    begin = _after_calibration(body, fps)
    end = len(body) - _after_calibration(body[::-1], fps)
    if end - begin < 2:
        begin, end = 0, len(body)
    values = speed(body[begin:end], fps)
    frames = begin + np.flatnonzero(values > MOVING * np.percentile(values, 95))
    if len(frames) < 2:
        return begin, end
    return max(begin, int(frames[0]) - 1), min(end, int(frames[-1]) + 2)


def _after_calibration(body: np.ndarray, fps: float) -> int:
    """The frame from which the arms hang after a calibration pose; 0 without such a pose or an action after it."""
    if not _arms_out(body[:1])[0]:
        return 0
    hanging, wait = _arms_down(body), max(2, round(_SETTLED * fps))
    frame = next((frame for frame in range(len(body) - wait) if hanging[frame : frame + wait].all()), 0)
    moving = speed(body, fps)
    after = moving[frame + wait :]
    return frame if len(after) and after.max() > MOVING * moving.max() else 0


def _arms_out(body: np.ndarray) -> np.ndarray:
    """Which frames have both arms stretched to the sides, (T,)."""
    return np.all(_reach(body)[..., 0] > _ASIDE, axis=1)


def _arms_down(body: np.ndarray) -> np.ndarray:
    """Which frames have both arms hanging, (T,)."""
    return np.all(_reach(body)[..., 1] < -_HANGING, axis=1)


def _reach(body: np.ndarray) -> np.ndarray:
    """From shoulder to wrist, left arm and right, in arm lengths: outwards, up, forward; (T, 2, 3)."""
    arms = []
    for side, sign in (("left", 1), ("right", -1)):
        shoulder, elbow, wrist = (body[:, _INDEX[f"{side}_{part}"]] for part in ("shoulder", "elbow", "wrist"))
        length = np.linalg.norm(elbow - shoulder, axis=-1) + np.linalg.norm(wrist - elbow, axis=-1)
        arms.append((wrist - shoulder) * (sign, 1, 1) / np.maximum(length, 1e-6)[:, None])
    return np.stack(arms, axis=1)


def find_rests(body: np.ndarray, fps: float, shortest: float) -> list[tuple[int, int]]:
    """Stretches [first, end) of at least `shortest` seconds in which the body rests, arms not stretched out."""
    still = np.concatenate([[False], speed(body, fps) < _REST_SPEED, [False]])
    edges = np.flatnonzero(still[1:] != still[:-1]).reshape(-1, 2)
    long = edges[np.diff(edges)[:, 0] >= shortest * fps]
    out = _arms_out(body)
    return [(int(first), int(end)) for first, end in long if not out[first:end].any()]


def find_side(body: np.ndarray, limb: Literal["arm", "leg"]) -> Side:
    """With which limb something is done, when that is beyond doubt; "" otherwise. Both legs are never said.

    body  as `in_body_axes` gives it, the action's core alone
    """
    trunk = float(np.median(np.linalg.norm(body[:, _INDEX["neck"]], axis=-1)))
    paths, deviations = [], []
    for side in ("left", "right"):
        end = body[:, _INDEX[f"{side}_wrist"]] - body[:, _INDEX[f"{side}_shoulder"]] if limb == "arm" else (
            body[:, _INDEX[f"{side}_ankle"]]
        )  # fmt: skip
        smooth = np.pad(end, ((1, 1), (0, 0)), mode="edge")
        smooth = 0.25 * smooth[:-2] + 0.5 * smooth[1:-1] + 0.25 * smooth[2:]
        paths.append(np.linalg.norm(np.diff(smooth, axis=0), axis=-1).sum())
        deviations.append(np.sqrt(np.square(smooth - np.median(smooth, axis=0)).sum(-1).mean()))
    ratios = [np.log((left + 1e-6) / (right + 1e-6)) for left, right in (paths, deviations)]
    if min(ratios) > ONE_SIDE:
        return "left"
    if max(ratios) < -ONE_SIDE:
        return "right"
    moved = max(deviations) > _MOVED * trunk
    return "both" if limb == "arm" and moved and max(map(abs, ratios)) < BOTH else ""


def stands(body: np.ndarray) -> bool:
    """True when the pelvis is well above the ankles for most of the time: nobody who sits is taken for standing."""
    ankles = np.minimum(body[:, _INDEX["left_ankle"], 1], body[:, _INDEX["right_ankle"], 1])
    return bool(np.median(-ankles) > 0.8)  # leg lengths; chosen
