"""The files of a store, and reading and writing them.

`values.f32`   each motion's positions, then its joint angles, one motion after another: float32, little-endian
`index.jsonl`  a header line; then, in order, a line per motion: where its values begin, frames, rate, name, the number
               of its skeleton, width of its angles, when joints are not seen, when feet touch the ground, and its data
               from the corpus; `null` if it could not be read. A skeleton has its own line, before the first motion
               that uses it.

A motion's line is written after its values have reached the disk, so after a crash every complete line is valid.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from motion2language.formats.gaps import gaps_of
from motion2language.motion import CONTACTS, Motion, Skeleton

FORMAT = 1
VALUES, INDEX = "values.f32", "index.jsonl"
TABLE = ".numbers.json"  # ends the name of a table (filling.open_or_count)
ADVICE = "choose another folder with --store, or read without one: --no-store"
EVERY = 1.0  # seconds between two flushes to the disk; chosen
FLOAT = np.dtype("<f4")


class Record(NamedTuple):
    """A motion and its other data, which must be serializable as JSON."""

    motion: Motion
    about: Any


@dataclass(frozen=True)
class Header:
    """The first line of an index: the store's title in messages, how many motions, a hash of what they depend on."""

    title: str
    count: int
    key: str


class Store:
    """The motions of a store, as views of the mapped file; None for each that could not be read.

    ValueError when the folder is not a store, damaged or not finished; FileNotFoundError when it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        index = read_index(folder)
        self.header, self._skeletons, self._entries = index.header, index.skeletons, index.entries
        size = (folder / VALUES).stat().st_size
        if index.length != (folder / INDEX).stat().st_size or size != index.end * FLOAT.itemsize:
            raise ValueError(f"{folder}: values and index do not fit each other")
        if len(index.entries) != index.header.count:
            raise ValueError(f"{folder}: contains {len(index.entries)} of {index.header.count} motions")
        values = np.memmap(folder / VALUES, FLOAT, mode="r") if size else np.zeros(0, FLOAT)
        self._values = np.asarray(values)

    def __reduce__(self) -> tuple[type[Store], tuple[Path]]:
        return Store, (self.folder,)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def unreadable(self) -> list[int]:
        """The indices of the motions that could not be read when the store was made."""
        return [number for number, entry in enumerate(self._entries) if entry is None]

    def __getitem__(self, index: int) -> Record | None:
        entry = self._entries[index]
        if entry is None:
            return None
        skeleton, frames, width = self._skeletons[entry["skeleton"]], entry["frames"], entry["angles"]
        joints = len(skeleton.joints)
        middle, end = entry["at"] + 3 * joints * frames, entry["at"] + _length(entry, self._skeletons)
        positions = self._values[entry["at"] : middle].reshape(frames, joints, 3)
        angles = None if width is None else self._values[middle:end].reshape(frames, width)
        unseen = _read_stretches(entry, "unseen", joints)
        contacts = _read_stretches(entry, "contacts", len(CONTACTS))
        seen = None if unseen is None else ~unseen
        motion = Motion(positions, entry["fps"], skeleton, entry["name"], angles, seen, contacts)
        return Record(motion, entry["about"])


class Journal:
    """Writes a store; goes on after what an unfinished one in `folder` contains, if it has the same header.

    Use it as a context. ValueError when the disk is full or cannot be written; what has reached the disk stays.
    """

    def __init__(self, folder: Path, header: Header) -> None:
        self._folder, self._head, self._safe, self._failed = folder, header, 0, False
        with self._writing():
            folder.mkdir(parents=True, exist_ok=True)
            index = _read_unfinished(folder, header)
            self._values = _open_at(folder / VALUES, index.end * FLOAT.itemsize)
            self._index = _open_at(folder / INDEX, index.length)
        self._skeletons = {skeleton: number for number, skeleton in enumerate(index.skeletons)}
        self._end, self._count, self._safe = index.end, len(index.entries), len(index.entries)
        self._lines = [] if index.length else [_line({"format": FORMAT, **vars(header)})]
        self._written = time.monotonic()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if not self._failed:
                self._commit()
        finally:
            for file in (self._values, self._index):
                with suppress(OSError):  # the data is lost already
                    file.close()

    def __len__(self) -> int:
        return self._count

    def add(self, record: Record | None) -> None:
        """Write the next motion; None for one that could not be read."""
        entry, values = None, []
        if record is not None:
            motion = record.motion
            entry = {"at": self._end, "frames": motion.frames, "fps": motion.fps, "name": motion.name}
            entry |= {"skeleton": self._number(motion.skeleton), "about": record.about}
            if motion.seen is not None:
                entry["unseen"] = _list_stretches(~motion.seen)
            if motion.contacts is not None:
                entry["contacts"] = _list_stretches(motion.contacts)
            entry["angles"] = None if motion.angles is None else motion.angles.shape[1]
            values = [motion.positions] if motion.angles is None else [motion.positions, motion.angles]
        line = _line(entry)
        with self._writing():
            for part in values:
                self._values.write(part.astype(FLOAT).tobytes())
        self._end += sum(part.size for part in values)
        self._lines.append(line)
        self._count += 1
        if time.monotonic() - self._written > EVERY:
            self._commit()

    def _number(self, skeleton: Skeleton) -> int:
        if skeleton not in self._skeletons:
            self._skeletons[skeleton] = len(self._skeletons)
            self._lines.append(_line({"joints": skeleton.joints, "parents": skeleton.parents, "name": skeleton.name}))
        return self._skeletons[skeleton]

    def _commit(self) -> None:
        """Flush the values to the disk, then the lines that describe them."""
        with self._writing():
            for file, data in ((self._values, b""), (self._index, b"".join(self._lines))):
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        self._lines.clear()
        self._safe, self._written = self._count, time.monotonic()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._failed = True
            raise ValueError(
                f"{self._folder}: cannot be written ({error.strerror}); {self._safe} of {self._head.count} recordings "
                f"are stored and the next run continues from there when there is room; or {ADVICE}"
            ) from None


@dataclass
class Index:
    """The valid lines of an index: their length in bytes, and the end of their values in values.f32."""

    header: Header
    skeletons: list[Skeleton] = field(default_factory=list)
    entries: list[dict[str, Any] | None] = field(default_factory=list)
    length: int = 0
    end: int = 0


def read_index(folder: Path) -> Index:
    """The index of a store, up to its first line that is cut off or has no values in values.f32.

    ValueError when it is not an index of this version; FileNotFoundError when the folder does not exist.
    """
    values = (folder / VALUES).stat().st_size // FLOAT.itemsize
    first, *lines = (folder / INDEX).read_bytes().splitlines(keepends=True) or [b""]
    try:
        fields = json.loads(first)
        if fields.pop("format") != FORMAT or not first.endswith(b"\n"):
            raise ValueError("another version")
        index = Index(Header(**fields), length=len(first))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{folder}: not a store of this version ({error})") from None
    for line in lines:
        try:
            entry = json.loads(line) if line.endswith(b"\n") else {}
            if entry is not None and "joints" in entry:
                index.skeletons.append(Skeleton(entry["name"], tuple(entry["joints"]), tuple(entry["parents"])))
            else:
                end = index.end if entry is None else entry["at"] + _length(entry, index.skeletons)
                if end > values or (entry is not None and entry["at"] != index.end):
                    break
                index.entries.append(entry)
                index.end = end
        except (ValueError, TypeError, LookupError):
            break
        index.length += len(line)
    return index


def _read_unfinished(folder: Path, header: Header) -> Index:
    """The index of an unfinished store with this header; empty for another header or one that cannot be read."""
    try:
        index = read_index(folder)
    except (ValueError, FileNotFoundError):
        return Index(header)
    return index if index.header == header else Index(header)


def _length(entry: dict[str, Any], skeletons: Sequence[Skeleton]) -> int:
    """How many values a motion has in values.f32."""
    return int(entry["frames"] * (3 * len(skeletons[entry["skeleton"]].joints) + (entry["angles"] or 0)))


def _open_at(path: Path, length: int) -> Any:
    """The file, opened for writing after its first `length` bytes."""
    file = path.open("r+b" if path.exists() else "w+b")
    file.truncate(length)
    file.seek(length)
    return file


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8") + b"\n"


def _list_stretches(flags: np.ndarray) -> list[list[int]]:
    """Column, first frame and frame after the last of each time in which flags (T, N) of a column are true."""
    return [[column, *stretch] for column in range(flags.shape[1]) for stretch in gaps_of(flags[:, column])]


def _read_stretches(entry: dict[str, Any], key: str, columns: int) -> np.ndarray | None:
    """The flags (T, columns) that _list_stretches lists; None for an entry without that list."""
    if key not in entry:
        return None
    flags = np.zeros((entry["frames"], columns), bool)
    for column, first, end in entry[key]:
        flags[first:end, column] = True
    return flags
