"""Uploads: the bytes of files to a Motion. Their content decides their type; their name is only displayed.

The readers need files, so the bytes are in a temporary folder, under a fixed name, while they are read.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from motion2language.formats.contents import detect_suffix
from motion2language.formats.reading import ReadOptions, read_with_axes
from motion2language.motion import Motion


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
