"""m2l config, m2l completion, and defaults: motion2language.toml in this folder, then the one in the user's own.

A table per command, its options as keys:

    [caption]
    model = "live"

    [data.compose]
    seed = 3

An option on the command line comes before both files, and this folder's file before the user's.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

NAME = "motion2language.toml"


def config_files() -> list[Path]:
    """The files of defaults, the first before the second, whether they exist or not."""
    own = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [Path(NAME), own / "motion2language" / "config.toml"]


def load_configs() -> list[Any]:
    """The existing files, as the command line reads them."""
    existing = [path for path in config_files() if _is_there(path)]
    if not existing:
        return []
    from cyclopts.config import Toml

    return [Toml(path) for path in existing]


def config() -> int:
    """Show the defaults that are set in motion2language.toml, in this folder, and in the user's own config.toml."""
    from tomllib import TOMLDecodeError

    from motion2language.files import parse_toml

    found: dict[str, tuple[Any, Path]] = {}
    for path in config_files():
        if not _is_there(path):
            print(f"# {path}: not there")
            continue
        print(f"# {path}")
        try:
            table = parse_toml(path.read_text(encoding="utf-8"))
        except (TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not TOML ({error})") from None
        for name, value in _options(table, ""):
            found.setdefault(name, (value, path))
    for name, (value, path) in sorted(found.items()):
        print(f"{name} = {json.dumps(value, ensure_ascii=False, default=str)}  # {path}")
    return 0


def _is_there(path: Path) -> bool:
    """Whether a file is there; not where its folder may not be looked into."""
    try:
        return path.is_file()
    except OSError:
        return False


def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """Print a script that completes commands and options in a shell: m2l completion bash > ~/.m2l-completion.

    Parameters
    ----------
    shell
        bash, zsh or fish.
    """
    from motion2language.cli import app, data, show_commands

    show_commands(app)
    show_commands(data)
    print(app.generate_completion(prog_name="m2l", shell=shell))
    return 0


def _options(table: dict[str, Any], above: str) -> list[tuple[str, Any]]:
    """Each option of a table and its tables, as `command.option`, with its value."""
    rows: list[tuple[str, Any]] = []
    for key, value in table.items():
        rows += _options(value, f"{above}{key}.") if isinstance(value, dict) else [(f"{above}{key}", value)]
    return rows
