"""Uploads: the bytes of files to a Motion. Their content decides their type; their name is only displayed.

The readers need files, so the bytes are in a temporary folder, under a fixed name, while they are read.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from motion2language.formats.reading import ReadOptions, read_with_axes
from motion2language.motion import Motion

SEARCHED = 65_536  # bytes in which a file's type is searched; chosen
# First bytes of binary files; in a C3D the number of the parameter block comes before the P that all have.
_STARTS = ((rb"\x93NUMPY", ".npy"), (rb"PK\x03\x04", ".npz"), (rb"[\x01-\x08]P", ".c3d"),
           (rb"Kaydara FBX Binary", ".fbx"), (rb"glTF", ".glb"), (rb"PAR1", ".parquet"))  # fmt: skip
# Lines that identify text files, in lower case.
_LINES = (
    (r"^\s*:(bonedata|hierarchy|root)\b", ".asf"),
    (r"^\s*hierarchy\b", ".bvh"),
    (r"<mvnx\b", ".mvnx"),
    (r"\A\s*<", ".xml"),
    (r"\A\s*\[", ".json"),
    (r'\A\s*\{(?s:.){0,400}"(fps|frames|people|instance_info|poses|landmarks|keypoints)"', ".json"),
    (r"\A\s*\{", ".gltf"),
    (r"^fbxheaderextension:", ".fbx"),
    (r"\A\s*pathfiletype\b", ".trc"),
    (r"^\s*:(fully-specified|degrees|radians)\b", ".amc"),
    (r"\A\d+\s*\n\d+\s*\n\d{3,} ", ".skeleton"),
    (r"\A(?=[^\n]*[,;\t])[^\n]*([_. /-]z|\bz\w*)\s*([,;\t\n]|\Z)", ".csv"),
)


@dataclass(frozen=True)
class Upload:
    """A file of a request."""

    name: str
    content: bytes

    @property
    def label(self) -> str:
        """The name for display and outputs: its last part, without control characters, at most 120 long."""
        last = re.split(r"[\\/]", self.name)[-1]
        return "".join(letter for letter in last if letter.isprintable()).strip()[:120] or "recording"


def detect_suffix(content: bytes) -> str:
    """The suffix of the bytes' file type, one of formats.FORMATS or .asf; ValueError for anything else."""
    head = content[:SEARCHED]
    if not head:
        raise ValueError("the file is empty")
    for start, suffix in _STARTS:
        if re.match(start, head):
            return suffix
    text = head.decode("utf-8-sig", errors="replace").lower()
    for line, suffix in _LINES:
        if re.search(line, text, re.MULTILINE):
            return suffix
    raise ValueError(
        "unsupported file type; expected BVH, FBX, glTF, AMC with its ASF, NPY, NPZ, MMM XML, MVNX, C3D, TRC, joints "
        "as JSON, CSV or Parquet, or NTU's .skeleton"
    )


def read_upload(files: Sequence[Upload], options: ReadOptions) -> Motion:
    """The one recording among the files of a request, in metres; an .amc needs its .asf beside it.

    A ValueError names the uploaded file and its problem.
    """
    suffixes = []
    for upload in files:
        try:
            suffixes.append(detect_suffix(upload.content))
        except ValueError as error:
            raise ValueError(f"{upload.label}: {error}") from None
    recordings = [upload for upload, suffix in zip(files, suffixes, strict=True) if suffix != ".asf"]
    if len(recordings) != 1:
        raise ValueError(f"found {len(recordings)} recordings in one request; send one, and an .amc with its .asf")
    with tempfile.TemporaryDirectory(prefix="m2l-") as folder:
        paths = {}
        for upload, suffix in zip(files, suffixes, strict=True):
            paths[suffix] = Path(folder) / f"recording{suffix}"
            paths[suffix].write_bytes(upload.content)
        (suffix,) = (suffix for suffix in paths if suffix != ".asf")
        try:
            motion, _ = read_with_axes(paths[suffix], replace(options, asf=paths.get(".asf")))
        except (ValueError, OSError) as error:
            message = str(error)
            for path in paths.values():
                message = message.replace(str(path), recordings[0].label).replace(path.name, recordings[0].label)
            raise ValueError(message.replace(folder, "the upload")) from None
    return replace(motion, name=motion.name.replace(paths[suffix].name, recordings[0].label))
