"""The two files of a composed benchmark, X.npz and X.json, as the corpus `compose` reads them."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from motion2language.files import write_atomically, write_text

Composed = tuple[str, np.ndarray, dict[str, Any]]  # name, positions (T, J, 3) metres, its entry in the index


def pair(out: Path) -> tuple[Path, Path]:
    """OUT.npz and OUT.json; OUT may be given with either suffix."""
    stem = out.with_suffix("") if out.suffix in (".npz", ".json") else out
    return stem.with_name(f"{stem.name}.npz"), stem.with_name(f"{stem.name}.json")


def require_folder(out: Path) -> None:
    """ValueError, before the long work, when the folder of `out` is missing."""
    if not out.absolute().parent.is_dir():
        raise ValueError(f"{out}: cannot be written; choose a folder that exists and is yours")


def write_pair(out: Path, motions: Iterable[Composed], header: dict[str, Any]) -> None:
    """Write the motions as they come, and then the index: `header` and each motion's entry, under samples.

    Both or neither: a full disk leaves what was there before.
    """
    arrays, index = pair(out)
    samples: dict[str, Any] = {}

    def write_both(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, positions, entry in motions:
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, positions.reshape(len(positions), -1))
                samples[name] = entry
        file.flush()
        os.fsync(file.fileno())  # a full disk shows here at the latest, before the index is replaced
        write_text(index, json.dumps(header | {"samples": samples}))

    write_atomically(arrays, write_both)
