"""Files: written whole or not at all; locks; texts, archives of arrays and JSON names read without trusting them."""

from __future__ import annotations

import math
import os
import re
import shutil
import sys
import tempfile
import time
import tokenize
import tomllib
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import numpy as np

LOCK_INTERVAL = 0.2  # seconds between looks whether a lock is free; chosen
#: Beginning of the name of the folder, among temporary files, that holds what standard input held, as its only file.
STANDARD_INPUT = "m2l-standard-input-"
_PIECE = 2**20  # bytes of an array read at once; chosen
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
        _write_beside(path, write)
    except FileNotFoundError:  # another process took the temporary file for a leftover before it was locked
        try:
            _write_beside(path, write)
        except FileNotFoundError as error:
            raise ValueError(f"{path}: cannot be written ({error.strerror})") from None


def _write_beside(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """As write_atomically; the temporary file is locked, so that other processes leave it alone."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise ValueError(
            f"{path}: cannot be written ({error.strerror}); choose a folder that exists and is yours"
        ) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            if sys.platform != "win32":  # where an open file cannot be moved
                with suppress(OSError):  # a file system without locks
                    _lock(descriptor)
            write(file)
            file.flush()
            Path(temporary).chmod(0o644)
            if sys.platform != "win32":
                Path(temporary).replace(path)
        if sys.platform == "win32":
            Path(temporary).replace(path)
    except FileNotFoundError:
        Path(temporary).unlink(missing_ok=True)
        raise
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise ValueError(f"{path}: cannot be written ({error.strerror})") from None
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    content = encode_text(text)
    write_atomically(path, lambda file: file.write(content))


def encode_text(text: str) -> bytes:
    """A text in UTF-8; lone surrogates, as in the names of files that are not UTF-8, become the replacement mark."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode("utf-8")


def read_text(path: str | Path, expected: str) -> str:
    """The text of a file in UTF-8, with or without a byte order mark; the ValueError for any other names `expected`."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8; expected {expected}") from None


def parse_toml(text: str) -> dict[str, Any]:
    """The values of a TOML text; tomllib.TOMLDecodeError for any other text, however deeply nested."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise tomllib.TOMLDecodeError("nested too deeply") from None


def make_folder(path: str | Path) -> None:
    """Make the folder of --out, if it does not exist; ValueError with the reason when that is not possible."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{path}: cannot be made ({error.strerror}); choose another --out") from None


def remove_leftovers(paths: Iterable[str | Path]) -> None:
    """Remove temporary files and folders that killed processes left beside these paths.

    Files that another process is writing stay. A temporary folder stays if its target does not exist: it may be the
    only copy; no other process may be writing these folders.
    """
    targets = {Path(path) for path in paths}
    for folder in {target.parent for target in targets}:
        for temporary in folder.glob(".*-????????"):
            target = folder / temporary.name[1:].rpartition("-")[0]
            if target in targets and temporary.is_file():
                _remove_unlocked(temporary)
            elif target in targets and target.is_dir():
                shutil.rmtree(temporary, ignore_errors=True)


def _remove_unlocked(path: Path) -> None:
    """Remove a temporary file unless the process that writes it is alive."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDWR)
        try:
            free = _lock(descriptor)
        finally:
            os.close(descriptor)
        if free:
            path.unlink(missing_ok=True)


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


def one_line(error: Exception | str) -> str:
    """A text, or the message of an error, in one line that a terminal can show; an OSError's without its number.

    The file that holds what standard input held is called "standard input".
    """
    text = str(error)
    if isinstance(error, OSError) and error.strerror:  # Python's own message begins with "[Errno 2]"
        name = "" if error.filename is None else f"{error.filename}: "
        text = name + error.strerror.lower()
    if STANDARD_INPUT in text:
        folder = re.escape(str(Path(tempfile.gettempdir()) / STANDARD_INPUT))
        text = re.sub(rf"{folder}\w+[\\/]stdin(\.\w+)?", "standard input", text)
    text = " ".join(text.split())
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object (json.loads' object_pairs_hook); ValueError when a name occurs in it twice."""
    if len(values := dict(pairs)) < len(pairs):
        twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
        raise ValueError(f"{len(twice)} names occur twice, such as {twice[0]}; use each only once")
    return values


def read_arrays(
    path: str | Path, only: Sequence[str] | None = None, check: Callable[[str, ArrayHeader], object] | None = None
) -> dict[str, np.ndarray]:
    """The arrays of an .npz; ValueError when it is something else, damaged, contains a pickle, or unpacks to too much.

    only   names of arrays to read, if they exist; the others may be anything
    check  called with the name and the header of each array before memory is taken for it; may raise ValueError
    """
    values = {}
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > LARGEST_ARCHIVE:
                raise ValueError(f"unpacks to {size / 2**30:.1f} GiB, the limit is {LARGEST_ARCHIVE / 2**30:.0f} GiB")
            for entry in archive.infolist():
                key = entry.filename.removesuffix(".npy")
                if only is None or key in only:
                    with archive.open(entry) as file:
                        values[key] = _read_member(key, file, entry.file_size, check)
    except _DAMAGE:
        raise ValueError("not an .npz archive, or cut off") from None
    return values


def _read_member(
    key: str, file: IO[bytes], size: int, check: Callable[[str, ArrayHeader], object] | None
) -> np.ndarray:
    """An array of an .npz, whose file in the archive has `size` bytes."""
    try:
        header = read_array_header(file)
    except ValueError as error:
        raise ValueError(f"{key[:60]!r} {error}") from None
    if check is not None:
        check(key, header)
    if header.nbytes > size:
        raise ValueError(f"{key[:60]!r} declares {header.nbytes} bytes, {size} are there; is the file cut off?")
    return header.read(file)


@dataclass(frozen=True)
class ArrayHeader:
    """What an .npy file declares of its array."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool

    @property
    def count(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes that follow the header."""
        return self.count * self.dtype.itemsize

    def read(self, file: IO[bytes]) -> np.ndarray:
        """The array, from a file that is behind the header; EOFError when it is cut off."""
        import numpy as np  # here, since help texts need no numpy

        values = np.empty(self.count, self.dtype)
        memory = values.view(np.uint8).data if values.nbytes else memoryview(b"")
        at = 0
        while at < len(memory):
            piece = file.read(min(len(memory) - at, _PIECE))
            if not piece:
                raise EOFError("the array is cut off")
            memory[at : at + len(piece)] = piece
            at += len(piece)
        return values.reshape(self.shape, order="F" if self.fortran else "C")


def read_array_header(file: IO[bytes]) -> ArrayHeader:
    """The header of an .npy file, whatever bytes it holds; EOFError where it is damaged.

    ValueError, as the end of a sentence that names the file, for one that holds anything but plain arrays.
    """
    import numpy as np

    try:
        version = np.lib.format.read_magic(file)
    except ValueError:
        raise ValueError("is not an array; expected plain arrays only") from None
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"is an array of version {version[0]}.{version[1]}, expected 1.0 or 2.0")
    try:
        shape, fortran, dtype = readers[version](file)
    except (OSError, zlib.error):
        raise
    except Exception:  # numpy evaluates the text as Python's and checks little of it
        raise EOFError("a damaged header") from None
    if any(type(count) is not int or not 0 <= count < 2**62 for count in shape):
        raise ValueError(f"has the shape {str(shape)[:60]}, expected whole numbers, zero or above, below 2^62")
    if dtype.hasobject:
        raise ValueError("contains pickled objects, which are not read; expected plain arrays only")
    if dtype.itemsize == 0 or dtype.subdtype is not None:
        raise ValueError(f"holds {str(dtype)[:60]}, expected plain arrays only")
    return ArrayHeader(shape, dtype, bool(fortran))
