"""m2l inspect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from motion2language.cli.options import Input, complain


def inspect(
    files: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    source: Input = Input(),
) -> int:
    """Show the content of recordings: skeleton, frames, frame rate, unit, up axis, height, and the joint map.

    Parameters
    ----------
    files
        Recordings.
    as_json
        Print one JSON object per recording instead, each on a line.
    source
        Settings for the files.
    """
    failures = 0
    for number, file in enumerate(files):
        try:
            rows = _rows(file, source)
        except (ValueError, OSError) as error:
            if len(files) == 1:
                raise
            complain(error)
            failures += 1
            continue
        if as_json:
            _print_json(file, rows)
        else:
            if number:
                print()
            _print_table(file, rows)
    return 1 if failures else 0


def _rows(file: Path, source: Input) -> list[tuple[str, Any]]:
    """What there is to say of a recording: names and values."""
    from motion2language.body import describe
    from motion2language.formats.reading import list_takes, read_with_axes

    options = source.options()
    names = list_takes(file, options)
    motion, axes = read_with_axes(file, replace(options, take=options.take or next(iter(names), None)))
    rows = describe(motion, axes, options.joint_map)
    if len(names) > 1 and options.take is None:
        rows.append(("takes", f"{len(names)}; above is the first, --take NAME shows another: {', '.join(names)}"))
    return rows


def _print_json(file: Path, rows: Sequence[tuple[str, Any]]) -> None:
    values = {label: value if isinstance(value, float | int | bool) else str(value) for label, value in rows}
    print(json.dumps({"file": str(file)} | values, ensure_ascii=False))


def _print_table(file: Path, rows: Sequence[tuple[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    from motion2language.formats.limits import clean_message

    table = Table("", escape(clean_message(str(file))), box=None, show_edge=False, pad_edge=False)
    for label, value in rows:
        shown = f"{value:.4g}" if isinstance(value, float) else clean_message(str(value))
        table.add_row(label, Text(shown))  # as text: names may look like markup, or steer a terminal
    Console(highlight=False).print(table)
