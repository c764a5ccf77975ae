"""Compress numbers for the page: whole millimetres, differences, deflate, base64.

Positions are relative to the parent joint, so differences from frame to frame are small; all arithmetic uses whole
numbers, so nothing drifts. The page (assets/data.js) undoes each step.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np

from motion2language.motion import Motion

RATES = (30.0, 24.0, 20.0, 15.0, 12.0, 10.0)  # frames per second, the first that meets BUDGET is taken; chosen
BUDGET = 3200  # bytes of base64 per second, so that a whole take stays below 40 kB per 10 s
STEP = 0.001  # metres; a pixel is about 4 mm of a person
LARGEST = 32000  # largest whole number, within 16 signed bits


def pack_motion(motion: Motion) -> dict[str, Any]:
    """{fps, frames, step, origin, data}: positions, as the page decodes them."""
    packed: dict[str, Any] = {}
    for rate in (min(rate, motion.fps) for rate in RATES):
        slower = motion.resample(rate)
        packed = {"fps": slower.fps, "frames": slower.frames, **_pack_positions(slower)}
        if len(packed["data"]) <= BUDGET * max(motion.duration, 1.0):
            break
    return packed


def pack_weights(weights: np.ndarray) -> dict[str, Any]:
    """{words, frames, data}: attention as bytes, 255 for the largest weight of each row."""
    peak = np.maximum(weights.max(axis=1, keepdims=True), 1e-9)
    scaled = np.round(255 * np.clip(weights / peak, 0, 1)).astype(np.uint8)
    return {"words": len(weights), "frames": weights.shape[1], "data": _deflate(scaled.tobytes())}


def _pack_positions(motion: Motion) -> dict[str, Any]:
    """Parent-relative differences in time, modulo 2^16, zigzag coded, all low bytes before all high bytes."""
    origin = motion.positions[0, 0].astype(np.float64)
    centred = motion.positions.astype(np.float64) - origin
    parents = np.array(motion.skeleton.parents[1:], dtype=int)
    reach = np.abs(centred[:, 0]).max(), np.abs(centred[:, 1:] - centred[:, parents]).max(initial=0)
    step = max(STEP, float(max(reach)) / LARGEST)
    whole = np.round(centred / step).astype(np.int64)
    relative = np.concatenate([whole[:, :1], whole[:, 1:] - whole[:, parents]], axis=1)
    series = relative.reshape(motion.frames, -1).T  # (3 J, T), one channel after another
    steps = np.diff(series, axis=1, prepend=0).astype(np.int16).astype(np.int32)
    coded = np.where(steps < 0, -2 * steps - 1, 2 * steps).astype("<u2")
    halves = np.ascontiguousarray(coded).reshape(-1, 1).view(np.uint8)
    return {"step": step, "origin": origin.tolist(), "data": _deflate(halves.T.tobytes())}


def _deflate(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")
