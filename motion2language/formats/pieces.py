"""Parts of a recording as files: its segments, cut out and named by order and label; and names for its takes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from motion2language.formats.writing import require_written, write_motion
from motion2language.motion import Motion
from motion2language.transcript import Segment, Transcript

UNNAMED = "segment"  # in the file's name where the segment has no label
LONGEST = 40  # letters of a label in a file's name; chosen, so that no name is too long for a disk


def write_pieces(
    motion: Motion, transcript: Transcript, folder: Path, stem: str, suffix: str = ".bvh"
) -> list[tuple[Path, Segment]]:
    """Write each segment to `folder`, in order of time; return the files, each with its segment.

    A file contains the frames sampled in [start, end), its root where the recording has it. It is named
    `stem_NUMBER_LABEL` and `suffix`, one of writing.WRITERS; an older file of that name is replaced.

    ValueError, before anything is written, when a segment contains no frame or the transcript is of another recording.
    """
    require_written(f"{stem}{suffix}")
    transcript.require_of(motion.label, motion.duration)
    ordered = sorted(transcript.segments, key=lambda segment: (segment.start, segment.end))
    pieces = [motion.clip(segment.start, segment.end) for segment in ordered]
    digits = max(2, len(str(len(ordered))))
    written = []
    for number, (segment, piece) in enumerate(zip(ordered, pieces, strict=True), start=1):
        path = folder / f"{stem}_{number:0{digits}d}_{file_name(segment.label)}{suffix}"
        write_motion(piece, path)
        written.append((path, segment))
    return written


def file_name(label: str | None) -> str:
    """A label as part of a file's name on any system: letters and digits of any script, the rest as hyphens."""
    return re.sub(r"[\W_]+", "-", label or "").strip("-")[:LONGEST] or UNNAMED


def name_files_of_takes(stem: str, takes: Sequence[str]) -> list[str]:
    """A file's name without its suffix for each take, `stem_TAKE`; takes whose names become alike are numbered."""
    count, names = Counter[str](), []
    for take in takes:
        name = f"{stem}_{file_name(take)}"
        count[name] += 1
        names.append(name if count[name] == 1 else f"{name}_{count[name]}")
    return names
