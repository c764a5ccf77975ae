"""m2l convert."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.exits import FAILED
from motion2language.cli.options import Input, complain
from motion2language.cli.written import Overwrite, require_free, show_written


def convert(file: Path, out: Path, /, *, overwrite: Overwrite = False, source: Input = Input()) -> int:
    """Write a recording in another format, in metres, Y up: .bvh, .npz, .csv or .glb.

    Parameters
    ----------
    file
        A recording.
    out
        The file to write; its suffix decides the format. Of several takes each gets its own, `out_TAKE.glb`.
    source
        What the file does not specify itself.
    """
    from motion2language.captioning.takes import find_takes, read_sources
    from motion2language.formats import suffix_of
    from motion2language.formats.pieces import name_files_of_takes
    from motion2language.formats.writing import require_written, write_motion

    require_written(out)
    options = source.options()
    sources = find_takes(file, options)
    takes = [each.take for each in sources if each.take is not None]
    stem = out.stem if out.suffix else file.stem
    paths = [out.with_name(name + suffix_of(out)) for name in name_files_of_takes(stem, takes)] or [out]
    require_free(paths, overwrite)
    status = 0
    for path, motion in zip(paths, read_sources(sources, options), strict=True):
        if isinstance(motion, Exception):
            if not takes:
                raise motion
            complain(motion)
            status = FAILED
            continue
        write_motion(motion, path)
        frames = f"{motion.frames} frame{'s' * (motion.frames != 1)}"
        show_written(path, f"{len(motion.skeleton.joints)} joints, {frames}, {motion.fps:g} frames per second")
    return status
