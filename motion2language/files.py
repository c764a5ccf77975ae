"""Files: written whole or not at all; locks; texts, archives of arrays and JSON names read without trusting them."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import numpy as np

LOCK_INTERVAL = 0.2  # seconds between looks whether a lock is free; chosen
LARGEST_ARCHIVE = 2**30  # bytes an archive may unpack to; chosen, as formats.LARGEST

# What numpy and zipfile raise at damage; TokenError: a damaged header.
_DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, tokenize.TokenError, OSError, EOFError)


def write_atomically(path: str | Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then move it there; an error leaves no half-written file.

    ValueError when the folder does not exist or cannot be written to, or when `path` is itself a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path}: cannot be written, it is a folder; name a file")
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise ValueError(
            f"{path}: cannot be written ({error.strerror}); choose a folder that exists and is yours"
        ) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise ValueError(f"{path}: cannot be written ({error.strerror})") from None
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    write_atomically(path, lambda file: file.write(text.encode("utf-8")))


def read_text(path: str | Path, expected: str) -> str:
    """The text of a file in UTF-8, with or without a byte order mark; the ValueError for any other names `expected`."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8; expected {expected}") from None


def make_folder(path: str | Path) -> None:
    """Make the folder of --out, if it does not exist; ValueError with the reason when that is not possible."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{path}: cannot be made ({error.strerror}); choose another --out") from None


def remove_leftovers(paths: Iterable[str | Path]) -> None:
    """Remove temporary files and folders that killed processes left beside these paths.

    No other process may be writing these paths. A temporary folder stays if its target does not exist: it may be the
    only copy.
    """
    targets = {Path(path) for path in paths}
    for folder in {target.parent for target in targets}:
        for temporary in folder.glob(".*-????????"):
            target = folder / temporary.name[1:].rpartition("-")[0]
            if target in targets and temporary.is_file():
                temporary.unlink(missing_ok=True)
            elif target in targets and target.is_dir():
                shutil.rmtree(temporary, ignore_errors=True)


class Lock:
    """A lock file that one process holds at a time, until it releases it or ends, however it ends; the file stays.

    >>> lock = Lock(Path(tempfile.mkdtemp()) / "run.lock")
    >>> lock.acquire(), Lock(lock.path).acquire(wait=False)
    (True, False)
    >>> lock.release()
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._descriptor: int | None = None

    def acquire(self, wait: bool = True) -> bool:
        """Take the lock, when it is free; without `wait`, False when it is not. OSError where files have no locks."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            while not _lock(descriptor):
                if not wait:
                    os.close(descriptor)
                    return False
                time.sleep(LOCK_INTERVAL)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)  # a lock ends with its descriptor
            self._descriptor = None


def _lock(descriptor: int) -> bool:
    """Whether this process could lock an open file."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def one_line(error: Exception) -> str:
    """The message of an error in one line; for an OSError without its number."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:  # Python's own message begins with "[Errno 2]"
        name = "" if error.filename is None else f"{error.filename}: "
        text = name + error.strerror.lower()
    return " ".join(text.split())


def reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object (json.loads' object_pairs_hook); ValueError when a name occurs in it twice."""
    if len(values := dict(pairs)) < len(pairs):
        twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
        raise ValueError(f"{len(twice)} names occur twice, such as {twice[0]}; use each only once")
    return values


def read_arrays(path: str | Path, only: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an .npz; ValueError when it is something else, damaged, contains a pickle, or unpacks to too much.

    only  names of arrays to read, if they exist; the others may be anything
    """
    import numpy as np  # here, since help texts need no numpy

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > LARGEST_ARCHIVE:
            raise ValueError(f"unpacks to {size / 2**30:.1f} GiB, the limit is {LARGEST_ARCHIVE / 2**30:.0f} GiB")
        with np.load(path, allow_pickle=False) as arrays:
            values = {key: arrays[key] for key in arrays.files if only is None or key in only}
    except _DAMAGE:
        raise ValueError("not an .npz archive, or cut off") from None
    except ValueError as error:
        if "pickle" in str(error).lower():
            raise ValueError("contains pickled objects, which are not read; expected plain arrays only") from None
        raise
    odd = [key for key, value in values.items() if not isinstance(value, np.ndarray)]
    if odd:
        raise ValueError(f"{odd[0]!r} is not an array; expected plain arrays only")
    return values
