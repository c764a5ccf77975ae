"""LiveBody: the frames of a stream on the canonical body, and which of its joints each frame shows.

Unit, up axis and joints are detected from the first frames. A frame may lack joints (NaN). Such a joint keeps its last
place relative to the joint above it; one that no frame has shown yet stands as on a person at rest. Neither counts as
seen, so nothing is measured of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from motion2language.body import Axes, detect_axes, map_joints
from motion2language.body.absent import is_enough, name_absent, stand_in
from motion2language.body.mapping import JointMap
from motion2language.motion import CANONICAL, Motion, Skeleton

NOTHING_SEEN = "no joint is seen"
_ADVICE = "models learn whole bodies, so words about a part may be wrong"


def gapped(motion: Motion) -> np.ndarray:
    """Positions (T, J, 3) of a motion, NaN where `Motion.seen` is False."""
    if motion.seen is None:
        return motion.positions
    return np.where(motion.seen[..., None], motion.positions, np.float32(np.nan))


def with_seen(body: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Joints (21, 3) and whether each is seen (21,) as one array (21, 4), for a Clock."""
    return np.concatenate([body, seen[:, None]], axis=1)


def without_seen(pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The joints (21, 3) of a pose (21, 4), and whether each was seen in most of the time that the pose is of (21,)."""
    return pose[:, :3], pose[:, 3] > 0.5


class LiveBody:
    """Brings frames (J, 3) of a skeleton, NaN where a joint is not seen, to the canonical body.

    unit, up, joint_map  as in read_motion; detected if None
    """

    def __init__(
        self,
        skeleton: Skeleton,
        unit: str | None = None,
        up: str | None = None,
        joint_map: Mapping[str, str] | None = None,
    ) -> None:
        self.skeleton, self.unit, self.up, self.joint_map = skeleton, unit, up, joint_map
        self._axes: Axes | None = None
        self._joints: JointMap | None = None
        self._stand_ins = _StandIns(skeleton)

    @property
    def known(self) -> bool:
        """Whether unit, up axis and joints are known."""
        return self._axes is not None

    @property
    def absent(self) -> frozenset[str]:
        """The canonical joints that the skeleton lacks."""
        return self._joints.absent if self._joints else frozenset()

    def find_fault(self, positions: np.ndarray) -> str:
        """Why joint positions cannot be a frame of this skeleton; "" if they can."""
        expected = (len(self.skeleton.joints), 3)
        if np.shape(positions) != expected:
            return f"positions of shape {np.shape(positions)}, expected {expected}"
        if np.isinf(positions).any():
            return "a position is not a finite number"
        seen = np.asarray(positions)[_seen(positions)]
        if not len(seen):
            return NOTHING_SEEN
        return "" if np.ptp(seen, axis=0).any() else "all joints are in one place"

    def detect(self, frames: Sequence[np.ndarray]) -> str:
        """Detect unit, up axis and joints; returns why the joints seen in these frames are too few, "" if they are not.

        ValueError when all joints are seen and are not a human body, or its unit or up axis is not clear.
        """
        self._stand_ins.begin(frames)
        filled = np.stack([self._stand_ins.fill(positions) for positions in frames]).astype(np.float32)
        self._stand_ins.begin(frames)
        shown = self._stand_ins.shown
        try:
            axes = detect_axes(filled[:, shown], _part(self.skeleton, shown), self.unit, self.up)
            placed = axes.apply(_at_parents(filled, self.skeleton))
            joints = map_joints(self.skeleton, placed, self.joint_map)
        except ValueError as error:
            if shown.all():
                raise
            return str(error)
        seen = joints.apply_seen(shown[None], 1)
        if seen is not None and not is_enough(_names(seen[0])):
            return "hips, knees and ankles, or shoulders, elbows and wrists, of both sides are needed"
        self._axes, self._joints = axes, joints
        return ""

    def describe_lost(self) -> list[str]:
        """Which parts the skeleton lacks, and which of the others were not seen so far, for people."""
        if self._joints is None:
            return []
        seen = self._joints.apply_seen(self._stand_ins.shown[None], 1)
        unseen = set() if seen is None else {*CANONICAL.joints} - _names(seen[0]) - self.absent
        lost, waiting = name_absent(set(self.absent)), name_absent(unseen)
        notes = [f"the body has no {lost}; {_ADVICE}"] if lost else []
        return notes + ([f"not seen so far: {waiting}; {_ADVICE}"] if waiting else [])

    def to_canonical(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A frame (J, 3) as canonical joints (21, 3) in metres, Y up, and which of these it shows, (21,) bool."""
        assert self._axes is not None and self._joints is not None
        filled = self._axes.apply(self._stand_ins.fill(positions)[None])
        body = self._joints.apply_known(np.nan_to_num(filled))
        shown = self._joints.apply_seen(self._stand_ins.shown[None], 1)
        if shown is not None:
            body[:, ~shown[0]] = np.nan
        seen = self._joints.apply_seen(_seen(positions)[None], 1)
        return stand_in(body)[0], np.ones(body.shape[1], bool) if seen is None else seen[0]

    def in_metres(self, positions: np.ndarray) -> np.ndarray:
        """A frame in metres, Y up, (J, 3): what it does not show is at its last place, or at the joint above it."""
        assert self._axes is not None
        return self._axes.apply(_at_parents(self._stand_ins.fill(positions), self.skeleton))


class _StandIns:
    """The last place of each joint: relative to the joint above it, or in space where that was not seen so far."""

    def __init__(self, skeleton: Skeleton) -> None:
        self._parents = skeleton.parents
        self._last = np.full((len(skeleton.joints), 3), np.nan)
        self._in_space = np.ones(len(skeleton.joints), bool)

    @property
    def shown(self) -> np.ndarray:
        """Which joints (J,) were seen so far."""
        return np.asarray(np.isfinite(self._last).all(axis=1))

    def begin(self, frames: Sequence[np.ndarray]) -> None:
        """Place each joint, before it is first seen in frames (J, 3), where it is seen first."""
        for positions in reversed(frames):
            self.fill(positions)

    def fill(self, positions: np.ndarray) -> np.ndarray:
        """A frame (J, 3) with its unseen joints at their last places; NaN for those not seen so far."""
        filled, seen = np.array(positions, dtype=np.float64), _seen(positions)
        for joint, parent in enumerate(self._parents):
            if seen[joint]:
                self._in_space[joint] = parent < 0 or not np.isfinite(filled[parent]).all()
            base = 0.0 if self._in_space[joint] else filled[parent]
            if seen[joint]:
                self._last[joint] = filled[joint] - base
            else:
                filled[joint] = base + self._last[joint]
        return filled


def _seen(positions: np.ndarray) -> np.ndarray:
    """Which joints (J,) a frame shows."""
    return np.asarray(np.isfinite(positions).all(axis=1))


def _names(shown: np.ndarray) -> set[str]:
    """The names of some canonical joints (21,)."""
    return {joint for joint, here in zip(CANONICAL.joints, shown, strict=True) if here}


def _at_parents(positions: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Positions (..., J, 3) in which a joint without any (NaN) is where the joint above it is."""
    placed = positions.copy()
    some = int(np.flatnonzero(np.isfinite(positions).all(axis=-1).reshape(-1, positions.shape[-2]).all(axis=0))[0])
    for joint, parent in enumerate(skeleton.parents):
        above = placed[..., parent if parent >= 0 else some, :]
        placed[..., joint, :] = np.where(np.isnan(placed[..., joint, :]), above, placed[..., joint, :])
    return placed


def _part(skeleton: Skeleton, shown: np.ndarray) -> Skeleton:
    """The skeleton of the joints that are shown (J,); each one's parent is the nearest joint above it that is."""
    kept = np.flatnonzero(shown).tolist()
    parents: list[int] = []
    for joint in kept:
        above = skeleton.parents[joint]
        while above >= 0 and not shown[above]:
            above = skeleton.parents[above]
        parents.append(kept.index(above) if above >= 0 else min(0, len(parents) - 1))
    return Skeleton(skeleton.name, tuple(skeleton.joints[joint] for joint in kept), tuple(parents))
