"""Files that Blender writes, against what it wrote: `python benchmarks/blender_exports.py TAKE.bvh FPS FOLDER`.

Needs the package bpy, best in an environment of its own. Blender reads the BVH and writes it as FBX, glTF and BVH with
its options for axes, units, bones and keys. `--read TAKE.bvh FOLDER`, with our own Python, prints how far the joints of
each file are from those of the BVH, after a turn about the vertical, a shift and a scale: which way ahead is, where the
origin is and how large a unit is are choices of these options.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np

EXACT = {"bake_anim_simplify_factor": 0.0}  # all keys; Blender leaves out some by default
FBX: dict[str, dict[str, Any]] = {
    "as usual, fewer keys": {}, "all keys": EXACT, "Z up": EXACT | {"axis_forward": "Y", "axis_up": "Z"},
    "X up": EXACT | {"axis_forward": "Y", "axis_up": "X"}, "-Y up": EXACT | {"axis_forward": "-Z", "axis_up": "-Y"},
    "all scaled": EXACT | {"apply_scale_options": "FBX_SCALE_ALL"},
    "units scaled": EXACT | {"apply_scale_options": "FBX_SCALE_UNITS"},
    "half as large": EXACT | {"apply_scale_options": "FBX_SCALE_CUSTOM", "global_scale": 0.5},
    "space transformed": EXACT | {"bake_space_transform": True}, "no leaf bones": EXACT | {"add_leaf_bones": False},
    "bones along X": EXACT | {"primary_bone_axis": "X", "secondary_bone_axis": "Z"},
    "root as Root": EXACT | {"armature_nodetype": "ROOT"},
    "root as LimbNode": EXACT | {"armature_nodetype": "LIMBNODE"},
}  # fmt: skip
GLTF: dict[str, dict[str, Any]] = {
    "one file": {"export_format": "GLB"}, "files beside it": {"export_format": "GLTF_SEPARATE"},
    "fewer keys": {"export_format": "GLB", "export_optimize_animation_size": True},
}  # fmt: skip


def main() -> None:
    """Write with Blender, or read and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("take", type=Path)
    parser.add_argument("fps_and_folder", nargs="*")
    parser.add_argument("--read", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    if given.read:
        compare(given.take, given.read)
    elif len(given.fps_and_folder) == 2:
        export(given.take, int(given.fps_and_folder[0]), Path(given.fps_and_folder[1]))
    else:
        parser.error("give TAKE.bvh, FPS and FOLDER, or TAKE.bvh and --read FOLDER")


def export(take: Path, fps: int, folder: Path) -> None:
    """Let Blender write the files."""
    import bpy

    folder.mkdir(parents=True, exist_ok=True)
    for suffix, variants in ((".fbx", FBX), (".glb", GLTF), (".bvh", {"again": {}})):
        for name, options in variants.items():
            bpy.ops.wm.read_factory_settings(use_empty=True)
            bpy.context.scene.render.fps = fps
            bpy.ops.import_anim.bvh(
                filepath=str(take), global_scale=0.01, update_scene_fps=False, update_scene_duration=True
            )
            suffix = ".gltf" if options.get("export_format") == "GLTF_SEPARATE" else suffix  # noqa: PLW2901
            path = str(folder / f"{name}{suffix}")
            if suffix == ".fbx":
                bpy.ops.export_scene.fbx(filepath=path, **options)
            elif suffix == ".bvh":
                last = bpy.context.scene.frame_end
                bpy.context.view_layer.objects.active = next(o for o in bpy.data.objects if o.type == "ARMATURE")
                bpy.ops.export_anim.bvh(filepath=path, frame_start=1, frame_end=last)
            else:
                bpy.ops.export_scene.gltf(filepath=path, **options)


def compare(take: Path, folder: Path) -> None:
    """Print how far each file's joints are from the take's."""
    from motion2language.body import to_canonical
    from motion2language.formats.reading import read_motion, read_with_axes

    warnings.simplefilter("ignore")
    true = to_canonical(read_motion(take)).positions.astype(np.float64)
    print("| file | options | frames per second | unit | up | scale | mean, mm | largest, mm |\n|" + " --- |" * 8)
    for path in sorted(folder.iterdir(), key=lambda path: (path.suffix, path.name)):
        if path.suffix in (".fbx", ".glb", ".gltf", ".bvh"):
            motion, axes = read_with_axes(path)
            found = to_canonical(motion).positions.astype(np.float64)
            if not len(true) <= len(found) <= len(true) + 1:  # Blender may hold the last frame for one more
                raise SystemExit(f"{path}: {len(found)} frames, expected {len(true)}")
            scale, distances = fit(found[: len(true)], true)
            measured = f"{scale:.4g} | {1000 * distances.mean():.4f} | {1000 * distances.max():.3f}"
            print(f"| `{path.suffix}` | {path.stem} | {motion.fps:g} | {axes.unit} | {axes.up} | {measured} |")


def fit(found: np.ndarray, true: np.ndarray) -> tuple[float, np.ndarray]:
    """The size of `found` beside `true`, and the distances (T, J) after scale, shift and turn about Y."""
    first, second = found - found.mean((0, 1)), true - true.mean((0, 1))
    scale = float(np.linalg.norm(first) / np.linalg.norm(second))
    flat = [part[..., 2] + 1j * part[..., 0] for part in (first, second)]
    turned = flat[0] * np.exp(-1j * np.angle((flat[0] * flat[1].conj()).sum()))
    placed = np.stack([turned.imag, first[..., 1], turned.real], axis=-1) / scale
    return scale, np.linalg.norm(placed - second, axis=2)


if __name__ == "__main__":
    main()
