"""Small FBX, glTF and MVNX files for tests, written from the formats' descriptions: trees of nodes with curves."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from motion2language.motion import Motion

SECOND = 46_186_158_000  # ticks


@dataclass
class Block:
    """A block of an FBX document."""

    name: str
    values: list[Any] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


def binary(top: list[Block], version: int = 7400, compress: bool = True) -> bytes:
    """A binary document."""
    content = b"Kaydara FBX Binary  \0\x1a\0" + struct.pack("<I", version)
    for block in top:
        content += _binary_block(block, len(content), version, compress)
    return content + bytes(25 if version >= 7500 else 13)


def _binary_block(block: Block, at: int, version: int, compress: bool) -> bytes:
    head = struct.Struct("<QQQB" if version >= 7500 else "<IIIB")
    values = b"".join(_binary_value(value, compress) for value in block.values)
    name = block.name.encode()
    start = at + head.size + len(name)
    inner = b""
    for child in block.blocks:
        inner += _binary_block(child, start + len(values) + len(inner), version, compress)
    if block.blocks:
        inner += bytes(head.size)
    end = start + len(values) + len(inner)
    return head.pack(end, len(block.values), len(values), len(name)) + name + values + inner


def _binary_value(value: Any, compress: bool) -> bytes:
    if isinstance(value, bool):
        return b"C" + bytes([value])
    if isinstance(value, int):
        return b"L" + struct.pack("<q", value)
    if isinstance(value, float):
        return b"D" + struct.pack("<d", value)
    if isinstance(value, str):
        kind, mark, name = value.partition("::")
        raw = (f"{name}\0\1{kind}" if mark else value).encode()
        return b"S" + struct.pack("<I", len(raw)) + raw
    code = {"f4": b"f", "f8": b"d", "i4": b"i", "i8": b"l"}[value.dtype.str[1:]]
    raw = zlib.compress(value.tobytes()) if compress else value.tobytes()
    return code + struct.pack("<III", len(value), int(compress), len(raw)) + raw


def text(top: list[Block], version: int = 7400) -> bytes:
    """The same document as text."""
    return (f"; FBX {version / 1000:.1f} project file\n" + "".join(_text_block(block, 0) for block in top)).encode()


def _text_block(block: Block, depth: int) -> str:
    pad = "\t" * depth
    if block.values and isinstance(block.values[0], np.ndarray):
        numbers = ",".join(f"{value:.9g}" if value.dtype.kind == "f" else str(value) for value in block.values[0])
        return f"{pad}{block.name}: *{len(block.values[0])} {{\n{pad}\ta: {numbers}\n{pad}}}\n"
    shown = [f'"{value}"' if isinstance(value, str) and len(value) != 1 else str(value) for value in block.values]
    inner = "".join(_text_block(child, depth + 1) for child in block.blocks)
    return f"{pad}{block.name}: {', '.join(shown)} " + (f"{{\n{inner}{pad}}}\n" if inner else "\n")


def properties(version: int = 7, **values: Any) -> Block:
    """A block of properties; underscores in names stand for spaces."""
    rows = []
    for name, value in values.items():
        given = list(value) if isinstance(value, tuple | list) else [value]
        labels = [name.replace("_", " "), "any", "", "A"] if version == 7 else [name.replace("_", " "), "any", "A"]
        rows.append(Block("P" if version == 7 else "Property", [*labels, *given]))
    return Block(f"Properties{version}0", [], rows)


@dataclass
class Rig:
    """An FBX document in the making: nodes, takes of curves, settings."""

    settings: dict[str, Any] = field(default_factory=dict)
    nodes: list[tuple[str, int, str, dict[str, Any]]] = field(default_factory=list)
    takes: list[tuple[str, dict[tuple[int, str], list], dict[str, Any]]] = field(default_factory=list)

    def add(self, name: str, parent: int = -1, kind: str = "LimbNode", **rest: Any) -> int:
        """A node; its number."""
        self.nodes.append((name, parent, kind, rest))
        return len(self.nodes) - 1

    def blocks(self) -> list[Block]:
        """The document of FBX 7."""
        objects, links = [], []
        for number, (name, parent, kind, rest) in enumerate(self.nodes):
            objects.append(Block("Model", [100 + number, f"Model::{name}", kind], [properties(**rest)]))
            links.append(Block("C", ["OO", 100 + number, 100 + parent if parent >= 0 else 0]))
        following = 10_000
        for name, curves, own in self.takes:
            stack, layer = following, following + 1
            following += 2
            objects.append(Block("AnimationStack", [stack, f"AnimStack::{name}", ""], [properties(**own)]))
            objects.append(Block("AnimationLayer", [layer, "AnimLayer::base", ""]))
            links.append(Block("C", ["OO", layer, stack]))
            for (node, channel), three in curves.items():
                objects.append(Block("AnimationCurveNode", [following, f"AnimCurveNode::{channel[4]}", ""]))
                links += [Block("C", ["OO", following, layer]), Block("C", ["OP", following, 100 + node, channel])]
                above = following
                following += 1
                for axis, keys in zip("XYZ", three, strict=True):
                    if keys is not None:
                        objects.append(curve_block(following, *keys))
                        links.append(Block("C", ["OP", following, above, f"d|{axis}"]))
                        following += 1
        return [
            Block("FBXHeaderExtension", [], [Block("FBXVersion", [7400])]),
            Block("GlobalSettings", [], [properties(**self.settings)]),
            Block(
                "Objects",
                [],
                [*objects, Block("Geometry", [1, "Geometry::x", "Mesh"], [Block("Vertices", [np.zeros(9)])])],
            ),
            Block("Connections", [], links),
        ]


def curve_block(
    number: int, times: np.ndarray, values: np.ndarray, flag: int = 4, data: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
) -> Block:
    """A curve whose keys all have one flag and one row of data."""
    return Block("AnimationCurve", [number, "AnimCurve::", ""], [
        Block("Default", [0.0]),
        Block("KeyVer", [4008]),
        Block("KeyTime", [np.round(np.asarray(times) * SECOND).astype("<i8")]),
        Block("KeyValueFloat", [np.asarray(values, "<f4")]),
        Block("KeyAttrFlags", [np.array([flag], "<i4")]),
        Block("KeyAttrDataFloat", [np.array(data, "<f4")]),
        Block("KeyAttrRefCount", [np.array([len(times)], "<i4")]),
    ])  # fmt: skip


def moved_rig(motion: Motion, scale: float = 100.0, kind: str = "LimbNode") -> Rig:
    """A rig whose joints have the motion's places, by translations alone; `scale` units are a metre."""
    rig = Rig({"UnitScaleFactor": 100.0 / scale, "TimeMode": 14, "CustomFrameRate": motion.fps})
    times = np.arange(motion.frames) / motion.fps
    curves: dict[tuple[int, str], list] = {}
    top = rig.add("Armature", kind="Null")
    for joint, (name, parent) in enumerate(zip(motion.skeleton.joints, motion.skeleton.parents, strict=True)):
        rig.add(name, parent + 1 if parent >= 0 else top, kind)
        steps = motion.positions[:, joint] - (motion.positions[:, parent] if parent >= 0 else 0)
        curves[joint + 1, "Lcl Translation"] = [(times, scale * steps[:, axis]) for axis in range(3)]
    rig.takes.append(("Armature|Walk", curves, {"LocalStop": round(times[-1] * SECOND)}))
    return rig


def old_text(motion: Motion, binary_form: bool = False) -> bytes:
    """The motion as a document of FBX 6.1, centimetres, Y up, 30 frames a second, translations alone."""
    objects, links, models = [], [], []
    for joint, (name, parent) in enumerate(zip(motion.skeleton.joints, motion.skeleton.parents, strict=True)):
        objects.append(Block("Model", [f"Model::{name}", "LimbNode"], [properties(6, Lcl_Translation=(0.0, 0.0, 0.0))]))
        above = f"Model::{motion.skeleton.joints[parent]}" if parent >= 0 else "Model::Scene"
        links.append(Block("Connect", ["OO", f"Model::{name}", above]))
        steps = 100 * (motion.positions[:, joint] - (motion.positions[:, parent] if parent >= 0 else 0))
        axes = []
        for axis in range(3):
            keys: list[Any] = []
            for frame, value in enumerate(steps[:, axis]):
                keys += [
                    round(frame / motion.fps * SECOND),
                    float(value),
                    *(("L",) if frame % 2 else ("U", "s", 0, 0, "n")),
                ]
            axes.append(Block("Channel", ["XYZ"[axis]], [Block("KeyCount", [motion.frames]), Block("Key", keys)]))
        channels = [Block("Channel", ["Transform"], [Block("Channel", ["T"], axes)])]
        models.append(Block("Model", [f"Model::{name}"], channels))
    stop = round((motion.frames - 1) / motion.fps * SECOND)
    top = [
        Block("FBXHeaderExtension", [], [Block("FBXVersion", [6100])]),
        Block("Objects", [], [*objects, Block("GlobalSettings", [], [properties(6, UnitScaleFactor=1.0, TimeMode=6)])]),
        Block("Connections", [], links),
        Block("Takes", [], [Block("Take", ["Take 001"], [Block("LocalTime", [0, stop]), *models])]),
    ]
    return binary(top, 6100) if binary_form else text(top, 6100)


@dataclass
class Gltf:
    """A glTF document in the making."""

    json: dict[str, Any] = field(default_factory=lambda: {
        "asset": {"version": "2.0"}, "nodes": [], "accessors": [], "bufferViews": [], "animations": [],
    })  # fmt: skip
    data: bytes = b""

    def accessor(self, values: np.ndarray, **more: Any) -> int:
        """An accessor for an array; its number."""
        values = np.asarray(values)
        kind = {"f4": 5126, "i2": 5122, "i1": 5120}[values.dtype.str[1:]]
        shape = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}[values.shape[1] if values.ndim > 1 else 1]
        raw = values.tobytes()
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(raw)})
        self.data += raw + bytes(-len(raw) % 4)
        view = len(self.json["bufferViews"]) - 1
        row = {"bufferView": view, "componentType": kind, "count": len(values), "type": shape} | more
        self.json["accessors"].append(row)
        return len(self.json["accessors"]) - 1

    def animate(self, name: str, channels: dict[tuple[int, str], tuple[np.ndarray, np.ndarray, str]]) -> None:
        """An animation of (node, path) -> times, values, interpolation."""
        samplers, rows = [], []
        for (node, path), (times, values, way) in channels.items():
            keys = self.accessor(np.asarray(times, "<f4"))
            fractions = values.dtype.kind == "i"
            output = self.accessor(values, normalized=True) if fractions else self.accessor(values.astype("<f4"))
            samplers.append({"input": keys, "output": output, "interpolation": way})
            rows.append({"sampler": len(samplers) - 1, "target": {"node": node, "path": path}})
        self.json["animations"].append({"name": name, "samplers": samplers, "channels": rows})

    def glb(self) -> bytes:
        """The document in one binary file."""
        content = self.json | {"buffers": [{"byteLength": len(self.data)}]}
        head = json.dumps(content).encode()
        head += b" " * (-len(head) % 4)
        chunks = (
            struct.pack("<I4s", len(head), b"JSON") + head + struct.pack("<I4s", len(self.data), b"BIN\0") + self.data
        )
        return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks

    def gltf(self, uri: str | None = None) -> bytes:
        """The document as JSON, its data in base64 or in a file of that name."""
        uri = uri or "data:application/octet-stream;base64," + base64.b64encode(self.data).decode()
        return json.dumps(self.json | {"buffers": [{"byteLength": len(self.data), "uri": uri}]}).encode()


def moved_gltf(motion: Motion, skin: bool = True, names: tuple[str, ...] | None = None) -> Gltf:
    """A document whose joints have the motion's places, by translations alone; metres."""
    document = Gltf()
    parents = motion.skeleton.parents
    times = np.arange(motion.frames) / motion.fps
    channels = {}
    for joint, name in enumerate(names or motion.skeleton.joints):
        children = [child for child, parent in enumerate(parents) if parent == joint]
        document.json["nodes"].append({"name": name} | ({"children": children} if children else {}))
        parent = parents[joint]
        steps = motion.positions[:, joint] - (motion.positions[:, parent] if parent >= 0 else 0)
        channels[joint, "translation"] = (times, steps, "LINEAR")
    if skin:
        document.json["skins"] = [{"joints": list(range(len(parents)))}]
    document.animate("Walk", channels)
    return document


#: Xsens' segments that begin at the canonical joints, in the order of motion.CANONICAL.
SEGMENTS = (
    "Pelvis L3 T8 Neck Head LeftShoulder LeftUpperArm LeftForeArm LeftHand RightShoulder RightUpperArm RightForeArm "
    "RightHand LeftUpperLeg LeftLowerLeg LeftFoot LeftToe RightUpperLeg RightLowerLeg RightFoot RightToe"
).split()


def mvnx_text(motion: Motion, label: str = "Ann", turn: tuple[float, ...] | None = None) -> str:
    """A canonical motion as MVNX: metres, Z up, with a calibration pose before the frames.

    turn  the orientation of all segments; then the head ends 20 cm along its X axis. None for no orientations
    The foot contacts are the motion's, else those of a left foot that stands and a right one that does not.
    """
    x, y, z = np.moveaxis(motion.positions, -1, 0)
    places = np.stack((x, -z, y), axis=-1).reshape(motion.frames, -1)
    points = "".join(
        f'<point label="{name}"><pos_b>{place}</pos_b></point>'
        for name, place in (("jHead", "0 0 0"), ("pTopOfHead", "0.2 0 0"), ("pBackOfHead", "0 0 -0.1"))
    )
    segments = "".join(
        f'<segment label="{name}" id="{number}"><points>{points * (name == "Head")}</points></segment>'
        for number, name in enumerate(SEGMENTS, start=1)
    )
    joints = "".join(
        f'<joint label="j{name}"><connector1>{SEGMENTS[parent]}/j{name}</connector1>'
        f"<connector2>{name}/j{name}</connector2></joint>\n"
        for name, parent in zip(SEGMENTS, motion.skeleton.parents, strict=True)
        if parent >= 0
    )
    touches = np.tile([1, 1, 0, 0], (motion.frames, 1)) if motion.contacts is None else motion.contacts.astype(int)
    turns = "" if turn is None else f"<orientation>{' '.join(map(str, turn * len(SEGMENTS)))}</orientation>"
    frames = "".join(
        f'<frame time="{number}" type="normal">{turns}<position>{" ".join(f"{value:.6f}" for value in row)}</position>'
        f"<footContacts>{' '.join(map(str, touch))}</footContacts></frame>\n"
        for number, (row, touch) in enumerate(zip(places, touches, strict=True))
    )
    pose = f'<frame type="tpose"><position>{" ".join(["0"] * 63)}</position></frame>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<mvnx xmlns="http://www.xsens.com/mvn/mvnx" version="4">'
        f'<subject label="{label}" frameRate="{motion.fps:g}" segmentCount="21"><segments>{segments}</segments>'
        f"<joints>{joints}</joints><frames>{pose}{frames}</frames></subject></mvnx>\n"
    )
