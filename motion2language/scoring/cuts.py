"""Cuts without a model: floors that see the motion but know no word, told the reference's verbs.

Beside the motion-blind floors of floors.py: change points of pose and speeds by `ruptures` (kernel change points with a
linear kernel) with as many segments as the reference has, and with as many as a penalty finds; and cuts where the body
is slowest. Where the number of pieces differs from the number of verbs, the verbs go to the longest pieces, in order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from motion2language.body import ensure_canonical
from motion2language.captioning.features import canonical, joint_speed
from motion2language.motion import Motion
from motion2language.transcript import Segment, Transcript

RATE = 10.0  # frames a second looked at
SHORTEST = 0.5  # seconds of a piece
PENALTY = (
    60.0  # cost of a further piece, in mean variances of a frame's features; chosen on BNR-Compose's validation split
)
SLOW = 0.5  # share of the mean joint speed below which the body counts as slow; chosen likewise


def change_points_known(motion: Motion, count: int) -> list[float]:
    """Cuts in seconds: the best `count` pieces by change points."""
    return _ruptures(motion, count)


def change_points_unknown(motion: Motion, count: int) -> list[float]:
    """Cuts in seconds: as many pieces as a penalty finds."""
    return _ruptures(motion, None)


def slow_moments(motion: Motion, count: int) -> list[float]:
    """Cuts in seconds: the middle of each stretch in which the body is slow."""
    speed = np.convolve(joint_speed(motion), np.ones(5) / 5, mode="same")
    slow = np.concatenate([[0], speed < SLOW * speed.mean(), [0]])
    stretches = np.flatnonzero(np.diff(slow)).reshape(-1, 2)
    cuts = [float(start + end) / 2 / motion.fps for start, end in stretches]
    return [cut for cut in cuts if SHORTEST <= cut <= motion.duration - SHORTEST]


#: Shown beside a model's scores where the motions are at hand.
CUTS: dict[str, Callable[[Motion, int], list[float]]] = {
    "ruptures, n known": change_points_known,
    "ruptures, n unknown": change_points_unknown,
    "slow moments": slow_moments,
}


def cut_transcript(name: str, motion: Motion, references: Sequence[Segment]) -> tuple[Transcript, list[float]]:
    """What a rule of CUTS makes of a clip, with the reference's verbs, and the middle of each piece."""
    body = ensure_canonical(motion)
    cuts = CUTS[name](body.resample(RATE), len(references))
    edges = [0.0, *sorted(cuts), motion.duration]
    pieces = [(start, end) for start, end in itertools.pairwise(edges) if end > start]
    longest = sorted(sorted(pieces, key=lambda piece: piece[0] - piece[1])[: len(references)])
    labels = [reference.label for reference in references]
    segments = tuple(Segment(*piece, label) for piece, label in zip(longest, labels, strict=False))
    return Transcript(segments, motion.duration, model=name), [(part.start + part.end) / 2 for part in segments]


def _ruptures(motion: Motion, count: int | None) -> list[float]:
    try:
        import ruptures
    except ModuleNotFoundError:
        raise ValueError("change points need ruptures: pip install 'motion2language[eval]'") from None
    values = canonical(motion)
    values[:, 60:] = np.abs(values[:, 60:])
    values = (values - values.mean(0)) / (values.std(0) + 1e-3)
    least = max(1, int(SHORTEST * motion.fps))
    if len(values) < 2 * least or count == 1:
        return []
    search = ruptures.KernelCPD(kernel="linear", min_size=least).fit(values)
    if count is None:
        ends = search.predict(pen=PENALTY * values.shape[1] / 10)
    else:
        ends = search.predict(n_bkps=min(count, len(values) // least) - 1)
    return [end / motion.fps for end in ends[:-1]]
