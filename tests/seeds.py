"""Small whole files of every kind, from which benchmarks/fuzz.py makes damaged ones; needs no PyTorch."""

from __future__ import annotations

import io
import json
import tempfile
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


def seed_files() -> dict[str, list[bytes]]:
    """Kind -> whole files; the kind is the suffix, or `stream` for live lines."""
    motion = sample("test", 2).motion.clip(0, 0.5)
    put = {label: path for label, path in skin(motion.positions).items() if label in FULL}
    rig = moved_rig(motion).blocks()
    lines = "\n".join(line for _, line in messages(motion))
    points = [{"keypoints": row.tolist()} for row in np.tile(motion.positions, (1, 2, 1))[:4, :33]]
    columns = [f"{joint}_{axis}" for joint in motion.skeleton.joints for axis in "xyz"]
    rows = [
        ",".join([f"{number / 30:.4f}", *map(str, row.ravel().tolist())]) for number, row in enumerate(motion.positions)
    ]
    with tempfile.TemporaryDirectory() as folder:
        bvh.write(motion, Path(folder) / "take.bvh")
        npz.write(motion, Path(folder) / "take.npz")
        written = {kind: (Path(folder) / f"take.{kind}").read_bytes() for kind in ("bvh", "npz")}
    return {
        "bvh": [written["bvh"]],
        "npz": [written["npz"]],
        "npy": arrays(motion),
        "xml": [document(random_frames()).encode()],
        "amc": [AMC.encode()],
        "asf": [ASF.encode()],
        "c3d": [c3d_bytes(put), c3d_bytes(put, scale=0.1)],
        "trc": [trc_text(put, 30).encode()],
        "fbx": [binary(rig), text(rig), old_text(motion), old_text(motion, True)],
        "glb": [moved_gltf(motion).glb()],
        "gltf": [moved_gltf(motion).gltf()],
        "mvnx": [mvnx_text(motion).encode()],
        "json": [json.dumps({"fps": 30, "frames": points}).encode()],
        "csv": ["\n".join([",".join(["time", *columns]), *rows]).encode()],
        "stream": [lines.encode(), written["bvh"]],
    }
