"""Arrays of HumanML3D and KIT-ML: joint positions (T, 22, 3), (T, 21, 3) and feature vectors (T, 263), (T, 251).

Arrays of pose estimators and depth cameras, (T, J, 3) or with a visibility (T, J, 4), are read by their layout
(pose_layouts.py, poses.py).

The arrays do not specify a frame rate; the corpus does: HumanML3D 20 frames per second, augmented KIT-ML 12.5. A
feature vector (Guo et al. 2022) contains, for J joints: turn rate of the root about Y as half angles per frame (1), the
root's velocity in its own axes (2), its height (1), the other joints around the root in the root's axes (3 (J-1)),
rotations (6 (J-1)), velocities (3 J) and foot contacts (4); the positions follow from the first four parts.
"""

from __future__ import annotations

import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motion2language.files import read_array_header
from motion2language.formats.limits import FARTHEST_UNITS, most_values, require_near, require_values
from motion2language.formats.pose_layouts import POSE_LAYOUTS, choose_layout
from motion2language.formats.poses import recording_of
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.motion import Motion, Skeleton


@dataclass(frozen=True)
class Layout:
    """A corpus: its body, its frame rate and the width of its feature vectors."""

    skeleton: Skeleton
    fps: float
    width: int


_SMPL = Skeleton(
    "humanml3d",
    (
        "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
        "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
        "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    ),
    (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19),
)  # fmt: skip
#: The order of augmented KIT-ML's joint arrays, under the names of the MMM body.
KIT = Skeleton(
    "kit",
    tuple("root BP BT BLN BUN LS LE LW RS RE RW LH LK LA LMrot LF RH RK RA RMrot RF".split()),
    (-1, 0, 1, 2, 3, 3, 5, 6, 3, 8, 9, 0, 11, 12, 13, 14, 0, 16, 17, 18, 19),
)
_MAGIC, _ARCHIVE = b"\x93NUMPY", b"PK\x03\x04"
LAYOUTS = {"humanml3d": Layout(_SMPL, 20.0, 263), "kit": Layout(KIT, 12.5, 251)}
_CORPUS_SHAPES = [shape for layout in LAYOUTS.values() for shape in ((len(layout.skeleton.joints), 3), (layout.width,))]


def read(path: Path, options: ReadOptions) -> Recording:
    """The motion of a joint or feature array; ValueError names the expected shapes and options."""
    return recording_of_array(_array(path), path.name, options)


def recording_of_array(values: np.ndarray, name: str, options: ReadOptions) -> Recording:
    """As read, of the array itself; `name` is the file's."""
    file = name
    values = _frames_first(_without_batch(values))
    corpus = options.layout in LAYOUTS or values.shape[1:] in _CORPUS_SHAPES
    if options.layout in POSE_LAYOUTS or (values.ndim == 3 and options.layout is None and not corpus):
        return _pose(values, file, options)
    name = _layout_of(values.shape, options.layout)
    layout = LAYOUTS[name]
    if options.layout is None and options.fps is None:
        raise ValueError(
            f"an .npy file does not specify its frame rate; give --layout {name} ({layout.fps:g} frames per second) "
            "or --fps"
        )
    if len(values) == 0:
        raise ValueError("the file contains no frames")
    if values.ndim == 2:
        require_near("a feature", values, FARTHEST_UNITS)
    positions = values if values.ndim == 3 else positions_of(values, len(layout.skeleton.joints))
    # HumanML3D is in metres; KIT-ML's arrays exist in metres and in other units, so the body's size decides.
    unit = "m" if name == "humanml3d" else None
    return Recording(Motion(positions, options.fps or layout.fps, layout.skeleton, file), unit, "y")


def _array(path: Path) -> np.ndarray:
    """The array of numbers in a file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(len(_MAGIC))
        if zipfile.is_zipfile(path):
            raise ValueError("is an archive of arrays; rename it to .npz")
        if start != _MAGIC:
            found = "not an .npy file, or cut off" if start.startswith(_ARCHIVE) else "is not an .npy file"
            raise ValueError(f"{found}; expected an array of numbers")
        file.seek(0)
        try:
            header = read_array_header(file)
        except ValueError as error:
            if "pickle" in str(error):
                raise ValueError("contains Python objects, which are refused; expected an array of numbers") from None
            raise ValueError(f"it {error}") from None
        except EOFError:
            raise ValueError("not an .npy file, or cut off: its header is damaged") from None
        if header.dtype.kind not in "fiu":
            raise ValueError(f"contains {header.dtype}, expected an array of numbers")
        if header.nbytes > size - file.tell():
            raise ValueError(f"is cut off: it declares {header.nbytes} bytes, {size - file.tell()} are there")
        require_values("the array", header.count, most=most_values(size))
        return header.read(file)


def _without_batch(values: np.ndarray) -> np.ndarray:
    """The array without the axis of a batch, or of persons, of one: (1, T, J, 3) and (T, 1, J, 3) -> (T, J, 3)."""
    if values.ndim == 4 and 1 in values.shape[:2]:
        return values.reshape(-1, *values.shape[2:]) if values.shape[0] == 1 else values[:, 0]
    if values.ndim == 3 and values.shape[0] == 1 and values.shape[2] in (layout.width for layout in LAYOUTS.values()):
        return values[0]
    return values


def _frames_first(values: np.ndarray) -> np.ndarray:
    """The array as (T, J, 3), where its only axis of three coordinates comes before: (T, 3, J) and (3, T, J)."""
    if values.ndim != 3 or values.shape[2] in (2, 3, 4) or values.shape[:2].count(3) != 1:
        return values
    moved = np.moveaxis(values, values.shape.index(3), 2)
    known = {len(layout.skeleton.joints) for layout in LAYOUTS.values()}
    if moved.shape[1] not in known and not any(layout.of(moved.shape[1]) for layout in POSE_LAYOUTS.values()):
        return values
    warnings.warn(f"an array of shape {values.shape} is read as {moved.shape}: frames, joints, x y z", stacklevel=2)
    return moved


def _pose(values: np.ndarray, name: str, options: ReadOptions) -> Recording:
    """The body of joints (T, J, 3), or with a confidence (T, J, 4), in a pose estimator's order."""
    if values.ndim == 3 and values.shape[2] == 2:
        raise ValueError(f"an array of shape {values.shape}: the points are 2-D; expected 3-D positions (T, J, 3)")
    if values.ndim != 3 or values.shape[2] not in (3, 4):
        raise ValueError(f"an array of shape {values.shape}; expected (T, J, 3), or (T, J, 4) with a visibility")
    layout = choose_layout(values.shape[1], options.layout)
    if options.fps is None:
        raise ValueError("an .npy file does not specify its frame rate; give it with --fps")
    if len(values) == 0:
        raise ValueError("the file contains no frames")
    confidence = values[..., 3] if values.shape[2] == 4 else None
    return recording_of(values[..., :3], confidence, layout, options.fps, name, options)


def positions_of(features: np.ndarray, joints: int) -> np.ndarray:
    """Joint positions (T, J, 3) of feature vectors (T, F), starting at the origin and facing +Z."""
    values = features.astype(np.float64)
    # The root's rotation by twice the summed half angles turns the world into the root's axes.
    angle = 2 * np.concatenate([[0.0], np.cumsum(values[:-1, 0])])
    velocity = np.concatenate([np.zeros((1, 2)), values[:-1, 1:3]])
    root = np.zeros((len(values), 3))
    root[:, [0, 2]] = np.cumsum(_turn_back(velocity[:, 0], velocity[:, 1], angle), axis=0)
    root[:, 1] = values[:, 3]
    around = values[:, 4 : 4 + 3 * (joints - 1)].reshape(len(values), joints - 1, 3)
    flat = _turn_back(around[..., 0], around[..., 2], angle[:, None])
    others = np.stack((flat[..., 0] + root[:, None, 0], around[..., 1], flat[..., 1] + root[:, None, 2]), axis=-1)
    return np.concatenate([root[:, None], others], axis=1)


def _turn_back(x: np.ndarray, z: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """(x, z) turned about Y by minus `angle`, on a new last axis."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack((cos * x - sin * z, sin * x + cos * z), axis=-1)


def _layout_of(shape: tuple[int, ...], given: str | None) -> str:
    if given is not None and given not in LAYOUTS:
        raise ValueError(f"unknown layout {given!r}; expected one of {', '.join((*LAYOUTS, *POSE_LAYOUTS))}")
    for name, layout in LAYOUTS.items():
        if shape[1:] in ((len(layout.skeleton.joints), 3), (layout.width,)):
            if given not in (None, name):
                raise ValueError(f"an array of shape {shape} has the layout {name}, not {given}")
            return name
    raise ValueError(
        f"an array of shape {shape}; expected joints (T, J, 3), or features (T, 263) of HumanML3D or (T, 251) of KIT-ML"
    )
