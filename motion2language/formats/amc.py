"""AMC with its ASF, Acclaim's pair: joint angles in one file, the skeleton in another.

A bone's joint in the result is where the bone begins and has the bone's name; each leaf also adds its end as
`NAME_end`; the root is `root`. A bone turns by M in its own axes C, so its world rotation is parent C M C^-1. The ASF
specifies the length unit (CMU: 0.45 units per inch) and whether its angles are degrees; the AMC may specify the latter
for its own. Neither specifies the frame rate. Bones that shift or stretch are refused.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from motion2language.formats.contents import encoding_of
from motion2language.formats.kinematics import euler_rotation, forward
from motion2language.formats.limits import FARTHEST_UNITS, require_joints, require_near, require_recording
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.motion import Motion, Skeleton

_CMU_LENGTH = 0.45  # `length` in CMU's files: their unit is one inch divided by this


@dataclass
class _Bone:
    name: str
    direction: np.ndarray = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    axis: np.ndarray = field(default_factory=lambda: np.zeros(3))  # in the unit of the ASF's angles
    axis_order: str = "xyz"
    dof: tuple[str, ...] = ()
    parent: str = ""


@dataclass
class _Acclaim:
    bones: dict[str, _Bone]
    order: list[str]  # parents before children
    degrees: bool
    unit: str | None


def read(path: Path, options: ReadOptions) -> Recording:
    """The recording of an AMC file, with the ASF that the user gave or the one beside it.

    Beside it is an ASF of the same name, of the same subject (CMU's 01.asf for 01_02.amc), or the only one there.
    """
    if options.fps is None:
        raise ValueError("an AMC file does not specify its frame rate; set it with --fps (CMU's recordings have 120)")
    skeleton_path = options.asf or _beside(path)
    try:
        acclaim = _read_asf(skeleton_path)
    except OSError as error:
        raise ValueError(f"its skeleton {skeleton_path} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise ValueError(f"its skeleton {skeleton_path.name}: {error}") from None
    values = _read_amc(path, acclaim)
    size = path.stat().st_size + skeleton_path.stat().st_size
    require_recording(len(next(iter(values.values()))), 2 * len(acclaim.order), size)  # each bone may have an end
    positions, skeleton = _positions(acclaim, values)
    return Recording(Motion(positions, options.fps, skeleton, path.name), acclaim.unit, None)


def _beside(path: Path) -> Path:
    candidates = [path.with_suffix(".asf"), path.with_name(path.stem.split("_")[0] + ".asf")]
    others = sorted(file for file in path.parent.iterdir() if file.suffix.lower() == ".asf" and file.is_file())
    for candidate in candidates:
        same = [file for file in others if file.name.lower() == candidate.name.lower()]
        if same:
            return candidate if candidate in same else same[0]
    if len(others) == 1:
        return others[0]
    names = " or ".join(dict.fromkeys(candidate.name for candidate in candidates))
    raise ValueError(
        f"its skeleton is missing: expected {names}, found {len(others)} .asf files beside it; give --asf FILE"
    )


def _read_asf(path: Path) -> _Acclaim:
    text = path.read_text(encoding=encoding_of(path), errors="replace")
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words and words[0].startswith(":"):
            current = sections.setdefault(words[0][1:].lower(), [])
            words = words[1:]
        if words:
            current.append(words)
    for section in ("root", "bonedata", "hierarchy"):
        if section not in sections:
            raise ValueError(f"no :{section} section; expected an Acclaim skeleton (.asf)")
    units = {words[0].lower(): words[1] for words in sections.get("units", []) if len(words) > 1}
    degrees = units.get("angle", "deg").lower().startswith("deg")
    bones = _bones(sections["bonedata"])
    bones["root"] = _root(sections["root"])
    order = _connect(sections["hierarchy"], bones)
    length = _numbers("length of :units", [units["length"]], 1)[0] if "length" in units else 0.0
    return _Acclaim(bones, order, degrees, "cmu" if abs(length - _CMU_LENGTH) < 1e-9 else None)


def _connect(lines: list[list[str]], bones: dict[str, _Bone]) -> list[str]:
    """Set each bone's parent from the lines of :hierarchy; return the bones' names, parents before children."""
    order = {"root": None}
    for parent, *children in lines:
        if parent in ("begin", "end"):
            continue
        for child in children:
            if parent not in bones or child not in bones:
                raise ValueError(f"the hierarchy connects {parent} and {child}, but not both are bones")
            if child in order:
                raise ValueError(f"the hierarchy gives {child} two parents")
            if parent not in order:
                raise ValueError(f"the hierarchy lists {child} under {parent} before {parent} has a parent")
            bones[child].parent = parent
            order[child] = None
    require_joints(len(order))
    return list(order)


def _bones(lines: list[list[str]]) -> dict[str, _Bone]:
    bones: dict[str, _Bone] = {}
    bone = _Bone("")
    for key, *values in lines:
        if key == "begin":
            bone = _Bone("")
        elif key == "name":
            bone.name = " ".join(values)
        elif key == "direction":
            bone.direction = _numbers(f"bone {bone.name!r}: direction", values, 3)
        elif key == "length":
            bone.length = float(_numbers(f"bone {bone.name!r}: length", values, 1)[0])
        elif key == "axis":
            bone.axis = _numbers(f"bone {bone.name!r}: axis", values, 3)
            bone.axis_order = _axis_order(bone.name, values[3:] or ["xyz"])
        elif key == "dof":
            bone.dof = _freedom(bone.name, values, ("rx", "ry", "rz"))
        elif key == "end":
            bones[bone.name] = bone
            require_joints(len(bones))
            bone = _Bone("")  # a following bone without `begin` must not change this one
    return bones


def _root(lines: list[list[str]]) -> _Bone:
    every = ("tx", "ty", "tz", "rx", "ry", "rz")
    root = _Bone("root", dof=every)
    for key, *values in lines:
        if key.lower() == "order":
            root.dof = _freedom("root", values, every)
        elif key.lower() == "axis":
            root.axis_order = _axis_order("root", values)
        elif key.lower() == "orientation":
            root.axis = _numbers("bone 'root': orientation", values, 3)
        elif key.lower() == "position":
            root.direction = _numbers("bone 'root': position", values, 3)
    return root


def _numbers(what: str, words: list[str], count: int) -> np.ndarray:
    try:
        values = np.array(words[:count], dtype=float)
    except ValueError:
        values = np.zeros(0)
    if len(values) != count or not np.isfinite(values).all():
        expected = "a number" if count == 1 else f"{count} numbers"
        raise ValueError(f"{what} {' '.join(words)[:60]!r}, expected {expected}")
    require_near(what, values)
    return values


def _axis_order(bone: str, words: list[str]) -> str:
    order = "".join(words[:1]).lower()
    if sorted(order) != ["x", "y", "z"]:
        raise ValueError(f"bone {bone!r}: axis order {''.join(words[:1])[:60]!r}, expected X, Y and Z in some order")
    return order


def _freedom(bone: str, words: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    freedom = tuple(word.lower() for word in words)
    for degree in freedom:
        if degree not in known:
            raise ValueError(f"bone {bone!r} has the degree of freedom {degree[:60]!r}; expected {', '.join(known)}")
    return freedom


def _read_amc(path: Path, acclaim: _Acclaim) -> dict[str, np.ndarray]:
    """Values (T, degrees of freedom) of each moving bone, angles in radians."""
    frames, degrees = _frames(path, acclaim)
    if not any(frames):
        raise ValueError("the file contains no frames")
    moving = {name for frame in frames for name in frame}
    for index, frame in enumerate(frames):
        _require_whole(index + 1, frame, moving)
    unit = np.pi / 180 if degrees else 1.0
    factors = {name: [unit if dof.startswith("r") else 1.0 for dof in acclaim.bones[name].dof] for name in moving}
    return {name: np.array([frame[name] for frame in frames]) * factors[name] for name in sorted(moving)}


def _require_whole(number: int, frame: dict[str, list[float]], moving: AbstractSet[str]) -> None:
    """ValueError when a frame lacks a bone that moves."""
    if not frame.keys() >= moving:
        raise ValueError(f"frame {number} lacks {', '.join(sorted(moving - frame.keys())[:4])}; is it cut off?")


def _frames(path: Path, acclaim: _Acclaim) -> tuple[list[dict[str, list[float]]], bool]:
    """Each frame's values by bone as the file has them, and whether its angles are degrees."""
    frames: list[dict[str, list[float]]] = []
    degrees = acclaim.degrees
    for number, line in enumerate(path.read_text(encoding=encoding_of(path), errors="replace").splitlines(), start=1):
        words = line.split("#")[0].split()
        if not words or words[0].startswith(":"):
            degrees = {":DEGREES": True, ":RADIANS": False}.get(words[0].upper() if words else "", degrees)
            continue
        if len(words) == 1 and words[0].isdigit():
            if frames:  # now, so that a file of empty frames fills no memory
                _require_whole(len(frames), frames[-1], frames[0].keys())
                _require_whole(1, frames[0], frames[-1].keys())
                if not frames[0]:
                    raise ValueError("the file contains no frames")
            frames.append({})
            continue
        bone = acclaim.bones.get(words[0])
        if bone is None or not frames:
            raise ValueError(f"line {number}: {words[0]!r} is not a bone of the skeleton; is this its .asf?")
        try:
            values = [float(word) for word in words[1:]]
        except ValueError:
            raise ValueError(f"line {number}: bone {bone.name!r} has a value that is not a number") from None
        if len(values) != len(bone.dof):
            raise ValueError(f"line {number}: bone {bone.name!r} has {len(values)} numbers, expected {len(bone.dof)}")
        if not all(-FARTHEST_UNITS <= value <= FARTHEST_UNITS for value in values):
            raise ValueError(f"line {number}: bone {bone.name!r} has a value that is not a finite number, or too large")
        if bone.name in frames[-1]:
            raise ValueError(f"line {number}: bone {bone.name!r} appears twice in its frame")
        frames[-1][bone.name] = values
    return frames, degrees


def _positions(acclaim: _Acclaim, values: dict[str, np.ndarray]) -> tuple[np.ndarray, Skeleton]:
    frames = len(next(iter(values.values())))
    names, parents = list(acclaim.order), [-1]
    place = {name: number for number, name in enumerate(acclaim.order)}
    with_children = {acclaim.bones[name].parent for name in acclaim.order}
    offsets: list[np.ndarray] = []
    rotations: list[np.ndarray | None] = []
    for name in acclaim.order:
        bone = acclaim.bones[name]
        moved = values.get(name, np.zeros((frames, len(bone.dof))))
        rotations.append(_rotation(bone, moved, acclaim.degrees))
        if name == "root":
            offset = np.tile(bone.direction, (frames, 1))
            for column, dof in enumerate(bone.dof):
                if dof.startswith("t"):
                    offset[:, "xyz".index(dof[1])] += moved[:, column]
            offsets.append(offset)
        else:
            parents.append(place[bone.parent])
            offsets.append(_reach(acclaim.bones[bone.parent]))
    for name in acclaim.order:
        if name not in with_children:
            names.append(f"{name}_end")
            parents.append(place[name])
            offsets.append(_reach(acclaim.bones[name]))
            rotations.append(None)
    return forward(parents, offsets, rotations), Skeleton("acclaim", tuple(names), tuple(parents))


def _reach(bone: _Bone) -> np.ndarray:
    """The way from a bone's beginning to its end; the root is a point."""
    return np.zeros(3) if bone.name == "root" else bone.direction * bone.length


def _rotation(bone: _Bone, moved: np.ndarray, degrees: bool) -> np.ndarray:
    """C M C^-1, (T, 3, 3). Acclaim turns about fixed axes in the given order: the first is innermost.

    moved (T, degrees of freedom) is in radians; the bone's own axes are in degrees when `degrees`.
    """
    turns = [(column, "xyz".index(dof[1])) for column, dof in enumerate(bone.dof) if dof.startswith("r")]
    turns = turns[::-1]
    motion = euler_rotation([axis for _, axis in turns], moved[:, [column for column, _ in turns]].T)
    order = ["xyz".index(letter) for letter in bone.axis_order][::-1]
    own = euler_rotation(order, (np.radians(bone.axis) if degrees else bone.axis)[order][:, None])
    return own @ motion @ np.swapaxes(own, 1, 2)
