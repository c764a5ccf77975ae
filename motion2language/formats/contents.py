"""What a file is, by its content or by a suffix that no reader has: for uploads, and for errors that say what to do.

A reader that fails says what it expected. Where the bytes show what the file is instead, the error says that too.
"""

from __future__ import annotations

import re
from pathlib import Path

from motion2language.formats import FORMATS, suffix_of

SEARCHED = 65_536  # bytes in which a file's type is searched; chosen
# First bytes of binary files; in a C3D the number of the parameter block comes before the P that all have.
_STARTS = ((rb"\x93NUMPY", ".npy"), (rb"(?s:PK\x03\x04.{26,600}?\.npy)", ".npz"), (rb"[\x01-\x08]P", ".c3d"),
           (rb"Kaydara FBX Binary", ".fbx"), (rb"glTF", ".glb"), (rb"PAR1", ".parquet"))  # fmt: skip
# Lines that identify text files, in lower case.
_LINES = (
    (r"^[ \t]*:(bonedata|hierarchy|root)\b", ".asf"),
    (r"^[ \t]*hierarchy\b", ".bvh"),
    (r"<(\w{1,40}:)?mvnx\b", ".mvnx"),
    (r"\A\s*<", ".xml"),
    (r"\A\s*\[", ".json"),
    (r'\A\s*\{(?s:.){0,400}"(fps|frames|people|instance_info|poses|landmarks|keypoints)"', ".json"),
    (r"\A\s*\{", ".gltf"),
    (r"^fbxheaderextension:", ".fbx"),
    (r"\A\s*pathfiletype\b", ".trc"),
    (r"^[ \t]*:(fully-specified|degrees|radians)\b", ".amc"),
    (r"\A\d+\s*\n\d+\s*\n\d{3,} ", ".skeleton"),
    (
        r"^[^\n]*x[^\w\n,;\t]{0,3}[,;\t][^\n,;\t]*y[^\w\n,;\t]{0,3}[,;\t][^\n,;\t]*z[^\w\n,;\t]{0,3}([,;\t\n]|\Z)",
        ".csv",
    ),
    (r"\A(?=[^\n]*[,;\t])[^\n]*([_. /-]z|\bz\w*)\s*([,;\t\n]|\Z)", ".csv"),
)
#: Kinds whose lines above other files have too; they are not named as what a file with another suffix is.
_VAGUE = frozenset((".asf", ".csv", ".gltf", ".json", ".xml"))
#: Beginnings, in lower case, of files that are often taken for recordings, and what to do.
_OTHERS = (
    (r"version https://git-lfs\.", "a pointer of Git LFS, not the recording itself; fetch it with: git lfs pull"),
    (r"\s*<(!doctype html|html)\b", "a web page, not a recording; download the file itself"),
    (r"format version,[\d.]+,take name", "a table of OptiTrack Motive, which is not read; export BVH, C3D or TRC"),
    (r"no_of_frames\t", "a table of Qualisys Track Manager, which is not read; export C3D"),
)
_ARCHIVE = "an archive; unpack it first"
_SHEET = "a spreadsheet; save its sheet as CSV"
_ARRAYS = "a file of arrays, which is not read; save the joints (frames, joints, 3) as .npy, or as a table"
_SCENE = "a scene of a 3-D program; export FBX, glTF or BVH from it"
_VIDEO = "a video; run a pose estimator on it and give its 3-D points"
_OBJECTS = "may contain Python objects, which are refused; save arrays as .npy or .npz"
_OPENSIM = "of an OpenSim model, which are not read; give the .trc of the same trial, with positions"
#: Suffixes of files that are often tried and hold no positions that are read, and what to give instead.
REFUSED = {
    ".mot": f"joint angles {_OPENSIM}",
    ".sto": f"values {_OPENSIM}",
    ".asf": "the skeleton of .amc files, without movement; give the .amc",
    ".mvn": "a session of Xsens MVN; export MVNX from it",
    ".tak": "a take of OptiTrack Motive; export BVH, C3D or TRC from it",
    ".qtm": "a file of Qualisys Track Manager; export C3D from it",
    **dict.fromkeys((".zip", ".gz", ".bz2", ".xz", ".tar", ".tgz", ".7z", ".rar"), _ARCHIVE),
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), _SHEET),
    **dict.fromkeys((".mat", ".h5", ".hdf5"), _ARRAYS),
    **dict.fromkeys(".blend .ma .mb .max .usd .usda .usdc .usdz .abc .dae .bip .anim .vmd .uasset".split(), _SCENE),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".webm"), _VIDEO),
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".pth"), _OBJECTS),
}


def detect_suffix(content: bytes) -> str:
    """The suffix of the bytes' file type, one of formats.FORMATS or .asf; ValueError for anything else."""
    head = content[:SEARCHED]
    if not head:
        raise ValueError("the file is empty")
    for start, suffix in _STARTS:
        if re.match(start, head):
            return suffix
    if other := _other(head):
        raise ValueError(other)
    text = _text(head)
    for line, suffix in _LINES:
        if re.search(line, text, re.MULTILINE):
            return suffix
    raise ValueError(
        "unsupported file type; expected BVH, FBX, glTF, AMC with its ASF, NPY, NPZ, MMM XML, MVNX, C3D, TRC, joints "
        "as JSON, CSV or Parquet, or NTU's .skeleton"
    )


def explain(path: Path, problem: str) -> str:
    """The problem that a reader had with a file, or what the file is where its content shows something else."""
    try:
        with path.open("rb") as file:
            head = file.read(SEARCHED)
        if (other := _other(head)) and suffix_of(path) not in (".npy", ".npz"):  # whose readers say what is wrong
            return other
        suffix = detect_suffix(head)
    except (OSError, ValueError):
        return problem
    if suffix in _VAGUE or "rename" in problem or FORMATS[suffix] == FORMATS.get(suffix_of(path)):
        return problem
    return f"{problem}; its content is that of a {suffix} file: rename it"


def encoding_of(path: Path) -> str:
    """The encoding of a text file: UTF-16 where it begins with its mark, as Windows writes it, else UTF-8."""
    with path.open("rb") as file:
        return _encoding(file.read(2))


def _encoding(head: bytes) -> str:
    return "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def _text(head: bytes) -> str:
    return head.decode(_encoding(head), errors="replace").lower()


def _other(head: bytes) -> str:
    """What a file is that is often taken for a recording; empty for others."""
    if head.startswith(b"PK\x03\x04") and not re.match(_STARTS[1][0], head):
        return _SHEET if b"[Content_Types].xml" in head[:600] else _ARCHIVE
    if head.startswith(b"\x1f\x8b"):
        return _ARCHIVE
    text = _text(head)
    return next((meaning for start, meaning in _OTHERS if re.match(start, text)), "")
