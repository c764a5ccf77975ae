"""Transcripts to files: one module an output, `text(transcript) -> str`; the module's name is the file's suffix."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path

from motion2language.files import write_text
from motion2language.transcript import Transcript


def names() -> tuple[str, ...]:
    """The outputs there are."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def require_known(wanted: Sequence[str]) -> None:
    """ValueError when one of the wanted outputs does not exist."""
    for name in wanted:
        if name not in names():
            raise ValueError(f"no output {name!r}; there are {', '.join(names())}")


def render(transcript: Transcript, name: str) -> str:
    """The transcript in an output's form."""
    require_known([name])
    module = importlib.import_module(f"{__name__}.{name}")
    return str(module.text(transcript))


def write(transcript: Transcript, path: str | Path) -> None:
    """Write to a file of the kind its suffix names, whole or not at all."""
    write_text(path, render(transcript, Path(path).suffix.lstrip(".")))
