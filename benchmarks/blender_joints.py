"""Joints of FBX, glTF and BVH files as Blender places them: `python benchmarks/blender_joints.py FOLDER FILE@FPS…`.

Needs the package bpy, best in an environment of its own. For each file, FOLDER/NAME.json gets its takes: the frames at
the rate given, each with the place of every bone's head, in metres of Blender, Z up. benchmarks/file_parity.py compares
them with ours.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import bpy


def main() -> None:
    """Read each file and write its joints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", nargs="+", metavar="FILE@FPS")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for file in given.files:
        path, _, rate = file.rpartition("@")
        (given.folder / f"{Path(path).name}.json").write_text(json.dumps(takes_of(Path(path), int(rate))))


def takes_of(path: Path, fps: int) -> dict[str, list[dict[str, list[float]]]]:
    """Take -> frames -> bone -> place."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = fps
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path), anim_offset=0.0)
    elif path.suffix == ".bvh":
        bpy.ops.import_anim.bvh(filepath=str(path), global_scale=0.01, update_scene_fps=False)
    else:
        bpy.ops.import_scene.gltf(filepath=str(path))
    rig = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    rig.animation_data_create()
    for track in list(rig.animation_data.nla_tracks):  # glTF's other animations would be mixed in
        rig.animation_data.nla_tracks.remove(track)
    found = {}
    for action in bpy.data.actions:
        for bone in rig.pose.bones:  # an action leaves alone what it does not move
            bone.matrix_basis.identity()
        rig.animation_data.action = action
        if getattr(action, "slots", None):
            rig.animation_data.action_slot = action.slots[0]
        first, last = (round(frame) for frame in action.frame_range)
        frames = []
        for frame in range(first, last + 1):
            bpy.context.scene.frame_set(frame)
            frames.append({bone.name: list((rig.matrix_world @ bone.matrix).translation) for bone in rig.pose.bones})
        found[action.name.rpartition("|")[2]] = frames
    return found


if __name__ == "__main__":
    main()
