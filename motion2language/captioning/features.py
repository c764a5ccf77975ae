"""From a Motion to the numbers a network reads, (T, F), and the Normalizer that standardises them.

| key         | what a frame holds                                    | under translation | under a turn about Y |
| ----------- | ----------------------------------------------------- | ----------------- | -------------------- |
| `paper`     | all joint positions flattened, 3 J values, metres     | changes           | changes              |
| `angles`    | the file's joint angles, A values, radians            | unchanged         | unchanged            |
| `canonical` | heading-free pose, velocities, turn rate, 124 values  | unchanged         | unchanged            |
| `live`      | the same, of a body measured as it moves              | unchanged         | unchanged            |
| `partial`   | `canonical`, and which parts of the body are seen, 5  | unchanged         | unchanged            |

At frame k `canonical`, `partial` and `live` depend on frames k-1 and k and on the body's size. The size is the median
over the recording for the first two, and the mean over the frames so far for `live`, which therefore needs no later
frame. The statistics of a Normalizer come from the training split alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from motion2language.body import to_canonical
from motion2language.body.absent import PARTS
from motion2language.body.median import median
from motion2language.files import read_arrays
from motion2language.formats.limits import clean_message, clean_name
from motion2language.model.config import ModelConfig
from motion2language.motion import CANONICAL, Motion, require_rate

_LEGS = [[CANONICAL.index(f"{side}_{joint}") for side in ("left", "right") for joint in joints]
         for joints in (("hip", "knee"), ("knee", "ankle"))]  # fmt: skip
_PARTS = [[CANONICAL.index(joint) for joint in joints] for joints in PARTS.values()]
_WAY = 6 * (len(CANONICAL.joints) - 1)  # the column where the pelvis' velocity and the turn rate begin
_ACROSS = [(CANONICAL.index(f"left_{part}"), CANONICAL.index(f"right_{part}")) for part in ("hip", "shoulder")]


def paper(motion: Motion) -> np.ndarray:
    """Joint positions flattened, (T, 3 J) metres: the paper's Cartesian input before standardising."""
    return motion.positions.reshape(motion.frames, -1)


def angles(motion: Motion) -> np.ndarray:
    """Joint angles, (T, A) radians; ValueError for a recording without joint angles."""
    if motion.angles is None:
        raise ValueError(
            f"{motion.label}: this model reads joint angles, which the recording lacks; "
            "give a KIT-ML _mmm.xml file or use a model with features 'canonical' or 'paper'"
        )
    return motion.angles


def canonical(motion: Motion) -> np.ndarray:
    """Heading-free, position-free pose with velocities and turn rate, (T, 124), of a canonical motion.

    The columns, in leg lengths and per second: the 20 joints relative to the pelvis in the body's own axes (left, up,
    forward); their velocities; the pelvis' velocity in the same axes; the turn rate (radians per second, positive to
    the left). Velocities are backward differences, zero in the first frame.
    """
    _require_canonical(motion, "canonical")
    positions = motion.positions.astype(np.float64)
    return _in_leg_lengths(positions / _leg_length(positions), motion.fps)


def live(motion: Motion) -> np.ndarray:
    """As `canonical`, (T, 124), without later frames: lengths are in units of the mean leg length up to each frame."""
    _require_canonical(motion, "live")
    positions = motion.positions.astype(np.float64)
    legs = np.maximum(_legs(positions), 1e-6)
    size = np.cumsum(legs) / np.arange(1, len(legs) + 1)
    return _in_leg_lengths(positions / size[:, None, None], motion.fps)


def partial(motion: Motion) -> np.ndarray:
    """As `canonical`, and `seen_parts`, (T, 129): a model can tell a part that is at rest from one that is absent."""
    return np.concatenate([canonical(motion), seen_parts(motion)], axis=1)


def seen_parts(motion: Motion) -> np.ndarray:
    """For each part of a canonical body (head, arms, legs: body/absent.py) 1 where it is seen, else 0, (T, 5)."""
    seen = np.ones((motion.frames, len(CANONICAL.joints)), bool) if motion.seen is None else motion.seen
    return np.stack([seen[:, columns].all(axis=1) for columns in _PARTS], axis=1).astype(np.float32)


class LiveFeatures:
    """The rows of `live`, one frame at a time, in constant memory."""

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self._frames = 0
        self._legs = 0.0
        self._last: np.ndarray | None = None

    def step(self, positions: np.ndarray) -> np.ndarray:
        """The features (124,) of the next frame (21, 3) of the canonical body."""
        frame = positions.astype(np.float64)[None]
        self._frames += 1
        self._legs += max(float(_legs(frame)[0]), 1e-6)
        frame = frame / (self._legs / self._frames)
        pair = frame if self._last is None else np.concatenate([self._last, frame])
        self._last = frame
        return _in_leg_lengths(pair, self.fps)[-1]


def _in_leg_lengths(positions: np.ndarray, fps: float) -> np.ndarray:
    frames, joints = len(positions), positions.shape[1] - 1
    values = np.zeros((frames, 6 * joints + 4))
    heading = _heading(positions)
    axes = np.cos(heading)[:, None], np.sin(heading)[:, None]
    pose, velocity = values[:, : 3 * joints], values[:, 3 * joints : 6 * joints]
    _to_body_axes(positions[:, 1:] - positions[:, :1], axes, pose)
    np.multiply(pose[1:] - pose[:-1], fps, out=velocity[1:])
    step = (positions[1:, :1] - positions[:-1, :1]) * fps
    _to_body_axes(step, (axes[0][1:], axes[1][1:]), values[1:, -4:-1])
    values[1:, -1] = (heading[1:] - heading[:-1]) * fps
    return values.astype(np.float32)


def ground_velocity(values: np.ndarray, fps: float) -> np.ndarray:
    """The pelvis' velocity over the ground, (T, 2) leg lengths per second, of values (T, F) of a key of OF_THE_BODY.

    Its axes are left and forward of the body in the frame before the first.
    """
    to_left, _, ahead, turn = values[:, _WAY : _WAY + 4].astype(np.float64).T
    heading = np.cumsum(turn) / fps
    cos, sin = np.cos(heading), np.sin(heading)
    return np.stack([cos * to_left + sin * ahead, cos * ahead - sin * to_left], axis=1)


def mean_speed(values: np.ndarray) -> float:
    """Mean speed of the joints, leg lengths per second, of values (T, F) of a key of OF_THE_BODY; turning adds none."""
    relative = values[:, _WAY // 2 : _WAY].reshape(len(values), -1, 3)
    return float(np.linalg.norm(relative + values[:, None, _WAY : _WAY + 3], axis=2).mean())


def joint_speed(motion: Motion) -> np.ndarray:
    """Mean speed of the joints of a canonical motion, (T,) leg lengths per second; frame 0 repeats frame 1."""
    positions = motion.positions.astype(np.float64)
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=2).mean(axis=1) * motion.fps / _leg_length(positions)
    return np.concatenate([steps[:1], steps]) if len(steps) else np.zeros(1)


#: Adding a feature is a function and a line here.
FEATURES: dict[str, Callable[[Motion], np.ndarray]] = {
    "paper": paper,
    "angles": angles,
    "canonical": canonical,
    "live": live,
    "partial": partial,
}
#: Those that are computed from the canonical body.
OF_THE_BODY = ("canonical", "live", "partial")


def feature(name: str) -> Callable[[Motion], np.ndarray]:
    """The function of a key of FEATURES; ValueError lists the keys."""
    if name not in FEATURES:
        raise ValueError(f"model.features is {name!r}; there are {', '.join(FEATURES)}")
    return FEATURES[name]


_KNOWN: WeakKeyDictionary[Motion, dict[str, np.ndarray]] = WeakKeyDictionary()


def known_feature(name: str, motion: Motion) -> np.ndarray:
    """What `feature(name)` gives, read-only: computed once for all steps of a description, and kept with the motion."""
    known = _KNOWN.setdefault(motion, {})
    if name not in known:
        known[name] = feature(name)(motion).view()
        known[name].flags.writeable = False
    return known[name]


@dataclass(frozen=True, eq=False)
class Normalizer:
    """Mean and standard deviation of each feature, (F,), from training frames."""

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, sequences: Iterable[np.ndarray]) -> Normalizer:
        """Statistics over all frames of the (T, F) arrays; a constant feature gets standard deviation 1.

        The arrays are read twice, one at a time, and not held in memory.
        """
        mean = _mean(np.asarray(sequence, dtype=np.float64) for sequence in sequences)
        std = np.sqrt(_mean((np.asarray(sequence, dtype=np.float64) - mean) ** 2 for sequence in sequences))
        return cls(mean.astype(np.float32), np.where(std < 1e-6, 1, std).astype(np.float32))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Standardised values, (T, F) float32."""
        if values.shape[1:] != self.mean.shape:
            raise ValueError(f"{values.shape[1]} features per frame, but the model was trained on {len(self.mean)}")
        return ((values - self.mean) / self.std).astype(np.float32)

    def invert(self, values: np.ndarray) -> np.ndarray:
        """The values before `apply`."""
        return values * self.std + self.mean

    def save(self, path: Path) -> None:
        """Write `mean` and `std` as an .npz."""
        with path.open("wb") as file:
            np.savez(file, mean=self.mean, std=self.std)

    @classmethod
    def load(cls, path: Path) -> Normalizer:
        """The normalizer that `save` wrote; ValueError for another file."""
        data = read_arrays(path)
        mean, std = (np.asarray(data.get(key, np.zeros(0)), dtype=np.float32) for key in ("mean", "std"))
        if mean.ndim != 1 or not len(mean) or mean.shape != std.shape:
            raise ValueError(f"{path.name}: `mean` {mean.shape} and `std` {std.shape}; expected two arrays (F,)")
        if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).all()):
            raise ValueError(f"{path.name}: `mean` and `std` must be finite, `std` above zero")
        return cls(mean, std)


def _mean(sequences: Iterable[np.ndarray]) -> np.ndarray:
    """The mean row of the (T, F) arrays, (F,); rows are added one by one, so their grouping does not matter."""
    total, count = np.zeros(0), 0
    for sequence in sequences:
        total = np.add.reduce(np.concatenate([total[None], sequence]) if count else sequence, axis=0)
        count += len(sequence)
    if not count:
        raise ValueError("no recordings to compute statistics from")
    return total / count


def _leg_length(positions: np.ndarray) -> float:
    """Hip to knee to ankle, mean of both legs, median over frames: a size that does not depend on the pose."""
    return max(float(median(_legs(positions))), 1e-6)


def _legs(positions: np.ndarray) -> np.ndarray:
    """Hip to knee to ankle in each frame, (T,), mean of both legs."""
    upper, lower = _LEGS
    return np.linalg.norm(positions[:, upper] - positions[:, lower], axis=2).sum(axis=1) / 2


def _require_canonical(motion: Motion, name: str) -> None:
    if motion.skeleton.joints != CANONICAL.joints:
        raise ValueError(
            f"{motion.label}: features {name!r} need the canonical body, found skeleton {motion.skeleton.name!r}; "
            "map it with motion2language.body.to_canonical first"
        )


def _heading(positions: np.ndarray) -> np.ndarray:
    """Where the body faces, (T,) radians about Y, 0 = +Z, positive to the left (+X), continuous in time."""
    left = np.sum([positions[:, a] - positions[:, b] for a, b in _ACROSS], axis=0)
    # Forward is left turned by -90 degrees about Y: forward = (-left_z, left_x).
    return np.unwrap(np.arctan2(-left[:, 2], left[:, 0]))


def _to_body_axes(vectors: np.ndarray, heading: tuple[np.ndarray, np.ndarray], out: np.ndarray) -> None:
    """World vectors (T, N, 3) as (left, up, forward), in `out` (T, 3 N), of a body with cosine and sine (T, 1)."""
    cos, sin = heading
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    out[:, ::3], out[:, 1::3], out[:, 2::3] = cos * x - sin * z, y, sin * x + cos * z


def prepare(motion: Motion, config: ModelConfig, joint_map: Mapping[str, str] | None = None) -> Motion:
    """The recording on the joints and at the frame rate a model reads; ValueError when it cannot be mapped."""
    require_rate(motion.label, motion.fps)
    if config.joints == CANONICAL.joints:
        motion = to_canonical(motion, joint_map)
        if config.features != "partial" and motion.seen is not None and not motion.seen.any(axis=0).all():
            warnings.warn(
                f"{motion.label}: models learn whole bodies, so words about a part may be wrong", stacklevel=2
            )
    elif config.features != "angles" and motion.skeleton.joints != config.joints:
        asked = ", ".join(clean_name(joint) for joint in config.joints[:40])
        raise ValueError(
            clean_message(
                f"{motion.label}: the model reads the joints {asked}; found skeleton {motion.skeleton.name!r}; "
                "use a model with features 'canonical' for other skeletons"
            )
        )
    return motion.resample(config.fps)
