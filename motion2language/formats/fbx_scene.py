"""What an FBX document says of motion: its settings, its nodes and how each stands to its parent, and its takes.

FBX 7 numbers its objects and connects them; a take is a stack of layers of curves. FBX 6 connects objects by name; a
take lists its curves by node and channel. Both become the same values here.
"""

from __future__ import annotations

import warnings
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from motion2language.formats.fbx_curves import Curve, curve_of, old_curve_of
from motion2language.formats.fbx_document import Block
from motion2language.formats.limits import clean_name, require_near

_TICKS, _NEW_TICKS = 46_186_158_000, 141_120_000  # a second's, before version 8 and from there on
_OLD_DEFINITION = 127  # of OtherFlags:TCDefinition: times count _TICKS
#: Frames per second of TimeMode, in its order; 0 where the file leaves it open, 14 has its own rate.
_RATES = (0.0, 120.0, 100.0, 60.0, 50.0, 48.0, 30.0, 30.0, 30000 / 1001, 30000 / 1001, 25.0, 24.0, 1000.0, 24000 / 1001,
          0.0, 96.0, 72.0, 60000 / 1001, 120000 / 1001)  # fmt: skip
_CUSTOM_RATE = 14
_MOST_NODES, _MOST_LAYERS = 100_000, 64  # of a document, of a take; chosen: real ones have thousands, and a few
_BONES = ("LimbNode", "Limb", "Root", "Effector")
CHANNELS = {"Lcl Translation": 0.0, "Lcl Rotation": 0.0, "Lcl Scaling": 1.0}
_SHORT = {"T": "Lcl Translation", "R": "Lcl Rotation", "S": "Lcl Scaling"}
_VECTORS = ("RotationOffset", "RotationPivot", "ScalingOffset", "ScalingPivot", "PreRotation", "PostRotation")

type_of_id = int | str


@dataclass(frozen=True)
class Settings:
    """A document's units: centimetres in one unit, the axes that point right, up and ahead with their signs, the rate.

    fps    None where the file leaves it open
    ticks  of a time, in a second
    """

    centimetres: float
    axes: tuple[tuple[int, int], ...]
    fps: float | None
    ticks: float


@dataclass
class Node:
    """A node: its name, kind, parent (-1: none), and how it stands to its parent at rest."""

    name: str
    kind: str
    parent: int = -1
    rest: dict[str, np.ndarray] = field(default_factory=dict)
    order: int = 0
    inherit: int = 0

    @property
    def is_bone(self) -> bool:
        """Whether it is part of a skeleton by its kind."""
        return self.kind in _BONES


@dataclass(frozen=True)
class Layer:
    """A layer of a take: for each node and channel what makes its three curves, and how it is put upon those below."""

    channels: Mapping[tuple[int, str], Sequence[partial[Curve | None] | None]]
    weight: float = 1.0
    additive: bool = True


@dataclass(frozen=True)
class Take:
    """A take: its name, its first and last time in seconds where the file says them, and its layers, lowest first."""

    name: str
    span: tuple[float, float] | None
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Scene:
    """Everything of a document that motion needs."""

    settings: Settings
    nodes: tuple[Node, ...]
    takes: tuple[Take, ...]


def scene_of(document: Block, version: int) -> Scene:
    """The scene of a document; ValueError explains what is wrong with it."""
    settings = _settings(document, version)
    objects = document.find("Objects") or Block("Objects", [])
    connections = document.find("Connections") or Block("Connections", [])
    ids, nodes = _nodes(objects, _template(document))
    links = [link for link in (_link(block) for block in connections.blocks) if link is not None]
    for child, parent, _ in links:
        if child in ids and parent in ids and nodes[ids[child]].parent < 0:
            nodes[ids[child]].parent = ids[parent]
    stacks = list(objects.all("AnimationStack"))
    takes = (
        _stacks(objects, stacks, links, ids, settings.ticks) if stacks else _old_takes(document, ids, settings.ticks)
    )
    return Scene(settings, tuple(nodes), tuple(_with_spans(document, takes, settings.ticks)))


def _properties(block: Block | None) -> dict[str, list]:
    """Name -> values of a block's properties, in either version's form."""
    found: dict[str, list] = {}
    for name, first in (("Properties70", 4), ("Properties60", 3)):
        inner = block.find(name) if block is not None else None
        for row in inner.blocks if inner is not None else ():
            if row.values and isinstance(row.values[0], str):
                found[row.values[0]] = row.values[first:]
    return found


def _number(properties: Mapping[str, list], name: str, otherwise: float) -> float:
    values = properties.get(name, [])
    value = values[0] if values else otherwise
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else otherwise


def _settings(document: Block, version: int) -> Settings:
    objects = document.find("Objects")
    block = document.find("GlobalSettings") or (objects.find("GlobalSettings") if objects is not None else None)
    found = _properties(block)
    axes = [(int(_number(found, f"{name}Axis", place)), -1 if _number(found, f"{name}AxisSign", 1) < 0 else 1)
            for name, place in (("Coord", 0), ("Up", 1), ("Front", 2))]  # fmt: skip
    if sorted(axis for axis, _ in axes) != [0, 1, 2]:
        warnings.warn("its settings name the same axis twice; X right, Y up, Z ahead is assumed", stacklevel=2)
        axes = [(0, 1), (1, 1), (2, 1)]
    scale = _number(found, "UnitScaleFactor", 1.0)
    if not 1e-6 <= scale <= 1e6:
        raise ValueError(f"UnitScaleFactor is {scale:g} centimetres, expected above zero; set the unit with --unit")
    mode = int(_number(found, "TimeMode", 0))
    rate = _number(found, "CustomFrameRate", 0) if mode == _CUSTOM_RATE else (
        _RATES[mode] if 0 <= mode < len(_RATES) else 0.0)  # fmt: skip
    header = document.find("FBXHeaderExtension")
    flags = header.find("OtherFlags") if header is not None else None
    definition = flags.find("TCDefinition") if flags is not None else None
    old = definition is None or definition.number(0, 0) == _OLD_DEFINITION
    ticks = _TICKS if version < 8000 or old else _NEW_TICKS
    return Settings(scale, tuple(axes), rate if 1 <= rate <= 10_000 else None, ticks)


def _template(document: Block) -> dict[str, list]:
    """The properties that nodes have unless they say otherwise."""
    definitions = document.find("Definitions")
    for block in definitions.all("ObjectType") if definitions is not None else ():
        if block.text(0) == "Model":
            return _properties(block.find("PropertyTemplate"))
    return {}


def _nodes(objects: Block, template: dict[str, list]) -> tuple[dict[type_of_id, int], list[Node]]:
    """Place of each node by its number or name, and the nodes."""
    ids: dict[type_of_id, int] = {}
    nodes: list[Node] = []
    for block in objects.all("Model"):
        key = _key(block)
        numbered = isinstance(key, int)
        if not key or key in ids:
            raise ValueError(f"node {str(key)[:60]!r} is there twice, or has no name; is the file damaged?")
        ids[key] = len(nodes)
        name, kind = (block.text(1), block.text(2)) if numbered else (block.text(0), block.text(1))
        own = ChainMap(_properties(block), template)
        if len(nodes) >= _MOST_NODES:
            raise ValueError(f"more than {_MOST_NODES:,} nodes; export the skeleton and its animation alone")
        node = Node(name.partition("::")[2] or name, kind)
        for vector in _VECTORS:
            node.rest[vector] = _vector(own, vector, 0.0, node.name)
        for channel, usual in CHANNELS.items():
            node.rest[channel] = _vector(own, channel, usual, node.name)
        active = _number(own, "RotationActive", 0)
        node.order = int(_number(own, "RotationOrder", 0)) if active else 0
        if not active:
            node.rest["PreRotation"] = node.rest["PostRotation"] = np.zeros(3)
        node.inherit = int(_number(own, "InheritType", 0))
        nodes.append(node)
    return ids, nodes


def _key(block: Block) -> type_of_id:
    """An object's number, or its name in FBX 6; empty where it has neither."""
    key = block.values[0] if block.values else ""
    return key if isinstance(key, int | str) else ""


def _vector(properties: Mapping[str, list], name: str, usual: float, node: str) -> np.ndarray:
    values = properties.get(name, [])[:3]
    if len(values) < 3 or not all(isinstance(value, int | float) for value in values):
        return np.full(3, usual)
    vector = np.array(values, np.float64)
    require_near(f"{clean_name(node)}: its {name}", vector)
    return vector


def _link(block: Block) -> tuple[type_of_id, type_of_id, str] | None:
    """(child, parent, property of the parent or empty) of a connection."""
    if block.text(0) not in ("OO", "OP") or len(block.values) < 3:
        return None
    child, parent = block.values[1:3]
    known = isinstance(child, int | str) and isinstance(parent, int | str)
    return (child, parent, block.text(3)) if known else None  # type: ignore[return-value]


def _stacks(
    objects: Block, stacks: list[Block], links: list, nodes: Mapping[type_of_id, int], ticks: float
) -> list[Take]:
    """The takes of FBX 7."""
    by_kind = {name: {_key(block): block for block in objects.all(name)} for name in
               ("AnimationLayer", "AnimationCurveNode", "AnimationCurve")}  # fmt: skip
    below: dict[type_of_id, list[tuple[type_of_id, str]]] = {}
    target: dict[type_of_id, tuple[int, str]] = {}
    for child, parent, name in links:
        below.setdefault(parent, []).append((child, name))
        if child in by_kind["AnimationCurveNode"] and parent in nodes and name in CHANNELS:
            target[child] = (nodes[parent], name)
    made: dict[type_of_id, Layer | None] = {}  # layers that are not muted
    takes = []
    for stack in stacks:
        layers = []
        for key in dict.fromkeys(key for key, _ in below.get(_key(stack), []) if key in by_kind["AnimationLayer"]):
            if key not in made:
                made[key] = _layer(by_kind["AnimationLayer"][key], key, by_kind["AnimationCurve"], below, target, ticks)
            layers += [layer] if (layer := made[key]) is not None else []
        if len(layers) > _MOST_LAYERS:
            raise ValueError(f"a take has {len(layers)} layers, expected at most {_MOST_LAYERS}; merge them")
        own = _properties(stack)
        span = tuple(_number(own, f"Local{end}", 0) / ticks for end in ("Start", "Stop"))
        takes.append(Take(stack.text(1).partition("::")[2], span if span[1] > span[0] else None, tuple(layers)))  # type: ignore[arg-type]
    return takes


def _layer(
    block: Block, key: type_of_id, curves: Mapping, below: Mapping, target: Mapping, ticks: float
) -> Layer | None:
    """A layer with what makes its curves; None where it is muted."""
    own = _properties(block)
    if _number(own, "Mute", 0):
        return None
    channels: dict[tuple[int, str], list] = {}
    for child, _ in below.get(key, []):
        if child in target and target[child] not in channels:
            channels[target[child]] = _three(curves, below.get(child, []), ticks)
    return Layer(channels, _number(own, "Weight", 100.0) / 100, _number(own, "BlendMode", 0) == 0)


def _three(curves: Mapping, below: list[tuple[type_of_id, str]], ticks: float) -> list[partial[Curve | None] | None]:
    """What makes the curves of X, Y and Z, None where one does not move."""
    found: list[partial[Curve | None] | None] = [None] * 3
    for curve, name in below:
        if curve in curves and name in ("d|X", "d|Y", "d|Z"):
            found["XYZ".index(name[2])] = partial(curve_of, curves[curve], ticks)
    return found


def _old_takes(document: Block, nodes: Mapping[type_of_id, int], ticks: float) -> list[Take]:
    """The takes of FBX 6."""
    block = document.find("Takes")
    takes = []
    for take in block.all("Take") if block is not None else ():
        channels: dict[tuple[int, str], list[partial[Curve | None] | None]] = {}
        for model in take.all("Model"):
            node = nodes.get(model.text(0))
            transform = next((channel for channel in model.all("Channel") if channel.text(0) == "Transform"), None)
            if node is None or transform is None:
                continue
            for part in transform.all("Channel"):
                if part.text(0) in _SHORT:
                    axes = {axis.text(0): axis for axis in part.all("Channel")}
                    made = [partial(old_curve_of, axes[axis], ticks) if axis in axes else None for axis in "XYZ"]
                    channels[node, _SHORT[part.text(0)]] = made
        if channels:
            takes.append(Take(take.text(0), None, (Layer(channels),)))
    return takes


def _with_spans(document: Block, takes: list[Take], ticks: float) -> list[Take]:
    """The takes, with the times that the block `Takes` has for those that lack them."""
    block = document.find("Takes")
    spans = {}
    for take in block.all("Take") if block is not None else ():
        times = take.find("LocalTime")
        if times is not None:
            start, stop = times.number(0, 0) / ticks, times.number(1, 0) / ticks
            if stop > start:
                spans[take.text(0)] = (start, stop)
    return [take if take.span else Take(take.name, spans.get(take.name), take.layers) for take in takes]
