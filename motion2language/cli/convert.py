"""m2l convert."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.options import Input


def convert(file: Path, out: Path, /, *, source: Input = Input()) -> int:
    """Write a recording in another format, in metres, Y up: .bvh, .npz, .csv or .glb.

    Parameters
    ----------
    file
        A recording.
    out
        The file to write; its suffix decides the format.
    source
        What the file does not specify itself.
    """
    from motion2language.formats.writing import require_written, write_motion

    require_written(out)
    motion = source.read(file)
    write_motion(motion, out)
    print(f"{out}  {len(motion.skeleton.joints)} joints, {motion.frames} frames, {motion.fps:g} frames per second")
    return 0
