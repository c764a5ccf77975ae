"""Folders laid out as HumanML3D's: `new_joints/ID.npy`, `texts/ID.txt`, and `train.txt`, `val.txt`, `test.txt`.

A line of a text is `sentence#word/TAG word/TAG ...#start#end`; 0.0 and 0.0 mean the whole recording, other times a part
of it, which becomes a sample of its own, `ID@START-END`. A mirrored recording, whose ID begins with M, is of its
original's split, whatever the lists say: both in different splits would show the test in training.
"""

from __future__ import annotations

import math
import tokenize
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from motion2language.data.clips import SPLITS
from motion2language.data.index import note, read_each, read_names, with_originals
from motion2language.data.samples import Sample, Samples
from motion2language.files import read_text
from motion2language.formats.npy import LAYOUTS
from motion2language.formats.reading import read_motion
from motion2language.transcript import Caption

Part = tuple[float, float] | None
Parts = dict[Part, tuple[Caption, ...]]


def load(corpus: str, layout: str, where: str, root: Path | None, split: str) -> Samples[Sample]:
    """The samples of `split`, read when indexed; recordings that lack a part are left out with a warning.

    corpus  what messages call it; layout: of the joints, "humanml3d" or "kit"; where: how to get it
    """
    if root is None:
        raise ValueError(
            f"corpus {corpus!r} needs --root: a folder with new_joints, texts, train.txt, val.txt, test.txt; {where}"
        )
    folder, fps = Path(root), LAYOUTS[layout].fps
    needed = ("new_joints", "texts", *(f"{one}.txt" for one in SPLITS))
    missing = [name for name in needed if not (folder / name).exists()]
    if missing:
        raise FileNotFoundError(f"{folder}: lacks {', '.join(missing)}; {where}")
    listed = _listed(folder)
    there = {path.stem for path in (folder / "new_joints").glob("[!.]*.npy")}
    note(folder, "{} recordings of new_joints stand in no split's list and are left out", there - listed.keys())
    told = {path.stem for path in (folder / "texts").glob("[!.]*.txt")}
    note(folder, "{} files of texts are of no recording and in no split's list; left out", told - there - listed.keys())
    names = [name for name, of in listed.items() if of == split]
    lost = [name for name in names if name not in there]
    if names and len(lost) == len(names):
        raise FileNotFoundError(
            f"{folder / 'new_joints'}: none of the {len(names)} recordings of {split} is there; {where}"
        )
    texts = read_each("files of sentences", lambda name: _parts(folder / "texts" / f"{name}.txt"), names)
    silent = [name for name in names if not texts[name]]
    for what, some in (("without new_joints/ID.npy", lost), ("without a sentence", silent)):
        note(folder, f"{split}: {{}} of {len(names)} {what}, left out", some)
    parts = {
        _name(name, part): partial(_sample, folder / "new_joints" / f"{name}.npy", layout, part, captions, split)
        for name in names
        if name in there
        for part, captions in texts[name].items()
        if part is None or _within(part, folder / "new_joints" / f"{name}.npy", fps)
    }
    every = {_name(name, part) for name in names if name in there for part in texts[name]}
    note(folder, f"{split}: {{}} parts lie outside their recording and are left out", every - parts.keys())
    return Samples(list(parts.values()))


def _name(name: str, part: Part) -> str:
    return name if part is None else f"{name}@{part[0]:g}-{part[1]:g}"


def _within(part: tuple[float, float], path: Path, fps: float) -> bool:
    """Whether a part, seconds, holds a frame of the recording; only the head of its file is read."""
    try:
        frames = len(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError, TypeError, tokenize.TokenError):
        return True  # reading the sample says what is wrong with the file
    return 0 <= part[0] < part[1] and math.ceil(part[0] * fps - 1e-6) < min(frames, math.ceil(part[1] * fps - 1e-6))


def _sample(path: Path, layout: str, part: Part, captions: tuple[Caption, ...], split: str) -> Sample:
    motion = read_motion(path, layout=layout)
    return Sample(_name(path.stem, part), motion if part is None else motion.clip(*part), captions, split)


def _listed(folder: Path) -> dict[str, str]:
    """Name -> split, mirrored ones where their originals are."""
    listed: dict[str, str] = {}
    for one in SPLITS:
        path = folder / f"{one}.txt"
        names = read_names(path)
        again = sorted({name for name, count in Counter(names).items() if count > 1} | set(names) & set(listed))
        if again:
            raise ValueError(
                f"{path}: {len(again)} names stand there, or in another split, twice, such as {again[0]!r}"
            )
        listed |= dict.fromkeys(names, one)
    return with_originals(listed, folder)


def _parts(path: Path) -> Parts:
    """The sentences of a text file by the part they are of; none where there is no file."""
    if not path.is_file():
        return {}
    lines = read_text(path, "sentence#tags#start#end on each line").split("\n")
    found: dict[Part, list[Caption]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        sentence, *fields = line.split("#")
        try:
            start, end = (0.0 if math.isnan(time := float(field)) else time for field in fields[1:3])
            if math.isinf(start) or math.isinf(end):
                raise ValueError
        except ValueError:
            raise ValueError(f"{path}, line {number}: expected sentence#tags#start#end, found {line[:80]!r}") from None
        if sentence.strip():
            found.setdefault(None if start == end == 0 else (start, end), []).append(Caption(sentence.strip()))
    return {part: tuple(captions) for part, captions in found.items()}
