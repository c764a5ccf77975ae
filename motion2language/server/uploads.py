"""Uploads: bytes somebody sent to a Motion. What they are is told by their content; their name is only shown.

A reader needs a file, so the bytes lie in a temporary folder, under a name of ours, while they are read.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from motion2language.formats.reading import ReadOptions, read_with_axes
from motion2language.motion import Motion

HEAD = 65_536  # bytes looked at to tell what a file is; chosen
# How files begin; of a C3D the block of its parameters comes first, before what every one has.
_STARTS = ((rb"\x93NUMPY", ".npy"), (rb"PK\x03\x04", ".npz"), (rb"[\x01-\x08]P", ".c3d"))
# Lines by which texts are known, in lower case.
_LINES = (
    (r"^\s*:(bonedata|hierarchy|root)\b", ".asf"),
    (r"^\s*hierarchy\b", ".bvh"),
    (r"\A\s*<", ".xml"),
    (r"\A\s*pathfiletype\b", ".trc"),
    (r"^\s*:(fully-specified|degrees|radians)\b", ".amc"),
)


@dataclass(frozen=True)
class Upload:
    """A file as it was sent."""

    name: str
    content: bytes

    @property
    def label(self) -> str:
        """The name as it is shown and put into outputs: its last part, without control characters, not long."""
        last = re.split(r"[\\/]", self.name)[-1]
        return "".join(letter for letter in last if letter.isprintable()).strip()[:120] or "recording"


def kind(content: bytes) -> str:
    """The suffix of what the bytes are, one of formats.FORMATS or .asf; ValueError for anything else."""
    head = content[:HEAD]
    if not head:
        raise ValueError("the file is empty")
    for start, suffix in _STARTS:
        if re.match(start, head):
            return suffix
    text = head.decode("utf-8-sig", errors="replace").lower()
    for line, suffix in _LINES:
        if re.search(line, text, re.MULTILINE):
            return suffix
    raise ValueError("not a motion file that is known; expected BVH, AMC with its ASF, NPY, NPZ, MMM XML, C3D or TRC")


def read_upload(files: Sequence[Upload], options: ReadOptions) -> Motion:
    """The one recording among the files sent, in metres; an .amc needs its .asf beside it.

    ValueError names the file as it was sent and says what is wrong with it.
    """
    kinds = []
    for upload in files:
        try:
            kinds.append(kind(upload.content))
        except ValueError as error:
            raise ValueError(f"{upload.label}: {error}") from None
    recordings = [upload for upload, suffix in zip(files, kinds, strict=True) if suffix != ".asf"]
    if len(recordings) != 1:
        raise ValueError(f"found {len(recordings)} recordings in one request; send one, and an .amc with its .asf")
    with tempfile.TemporaryDirectory(prefix="m2l-") as folder:
        paths = {}
        for upload, suffix in zip(files, kinds, strict=True):
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
    return replace(motion, name=recordings[0].label)
