"""Parts of a recording as files: its segments, cut out and named by order and label; and names for its takes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from motion2language.formats.writing import require_written, write_motion
from motion2language.motion import Motion
from motion2language.transcript import Segment, Transcript

UNNAMED = "segment"  # in the file's name where the segment has no label
UNKNOWN = "unknown"  # where its action is unknown: the label is then a guess
LONGEST = 40  # letters of a label in a file's name; chosen, so that no name is too long for a disk


def name_pieces(transcript: Transcript, folder: Path, stem: str, suffix: str = ".bvh") -> list[tuple[Path, Segment]]:
    """The file that `write_pieces` writes for each segment, in order of time."""
    ordered = sorted(transcript.segments, key=lambda segment: (segment.start, segment.end))
    digits = max(2, len(str(len(ordered))))
    return [
        (
            folder / f"{stem}_{number:0{digits}d}_{file_name(segment.label if segment.known else UNKNOWN)}{suffix}",
            segment,
        )
        for number, segment in enumerate(ordered, start=1)
    ]


def write_pieces(
    motion: Motion,
    transcript: Transcript,
    folder: Path,
    stem: str,
    suffix: str = ".bvh",
    step: Callable[[str, int], object] = lambda stage, total: None,
) -> list[tuple[Path, Segment]]:
    """Write each segment to `folder`, in order of time; return the files, each with its segment.

    A file contains the frames sampled in [start, end), its root where the recording has it. It is named
    `stem_NUMBER_LABEL` and `suffix`, one of writing.WRITERS; an older file of that name is replaced. `step` is
    called with "pieces" and their number at each one.

    ValueError, before anything is written, when a segment contains no frame or the transcript is of another recording.
    """
    require_written(f"{stem}{suffix}")
    transcript.require_of(motion.label, motion.duration)
    named = name_pieces(transcript, folder, stem, suffix)
    pieces = [motion.clip(segment.start, segment.end) for _, segment in named]
    for (path, _), piece in zip(named, pieces, strict=True):
        write_motion(piece, path)
        step("pieces", len(named))
    return named


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
