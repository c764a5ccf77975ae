"""One take in two formats: `python benchmarks/file_parity.py DATA`, a folder with people/, fbx/ and gltf/.

Prints how far the joints of CMU takes read from FBX are from the same takes of another reader, and one character's
takes read from glTF and from FBX from each other. For these it also reads the numbers as the files store them, at the
first key, and lists the joints whose own rotation or translation is another in the two files: what no reader can make
equal. `--blender FOLDER` has the joints of the same files as Blender places them (benchmarks/blender_joints.py): it
prints how far ours are from those, and how far Blender's own readings of the two files are from each other. `--also`
names more files for that, of one take each.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np

from motion2language.body import to_canonical
from motion2language.formats import fbx_scene, gltf
from motion2language.formats.fbx_document import parse_binary
from motion2language.formats.gltf_document import load, pick, rows
from motion2language.formats.kinematics import euler_rotation, quaternion_rotation
from motion2language.formats.reading import list_takes, read_motion
from motion2language.motion import CANONICAL, Motion, Skeleton

TAKES = (("07_01", "cmu_bvh_more"), ("09_11", "cmu_amc_big"), ("49_08", "cmu_amc_big"))
LOWER = [
    n for n, joint in enumerate(CANONICAL.joints) if joint[-3:] in ("hip", "nee", "kle", "toe", "vis", "ine", "est")
]
UPPER = [n for n in range(len(CANONICAL.joints)) if n not in LOWER]
NECK, CHEST = CANONICAL.index("neck"), CANONICAL.index("chest")
SLOWER = 6  # 120 frames per second to the 20 of the other reader's
STRAY = "Bone"  # a bone beside the body
SAME = 0.2, 1e-3  # degrees and metres up to which stored values count as equal; chosen


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--blender", type=Path, metavar="FOLDER")
    parser.add_argument("--also", type=Path, nargs="+", default=[], metavar="FILE")
    given = parser.parse_args()
    data = given.data
    warnings.simplefilter("ignore")
    print("CMU takes, FBX against another reader's joints; centimetres, mean over joints and frames\n")
    parts = "pelvis to chest and legs | neck, head and arms, from the neck | chest to neck"
    print(f"| take | all joints | with the FBX's bone from chest to neck | {parts} |")
    print("| --- | --- | --- | --- | --- | --- |")
    for clip, source in TAKES:
        print(cmu_row(data, clip, source))
    print("\nOne character, glTF against FBX; millimetres\n")
    print("| take | joints within 1 | mean | largest | keys of rotations | stored differently |")
    print("| --- | --- | --- | --- | --- | --- |")
    files = [data / "gltf" / f"BaseCharacter.{suffix}" for suffix in ("gltf", "fbx")]
    stored = stored_gltf(files[0]), stored_fbx(files[1])
    for take in list_takes(files[0]):
        print(character_row(files, take, (stored[0][take], stored[1][take])))
    if given.blender:
        print_blender(data, given.blender, given.also)


def print_blender(data: Path, folder: Path, also: list[Path]) -> None:
    """Our joints against Blender's, for each file, and Blender's of the character's two files."""
    print("\nOur joints against Blender's; millimetres\n")
    print("| file | takes | joints | size of Blender's | mean | largest |\n| --- | --- | --- | --- | --- | --- |")
    for path in [*sorted(path for kind in ("fbx", "gltf") for path in (data / kind).iterdir()), *also]:
        if (folder / f"{path.name}.json").exists():
            print(blender_row(path, blender_takes(folder, path)))
    pair = [blender_takes(folder, data / "gltf" / f"BaseCharacter.{suffix}") for suffix in ("gltf", "fbx")]
    print("\nOne character, glTF against FBX, both as Blender reads them; millimetres\n")
    print("| take | mean | largest |\n| --- | --- | --- |")
    for take, frames in pair[0].items():
        names = [joint for joint in frames[0] if joint in pair[1][take][0]]
        one, other = (np.array([[row[joint] for joint in names] for row in rows]) for rows in (frames, pair[1][take]))
        distances = 1000 * np.linalg.norm(one - other, axis=2)
        print(f"| {take} | {distances.mean():.2f} | {distances.max():.1f} |")


def blender_row(path: Path, theirs: dict[str, list[dict[str, list[float]]]]) -> str:
    """The distances over all takes of a file, after bringing Blender's joints to our size."""
    distances, sizes = [], []
    for take in list_takes(path) or [None]:
        motion = read_motion(path, take=take)
        frames = next(iter(theirs.values())) if len(theirs) == 1 else theirs[str(take)]
        names = [joint for joint in motion.skeleton.joints if joint in frames[0]]
        ours = motion.positions[:, [motion.skeleton.index(joint) for joint in names]].astype(np.float64)
        place = np.array([[frame[joint] for joint in names] for frame in frames])
        place = np.stack([place[..., 0], place[..., 2], -place[..., 1]], axis=-1)[: len(ours)]
        sizes.append(np.linalg.norm(place) / np.linalg.norm(ours[: len(place)]))
        distances.append(1000 * np.linalg.norm(ours[: len(place)] - place / sizes[-1], axis=2).ravel())
    joined = np.concatenate(distances)
    found = f"{np.median(sizes):.4g} | {joined.mean():.4f} | {joined.max():.3f}"
    return f"| {path.name} | {len(sizes)} | {len(names)} | {found} |"


def blender_takes(folder: Path, path: Path) -> dict[str, list[dict[str, list[float]]]]:
    """Take -> frames -> bone -> place, of a file that benchmarks/blender_joints.py wrote."""
    return json.loads((folder / f"{path.name}.json").read_text())


def cmu_row(data: Path, clip: str, source: str) -> str:
    """The distances of a take, at the shift in time at which they are least."""
    other = to_canonical(people_clip(data / "people" / source, clip)).positions.astype(np.float64)
    fine = to_canonical(read_motion(data / "fbx" / f"{clip}_cmu.fbx")).positions.astype(np.float64)
    pairs = []
    for start in range(SLOWER):
        for lag in range(-2, 3):
            found, true = fine[start::SLOWER][max(0, lag) :], other[max(0, -lag) :]
            count = min(len(found), len(true))
            pairs.append((found[:count], true[:count]))
    found, true = min(pairs, key=lambda pair: apart(*pair, LOWER))
    fitted = true.copy()
    fitted[:, UPPER] += (found[:, [NECK]] - found[:, [CHEST]]) - (true[:, [NECK]] - true[:, [CHEST]])
    whole, same_bone = (apart(found, other, list(range(21))) for other in (true, fitted))
    lower = apart(found, true, LOWER)
    upper = np.linalg.norm(
        (found[:, UPPER] - found[:, [NECK]]) - (true[:, UPPER] - true[:, [NECK]]), axis=2
    ).mean()  # fmt: skip
    bones = [100 * np.median(np.linalg.norm(body[:, NECK] - body[:, CHEST], axis=1)) for body in (found, true)]
    found_values = " | ".join(f"{100 * value:.2f}" for value in (whole, same_bone, lower, upper))
    return f"| {clip} | {found_values} | {bones[0]:.1f} / {bones[1]:.1f} |"


def apart(found: np.ndarray, true: np.ndarray, joints: list[int]) -> float:
    """The mean distance of joints in metres, after moving one recording onto the other."""
    found, true = found[:, joints], true[:, joints]
    return float(np.linalg.norm((found - found.mean((0, 1))) - (true - true.mean((0, 1))), axis=2).mean())


def people_clip(path: Path, clip: str) -> Motion:
    """A clip of labelled recordings."""
    arrays, index = np.load(f"{path}.npz", allow_pickle=False), json.loads(Path(f"{path}.json").read_text())
    number = next(n for n, row in enumerate(index["clips"]) if row["id"] == clip)
    first, last = arrays["offsets"][number : number + 2]
    skeleton = Skeleton("bvh", tuple(map(str, arrays["joint_names"])), tuple(map(int, arrays["parents"])))
    return Motion(arrays["positions"][first:last].astype(np.float32), 20, skeleton, clip)


#: (joint, "rotation" or "translation") -> matrix, or metres, at the first key; and the number of keys.
Stored = dict[tuple[str, str], tuple[np.ndarray, int]]


def character_row(files: list[Path], take: str, stored: tuple[Stored, Stored]) -> str:
    """The distances of a take, and the joints that the files store differently."""
    one, other = (read_motion(file, take=take) for file in files)
    names = [joint for joint in one.skeleton.joints if joint in other.skeleton.joints]
    columns = [[motion.skeleton.index(joint) for joint in names] for motion in (one, other)]
    shared = min(one.frames, other.frames)
    distances = 1000 * np.linalg.norm(
        one.positions[:shared, columns[0]] - other.positions[:shared, columns[1]], axis=2
    )  # fmt: skip
    within = int((distances.max(axis=0) <= 1).sum())
    different = []
    keys = [0, 0]
    for joint, kind in stored[0].keys() & stored[1].keys():
        (first, count), (second, other_count) = (part[joint, kind] for part in stored)
        keys = [keys[0] + count, keys[1] + other_count] if kind == "rotation" else keys
        size = difference(first, second)
        if joint in names and joint != STRAY and size > SAME[kind == "translation"]:
            different.append(f"{joint} {size:.0f}°" if kind == "rotation" else f"{joint} {1000 * size:.0f} mm")
    listed = ", ".join(sorted(different)) or "–"
    found = f"{within} of {len(names)} | {distances.mean():.2f} | {distances.max():.1f} | {keys[0]} / {keys[1]}"
    return f"| {take} | {found} | {listed} |"


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """Degrees between rotations (3, 3), metres between translations (3,)."""
    if first.ndim == 1:
        return float(np.linalg.norm(first - second))
    return float(np.degrees(np.arccos(np.clip((np.trace(first.T @ second) - 1) / 2, -1, 1))))


def stored_gltf(path: Path) -> dict[str, Stored]:
    """Take -> what the first key of each joint says."""
    document = load(path)
    found: dict[str, Stored] = {}
    for row in document.rows("animations"):
        values = found.setdefault(str(row["name"]), {})
        for node, kind, sampler in gltf._channels(row):
            if kind != "scale":
                curve = gltf._curve(document, pick(rows(row, "samplers"), sampler, "sampler"), kind, "")
                first = curve.values[0]
                turn = quaternion_rotation(first[None])[0] if kind == "rotation" else first
                values[str(document.rows("nodes")[node]["name"]), kind] = turn, len(curve.times)
    return found


def stored_fbx(path: Path) -> dict[str, Stored]:
    """As stored_gltf, for rotations in the order x, y, z without pre-rotation, as this character has them."""
    scene = fbx_scene.scene_of(*parse_binary(path.read_bytes()))
    found: dict[str, Stored] = {}
    for take in scene.takes:
        values = found.setdefault(take.name.rpartition("|")[2], {})
        for (node, channel), curves in ((key, value) for layer in take.layers for key, value in layer.channels.items()):
            kind = channel.removeprefix("Lcl ").lower()
            made = [None if curve is None else curve() for curve in curves]
            if kind != "scaling" and len(made) == 3 and None not in made:
                first = np.array([float(curve.values[0]) for curve in made if curve is not None])
                turn = euler_rotation((2, 1, 0), np.radians(first[::-1])[:, None])[0]
                keys = max(len(curve.times) for curve in made if curve is not None)
                values[scene.nodes[node].name, kind] = turn if kind == "rotation" else first, keys
    return found


if __name__ == "__main__":
    main()
