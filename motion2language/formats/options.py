"""ReadOptions and Recording: what a reader is told, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from motion2language.motion import Motion


@dataclass(frozen=True)
class ReadOptions:
    """What the user says of a file that the file may not say itself.

    fps     frames a second
    layout  "humanml3d" or "kit": what the numbers of an .npy file are
    asf     the skeleton of an .amc file
    body_models  folder of SMPL body models, for .npz of AMASS
    subject  whose markers of a .c3d or .trc file are meant
    """

    fps: float | None = None
    layout: str | None = None
    asf: Path | None = None
    body_models: Path | None = None
    subject: str | None = None


@dataclass(frozen=True, eq=False)
class Recording:
    """A file's motion in the file's own unit and axes.

    unit, up  what the format declares ("m", "cm", "mm", "cmu"; "y", "z"), None where it cannot say
    """

    motion: Motion
    unit: str | None
    up: str | None
