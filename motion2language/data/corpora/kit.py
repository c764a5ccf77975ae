"""KIT-ML as first released: `NNNNN_mmm.xml` and `NNNNN_annotations.json`, a folder or the zip itself, read in place.

Left out, with a warning that counts them: recordings over 30 s, those without a sentence, files without their partner,
and the advertisement that stands among the sentences. Split: the recordings in the order of their names, shuffled as
scikit-learn's shuffle does with random state 11; the first 10 % are the test, 10 % of the rest the validation. (That
the test comes first is our reading: the paper's lists are not published.)
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from motion2language.data.index import Place, first_three, note, read_each, read_json
from motion2language.data.samples import Sample, Samples
from motion2language.data.store import TABLE, open_or_count, store_name
from motion2language.data.store.keys import code, digest
from motion2language.formats import every_file, mmm
from motion2language.formats.reading import ReadOptions, in_metres
from motion2language.motion import Motion
from motion2language.transcript import Caption

LONGEST = 30.0  # seconds; as in the paper
RATE = 100.0  # frames a second
STATE = 11  # of the shuffle; as in the paper
WHERE = "get 2016-10-10.zip of the KIT Motion-Language Dataset: https://motion-annotation.humanoids.kit.edu/dataset"
_ADVERTISEMENT = re.compile(r"https?:|<a href|www\.", re.IGNORECASE)


def load(root: Path | None, split: str, store: Path | None = None) -> Samples[Sample]:
    """The samples of `split` at 100 frames per second, with joint angles, read when indexed.

    store  folder to keep the recordings' lengths in, so that they are counted once
    """
    return Samples([partial(_sample, *entry, split) for entry in entries("kit", root, split, store)])


def entries(corpus: str, root: Path | None, split: str, store: Path | None) -> list[tuple[Place, tuple[Caption, ...]]]:
    """The recordings of a split with their sentences; `store` as in load."""
    if root is None:
        raise ValueError(f"corpus {corpus!r} needs --root: the folder or zip with NNNNN_mmm.xml; {WHERE}")
    motions, texts = _found(Path(root))
    said = read_each("files of sentences", lambda name: _captions(texts[name]), sorted(texts))
    left: dict[str, list[str]] = {}
    usable: dict[str, tuple[Caption, ...]] = {}
    for name in sorted(motions.keys() | texts.keys()):
        captions, advertisements = said.get(name, ((), 0))
        if advertisements:
            left.setdefault("advertisements among the sentences", []).extend([name] * advertisements)
        if name not in motions:
            left.setdefault("sentences without a recording", []).append(name)
        elif name not in texts:
            left.setdefault("recordings without a file of sentences", []).append(name)
        elif not captions:
            left.setdefault("recordings without a sentence", []).append(name)
        else:
            usable[name] = captions
    frames = _count_frames(Path(root), [motions[name] for name in usable], store)
    longer = {name for name, count in zip(usable, frames, strict=True) if count > LONGEST * RATE}
    left[f"recordings over {LONGEST:g} s"] = sorted(longer)
    kept = [(motions[name], captions) for name, captions in usable.items() if name not in longer]
    for what, names in left.items():
        note(root, f"{{}} {what} left out", names)
    order = np.arange(len(kept))
    np.random.RandomState(STATE).shuffle(order)
    test = len(kept) // 10
    validation = (len(kept) - test) // 10
    bounds = {"test": (0, test), "val": (test, test + validation), "train": (test + validation, len(kept))}
    return [kept[number] for number in order[slice(*bounds[split])]]


def read(place: Place) -> Motion:
    """A recording in metres, as its file has it."""
    try:
        return in_metres(mmm.read(place, ReadOptions()))
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


def name_of(place: Place) -> str:
    """NNNNN of NNNNN_mmm.xml."""
    return place.name.removesuffix("_mmm.xml")


def _count_frames(root: Path, files: list[Place], store: Path | None) -> list[int]:
    """The frames of each recording; with a `store`, from a table there, made if it is not there.

    Files that keys.py cannot know are counted each time.
    """
    title = "kit, frames"
    try:
        key = None if store is None else digest([*code("data"), *files])
    except TypeError:
        key = None
    if store is None or key is None:
        return [_frames(file) for file in files]
    return open_or_count(store / (store_name(title, root) + TABLE), title, key, _frames, files)


def _frames(place: Place) -> int:
    """The frames of a recording; ValueError when the zip is damaged there."""
    try:
        return place.read_bytes().count(b"<MotionFrame>")
    except (zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{place}: the zip is damaged ({error}); {WHERE}") from None


def _sample(place: Place, captions: tuple[Caption, ...], split: str) -> Sample:
    return Sample(name_of(place), read(place), captions, split)


def _found(root: Path) -> tuple[dict[str, Place], dict[str, Place]]:
    """Recordings and files of sentences by name."""
    if not root.exists():
        raise FileNotFoundError(f"{root}: not there; {WHERE}")
    if root.is_dir():
        files: list[Place] = list(every_file(root))
    else:
        try:
            archive = zipfile.ZipFile(root)
        except (zipfile.BadZipFile, OSError):
            raise ValueError(f"{root}: neither a folder nor a whole zip; {WHERE}") from None
        files = [zipfile.Path(archive, name) for name in archive.namelist()]
    motions = _by_name(root, "recordings", "_mmm.xml", files)
    if not motions:
        raise FileNotFoundError(f"{root}: holds no NNNNN_mmm.xml; {WHERE}")
    return motions, _by_name(root, "files of sentences", "_annotations.json", files)


def _by_name(root: Path, what: str, suffix: str, files: list[Place]) -> dict[str, Place]:
    """NNNNN -> its file, hidden ones (._NNNNN of macOS) left out; ValueError for a name that is there twice."""
    mine = [file for file in files if file.name.endswith(suffix) and not file.name.startswith(".")]
    found = {file.name.removesuffix(suffix): file for file in mine}
    if len(found) < len(mine):
        names = Counter(file.name.removesuffix(suffix) for file in mine)
        twice = sorted(name for name, count in names.items() if count > 1)
        raise ValueError(
            f"{root}: {len(twice)} {what} are there twice: {first_three(twice)}; give the folder of one release"
        )
    return found


def _captions(place: Place) -> tuple[tuple[Caption, ...], int]:
    """The sentences of a file, and how many advertisements were among them."""
    sentences = read_json(place, "a list of sentences")
    if not isinstance(sentences, list) or not all(isinstance(one, str) for one in sentences):
        raise ValueError(f"{place}: expected a list of sentences")
    kept = [one.strip() for one in sentences if not _ADVERTISEMENT.search(one)]
    return tuple(Caption(one) for one in kept if one), len(sentences) - len(kept)
