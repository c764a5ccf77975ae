"""Motion and Skeleton: the value every file becomes, and the conventions of space and time.

World: metres, right-handed, Y up; a person who faces +Z has the left hand at +X. Angles are radians.
Time: seconds in every public type. Frame k is sampled at k/fps and owns the half-open interval
[k/fps, (k+1)/fps), so a motion of T frames lasts T/fps.
Array axes are named by single letters everywhere in the package: B batch, T frames, J joints, F features,
H hidden units, L words, V vocabulary.

Other files handle a file's units and axes (formats/) and the joint names of other skeletons (body/).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

SHOWN = 80  # joints that a message lists; chosen
#: Frames per second a recording may have. Chosen: below, no movement is visible; above, no camera records.
RATES = (1.0, 10_000.0)
#: The columns of Motion.contacts: the heel and the ball of each foot.
CONTACTS = ("left_heel", "left_toe", "right_heel", "right_toe")


@dataclass(frozen=True)
class Skeleton:
    """Joint names and the tree they form: root first, each parent before its child (the root's parent is -1).

    >>> arm = Skeleton("arm", ("shoulder", "elbow", "wrist"), (-1, 0, 1))
    >>> arm.index("wrist")
    2
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.joints) != len(self.parents):
            raise ValueError(
                f"skeleton {self.name!r}: {len(self.joints)} joint names but {len(self.parents)} parents; "
                "give one parent index per joint"
            )
        if not self.joints:
            raise ValueError(f"skeleton {self.name!r} has no joints")
        if len(set(self.joints)) != len(self.joints):
            twice = sorted(joint for joint, count in Counter(self.joints).items() if count > 1)
            raise ValueError(
                f"skeleton {self.name!r}: joint names must be unique, found twice: {', '.join(twice[:SHOWN])}"
                f"{' …' * (len(twice) > SHOWN)}"
            )
        for child, parent in enumerate(self.parents):
            if not (parent == -1 if child == 0 else 0 <= parent < child):
                raise ValueError(
                    f"skeleton {self.name!r}: joint {self.joints[child]!r} (index {child}) has parent {parent}; "
                    "the root comes first with parent -1 and every other parent comes before its child"
                )

    def index(self, joint: str) -> int:
        """The column of `joint`; ValueError lists the skeleton's joints."""
        try:
            return self.joints.index(joint)
        except ValueError:
            raise ValueError(
                f"skeleton {self.name!r} has no joint {joint!r}; it has {', '.join(self.joints[:SHOWN])}"
                f"{' …' * (len(self.joints) > SHOWN)}"
            ) from None


#: The body that every skeleton is mapped to (body/): KIT-ML's 21 joints, SMPL's 22 and Bandai Namco's 21 all map into
#: it. `collar` is the inner end of the clavicle, `shoulder` the upper arm's joint, `toe` the ball of the foot.
CANONICAL = Skeleton(
    name="canonical",
    joints=(
        "pelvis",
        "spine",
        "chest",
        "neck",
        "head",
        "left_collar",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "right_collar",
        "right_shoulder",
        "right_elbow",
        "right_wrist",
        "left_hip",
        "left_knee",
        "left_ankle",
        "left_toe",
        "right_hip",
        "right_knee",
        "right_ankle",
        "right_toe",
    ),
    parents=(-1, 0, 1, 2, 3, 2, 5, 6, 7, 2, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19),
)


@dataclass(frozen=True, eq=False)
class Motion:
    """A recording: joint positions in metres at a known rate.

    positions  (T, J, 3) float32, metres, Y up, right-handed
    fps        frames per second, no default; what describes a motion takes those in RATES
    skeleton   names and tree of the J joints
    name       used in messages and transcripts, usually the file's name
    seen       (T, J) bool, False where a joint was not recorded and its position is a stand-in; None where all were
    angles     (T, A) float32 radians, where the format has joint angles of a known body (KIT-ML), else None
    contacts   (T, 4) bool, where the recording device says which of CONTACTS are on the ground (Xsens), else None

    >>> point = Motion(np.zeros((60, 1, 3)), fps=30, skeleton=Skeleton("point", ("root",), (-1,)), name="standing")
    >>> point.frames, point.duration
    (60, 2.0)
    >>> point.clip(0.5, 1.0).frames, point.resample(10).frames
    (15, 20)
    """

    positions: np.ndarray
    fps: float
    skeleton: Skeleton
    name: str = ""
    angles: np.ndarray | None = None
    seen: np.ndarray | None = None
    contacts: np.ndarray | None = None

    def __post_init__(self) -> None:
        positions = np.ascontiguousarray(self.positions, dtype=np.float32)
        expected = (len(self.skeleton.joints), 3)
        if positions.ndim != 3 or positions.shape[1:] != expected:
            raise ValueError(
                f"{self.label}: positions have shape {positions.shape}, expected (frames, {expected[0]}, 3) "
                f"for skeleton {self.skeleton.name!r}"
            )
        if len(positions) == 0:
            raise ValueError(f"{self.label}: no frames; a motion needs at least one")
        if not np.isfinite(self.fps) or self.fps <= 0:
            raise ValueError(f"{self.label}: frame rate {self.fps} is not a positive number")
        _require_finite(positions, self.label, "position")
        object.__setattr__(self, "positions", positions)
        object.__setattr__(self, "fps", float(self.fps))
        if self.angles is not None:
            angles = np.ascontiguousarray(self.angles, dtype=np.float32)
            if angles.ndim != 2 or len(angles) != len(positions):
                raise ValueError(f"{self.label}: angles have shape {angles.shape}, expected ({len(positions)}, angles)")
            _require_finite(angles, self.label, "joint angle")
            object.__setattr__(self, "angles", angles)
        if self.seen is not None:
            seen = np.ascontiguousarray(self.seen, dtype=bool)
            if seen.shape != positions.shape[:2]:
                raise ValueError(f"{self.label}: seen has shape {seen.shape}, expected {positions.shape[:2]}")
            object.__setattr__(self, "seen", None if seen.all() else seen)
        if self.contacts is not None:
            contacts = np.ascontiguousarray(self.contacts, dtype=bool)
            if contacts.shape != (len(positions), len(CONTACTS)):
                found, expected = contacts.shape, (len(positions), len(CONTACTS))
                raise ValueError(f"{self.label}: contacts have shape {found}, expected {expected}")
            object.__setattr__(self, "contacts", contacts)

    @property
    def label(self) -> str:
        """The name used in messages."""
        return self.name or "motion"

    @property
    def frames(self) -> int:
        """T."""
        return len(self.positions)

    @property
    def duration(self) -> float:
        """Seconds: T / fps."""
        return self.frames / self.fps

    def clip(self, start: float, end: float) -> Motion:
        """The frames sampled in [start, end) seconds; ValueError when no frame lies there."""
        first, last = (int(np.ceil(np.clip(time * self.fps - 1e-6, 0, self.frames))) for time in (start, end))
        if first >= last:
            raise ValueError(
                f"{self.label}: no frame between {start:g} s and {end:g} s; the recording lasts {self.duration:g} s"
            )
        return self.frames_between(first, last)

    def frames_between(self, first: int, last: int, every: int = 1) -> Motion:
        """Frames `first` to `last` - 1, or every `every`-th of them, without averaging."""
        chosen = slice(first, last, every)
        angles, seen, contacts = (
            None if values is None else values[chosen] for values in (self.angles, self.seen, self.contacts)
        )
        return replace(
            self,
            positions=self.positions[chosen],
            fps=self.fps / every,
            angles=angles,
            seen=seen,
            contacts=contacts,
        )

    def resample(self, fps: float) -> Motion:
        """The same motion at another rate: frame k of the result is the pose at k/fps seconds.

        For a lower rate, each frame is first averaged over a triangle one output frame wide to either side, so that
        fast movement does not alias; for a higher one, poses are interpolated linearly. The result has
        round(T * fps / self.fps) frames, at least one. Angles are resampled like positions after unwrapping; whether
        a joint was seen, or a foot touched the ground, is that of the nearest frame.
        """
        if not np.isfinite(fps) or fps <= 0:
            raise ValueError(f"{self.label}: cannot resample to {fps} frames per second; give a positive number")
        if abs(fps - self.fps) < 1e-9 * self.fps:
            return self
        count = max(1, round(self.frames * fps / self.fps))
        times = np.arange(count) * (self.fps / fps)
        positions = _resample(self.positions.reshape(self.frames, -1), times, self.fps / fps)
        angles = None
        if self.angles is not None:
            angles = _resample(np.unwrap(self.angles, axis=0), times, self.fps / fps)
        nearest = np.round(times).astype(int).clip(max=self.frames - 1)
        seen, contacts = (None if flags is None else flags[nearest] for flags in (self.seen, self.contacts))
        positions = positions.reshape(count, -1, 3)
        return replace(self, positions=positions, fps=fps, angles=angles, seen=seen, contacts=contacts)


def require_rate(name: str, fps: float, advice: str = "") -> None:
    """ValueError for a frame rate outside RATES; `advice` ends the message."""
    lowest, highest = RATES
    if not lowest <= fps <= highest:
        raise ValueError(f"{name}: {fps:g} frames per second, expected {lowest:g} to {highest:,.0f}{advice}")


def _resample(values: np.ndarray, times: np.ndarray, ratio: float) -> np.ndarray:
    """Values (T, N) at fractional frames `times`; one output frame covers `ratio` input frames."""
    last = len(values) - 1
    if ratio <= 1:
        below = np.clip(np.floor(times).astype(int), 0, last)
        above = np.minimum(below + 1, last)
        share = np.clip(times - below, 0, 1)[:, None]
        return (1 - share) * values[below] + share * values[above]
    # The triangle has half width `ratio` input frames; taps beyond the ends repeat the end frames.
    reach = int(np.ceil(ratio))
    taps = np.round(times).astype(int)[:, None] + np.arange(-reach, reach + 1)
    weights = np.clip(1 - np.abs(taps - times[:, None]) / ratio, 0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    result = np.zeros((len(times), values.shape[1]))
    for tap in range(taps.shape[1]):
        result += weights[:, tap, None] * values[np.clip(taps[:, tap], 0, last)]
    return result


def _require_finite(values: np.ndarray, label: str, what: str) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        bad = ~finite.reshape(len(values), -1).all(axis=1)
        raise ValueError(
            f"{label}: {int(bad.sum())} of {len(values)} frames contain a {what} that is not a finite number, "
            f"first frame {int(bad.argmax())}; repair or cut these frames"
        )
