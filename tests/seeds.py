"""Small whole files of every kind, from which benchmarks/fuzz.py makes damaged ones; needs no PyTorch."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from animated import binary, moved_gltf, moved_rig, mvnx_text, old_text, text
from marked import FULL, c3d_bytes, skin, trc_text
from test_amc import AMC, ASF
from test_mmm import document, random_frames

from motion2language.data.corpora.synthetic import sample
from motion2language.formats import bvh, npz
from motion2language.live.protocol import messages
from motion2language.motion import Motion


def arrays(motion: Motion) -> list[bytes]:
    files = []
    for array in (motion.positions[:5].repeat(2, axis=1)[:, :22], np.zeros((5, 263)), np.zeros((3, 21, 3), np.float16)):
        file = io.BytesIO()
        np.save(file, array)
        files.append(file.getvalue())
    return files


def avatar(motion: Motion) -> bytes:
    """A motion of an avatar, whose table of the humanoid names half of its joints."""
    document = moved_gltf(motion)
    bones = {joint: {"node": number} for number, joint in enumerate(motion.skeleton.joints) if number % 2}
    document.json["extensions"] = {"VRMC_vrm_animation": {"humanoid": {"humanBones": bones}}}
    return document.glb()


def kinect_text(motion: Motion) -> bytes:
    """Two bodies of NTU's 25 joints in each frame."""
    lines = [str(motion.frames)]
    for frame in motion.positions:
        lines.append("2")
        for name in ("721", "722"):
            rows = [" ".join(map(str, point)) + " 0 0 0 0 0 0 0 0 2" for point in np.resize(frame, (25, 3))]
            lines += [f"{name} 0 0 0 0 0 0 0 0 2", "25", *rows]
    return "\n".join(lines).encode()


def long_table(motion: Motion) -> bytes:
    """A table with a row for each joint of each frame."""
    rows = [
        f"{number / 30:.4f},{joint},{','.join(map(str, point.tolist()))},0.9"
        for number, frame in enumerate(motion.positions)
        for joint, point in zip(motion.skeleton.joints, frame, strict=True)
    ]
    return "\n".join(["time,joint,x,y,z,visibility", *rows]).encode()


def seed_files() -> dict[str, list[bytes]]:
    """Kind -> whole files; the kind is the suffix, or `stream` for live lines."""
    motion = sample("test", 2).motion.clip(0, 0.5)
    put = {label: path for label, path in skin(motion.positions).items() if label in FULL}
    computed = put | {f"{label[0]}_{label[1:]}_study": path for label, path in put.items()}
    rig = moved_rig(motion).blocks()
    lines = "\n".join(line for _, line in messages(motion))
    points = [{"keypoints": row.tolist()} for row in np.tile(motion.positions, (1, 2, 1))[:4, :33]]
    named = [dict(zip(motion.skeleton.joints, row, strict=True)) for row in motion.positions[:4].tolist()]
    columns = [f"{joint}_{axis}" for joint in motion.skeleton.joints for axis in "xyz"]
    axes = ",".join(["time", *"xyz" * len(motion.skeleton.joints)])
    heads = [[",".join(["time", *columns])], ["# title", "," + ",,,".join(motion.skeleton.joints) + ",,", axes]]
    rows = [
        ",".join([f"{number / 30:.4f}", *map(str, row.ravel().tolist())]) for number, row in enumerate(motion.positions)
    ]
    with tempfile.TemporaryDirectory() as folder:
        bvh.write(motion, Path(folder) / "take.bvh")
        npz.write(replace(motion, contacts=np.ones((motion.frames, 4), bool)), Path(folder) / "take.npz")
        written = {kind: (Path(folder) / f"take.{kind}").read_bytes() for kind in ("bvh", "npz")}
    return {
        "bvh": [written["bvh"]],
        "npz": [written["npz"]],
        "npy": arrays(motion),
        "xml": [document(random_frames()).encode()],
        "amc": [AMC.encode()],
        "asf": [ASF.encode()],
        "c3d": [c3d_bytes(put), c3d_bytes(put, scale=0.1)],
        "trc": [trc_text(put, 30).encode(), trc_text(computed, 30).encode()],
        "fbx": [binary(rig), text(rig), old_text(motion), old_text(motion, True)],
        "glb": [moved_gltf(motion).glb()],
        "gltf": [moved_gltf(motion).gltf()],
        "vrma": [avatar(motion)],
        "mvnx": [mvnx_text(motion).encode(), mvnx_text(motion, turn=(0.6, 0.0, 0.8, 0.0)).encode()],
        "json": [
            json.dumps(content).encode() for content in ({"fps": 30, "frames": points}, {"fps": 30, "data": named})
        ],
        "csv": [*("\n".join([*head, *rows]).encode() for head in heads), long_table(motion)],
        "skeleton": [kinect_text(motion)],
        "stream": [lines.encode(), written["bvh"]],
    }


def parquet_file() -> bytes:
    """A table with the columns of the joints and the time; apart, since its library takes memory of its own."""
    import pyarrow
    from pyarrow import parquet

    motion = sample("test", 2).motion.clip(0, 0.5)
    columns = [f"{joint}_{axis}" for joint in motion.skeleton.joints for axis in "xyz"]
    values = motion.positions.reshape(motion.frames, -1).astype(np.float64)
    table = {"time": np.arange(motion.frames) / 30} | dict(zip(columns, values.T, strict=True))
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(table), file)
    return file.getvalue()
