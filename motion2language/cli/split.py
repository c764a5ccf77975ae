"""m2l split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from motion2language.cli.exits import FAILED
from motion2language.cli.options import Description, Input, complain
from motion2language.cli.written import Out, Overwrite, require_free, show_written

if TYPE_CHECKING:
    from motion2language.motion import Motion
    from motion2language.transcript import Transcript


def split(
    file: Path,
    /,
    *,
    out: Out,
    format: str = "bvh",
    overwrite: Overwrite = False,
    words: Description = Description(),
    source: Input = Input(),
) -> int:
    """Cut a recording at its segments: one file each, named by order and label.

    Parameters
    ----------
    file
        A recording. Of several takes each is cut; its name stands before the order.
    out
        Folder for the pieces.
    format
        bvh, npz, csv or glb.
    words
        Where the segments come from.
    source
        What the file does not specify itself.
    """
    from motion2language.data.progress import show_progress
    from motion2language.files import make_folder
    from motion2language.formats.pieces import name_pieces, write_pieces
    from motion2language.formats.writing import require_written
    from motion2language.writers.txt import line

    suffix = f".{format}"
    require_written(f"{file.stem}{suffix}")
    described, status = _describe(file, words, source)
    named = [path for stem, _, found in described for path, _ in name_pieces(found, out, stem, suffix)]
    require_free(named, overwrite)
    make_folder(out)
    with show_progress() as step:
        pieces = [
            piece for stem, motion, found in described for piece in write_pieces(motion, found, out, stem, suffix, step)
        ]
    for path, segment in pieces:
        print(f"{path}  {line(segment)}")
    if not pieces:
        print("(nothing to cut out)")
    show_written([path for path, _ in pieces])
    return status


def _describe(file: Path, words: Description, source: Input) -> tuple[list[tuple[str, Motion, Transcript]], int]:
    """The start of the files' names, the recording and its words for each take, and the status of the command.

    A take that cannot be described is reported, and the others are described; one that holds a pose alone is left out.
    """
    from motion2language.captioning.recordings import PoseError
    from motion2language.captioning.takes import find_takes, read_sources
    from motion2language.formats.pieces import name_files_of_takes

    sources = find_takes(file, source.options()) if words.transcript is None else []
    takes = [each.take for each in sources if each.take is not None]
    if not takes:
        only = source.read(file)
        return [(file.stem, only, words.of(only, source).transcript)], 0
    described, status = [], 0
    for stem, motion in zip(
        name_files_of_takes(file.stem, takes), read_sources(sources, source.options()), strict=True
    ):
        try:
            if isinstance(motion, Exception):
                raise motion
            described.append((stem, motion, words.of(motion, source).transcript))
        except PoseError:
            continue
        except Exception as error:  # whatever it is, the other takes go on
            complain(error)
            status = FAILED
    return described, status
