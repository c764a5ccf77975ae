"""Folders laid out as HumanML3D's: `new_joints/ID.npy`, `texts/ID.txt`, and `train.txt`, `val.txt`, `test.txt`.

A line of a text is `sentence#word/TAG word/TAG ...#start#end`; 0.0 and 0.0 mean the whole recording, other times a part
of it, which becomes a sample of its own, `ID@START-END`. A mirrored recording, whose ID begins with M, is of its
original's split, whatever the lists say: both in different splits would show the test in training.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from motion2language.datasets import Lazy, Sample
from motion2language.reading import read_motion
from motion2language.transcript import Caption

SPLITS = ("train", "val", "test")
Part = tuple[float, float] | None


def load(corpus: str, layout: str, where: str, root: Path | None, split: str) -> Sequence[Sample]:
    """The samples of `split`, read when indexed; recordings that lack a part are left out with a warning.

    corpus  what messages call it; layout: of the joints, "humanml3d" or "kit"; where: how to get it
    """
    if root is None:
        raise ValueError(
            f"corpus {corpus!r} needs --root: a folder with new_joints, texts, train.txt, val.txt, test.txt"
        )
    folder = Path(root)
    missing = [
        name for name in ("new_joints", "texts", *(f"{one}.txt" for one in SPLITS)) if not (folder / name).exists()
    ]
    if missing:
        raise FileNotFoundError(f"{folder}: lacks {', '.join(missing)}; {where}")
    names = _of_split(folder, split)
    texts = {name: _parts(folder / "texts" / f"{name}.txt") for name in names}
    lost = [name for name in names if not (folder / "new_joints" / f"{name}.npy").is_file()]
    silent = [name for name in names if not texts[name]]
    for what, some in (("without new_joints/ID.npy", lost), ("without a sentence", silent)):
        if some:
            shown = ", ".join(some[:3]) + (", ..." if len(some) > 3 else "")
            warnings.warn(f"{folder}: {split}: {len(some)} of {len(names)} {what}, left out: {shown}", stacklevel=3)
    if names and len(lost) == len(names):
        raise FileNotFoundError(
            f"{folder / 'new_joints'}: none of the {len(names)} recordings of {split} is there; {where}"
        )
    kept = [name for name in names if name not in set(lost)]
    return Lazy([partial(_sample, folder, name, layout, part, captions, split)
                 for name in kept for part, captions in texts[name].items()])  # fmt: skip


def _sample(folder: Path, name: str, layout: str, part: Part, captions: tuple[Caption, ...], split: str) -> Sample:
    motion = read_motion(folder / "new_joints" / f"{name}.npy", layout=layout)
    if part is None:
        return Sample(name, motion, captions, split)
    return Sample(f"{name}@{part[0]:g}-{part[1]:g}", motion.clip(*part), captions, split)


def _of_split(folder: Path, split: str) -> list[str]:
    """The names of a split, mirrored ones where their originals are."""
    listed: dict[str, str] = {}
    for one in SPLITS:
        path = folder / f"{one}.txt"
        try:
            names = path.read_text(encoding="utf-8").split()
        except UnicodeDecodeError:
            raise ValueError(f"{path}: not text in UTF-8; expected a name a line") from None
        again = sorted({name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set())
        again += sorted(set(names) & set(listed))
        if again:
            raise ValueError(
                f"{path}: {len(again)} names stand there, or in another split, twice, such as {again[0]!r}"
            )
        listed |= dict.fromkeys(names, one)
    moved = {
        name: listed[name[1:]]
        for name in listed
        if name[:1] == "M" and listed.get(name[1:], listed[name]) != listed[name]
    }
    if moved:
        warnings.warn(
            f"{folder}: {len(moved)} mirrored recordings stood in another split than their original and go with it",
            stacklevel=4,
        )
    return [name for name, where in (listed | moved).items() if where == split]


def _parts(path: Path) -> dict[Part, tuple[Caption, ...]]:
    """The sentences of a text file by the part they are of; none where there is no file."""
    if not path.is_file():
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8; expected sentence#tags#start#end a line") from None
    found: dict[Part, list[Caption]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        sentence, *fields = line.split("#")
        try:
            start, end = (0.0 if field.strip() == "nan" else float(field) for field in fields[1:3])
        except ValueError:
            raise ValueError(f"{path}, line {number}: expected sentence#tags#start#end, found {line[:80]!r}") from None
        if sentence.strip():
            found.setdefault(None if end <= start else (start, end), []).append(Caption(sentence.strip()))
    return {part: tuple(captions) for part, captions in found.items()}
