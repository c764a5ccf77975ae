"""Motions written as .glb: a skeleton with one animation, translations and rotations of every joint.

Metres, Y up. Bones keep the length they have in each frame, so positions come back exactly.
Source: glTF 2.0 specification, Khronos Group.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.files import write_atomically
from motion2language.formats.bone_turns import turn_bones
from motion2language.motion import Motion

_FLOAT, _MAGIC, _JSON, _BINARY = 5126, b"glTF", b"JSON", b"BIN\0"


def write(motion: Motion, path: str | Path) -> None:
    """Write a motion as .glb, whole or not at all."""
    bones = turn_bones(motion)
    joints = range(len(motion.skeleton.joints))
    buffer = _Buffer()
    times = buffer.add((np.arange(motion.frames) / motion.fps)[:, None], "SCALAR")
    channels: list[dict[str, Any]] = []
    samplers: list[dict[str, Any]] = []
    for joint in joints:
        quaternions = _quaternions(bones.turns[joint])
        for name, values, kind in (("translation", bones.offsets[joint], "VEC3"), ("rotation", quaternions, "VEC4")):
            channels.append({"sampler": len(samplers), "target": {"node": joint, "path": name}})
            samplers.append({"input": times, "output": buffer.add(values, kind), "interpolation": "LINEAR"})
    nodes: list[dict[str, Any]] = []
    for joint, name in enumerate(motion.skeleton.joints):
        children = [child for child, parent in enumerate(motion.skeleton.parents) if parent == joint]
        node = {"name": name, "translation": bones.rest[joint].tolist()}
        nodes.append(node | ({"children": children} if children else {}))
    document = {
        "asset": {"version": "2.0", "generator": "motion2language"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": nodes,
        "skins": [{"joints": list(joints), "skeleton": 0}],
        "animations": [{"name": Path(motion.name).stem or "motion", "channels": channels, "samplers": samplers}],
        "buffers": [{"byteLength": len(buffer.data)}],
        "bufferViews": buffer.views,
        "accessors": buffer.accessors,
    }
    content = _chunk(_JSON, json.dumps(document).encode(), b" ") + _chunk(_BINARY, bytes(buffer.data), b"\0")
    head = _MAGIC + struct.pack("<II", 2, 12 + len(content))
    write_atomically(path, lambda file: file.write(head + content))


class _Buffer:
    """The numbers of a document, and the rows that say where they are."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: np.ndarray, kind: str) -> int:
        """The number of the accessor of values (T, N)."""
        array = np.ascontiguousarray(values, "<f4")
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": array.nbytes})
        self.data += array.tobytes()
        low, high = array.min(axis=0).tolist(), array.max(axis=0).tolist()
        row = {"bufferView": len(self.views) - 1, "componentType": _FLOAT, "count": len(array), "type": kind}
        self.accessors.append(row | {"min": low, "max": high})
        return len(self.accessors) - 1


def _chunk(kind: bytes, content: bytes, filler: bytes) -> bytes:
    content += filler * (-len(content) % 4)
    return struct.pack("<I", len(content)) + kind + content


def _quaternions(turns: np.ndarray) -> np.ndarray:
    """Unit quaternions (T, 4) x, y, z, w of rotations (T, 3, 3), without jumps of sign.

    Each component's size follows from the diagonal, the largest one is exact, and the others follow from it (Shepperd
    1978, Journal of Guidance and Control 1, 223-224).
    """
    x, y, z = (turns[:, axis, axis] for axis in range(3))
    squares = np.stack([1 + x - y - z, 1 - x + y - z, 1 - x - y + z, 1 + x + y + z], axis=1)
    products = np.empty((len(turns), 4, 4))
    products[:, range(4), range(4)] = squares
    for first, second, value in (
        (0, 1, turns[:, 1, 0] + turns[:, 0, 1]), (0, 2, turns[:, 0, 2] + turns[:, 2, 0]),
        (1, 2, turns[:, 2, 1] + turns[:, 1, 2]), (0, 3, turns[:, 2, 1] - turns[:, 1, 2]),
        (1, 3, turns[:, 0, 2] - turns[:, 2, 0]), (2, 3, turns[:, 1, 0] - turns[:, 0, 1]),
    ):  # fmt: skip
        products[:, first, second] = products[:, second, first] = value
    largest = products[np.arange(len(turns)), squares.argmax(axis=1)]
    quaternions = largest / np.linalg.norm(largest, axis=1, keepdims=True)
    flips = np.where((quaternions[1:] * quaternions[:-1]).sum(axis=1) < 0, -1.0, 1.0)
    quaternions[1:] *= np.cumprod(flips)[:, None]
    return quaternions
