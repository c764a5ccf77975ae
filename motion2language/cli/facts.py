"""m2l facts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from motion2language.cli.options import Input

if TYPE_CHECKING:
    from motion2language.transcript import Facts

#: Units of the fields that have one.
_UNITS = {
    "turn": "degrees, positive to the left",
    "speed": "m/s",
    "cadence": "steps per minute",
    **dict.fromkeys(("travel", "displacement", "step_length", "jump_height"), "m"),
    **dict.fromkeys(("repetition_times", "period"), "s"),
}


def facts(
    file: Path, /, *, start: float = 0.0, end: float | None = None, format: str = "table", source: Input = Input()
) -> int:
    """Show what can be measured in a recording without any model: how far, which way, how often, with which limb.

    Parameters
    ----------
    file
        A recording.
    start
        Measure from here, in seconds.
    end
        Measure until here, in seconds; by default until the recording's end.
    format
        table, or json for all fields.
    source
        Settings for the file.
    """
    import json

    from motion2language.body import ensure_canonical, to_canonical
    from motion2language.captioning.facts.find import facts as find_facts

    if format not in ("table", "json"):
        raise ValueError(f"--format {format}: expected table or json")
    overrides = source.overrides()
    motion = source.read(file)
    body = ensure_canonical(motion) if overrides is None else to_canonical(motion, overrides)
    found = find_facts(body, start, end)
    if format == "json":
        print(json.dumps(found.to_dict(), indent=1))
    else:
        _print_table(file, found)
    return 0


def _print_table(file: Path, found: Facts) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", str(file), box=None, show_edge=False, pad_edge=False)
    for name, value in found.known.items():
        if name != "notes":
            table.add_row(
                name.replace("_", " "), " ".join(part for part in (_text(value), _UNITS.get(name, "")) if part)
            )
    for note in found.notes:
        table.add_row("note", note)
    Console(file=sys.stdout, highlight=False).print(table)


def _text(value: object) -> str:
    """A value for people.

    >>> _text(0.25), _text((1.0, 2.5)), _text("left")
    ('0.25', '1.0, 2.5', 'left')
    """
    if isinstance(value, tuple):
        return ", ".join(f"{item:.1f}" if isinstance(item, float) else str(item) for item in value)
    return f"{value:.2f}" if isinstance(value, float) else str(value)
