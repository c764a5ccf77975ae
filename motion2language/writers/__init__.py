"""Transcripts to files: one module per output, `text(transcript) -> str`; the module's name is the file's suffix.

A module sets `SUFFIX = ".audacity.txt"` where programs expect another suffix or several outputs share one; files with
either suffix then belong to that output. Modules that begin with an underscore are shared code, not outputs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

from motion2language.files import write_text
from motion2language.transcript import Transcript
from motion2language.writers._detail import detail, detailed
from motion2language.writers._facts import DOUBTED, caption, counted, doubt, marked, phrase, shown, with_facts

__all__ = [
    "DOUBTED",
    "caption",
    "counted",
    "detail",
    "detailed",
    "doubt",
    "kind",
    "marked",
    "names",
    "phrase",
    "read",
    "render",
    "require_known",
    "shown",
    "suffix",
    "with_facts",
    "write",
]


@cache
def names() -> tuple[str, ...]:
    """All outputs, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_"))


def require_known(wanted: Sequence[str], also: Sequence[str] = ()) -> None:
    """ValueError unless each of the wanted outputs exists or is in `also`, which the caller makes itself."""
    known = sorted([*names(), *also])
    for name in wanted:
        if name not in known:
            raise ValueError(f"no output {name!r}; there are {', '.join(known)}")


def suffix(name: str) -> str:
    """The suffix of an output's files, with the dot."""
    return str(getattr(_module(name), "SUFFIX", f".{name}"))


def kind(path: str | Path) -> str:
    """The output that a file's name asks for, by the longest suffix that fits; ValueError when none fits.

    >>> kind("take.json"), kind("take.babel.json")
    ('json', 'babel')
    """
    file = Path(path).name
    endings = _endings()
    fitting = [ending for ending in endings if file.endswith(ending)]
    if not fitting:
        require_known([Path(path).suffix.lstrip(".")])
    return endings[max(fitting, key=len)]


@cache
def _endings() -> dict[str, str]:
    return {ending: name for name in names() for ending in (f".{name}", suffix(name))}


def render(transcript: Transcript, name: str) -> str:
    """The text of a transcript in an output's format.

    >>> from motion2language.transcript import Segment, TimedWord
    >>> walk = Segment(0.2, 1.4, "walk", (TimedWord("walks", 0.8, 0.3, 1.3),))
    >>> render(Transcript((walk,), duration=2.0), "txt")
    '[00:00.2 → 00:01.4] walks\\n'
    """
    return str(_module(name).text(transcript))


def write(transcript: Transcript, path: str | Path) -> None:
    """Write a file in the format of its suffix, whole or not at all."""
    write_text(path, render(transcript, kind(path)))


def read(path: str | Path) -> Transcript:
    """Read the transcript in a file, by the format of its suffix; ValueError names the formats that can be read."""
    try:
        module: ModuleType | None = _module(kind(path))
    except ValueError:  # an unknown suffix
        module = None
    if module is None or not hasattr(module, "read"):
        raise ValueError(f"{path}: transcripts are read from .json and .labelstudio.json; write one of these")
    read_back: Transcript = module.read(path)
    return read_back


def _module(name: str) -> ModuleType:
    require_known([name])
    return importlib.import_module(f"{__name__}.{name}")
