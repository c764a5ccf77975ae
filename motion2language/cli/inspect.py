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
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    from motion2language.body import describe
    from motion2language.formats.limits import clean_message
    from motion2language.formats.reading import list_takes, read_with_axes

    options = source.options()
    names = list_takes(file, options)
    motion, axes = read_with_axes(file, replace(options, take=options.take or next(iter(names), None)))
    table = Table("", escape(clean_message(str(file))), box=None, show_edge=False, pad_edge=False)
    rows = describe(motion, axes, options.joint_map)
    if len(names) > 1 and options.take is None:
        rows.append(("takes", f"{len(names)}; above is the first, --take NAME shows another: {', '.join(names)}"))
    for label, value in rows:
        shown = f"{value:.4g}" if isinstance(value, float) else clean_message(str(value))
        table.add_row(label, Text(shown))  # as text: names may look like markup, or steer a terminal
    Console(highlight=False).print(table)
    return 0
