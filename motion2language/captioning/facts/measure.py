"""A canonical recording prepared for measuring: at one frame rate, in leg lengths, with the body's own axes.

Every fact is computed from a `Body`, so that none depends on the recording's frame rate or on the person's size.
Lengths in a Body are leg lengths (hip to knee to ankle, mean of both legs, median over time), times are seconds, angles
radians.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from motion2language.body.median import median
from motion2language.motion import CANONICAL, Motion, require_rate

#: Frames per second that facts are computed at: walking, waving and clapping stay below 5 Hz. Chosen.
RATE = 20.0
#: Weights that joint positions are smoothed with, over five frames: half a Kinect's jitter goes, 3 Hz stays. Chosen.
SMOOTHING = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
#: Share of its median length that the line across hips and shoulders must have seen from above, for the body to have a
#: facing: below it the body lies on its side. Chosen.
LEAST_ACROSS = 0.4

_COLUMN = {joint: number for number, joint in enumerate(CANONICAL.joints)}


@dataclass(frozen=True, eq=False)
class Body:
    """A recording, or a part of it, measured in leg lengths.

    joints    (T, 21, 3) positions, leg lengths, Y up, at RATE frames per second, smoothed
    raw       (T, 21, 3) the same before smoothing
    leg       metres in a leg length
    floor     height of the floor, leg lengths
    standing  height of the pelvis over the floor when standing, leg lengths
    seen      (T, 21) bool, False where a joint was not recorded; None where all were
    contacts  (T, 4) bool, which of motion.CONTACTS the file says are on the ground; None where it does not say
    rate      frames per second of the recording
    start     seconds from the recording's beginning to the first frame
    duration  seconds
    """

    joints: np.ndarray
    raw: np.ndarray
    leg: float
    floor: float
    standing: float
    start: float
    duration: float
    seen: np.ndarray | None = None
    contacts: np.ndarray | None = None
    rate: float = RATE

    @property
    def frames(self) -> int:
        """T."""
        return len(self.joints)

    @property
    def missing(self) -> frozenset[str]:
        """The joints that were not recorded in half of the frames or more."""
        if self.seen is None:
            return frozenset()
        return frozenset(name for name, column in _COLUMN.items() if self.seen[:, column].mean() <= 0.5)

    def at(self, *names: str) -> np.ndarray:
        """Mean position (T, 3) of joints by their canonical names."""
        if names not in self._places:
            self._places[names] = _mean_of(self.joints, names)
        return self._places[names]

    @cached_property
    def _places(self) -> dict[tuple[str, ...], np.ndarray]:
        """What `at` was asked for, most of it several times."""
        return {}

    def height(self, *names: str) -> np.ndarray:
        """Mean height (T,) of joints over the floor."""
        return self.at(*names)[:, 1] - self.floor

    def seconds(self, frame: float) -> float:
        """The time of a frame, in seconds of the recording."""
        return self.start + frame / RATE

    @cached_property
    def heading(self) -> np.ndarray:
        """Where the body faces, (T,) radians about Y, 0 = +Z, positive to the left (+X), continuous in time.

        Where the body has no facing (lying on its side) the angle is interpolated.
        """
        across = self.at("left_hip", "left_shoulder") - self.at("right_hip", "right_shoulder")
        angle = np.arctan2(-across[:, 2], across[:, 0])
        known = self.faces
        if not known.any():
            return np.unwrap(angle)
        frames = np.flatnonzero(known)
        return np.interp(np.arange(self.frames), frames, np.unwrap(angle[frames]))

    @cached_property
    def faces(self) -> np.ndarray:
        """(T,) where the line across hips and shoulders shows a facing."""
        across = self.at("left_hip", "left_shoulder") - self.at("right_hip", "right_shoulder")
        whole = float(median(np.linalg.norm(across, axis=1)))
        return np.hypot(across[:, 0], across[:, 2]) >= LEAST_ACROSS * max(whole, 1e-6)

    def in_body_axes(self, vectors: np.ndarray) -> np.ndarray:
        """World vectors (T, ..., 3) as (left, up, forward) of the body."""
        shape = (self.frames,) + (1,) * (vectors.ndim - 2)
        cos, sin = np.cos(self.heading).reshape(shape), np.sin(self.heading).reshape(shape)
        x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
        return np.stack((cos * x - sin * z, y, sin * x + cos * z), axis=-1)

    @cached_property
    def pose(self) -> np.ndarray:
        """Joints relative to the pelvis in the body's axes (left, up, forward), (T, 21, 3)."""
        return self.in_body_axes(self.joints - self.joints[:, :1])

    def posed(self, *names: str) -> np.ndarray:
        """Mean of `pose` over joints by their canonical names, (T, 3)."""
        return _mean_of(self.pose, names)

    def part(self, start: float, end: float) -> Body:
        """The frames in [start, end) seconds of the recording, at least one; size and floor stay those of the whole."""
        first = int(np.clip(np.ceil((start - self.start) * RATE - 1e-6), 0, self.frames - 1))
        last = int(np.clip(np.ceil((end - self.start) * RATE - 1e-6), first + 1, self.frames))
        return replace(
            self,
            joints=self.joints[first:last],
            raw=self.raw[first:last],
            seen=None if self.seen is None else self.seen[first:last],
            contacts=None if self.contacts is None else self.contacts[first:last],
            start=self.start + first / RATE,
            duration=(last - first) / RATE,
        )


def measure(motion: Motion) -> Body:
    """The Body of a motion on the canonical skeleton; ValueError for another skeleton or a frame rate not in RATES."""
    require_rate(motion.label, motion.fps)
    if motion.skeleton.joints != CANONICAL.joints:
        raise ValueError(
            f"{motion.label}: facts need the canonical body, found skeleton {motion.skeleton.name!r}; "
            "map it with motion2language.body.to_canonical first"
        )
    rate, motion = motion.fps, motion.resample(RATE)
    positions = motion.positions.astype(np.float64)
    leg = _leg_length(positions)
    raw = positions / leg
    joints = smooth(raw, SMOOTHING)
    feet = joints[:, [_COLUMN[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "toe")], 1]
    ankles = joints[:, [_COLUMN["left_ankle"], _COLUMN["right_ankle"]], 1]
    floor = float(np.percentile(feet.min(axis=1), 5))
    ankle = float(np.percentile(ankles.min(axis=1), 5)) - floor
    hips = joints[:, [_COLUMN["left_hip"], _COLUMN["right_hip"]]].mean(axis=1)
    # The pelvis of some rigs is below their hips: it then stands lower.
    above, trunk = joints[:, _COLUMN["pelvis"]] - hips, joints[:, _COLUMN["neck"]] - hips
    drop = float(median(np.sign((above * trunk).sum(axis=1)) * np.linalg.norm(above, axis=1)))
    return Body(joints, raw, leg, floor, 1.0 + ankle + drop, 0.0, motion.duration, motion.seen, motion.contacts, rate)


def smooth(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Values (T, ...) averaged over time with an odd number of weights; beyond the ends the end frames repeat."""
    half = len(weights) // 2
    padded = np.concatenate([np.repeat(values[:1], half, 0), values, np.repeat(values[-1:], half, 0)])
    return np.asarray(sum(weight * padded[lag : lag + len(values)] for lag, weight in enumerate(weights)))


def average(values: np.ndarray, seconds: float) -> np.ndarray:
    """Values (T, ...) averaged over a window of `seconds`; beyond the ends the end frames repeat."""
    half = round(seconds * RATE / 2)
    count = 2 * half + 1
    padded = np.concatenate([np.repeat(values[:1], half, 0), values, np.repeat(values[-1:], half, 0)])
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), padded.cumsum(axis=0)])
    return np.asarray((sums[count:] - sums[:-count]) / count)


def _mean_of(joints: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Mean position (T, 3) of joints (T, 21, 3) by their canonical names."""
    first, *others = (joints[:, _COLUMN[name]] for name in names)
    return np.asarray(sum(others, start=first) / len(names)) if others else first


def _leg_length(positions: np.ndarray) -> float:
    """Metres from hip to knee to ankle, mean of both legs, median over time."""
    total = 0.0
    for side in ("left", "right"):
        hip, knee, ankle = (positions[:, _COLUMN[f"{side}_{part}"]] for part in ("hip", "knee", "ankle"))
        total += float(median(np.linalg.norm(hip - knee, axis=1) + np.linalg.norm(knee - ankle, axis=1)))
    return max(total / 2, 1e-6)
