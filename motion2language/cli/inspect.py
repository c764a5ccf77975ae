"""m2l inspect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from motion2language.cli.options import Input


def inspect(file: Path, /, *, source: Input = Input()) -> int:
    """Show the content of a recording: skeleton, frames, frame rate, unit, up axis, height, and the joint map.

    Parameters
    ----------
    file
        A recording.
    source
        Settings for the file.
    """
    from rich.console import Console
    from rich.table import Table

    from motion2language.body import describe
    from motion2language.formats.reading import list_takes, read_with_axes

    options = source.options()
    names = list_takes(file, options)
    motion, axes = read_with_axes(file, replace(options, take=options.take or next(iter(names), None)))
    table = Table("", str(file), box=None, show_edge=False, pad_edge=False)
    for label, value in describe(motion, axes, options.joint_map):
        table.add_row(label, f"{value:.4g}" if isinstance(value, float) else str(value))
    if len(names) > 1 and options.take is None:
        table.add_row("takes", f"{len(names)}; above is the first, --take NAME shows another: {', '.join(names)}")
    Console(highlight=False).print(table)
    return 0
