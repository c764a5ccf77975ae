"""Folders in the layout of HumanML3D: `new_joints/ID.npy`, `texts/ID.txt`, and `train.txt`, `val.txt`, `test.txt`.

A line of a text is `sentence#word/TAG word/TAG ...#start#end`; 0.0 and 0.0 mean the whole recording, other times a part
of it, which becomes its own sample, `ID@START-END`. A mirrored recording, whose ID begins with M, is always in its
original's split, even if the lists differ: otherwise training would see mirrored test recordings.
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
    """The samples of `split`, read when indexed; recordings without joints or sentences are skipped with a warning.

    corpus  its name in messages; layout: of the joints, "humanml3d" or "kit"; where: how to get it
    """
    if root is None:
        raise ValueError(
            f"corpus {corpus!r} needs --root: a folder with new_joints, texts, train.txt, val.txt, test.txt; {where}"
        )
    folder, fps = Path(root), LAYOUTS[layout].fps
    needed = ("new_joints", "texts", *(f"{name}.txt" for name in SPLITS))
    missing = [name for name in needed if not (folder / name).exists()]
    if missing:
        raise FileNotFoundError(f"{folder}: lacks {', '.join(missing)}; {where}")
    listed = _listed(folder)
    recorded = {path.stem for path in (folder / "new_joints").glob("[!.]*.npy")}
    _note_unlisted(folder, listed, recorded)
    names = [name for name, of in listed.items() if of == split]
    unrecorded = [name for name in names if name not in recorded]
    if names and len(unrecorded) == len(names):
        raise FileNotFoundError(f"{folder / 'new_joints'}: all {len(names)} recordings of {split} are missing; {where}")
    texts = read_each("files of sentences", lambda name: _parts(folder / "texts" / f"{name}.txt"), names)
    silent = [name for name in names if not texts[name]]
    for what, skipped in (("without new_joints/ID.npy", unrecorded), ("without a sentence", silent)):
        note(folder, f"{split}: {{}} of {len(names)} {what}, left out", skipped)
    parts = {
        _name(name, part): partial(_sample, folder / "new_joints" / f"{name}.npy", layout, part, captions, split)
        for name in names
        if name in recorded
        for part, captions in texts[name].items()
        if part is None or _within(part, folder / "new_joints" / f"{name}.npy", fps)
    }
    every = {_name(name, part) for name in names if name in recorded for part in texts[name]}
    note(folder, f"{split}: {{}} parts lie outside their recording and are left out", every - parts.keys())
    return Samples(list(parts.values()))


def _note_unlisted(folder: Path, listed: dict[str, str], recorded: set[str]) -> None:
    """Warn about recordings, and sentences without a recording, that are not in any split's list."""
    note(folder, "{} recordings of new_joints are not in any split's list and are left out", recorded - listed.keys())
    described = {path.stem for path in (folder / "texts").glob("[!.]*.txt")}
    lonely = described - recorded - listed.keys()
    note(folder, "{} files of texts have no recording and are not in any split's list; left out", lonely)


def _name(name: str, part: Part) -> str:
    return name if part is None else f"{name}@{part[0]:g}-{part[1]:g}"


def _within(part: tuple[float, float], path: Path, fps: float) -> bool:
    """Whether a part (in seconds) contains a frame of the recording; reads only the header of its file."""
    try:
        frames = len(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError, TypeError, tokenize.TokenError):
        return True  # reading the sample will report what is wrong with the file
    return 0 <= part[0] < part[1] and math.ceil(part[0] * fps - 1e-6) < min(frames, math.ceil(part[1] * fps - 1e-6))


def _sample(path: Path, layout: str, part: Part, captions: tuple[Caption, ...], split: str) -> Sample:
    motion = read_motion(path, layout=layout)
    return Sample(_name(path.stem, part), motion if part is None else motion.clip(*part), captions, split)


def _listed(folder: Path) -> dict[str, str]:
    """Name -> split; mirrored recordings are in the split of their originals."""
    listed: dict[str, str] = {}
    for split in SPLITS:
        path = folder / f"{split}.txt"
        names = read_names(path)
        repeated = sorted({name for name, count in Counter(names).items() if count > 1} | set(names) & set(listed))
        if repeated:
            raise ValueError(
                f"{path}: {len(repeated)} names occur twice, there or in another split, such as {repeated[0]!r}"
            )
        listed |= dict.fromkeys(names, split)
    return with_originals(listed, folder)


def _parts(path: Path) -> Parts:
    """The sentences of a text file, by the part they describe; empty without a file."""
    if not path.is_file():
        return {}
    lines = read_text(path, "sentence#tags#start#end on each line").split("\n")
    by_part: dict[Part, list[Caption]] = {}
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
            by_part.setdefault(None if start == end == 0 else (start, end), []).append(Caption(sentence.strip()))
    return {part: tuple(captions) for part, captions in by_part.items()}
