"""One character in two files, given the same curves: `python benchmarks/exchanged_curves.py FILE.gltf FILE.fbx`.

Writes the glTF file again with the values of the FBX file's curves in place of its own: its skeleton, rest pose and
times stay. Prints how far its joints are from the FBX file's, in each take, before and after. What is left afterwards
is the difference of skeletons, rest poses and readers; what has gone is the difference of the curves. For characters
whose FBX has rotations in the order x, y, z without pivots and pre-rotation, as Blender writes them.
"""

from __future__ import annotations

import argparse
import base64
import json
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from motion2language.formats import fbx_scene, gltf
from motion2language.formats.fbx_curves import Curve
from motion2language.formats.fbx_document import parse_binary
from motion2language.formats.gltf_document import load
from motion2language.formats.gltf_writing import _quaternions
from motion2language.formats.kinematics import euler_rotation
from motion2language.formats.reading import list_takes, read_motion

CHANNELS = {"rotation": "Lcl Rotation", "translation": "Lcl Translation", "scale": "Lcl Scaling"}
FLOAT = 5126


def main() -> None:
    """Exchange and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs=2)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| take | joints | mean, mm | largest, mm | with the FBX's curves: mean | largest |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        exchanged = Path(folder) / "exchanged.gltf"
        exchanged.write_text(exchange_curves(*given.files), encoding="utf-8")
        for take in list_takes(given.files[0]):
            before, after = (distances(file, given.files[1], take) for file in (given.files[0], exchanged))
            found = " | ".join(f"{values.mean():.4f} | {values.max():.3f}" for values in (before, after))
            print(f"| {take} | {before.shape[1]} | {found} |")


def distances(one: Path, other: Path, take: str) -> np.ndarray:
    """Millimetres (T, J) between the joints that two files of a character both have."""
    first, second = (read_motion(file, take=take) for file in (one, other))
    names = [joint for joint in first.skeleton.joints if joint in second.skeleton.joints]
    frames = min(first.frames, second.frames)
    places = [
        motion.positions[:frames, [motion.skeleton.index(joint) for joint in names]].astype(np.float64)
        for motion in (first, second)
    ]
    return np.asarray(1000 * np.linalg.norm(places[0] - places[1], axis=2))


def exchange_curves(path: Path, fbx: Path) -> str:
    """The glTF document with one buffer in it, whose nodes below a skeleton's root move by the FBX file's curves.

    The root keeps its own curves: Blender writes the turn from Z up to Y up into it in glTF, above it in FBX.
    """
    document, content = load(path), json.loads(path.read_text(encoding="utf-8"))
    scene = fbx_scene.scene_of(*parse_binary(fbx.read_bytes()))
    takes = {take.name.rpartition("|")[2]: take for take in scene.takes}
    rest = {node.name: node.rest for node in scene.nodes if node.is_bone}
    buffer = bytearray(base64.b64decode(content["buffers"][0]["uri"].partition(",")[2]))
    for animation in content["animations"]:
        curves = curves_of(scene, takes[animation["name"]])
        for name, path_name, sampler in moved(content, animation):
            if name in rest:
                times = gltf._curve(document, sampler, path_name, name).times
                channel = CHANNELS[path_name]
                values = np.tile(rest[name][channel], (len(times), 1))
                for axis, curve in enumerate(curves.get((name, channel), ())):
                    if curve is not None:
                        values[:, axis] = curve.at(times)
                sampler["output"] = add_values(content, buffer, turned(values) if path_name == "rotation" else values)
    uri = "data:application/octet-stream;base64," + base64.b64encode(buffer).decode()
    return json.dumps(content | {"buffers": [{"byteLength": len(buffer), "uri": uri}]})


def curves_of(scene: fbx_scene.Scene, take: fbx_scene.Take) -> dict[tuple[str, str], list[Curve | None]]:
    """(bone, channel) -> its curves for X, Y and Z."""
    return {
        (scene.nodes[node].name, channel): [None if make is None else make() for make in three]
        for layer in take.layers
        for (node, channel), three in layer.channels.items()
        if scene.nodes[node].is_bone
    }


def moved(content: dict, animation: dict) -> Iterator[tuple[str, str, dict]]:
    """Name, path and sampler of each channel of a node that is below another joint."""
    below = {child for node in content["nodes"] for child in node.get("children", ())}
    joints = {joint for skin in content["skins"] for joint in skin["joints"]}
    roots = {joint for joint in joints if not any(joint in content["nodes"][above].get("children", ())
                                                  for above in joints)}  # fmt: skip
    for channel in animation["channels"]:
        node = channel["target"]["node"]
        if node in below - roots:
            name, sampler = content["nodes"][node]["name"], animation["samplers"][channel["sampler"]]
            yield name, channel["target"]["path"], sampler


def turned(degrees: np.ndarray) -> np.ndarray:
    """Quaternions (T, 4) of turns about x, then y, then z (T, 3)."""
    return _quaternions(euler_rotation((2, 1, 0), np.radians(degrees).T[::-1]))


def add_values(content: dict, buffer: bytearray, values: np.ndarray) -> int:
    """The number of a new accessor for values (T, N)."""
    raw = np.ascontiguousarray(values, "<f4").tobytes()
    content["bufferViews"].append({"buffer": 0, "byteOffset": len(buffer), "byteLength": len(raw)})
    buffer += raw
    row = {"bufferView": len(content["bufferViews"]) - 1, "componentType": FLOAT, "count": len(values)}
    content["accessors"].append(row | {"type": f"VEC{values.shape[1]}"})
    return len(content["accessors"]) - 1


if __name__ == "__main__":
    main()
