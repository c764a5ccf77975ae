"""glTF: .glb, .gltf, and the avatars .vrm and motions .vrma of VRM: the skeleton of a skin, and every animation.

Read: STEP, LINEAR and CUBICSPLINE, scales and matrices of nodes, integers that stand for fractions, buffers in the
file, in base64 or beside it. VRM's table of the humanoid, where there is one, names the joints. Not read: morph
targets, sparse and compressed accessors (an error says so). Keys have times, not a rate: the recording is sampled at
the rate of the most frequent even keys, else at 30 frames per second. Metres, Y up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.formats.gltf_document import Document, extensions, load, pick, rows
from motion2language.formats.kinematics import forward, quaternion_rotation
from motion2language.formats.limits import clean_name, most_values, require_near, require_values
from motion2language.formats.reading import ReadOptions, Recording, Takes
from motion2language.formats.sampling import USUAL_RATE, frame_times, key_rate, name_takes, pose_in_blocks
from motion2language.formats.scene import Body, choose_body, credible_unit
from motion2language.motion import Motion

_PATHS = {"translation": 3, "rotation": 4, "scale": 3}
_REST = {"translation": (0.0, 0.0, 0.0), "rotation": (0.0, 0.0, 0.0, 1.0), "scale": (1.0, 1.0, 1.0)}
_WAYS = ("STEP", "LINEAR", "CUBICSPLINE")


def read(path: Path, options: ReadOptions) -> Recording:
    """The recording of the file's animation, or of the one that `options.take` names."""
    return takes(path, options).one(options.take)


def takes(path: Path, options: ReadOptions) -> Takes:
    """The animations of a file; those that move no node, such as morph targets alone, are left out."""
    document = load(path)
    nodes = _nodes(document)
    animations = [row for row in document.rows("animations") if _channels(row)]
    if not animations:
        raise ValueError("contains no animation of nodes, a character in one pose; expected a recording")
    names = name_takes([str(row.get("name", "")) for row in animations])

    def read_take(number: int) -> Recording:
        name = path.name if len(names) == 1 else f"{path.name} [{names[number]}]"
        return _recording(document, nodes, animations[number], options, name)

    return Takes(names, read_take)


@dataclass(frozen=True)
class _Nodes:
    """A document's nodes: names, parents (-1: none), and which are joints; empty where the file does not say."""

    names: list[str]
    parents: list[int]
    joints: frozenset[int]
    rows: list[dict[str, Any]]


def _nodes(document: Document) -> _Nodes:
    found = document.rows("nodes")
    parents = [-1] * len(found)
    for number, row in enumerate(found):
        for child in _indices(row, "children"):
            pick(found, child, "node")
            if parents[child] >= 0:
                raise ValueError(f"node {child} is in two places of the tree; is the file damaged?")
            parents[child] = number
    names = [str(row.get("name") or f"node {number}") for number, row in enumerate(found)]
    joints = {joint for skin in document.rows("skins") for joint in _indices(skin, "joints")}
    for bone, node in _humanoid(document):
        pick(found, node, "node")
        names[node] = bone
        joints.add(node)
    for joint in joints:
        pick(found, joint, "node")
    return _Nodes(names, parents, frozenset(joints), found)


def _indices(row: dict[str, Any], name: str) -> list[int]:
    values = row.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, int) for value in values):
        raise ValueError(f"{name!r} is not a list of nodes; is the file damaged?")
    return values


def _humanoid(document: Document) -> list[tuple[str, int]]:
    """VRM's names of bones with their nodes, from the table of version 1, of a motion, or of version 0."""
    known = extensions(document.json)
    for name in ("VRMC_vrm", "VRMC_vrm_animation", "VRM"):
        part = known.get(name)
        humanoid = part.get("humanoid") if isinstance(part, dict) else None
        bones = humanoid.get("humanBones") if isinstance(humanoid, dict) else None
        if isinstance(bones, dict):
            return [(str(bone), row.get("node", -1)) for bone, row in bones.items() if isinstance(row, dict)]
        if isinstance(bones, list):
            return [(str(row.get("bone")), row.get("node", -1)) for row in bones if isinstance(row, dict)]
    return []


def _channels(animation: dict[str, Any]) -> list[tuple[int, str, object]]:
    """(node, path, sampler) of each channel that moves a node."""
    found = []
    for row in rows(animation, "channels"):
        target = row.get("target")
        node = target.get("node") if isinstance(target, dict) else None
        if isinstance(target, dict) and isinstance(node, int) and str(target.get("path")) in _PATHS:
            found.append((node, str(target["path"]), row.get("sampler")))
    return found


def _recording(
    document: Document, nodes: _Nodes, animation: dict[str, Any], options: ReadOptions, name: str
) -> Recording:
    channels = _channels(animation)
    for node, _, _ in channels:
        pick(nodes.rows, node, "node")
    moving = {node for node, _, _ in channels}
    joints = nodes.joints or _with_ancestors(moving, nodes.parents)
    body = choose_body("gltf", nodes.names, nodes.parents, joints, moving, options.subject)
    wanted = set(body.nodes)
    samplers = rows(animation, "samplers")
    curves: dict[tuple[int, str], _Curve] = {}
    kept = 0  # numbers; many channels may share an array of many keys
    for (node, path), sampler in {(node, path): sampler for node, path, sampler in channels}.items():
        if node in wanted:
            row = pick(samplers, sampler, "sampler")
            curves[node, path] = curve = _curve(document, row, path, nodes.names[node])
            kept += curve.times.size + curve.values.size + curve.before.size + curve.after.size
            require_values("keys of its channels", kept, most=most_values(document.size + document.beside()))
    if not curves:
        raise ValueError(f"its animation moves no joint of {body.name}; expected a recording of a body")
    keys = [curve.times for curve in curves.values()]
    fps = options.fps or key_rate(keys) or USUAL_RATE
    times = frame_times(min(key[0] for key in keys), max(key[-1] for key in keys), fps, len(body.nodes), document.size)
    parts = [_part(nodes.rows[node], nodes.names[node], node, curves) for node in body.nodes]
    positions = pose_in_blocks(body, times, partial(_pose, body, parts))
    motion = Motion(positions, fps, body.skeleton, name)
    return Recording(motion, credible_unit("m", motion), "y")


def _with_ancestors(nodes: set[int], parents: Sequence[int]) -> set[int]:
    found = set[int]()
    for start in nodes:
        node = start
        while node >= 0 and node not in found:
            found.add(node)
            node = parents[node]
    return found


@dataclass(frozen=True, eq=False)
class _Curve:
    """Keys: times (K,) seconds, values (K, N); for CUBICSPLINE tangents before and after each key, per second."""

    times: np.ndarray
    values: np.ndarray
    way: str
    before: np.ndarray
    after: np.ndarray

    def at(self, times: np.ndarray) -> np.ndarray:
        """The values (T, N) at `times`; before the first key and after the last one the nearest key holds."""
        last = len(self.times) - 1
        low = np.clip(np.searchsorted(self.times, times, side="right") - 1, 0, max(last - 1, 0))
        high = np.minimum(low + 1, last)
        step = self.times[high] - self.times[low]
        share = np.clip((times - self.times[low]) / np.where(step > 0, step, 1), 0, 1)[:, None]
        first, second = self.values[low], self.values[high]
        if self.way == "STEP":
            return np.where(share < 1, first, second)
        if self.way == "CUBICSPLINE":
            result = _hermite(first, self.after[low] * step[:, None], second, self.before[high] * step[:, None], share)
        elif self.values.shape[1] == 4:
            return _slerp(_unit(first), _unit(second), share)
        else:
            result = (1 - share) * first + share * second
        return _unit(result) if self.values.shape[1] == 4 else result


def _curve(document: Document, sampler: dict[str, Any], path: str, node: str) -> _Curve:
    way = str(sampler.get("interpolation", "LINEAR"))
    if way not in _WAYS:
        raise ValueError(f"interpolation {way[:40]!r}, expected {', '.join(_WAYS)}")
    times = document.numbers(sampler.get("input"), 1)[:, 0]
    values = document.numbers(sampler.get("output"), _PATHS[path])
    each = 3 if way == "CUBICSPLINE" else 1
    if len(times) == 0 or len(values) != each * len(times):
        raise ValueError(f"{node}: {len(times)} times and {len(values)} values of its {path}, expected as many")
    require_near(f"{node}: a time of its {path}", times)
    require_near(f"{node}: its {path}", values)
    if (np.diff(times) < 0).any():
        raise ValueError(f"{node}: the times of its {path} go back; is the file damaged?")
    if way == "CUBICSPLINE":
        return _Curve(times, values[1::3], way, values[::3], values[2::3])
    return _Curve(times, values, way, values[:0], values[:0])


@dataclass(frozen=True, eq=False)
class _Part:
    """How a node stands to its parent: curves or fixed values for each of _PATHS, or a matrix (4, 4)."""

    moved: dict[str, _Curve]
    rest: dict[str, np.ndarray]
    matrix: np.ndarray | None

    def at(self, path: str, times: np.ndarray) -> np.ndarray:
        """A path's values, (T, N) where it moves, else (1, N)."""
        return self.moved[path].at(times) if path in self.moved else self.rest[path][None]

    def offset(self, times: np.ndarray) -> np.ndarray:
        """The node's place in its parent's axes, (T, 3) or (3,)."""
        if self.matrix is not None:
            return self.matrix[:3, 3]
        offset = self.at("translation", times)
        return offset if len(offset) > 1 else offset[0]

    def turn(self, times: np.ndarray) -> np.ndarray:
        """The node's rotation with its scale, (T, 3, 3) or (1, 3, 3)."""
        if self.matrix is not None:
            return self.matrix[None, :3, :3]
        return quaternion_rotation(self.at("rotation", times)) * self.at("scale", times)[:, None, :]


def _part(row: dict[str, Any], name: str, node: int, curves: dict[tuple[int, str], _Curve]) -> _Part:
    moved = {path: curves[node, path] for path in _PATHS if (node, path) in curves}
    if "matrix" in row and not moved:
        return _Part(moved, {}, _fixed(row, "matrix", np.eye(4).ravel(), name).reshape(4, 4).T)
    rest = {path: _fixed(row, path, np.array(_REST[path]), name) for path in _PATHS}
    rest["rotation"] = _unit(rest["rotation"][None])[0]
    return _Part(moved, rest, None)


def _fixed(row: dict[str, Any], name: str, otherwise: np.ndarray, node: str) -> np.ndarray:
    """A node's own numbers, or `otherwise` where it has none."""
    values = row.get(name)
    if values is None:
        return otherwise
    numbers = isinstance(values, list) and all(isinstance(value, int | float) for value in values)
    if not numbers or len(values) != len(otherwise):
        raise ValueError(f"{clean_name(node)}: its {name} is {str(values)[:60]!r}, expected {len(otherwise)} numbers")
    found = np.array([float(max(min(value, 1e300), -1e300)) for value in values])
    require_near(f"{clean_name(node)}: its {name}", found)
    return found


def _pose(body: Body, parts: Sequence[_Part], times: np.ndarray) -> np.ndarray:
    """Positions (T, N, 3) of the body's nodes."""
    positions = forward(body.parents, [part.offset(times) for part in parts], [part.turn(times) for part in parts])
    return np.broadcast_to(positions, (len(times), *positions.shape[1:]))


def _hermite(first: np.ndarray, out: np.ndarray, second: np.ndarray, into: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The cubic from `first` to `second` whose slopes, per step, are `out` and `into`."""
    square, cube = share**2, share**3
    return (
        (2 * cube - 3 * square + 1) * first
        + (cube - 2 * square + share) * out
        + (3 * square - 2 * cube) * second
        + (cube - square) * into
    )


def _unit(quaternions: np.ndarray) -> np.ndarray:
    """Quaternions (T, 4) x, y, z, w of length one; no rotation for a zero."""
    length = np.linalg.norm(quaternions, axis=1, keepdims=True)
    return np.where(length > 1e-12, quaternions / np.maximum(length, 1e-12), (0.0, 0.0, 0.0, 1.0))


def _slerp(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Unit quaternions the given share of the shorter way from `first` to `second`."""
    cosine = (first * second).sum(axis=1, keepdims=True)
    second = np.where(cosine < 0, -second, second)
    angle = np.arccos(np.clip(np.abs(cosine), 0, 1))
    sine = np.sin(angle)
    near = sine < 1e-6
    sine = np.where(near, 1, sine)
    start = np.where(near, 1 - share, np.sin((1 - share) * angle) / sine)
    end = np.where(near, share, np.sin(share * angle) / sine)
    return _unit(start * first + end * second)
