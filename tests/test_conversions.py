"""Every format that is read becomes every format that is written, whole and in parts, with each joint in its place."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from animated import binary, moved_gltf, moved_rig, mvnx_text, old_text
from bodies import bandai_motion, tree, walking
from marked import c3d_bytes, skin, trc_text
from test_amc import AMC, ASF
from test_mmm import document, random_frames
from test_poses import landmarks, ntu, points, table

from motion2language.body import canonical_joints, canonical_tree, map_joints, to_canonical
from motion2language.formats import FORMATS, suffix_of
from motion2language.formats.pieces import write_pieces
from motion2language.formats.reading import read_motion
from motion2language.formats.writing import WRITERS, write_motion
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Segment, Transcript

BODY = walking(40)
WALK = bandai_motion(BODY)
CANON = Motion(BODY, 30, CANONICAL, "walk")
HUMANOID = {"pelvis": "hips", "left_hip": "leftUpperLeg", "right_wrist": "rightHand"}
EXACT = {".npz": 0.0, ".csv": 1e-6, ".bvh": 1e-4, ".glb": 1e-4}  # metres; a file's numbers are rounded


def _vrm(name: str) -> bytes:
    gltf = moved_gltf(CANON)
    bones = {bone: {"node": CANONICAL.index(joint)} for joint, bone in HUMANOID.items()}
    gltf.json["extensions"] = {name: {"humanoid": {"humanBones": bones}}}
    return gltf.glb()


def _parquet(path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {f"{joint}.{axis}": BODY[:, j, a] for j, joint in enumerate(CANONICAL.joints)
               for a, axis in enumerate("xyz")}  # fmt: skip
    parquet.write_table(pyarrow.table(columns | {"time": np.arange(40) / 25}), path)


def _amc(path: Path) -> None:
    path.with_suffix(".asf").write_text(ASF)
    path.write_text(AMC)


def _ours(path: Path) -> None:
    write_motion(WALK, path)


#: What is read -> what writes a small file of it, or its content, and what has to be set for it.
SOURCES: dict[str, tuple[Callable[[Path], object] | str | bytes, dict]] = {
    "a.bvh": (_ours, {}),
    "a.npz": (_ours, {}),
    "a.fbx": (binary(moved_rig(WALK).blocks()), {}),
    "old.fbx": (old_text(WALK), {}),
    "a.glb": (moved_gltf(WALK).glb(), {}),
    "a.gltf": (moved_gltf(WALK).gltf(), {}),
    "a.vrm": (_vrm("VRMC_vrm"), {}),
    "a.vrma": (_vrm("VRMC_vrm_animation"), {}),
    "a.mvnx": (mvnx_text(CANON), {}),
    "a.c3d": (c3d_bytes(skin(BODY)), {}),
    "a.trc": (trc_text(skin(BODY), 30), {}),
    "a.amc": (_amc, {"fps": 30, "unit": "m", "up": "y"}),
    "mmm.xml": (document(random_frames()), {}),
    "smpl.npy": (lambda path: np.save(path, points("smpl")), {"fps": 30, "layout": "smpl"}),
    "loose.npz": (lambda path: np.savez(path, joints=points("smpl")), {"fps": 30, "layout": "smpl"}),
    "a.csv": (table(CANONICAL.joints, BODY), {}),
    "a.tsv": (table(CANONICAL.joints, BODY, sep="\t"), {}),
    "a.parquet": (_parquet, {}),
    "mediapipe.json": (json.dumps([landmarks(frame) for frame in points("mediapipe")]), {"fps": 30}),
    "a.skeleton": (ntu([("721", points("kinect2"))], 40), {"fps": 30}),
}  # fmt: skip


def read_source(name: str, folder: Path) -> Motion:
    content, options = SOURCES[name]
    path = folder / name
    if callable(content):
        content(path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return quietly(path, **options)


def quietly(path: Path, **options) -> Motion:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_motion(path, **options)


def quietly_write(motion: Motion, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_motion(motion, path)


def require_same(motion: Motion, path: Path, most: float) -> None:
    """Every joint of a motion is in the file, where it was, below the same joint."""
    if suffix_of(path) == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        assert head == ["time", *(f"{joint}.{axis}" for joint in motion.skeleton.joints for axis in "xyz")]
        cells = np.array([[float(cell or "nan") for cell in row[1:]] for row in rows]).reshape(motion.positions.shape)
        known = np.isfinite(cells).all(axis=2)
        assert (known == (True if motion.seen is None else motion.seen)).all()
        assert np.abs(cells - motion.positions)[known].max() <= most
        return
    found = quietly(path, up="y", unit="cm" if suffix_of(path) == ".bvh" else "m", fps=motion.fps)
    assert found.frames == motion.frames
    columns = [found.skeleton.index(joint) for joint in motion.skeleton.joints]
    assert np.abs(found.positions[:, columns] - motion.positions).max() <= most
    for joint, parent in zip(columns[1:], motion.skeleton.parents[1:], strict=True):
        assert found.skeleton.parents[joint] == columns[parent]


def test_every_format_has_a_source():
    assert {suffix_of(Path(name)) for name in SOURCES} == set(FORMATS)
    assert set(EXACT) == set(WRITERS)


@pytest.mark.parametrize("name", SOURCES)
def test_every_format_becomes_every_other_whole_and_in_parts(name, tmp_path):
    motion = read_source(name, tmp_path)
    middle = motion.frames // 2 / motion.fps
    parts = (Segment(0.0, middle, "walk"), Segment(middle, motion.duration, "turn"))
    transcript = Transcript(parts, motion.duration, motion.name, "someone")
    for suffix, most in EXACT.items():
        quietly_write(motion, tmp_path / f"out{suffix}")
        require_same(motion, tmp_path / f"out{suffix}", most)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pieces = write_pieces(motion, transcript, tmp_path, "part", suffix)
        assert [path.name for path, _ in pieces] == [f"part_01_walk{suffix}", f"part_02_turn{suffix}"]
        first = motion.frames // 2
        for (path, _), piece in zip(pieces, (motion.frames_between(0, first),
                                             motion.frames_between(first, motion.frames)), strict=True):  # fmt: skip
            require_same(piece, path, most)


@pytest.mark.parametrize("suffix", EXACT)
@pytest.mark.parametrize("kind", ["legs", "chest", "one arm", "gaps"])
def test_a_part_of_a_body_and_gaps_come_back(kind, suffix, tmp_path):
    """Read again without options, as the same canonical body."""
    lacks = {"legs": "spine chest neck head collar shoulder elbow wrist", "chest": "pelvis spine hip knee ankle toe",
             "one arm": "left_shoulder left_elbow left_wrist", "gaps": ""}[kind].split()  # fmt: skip
    joints = [joint for joint in CANONICAL.joints if joint not in lacks and joint.rpartition("_")[2] not in lacks]
    skeleton = canonical_tree(kind, joints)
    seen = None
    if kind == "gaps":
        seen = np.ones((40, 21), bool)
        seen[3:38, CANONICAL.index("right_wrist")] = False
    positions = BODY[:, [CANONICAL.index(joint) for joint in skeleton.joints]]
    motion = Motion(positions, 30, skeleton, kind, seen=seen)
    marked = kind != "gaps" or suffix in (".npz", ".csv")
    with nullcontext() if marked else pytest.warns(UserWarning, match="cannot mark .* and shows right_wrist all"):
        write_motion(motion, tmp_path / f"a{suffix}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        was, found = to_canonical(motion), to_canonical(read_motion(tmp_path / f"a{suffix}"))
    if marked:
        np.testing.assert_array_equal(found.seen, was.seen)
    known = np.ones((40, 21), bool) if was.seen is None else was.seen
    assert np.abs(found.positions - was.positions)[known].max() < 1e-4


@pytest.mark.parametrize(
    "trunk",
    [
        "abdomen > chest",
        "Chest > Chest2 > Chest3 > Chest4",
        "L5 > L3 > T12 > T8",
        "Abdomen > Torso",
        "Spine > Spine1 > Spine2",
    ],
)
def test_a_table_without_a_tree_has_the_same_trunk_and_ends(trunk):
    limbs = (f"{trunk.split()[-1]} > *Arm > *ForeArm > *Hand", "Hips > *UpLeg > *Leg > *Foot > *Foot_end")
    skeleton = tree(("Left", "Right"), f"Hips > {trunk} > Neck > Neck1", *limbs)
    rows, found = dict(map_joints(skeleton).rows()), canonical_joints(skeleton.joints)
    names = ("pelvis", "spine", "chest", "neck", "head", "left_toe", "right_wrist")
    assert [found[name] for name in names] == [rows[name] for name in names]


def test_a_body_that_crawls_is_written_with_a_word_on_how_to_read_it(tmp_path):
    crawling = Motion(BODY[..., [0, 2, 1]] * (1, 1, -1), 30, CANONICAL, "crawl")
    for suffix, unit in ((".bvh", "cm"), (".csv", "m")):
        with pytest.warns(UserWarning, match=f"read the file with --up y --unit {unit}"):
            write_motion(crawling, tmp_path / f"a{suffix}")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            write_motion(CANON, tmp_path / f"b{suffix}")
            write_motion(crawling, tmp_path / "a.glb")
