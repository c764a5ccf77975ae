"""BNR-Compose: motions composed of real recorded clips, with sentences and exact segments.

A pair `X.npz` (one float16 array (T, 3 J) a sample, centimetres, Y up) and `X.json` (fps, unit, joints, parents,
verb_forms, samples: split, captions, segments in frames). Captions carry no times; segments are for scoring only.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motion2language.datasets import Sample
from motion2language.motion import Motion, Skeleton
from motion2language.transcript import Caption, Segment

# What a file of another shape, or a damaged one, makes of the lines below.
_DAMAGE = (KeyError, TypeError, AttributeError, ArithmeticError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}


def load(root: Path | None, split: str) -> Sequence[Sample]:
    """The samples of `split`; `root` is X.json or X.npz, both must be there."""
    if root is None:
        raise ValueError("corpus 'compose' needs --root X.json, with X.npz beside it")
    index, arrays = Path(root).with_suffix(".json"), Path(root).with_suffix(".npz")
    for path in (index, arrays):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: not there; corpus 'compose' is a pair X.json and X.npz")
    if not zipfile.is_zipfile(arrays):
        raise ValueError(f"{arrays}: not an .npz archive, or cut off")
    try:
        return _samples(index, arrays, split)
    except _DAMAGE as error:
        raise ValueError(f"{index}: not a compose corpus ({type(error).__name__}: {error})") from None


def _samples(index: Path, arrays: Path, split: str) -> list[Sample]:
    data = json.loads(index.read_text(encoding="utf-8"))
    if data["up"] != "y" or data["unit"] not in _METRES:
        raise ValueError(f"unit {data['unit']!r}, up {data['up']!r}; expected m, cm or mm, and up y")
    skeleton = Skeleton("bandai", tuple(data["joints"]), tuple(data["parents"]))
    with np.load(arrays, allow_pickle=False) as archive:
        return [
            _sample(name, entry, archive[name], data, skeleton)
            for name, entry in data["samples"].items()
            if entry["split"] == split
        ]


def _sample(name: str, entry: dict, values: np.ndarray, data: dict, skeleton: Skeleton) -> Sample:
    fps = float(data["fps"])
    positions = values.astype(np.float32).reshape(len(values), -1, 3) * _METRES[data["unit"]]
    segments = tuple(Segment(part["start"] / fps, part["end"] / fps, part["verb"]) for part in entry["segments"])
    if not all(isinstance(text, str) for text in entry["captions"]):
        raise TypeError(f"{name}: a caption that is no text")
    captions = tuple(Caption(text) for text in entry["captions"])
    return Sample(name, Motion(positions, fps, skeleton, name), captions, entry["split"], segments)
