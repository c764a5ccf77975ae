"""Gaps in the paths of joints: short ones crossed, long ones marked, so that no take is refused for them.

A gap of up to `--gap` seconds is crossed in a straight line from the joint above, which moves on. In a longer one the
joint is absent: its position is a stand-in, crossed in the same way, and `Motion.seen` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.formats import GAP

SHORTEST = 0.25  # seconds; gaps up to this are filled without naming them: a quarter of a stride, chosen
_SHOWN = 6  # gaps named in a note; chosen


@dataclass(frozen=True, eq=False)
class Crossed:
    """Joints without gaps.

    positions  (T, J, 3), finite
    seen       (T, J), False where a joint was not seen for longer than `--gap`
    notes      what was filled, crossed and left absent, for people
    """

    positions: np.ndarray
    seen: np.ndarray
    notes: tuple[str, ...]


def cross_gaps(
    positions: np.ndarray, names: Sequence[str], parents: Sequence[int], fps: float, longest: float = GAP
) -> Crossed:
    """The joints with their gaps crossed.

    positions  (T, J, 3), NaN where a joint was not seen; each joint is seen in at least one frame
    longest    seconds
    """
    x, y, z = np.moveaxis(np.isnan(positions), 2, 0)
    missing = x | y | z
    seen = np.ones_like(missing)
    filled = positions.astype(np.float64)
    short, crossed, absent = 0, list[str](), list[str]()
    for joint, parent in enumerate(parents):
        if not missing[:, joint].any():
            continue
        base = filled[:, parent] if parent >= 0 else 0.0
        filled[:, joint] = base + cross(np.where(missing[:, joint, None], np.nan, filled[:, joint] - base))
        for start, end in gaps_of(missing[:, joint]):
            when = f"{names[joint].replace('_', ' ')} {start / fps:.2f} to {end / fps:.2f} s"
            if end - start <= SHORTEST * fps + 1e-6:
                short += 1
            elif end - start <= longest * fps + 1e-6:
                crossed.append(when)
            else:
                absent.append(when)
                seen[start:end, joint] = False
    many = f"{short} gaps" if short > 1 else "a gap"
    notes = (
        [f"{many} of up to {SHORTEST:g} s in the paths of joints {'are' if short > 1 else 'is'} filled"]
        if short
        else []
    )
    notes += [f"gaps of up to {longest:g} s are crossed: {_some(crossed)}"] if crossed else []
    notes += [f"not seen for longer than {longest:g} s, so absent then: {_some(absent)}"] if absent else []
    return Crossed(filled, seen, tuple(notes))


def cross(path: np.ndarray) -> np.ndarray:
    """A path (T, 3) with its gaps, NaN, crossed in straight lines; at the ends it keeps its nearest known place."""
    known = np.isfinite(path).all(axis=1)
    frames = np.arange(len(path))
    return np.stack([np.interp(frames, frames[known], path[known, axis]) for axis in range(3)], axis=1)


def gaps_of(missing: np.ndarray) -> list[tuple[int, int]]:
    """First frame and the frame after the last of each gap, from which frames (T,) are missing."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], missing.view("i1"), [0]))))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def longest_gap(missing: np.ndarray) -> int:
    """Frames of the longest gap; 0 without any."""
    return max((end - start for start, end in gaps_of(missing)), default=0)


def _some(items: list[str]) -> str:
    return ", ".join(items[:_SHOWN]) + (f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else "")
