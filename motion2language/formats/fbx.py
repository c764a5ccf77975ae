"""FBX, the exchange format of animation programs: the skeleton and every take, from its binary or its text form.

Read: versions 7.0 to 7.7 and, in its common parts, 6.1; unit, axes and rate of its settings; rotation orders, pre- and
post-rotation, pivots, offsets and scales of nodes, and whether a node inherits its parent's scale; constant, linear and
cubic curves, layers that add or replace. Not read: constraints, inverse kinematics, geometry, rotations interpolated
as quaternions, and curves that go on beyond their last key. We do not use a library in C, since a damaged file must
not end the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from motion2language.formats.fbx_curves import Curve
from motion2language.formats.fbx_document import MAGIC, parse_binary
from motion2language.formats.fbx_scene import CHANNELS, Layer, Node, Scene, Settings, Take, scene_of
from motion2language.formats.fbx_text import parse_text
from motion2language.formats.kinematics import euler_rotation
from motion2language.formats.limits import clean_name, most_values, require_values
from motion2language.formats.reading import ReadOptions, Recording, Takes
from motion2language.formats.sampling import USUAL_RATE, frame_times, key_rate, name_takes, pose_in_blocks
from motion2language.formats.scene import Body, choose_body, credible_unit, fits_a_unit
from motion2language.motion import Motion

#: The axes about which a rotation order turns, the last one first: a product of rotations from left to right.
_ORDERS = ((2, 1, 0), (1, 2, 0), (0, 2, 1), (2, 0, 1), (1, 0, 2), (0, 1, 2))
_XYZ = _ORDERS[0]
_NUMBERS_OF_KEY = 5  # chosen: what a key takes in memory, as a multiple of what a number of a recording may take
_OWN_FIRST, _WITHOUT_PARENT = 0, 2  # inherit types: a node's rotation comes before its parent's scale; without it


def read(path: Path, options: ReadOptions) -> Recording:
    """The recording of the file's take, or of the one that `options.take` names."""
    return takes(path, options).one(options.take)


def takes(path: Path, options: ReadOptions) -> Takes:
    """The takes of a file; those that move no node are left out."""
    content = path.read_bytes()
    document, version = parse_binary(content) if content.startswith(MAGIC) else parse_text(content)
    scene = scene_of(document, version)
    moving = [take for take in scene.takes if any(layer.channels for layer in take.layers)]
    if not scene.nodes:
        raise ValueError("contains no nodes; expected a character with a skeleton and its animation")
    if not moving:
        raise ValueError("contains no animation, a character in one pose; expected a recording")
    names = name_takes([take.name for take in moving])

    def read_take(number: int) -> Recording:
        name = path.name if len(names) == 1 else f"{path.name} [{names[number]}]"
        return _recording(scene, moving[number], options, name, len(content))

    return Takes(names, read_take)


def _recording(scene: Scene, take: Take, options: ReadOptions, name: str, size: int) -> Recording:
    nodes = scene.nodes
    moving = {node for layer in take.layers for node, _ in layer.channels}
    bones = {number for number, node in enumerate(nodes) if node.is_bone}
    joints = bones or {number for number, node in enumerate(nodes) if node.kind in ("Null", "")}
    body = choose_body("fbx", [n.name for n in nodes], [n.parent for n in nodes], joints, moving, options.subject)
    moves, keys = _moves(nodes, body, take, size)
    if not keys:
        raise ValueError(f"its animation moves no joint of {clean_name(body.name)}; expected a recording of a body")
    start, stop = take.span or (min(key[0] for key in keys), max(key[-1] for key in keys))
    fps = options.fps or scene.settings.fps or key_rate(keys) or USUAL_RATE
    times = frame_times(start, stop, fps, len(body.nodes), size)
    positions = pose_in_blocks(body, times, partial(_pose, body, moves))
    positions, up = _turned(positions, scene.settings)
    motion = Motion(positions, fps, body.skeleton, name)
    unit = credible_unit("cm", motion)
    if unit is None and fits_a_unit(in_metres := replace(motion, positions=positions / 100)):
        return Recording(in_metres, None, up)  # made where one metre stood for one unit of the recording
    return Recording(motion, unit, up)


def _moves(nodes: Sequence[Node], body: Body, take: Take, size: int) -> tuple[list[_Channels], list[np.ndarray]]:
    """What moves each of the body's nodes, and the times of all keys; many nodes may share a curve of many keys."""
    moves, keys, count, most = list[_Channels](), list[np.ndarray](), 0, most_values(size)
    for node in body.nodes:
        moves.append(_Channels(nodes[node], node, take.layers))
        for curve in moves[-1].all_curves():
            keys.append(curve.times)
            count += len(curve.times)
            require_values("keys of its curves", count, _NUMBERS_OF_KEY, most=most)
    return moves, keys


def _turned(positions: np.ndarray, settings: Settings) -> tuple[np.ndarray, str]:
    """Positions in centimetres, right-handed, and their up axis; a left-handed file's axis to the right is mirrored."""
    positions *= np.float32(settings.centimetres)
    rows = np.zeros((3, 3))
    for row, (axis, sign) in enumerate(settings.axes):
        rows[row, axis] = sign
    if np.linalg.det(rows) < 0:
        positions[..., settings.axes[0][0]] *= -1
    axis, sign = settings.axes[1]
    return positions, ("-" if sign < 0 else "") + "xyz"[axis]


class _Channels:
    """How a node stands to its parent at any time: its channels with their curves, and its pivots."""

    def __init__(self, node: Node, number: int, layers: Sequence[Layer]) -> None:
        self.node = node
        self.layers: list[dict[str, list[Curve | None]]] = []
        self.ways = [(layer.weight, layer.additive) for layer in layers]
        for layer in layers:
            made = {channel: layer.channels.get((number, channel), ()) for channel in CHANNELS}
            self.layers.append({channel: [None if make is None else make() for make in three]
                                for channel, three in made.items() if three})  # fmt: skip

    def all_curves(self) -> list[Curve]:
        """Every curve of the node."""
        return [curve for layer in self.layers for three in layer.values() for curve in three if curve is not None]

    def at(self, channel: str, times: np.ndarray) -> np.ndarray:
        """A channel's values, (T, 3), or (1, 3) where it does not move."""
        values = self.node.rest[channel][None]
        for number, (layer, (weight, additive)) in enumerate(zip(self.layers, self.ways, strict=True)):
            if not any(curve is not None for curve in layer.get(channel, ())):
                continue
            values = np.repeat(values, len(times), axis=0) if len(values) != len(times) else values.copy()
            for axis, curve in enumerate(layer[channel]):
                if curve is None:
                    continue
                own = curve.at(times)
                if number == 0:
                    values[:, axis] = own
                elif not additive:
                    values[:, axis] += weight * (own - values[:, axis])
                elif channel == "Lcl Scaling":
                    values[:, axis] *= 1 + weight * (own - 1)
                else:
                    values[:, axis] += weight * own
        return values


def _pose(body: Body, moves: Sequence[_Channels], times: np.ndarray) -> np.ndarray:
    """Positions (T, N, 3) of the body's nodes.

    A node moves by T Roff Rp Rpre R Rpost^-1 Rp^-1 Soff Sp S Sp^-1 (Autodesk, FBX SDK, Computing transformation
    matrices): its pivots shift its place, and what it hands on is its rotation and its scale, which are kept apart,
    since a node may take only part of its parent's scale.
    """
    places: list[np.ndarray] = []
    turns: list[np.ndarray] = []
    scales: list[np.ndarray | None] = []
    own_scales: list[np.ndarray | None] = []
    for move, parent in zip(moves, body.parents, strict=True):
        rest = move.node.rest
        turn = _rotation(move.node, move.at("Lcl Rotation", times))
        sizes = move.at("Lcl Scaling", times)
        scale = None if np.abs(sizes - 1).max() < 1e-5 else sizes[..., None] * np.eye(3)
        place = move.at("Lcl Translation", times) + rest["RotationOffset"] + rest["RotationPivot"]
        inner = rest["ScalingOffset"] + rest["ScalingPivot"] - rest["RotationPivot"] - sizes * rest["ScalingPivot"]
        if inner.any():
            place = place + (turn @ inner[..., None])[..., 0]
        if parent >= 0:
            above, wide = turns[parent], scales[parent]
            frame = above if wide is None else above @ wide
            place = places[parent] + (frame @ place[..., None])[..., 0]
            given = _inherited(move.node.inherit, wide, own_scales[parent], turn)
            own, turn = scale, above @ turn
            scale = own if given is None else given if own is None else given @ own
            own_scales.append(own)
        else:
            own_scales.append(scale)
        places.append(place)
        turns.append(turn)
        scales.append(scale)
    return np.stack([np.broadcast_to(place, (len(times), 3)) for place in places], axis=1)


def _inherited(kind: int, wide: np.ndarray | None, of_parent: np.ndarray | None, turn: np.ndarray) -> np.ndarray | None:
    """The scale that a node takes from its parent, in the node's own axes; None for no scale."""
    if wide is None:
        return None
    if kind == _WITHOUT_PARENT:
        return wide if of_parent is None else wide @ np.linalg.pinv(of_parent)
    if kind == _OWN_FIRST:
        return wide
    return np.swapaxes(turn, -1, -2) @ wide @ turn


def _rotation(node: Node, degrees: np.ndarray) -> np.ndarray:
    """A node's rotation (T, 3, 3), with pre- and post-rotation."""
    order = _ORDERS[node.order] if 0 <= node.order < len(_ORDERS) else _XYZ
    turn = euler_rotation(order, np.radians(degrees).T[list(order)])
    before, after = (node.rest[name] for name in ("PreRotation", "PostRotation"))
    if before.any():
        turn = _fixed(before) @ turn
    return turn @ np.swapaxes(_fixed(after), 1, 2) if after.any() else turn


def _fixed(degrees: np.ndarray) -> np.ndarray:
    """A fixed rotation (1, 3, 3), turned about x, then y, then z."""
    return euler_rotation(_XYZ, np.radians(degrees)[list(_XYZ), None])
