"""Damaged recordings: cut, doubled, flipped or replaced, a file is read or refused in one line."""

import io
import json
import random
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from animated import binary, moved_gltf, moved_rig, mvnx_text, old_text, text
from marked import FULL, c3d_bytes, skin, trc_text
from small import recording
from test_amc import AMC, ASF
from test_mmm import document, random_frames
from test_poses import JSONS, ntu, points, table

from motion2language.body import describe
from motion2language.cli.caption import SAMPLES
from motion2language.formats import bvh, npz, table_writing
from motion2language.formats.reading import ReadOptions, read_with_axes

TRIALS = 150
ODD = (
    b"nan inf -1 0 1e308 1e-308 -0 9999999999999 { } # // MOTION JOINT End OFFSET CHANNELS 1_0 \xff \x00 \xc2\xb2 "
    b"Frame Time: <a> </a> - : root begin end 1.0.0 0x10 200"
).split()


def whole(kind: str, tmp_path: Path) -> list[bytes]:  # noqa: PLR0911 - a return for each kind
    """Valid files of a kind, one of which is then damaged."""
    motion = recording(2).clip(0, 0.5)
    if kind == "bvh":
        bvh.write(motion, tmp_path / "whole.bvh")
        sample = (SAMPLES / "1_wave.bvh").read_bytes().splitlines(keepends=True)
        return [(tmp_path / "whole.bvh").read_bytes(), b"".join(sample[:150])]
    if kind == "npz":
        npz.write(motion, tmp_path / "whole.npz")
        return [(tmp_path / "whole.npz").read_bytes()]
    if kind == "npy":
        arrays = [np.zeros((5, 22, 3), np.float32), np.zeros((5, 263))]
        files = [io.BytesIO() for _ in arrays]
        for file, array in zip(files, arrays, strict=True):
            np.save(file, array)
        return [file.getvalue() for file in files]
    if kind in ("c3d", "trc"):
        put = {label: path for label, path in skin(motion.positions).items() if label in FULL}
        return [c3d_bytes(put), c3d_bytes(put, scale=0.1)] if kind == "c3d" else [trc_text(put, 30).encode()]
    if kind == "fbx":
        rig = moved_rig(motion)
        return [binary(rig.blocks()), text(rig.blocks()), old_text(motion), old_text(motion, True)]
    if kind in ("csv", "json", "skeleton"):
        return pose_files(kind, tmp_path)
    if kind == "mvnx":
        return [mvnx_text(motion).encode()]
    if kind in ("glb", "gltf"):
        return [moved_gltf(motion).glb() if kind == "glb" else moved_gltf(motion).gltf()]
    return [document(random_frames()).encode()] if kind == "xml" else [AMC.encode()]


def pose_files(kind: str, tmp_path: Path) -> list[bytes]:
    """Valid files of pose estimators and tables."""
    if kind == "csv":
        table_writing.write(recording(2).clip(0, 0.5), tmp_path / "whole.csv")
        landmarks = table(range(33), points("mediapipe")[:9], "{axis}{name}", ";")
        return [(tmp_path / "whole.csv").read_bytes(), landmarks.encode()]
    if kind == "json":
        return [json.dumps(JSONS[name][0]).encode() for name in ("rows", "objects", "mmpose")]
    return [ntu([("721", points("kinect2")), ("722", points("kinect2"))], 4).encode()]


def damaged(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        place = chance.randrange(len(content) + 1)
        end = place + chance.choice((1, 5, 40, 400))
        way = chance.choice(("cut", "drop", "double", "flip", "word", "word", "word"))
        words = list(re.finditer(rb"[^\s<>]+", content[: chance.choice((1000, len(content)))]))
        if way == "cut":
            content = content[:place]
        elif way == "drop":
            content = content[:place] + content[end:]
        elif way == "double":
            content = content[:end] + content[place:]
        elif way == "flip":
            content = content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :]
        elif words:
            word = chance.choice(words)
            content = content[: word.start()] + chance.choice(ODD) + content[word.end() :]
    return content


@pytest.mark.parametrize(
    "kind", ["bvh", "npz", "npy", "xml", "amc", "c3d", "trc", "fbx", "glb", "gltf", "mvnx", "csv", "json", "skeleton"]
)
def test_a_damaged_file_is_read_or_refused_in_one_line(kind, tmp_path):
    chance, files = random.Random(kind), whole(kind, tmp_path)
    path, options = (
        tmp_path / f"take.{kind}",
        ReadOptions(fps=100.0 if kind in ("npy", "amc", "json") else None, unit="cm", up="y"),
    )
    read = refused = 0
    for _ in range(TRIALS):
        path.write_bytes(damaged(chance.choice(files), chance))
        if kind == "amc":
            path.with_suffix(".asf").write_bytes(chance.choice((ASF.encode(), damaged(ASF.encode(), chance))))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)  # an unnoticed overflow
                warnings.simplefilter("ignore", UserWarning)  # a wrong number of frames
                describe(*read_with_axes(path, options))
            read += 1
        except ValueError as error:
            assert str(error).startswith(str(path)), error
            assert len(str(error)) < 2000
            assert "\n" not in str(error)
            refused += 1
    assert read > 0
    assert refused > TRIALS / 10
