"""Ways: what a body goes without stopping or turning back, from the features of its frames. Numpy only.

A segmenter calls it one walk when somebody crosses a room, turns round and comes back, or stands for a while on the
way. Where the body goes is measured, so each way can be told.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from motion2language.captioning.features import ground_velocity

GOES = 0.3  # leg lengths per second, about 25 cm/s, that a body on its way has in the median; as facts/travel.MOVING
STEADY = 1.1  # seconds over which velocity is averaged: what goes there and back cancels out; chosen
SLOW = 0.5  # share of its usual speed below which a body stops or turns back. Chosen on the tables of whole takes
USUAL = 0.8  # quantile of the speed that is usual; chosen
SHORTEST = 1.0  # seconds of a way; chosen
STOP = 0.4  # seconds of a stop; chosen


def find_ways(values: np.ndarray, fps: float) -> list[tuple[int, int]]:
    """The frames [first, last) of each way, of features (T, F) of the body; all of them where it does not go.

    >>> there = np.zeros((20, 124), np.float32)
    >>> there[:, 122] = 1.5  # forward
    >>> find_ways(np.concatenate([there, -there]), fps=10.0)
    [(0, 17), (23, 40)]
    """
    whole = [(0, len(values))]
    velocity = ground_velocity(values, fps)
    if len(values) < 2 * SHORTEST * fps or np.median(np.hypot(*velocity.T)) < GOES:
        return whole
    speed = np.hypot(*_averaged(velocity, fps).T)
    slow = speed < SLOW * np.quantile(speed, USUAL)
    edges = [0, *(1 + np.flatnonzero(np.diff(slow))).tolist(), len(values)]
    stretches = [(first, last) for first, last in pairwise(edges)]
    stops = [each for each in stretches if slow[each[0]] and each[1] - each[0] >= STOP * fps]
    ends = [0, *(frame for stop in stops for frame in stop), len(values)]
    ways = zip(ends[::2], ends[1::2], strict=True)
    return [(first, last) for first, last in ways if last - first >= SHORTEST * fps] or whole


def _averaged(velocity: np.ndarray, fps: float) -> np.ndarray:
    """The mean over STEADY seconds around each frame; before the first and after the last it stays as there."""
    side = round(STEADY * fps / 2 - 0.5)
    padded = np.pad(velocity, ((side + 1, side), (0, 0)), "edge")
    padded[0] = 0
    sums = padded.cumsum(axis=0)
    width = 2 * side + 1
    return np.asarray((sums[width:] - sums[:-width]) / width)
