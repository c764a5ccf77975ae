"""The parts of a glTF document that motion needs: its JSON, and arrays of numbers in its buffers, each checked.

glTF 2.0 (Khronos, ISO/IEC 12113): JSON with `nodes`, `skins`, `animations`, and `accessors`, which describe arrays in
`buffers`. A .glb has the JSON and one buffer in a single file; in a .gltf buffers are base64 text, or files beside it.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from motion2language.formats.limits import most_values, require_values

_MAGIC, _JSON, _BINARY = b"glTF", 0x4E4F534A, 0x004E4942
_MOST_MARKS = 10_000_000  # commas and brackets in the JSON; chosen: each may become an object of about 80 bytes
_TYPES = {"5120": "<i1", "5121": "<u1", "5122": "<i2", "5123": "<u2", "5125": "<u4", "5126": "<f4"}  # by their numbers
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_LARGEST_BESIDE = 2**30  # bytes of a buffer's own file; chosen, as reading.LARGEST
_LONGEST_PATH = 200  # letters of the name of a buffer's file; chosen, below the 255 bytes that systems allow
_EXPECTED = "not a glTF file: expected JSON with `asset`, or the bytes glTF and chunks of JSON and binary data"


@dataclass(frozen=True, eq=False)
class Document:
    """A glTF document: its JSON, the binary chunk of a .glb, and the folder that files beside it are in."""

    json: dict[str, Any]
    binary: bytes | None
    folder: Path
    size: int  # bytes of the file, for limits
    buffers: dict[int, memoryview]  # those read so far
    checked: dict[str, list[dict[str, Any]]]  # lists whose rows are known to be objects

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The objects of one of its lists, such as `nodes`; empty where the list is missing."""
        if name not in self.checked:
            self.checked[name] = rows(self.json, name)
        return self.checked[name]

    def beside(self) -> int:
        """Bytes of the buffers read so far, which may be files of their own."""
        return sum(map(len, self.buffers.values()))

    def numbers(self, accessor: object, width: int) -> np.ndarray:
        """The array (N, width) of an accessor, floating-point; ValueError when it is not there, or not whole."""
        row = pick(self.rows("accessors"), accessor, "accessor")
        kind, found = _TYPES.get(str(row.get("componentType"))), _WIDTHS.get(str(row.get("type")))
        if kind is None or found != width:
            raise ValueError(f"accessor {accessor} holds {row.get('type')} of {row.get('componentType')}, "
                             f"expected {width} known numbers a row")  # fmt: skip
        if "sparse" in row:
            raise ValueError("its animation is stored sparsely, which is not read; export it without compression")
        count = whole(row, "count", 0)
        if "bufferView" not in row:
            raise ValueError(f"accessor {accessor} has no data")
        view = pick(self.rows("bufferViews"), row["bufferView"], "buffer view")
        if packed := [name for name in extensions(view) if "compression" in name]:
            raise ValueError(f"its animation is compressed with {packed[0]}; export it without compression")
        size = np.dtype(kind).itemsize * width
        stride = whole(view, "byteStride", size)
        length = whole(view, "byteLength", 0)
        start, first = whole(view, "byteOffset", 0), whole(row, "byteOffset", 0)
        data = self._buffer(view.get("buffer"))[start : start + length][first:]
        require_values(f"accessor {accessor}", count, width, most=most_values(self.size + len(data)))
        needed = stride * (count - 1) + size if count else 0
        if stride < size or needed > len(data):
            raise ValueError(
                f"accessor {accessor} needs {needed} bytes, {len(data)} are there; is the file cut off or damaged?"
            )
        unit = np.dtype(kind).itemsize
        array: np.ndarray = np.ndarray((count, width), kind, data, strides=(stride, unit)).astype(np.float64)
        return _normalized(array, kind) if row.get("normalized") is True else array

    def _buffer(self, index: object) -> memoryview:
        row = pick(self.rows("buffers"), index, "buffer")
        number = int(str(index))
        if number not in self.buffers:
            uri = row.get("uri")
            if uri is not None and not isinstance(uri, str):
                raise ValueError(f"buffer {index}: its uri is not text")
            self.buffers[number] = memoryview(self._load(number, uri))
            if self.beside() > _LARGEST_BESIDE:
                raise ValueError(f"its buffers are larger than {_LARGEST_BESIDE / 2**30:.0f} GiB together")
        return self.buffers[number]

    def _load(self, index: int, uri: str | None) -> bytes:
        if uri is None:
            if self.binary is None:
                raise ValueError(f"buffer {index} has no data; is the file cut off?")
            return self.binary
        if uri.startswith("data:"):
            head, _, text = uri.partition(",")
            if not head.endswith(";base64"):
                raise ValueError(f"buffer {index} is not in base64")
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                raise ValueError(f"buffer {index} is damaged: its base64 text does not decode") from None
        name = unquote(uri).replace("\\", "/")  # of Windows
        path = self.folder / name
        if len(name) > _LONGEST_PATH or not name.isprintable():
            raise ValueError(f"buffer {index} names a file that cannot exist; is the file damaged?")
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise ValueError(f"buffer {index} is outside the file's folder; put it beside the file")
        path = _find_in_any_case(path)
        if not _is_file(path):
            raise ValueError(f"its data is in {name[:80]!r}, which is not there; put that file beside it, or use .glb")
        if path.stat().st_size > _LARGEST_BESIDE:
            raise ValueError(f"its data {name[:80]!r} is larger than {_LARGEST_BESIDE / 2**30:.0f} GiB")
        return path.read_bytes()


def _is_file(path: Path) -> bool:
    """Whether a file is there; False for a name that the system does not allow."""
    try:
        return path.is_file()
    except OSError:
        return False


def _find_in_any_case(path: Path) -> Path:
    """The file itself, or the only one of its folder whose name differs in case alone, as on Windows."""
    if _is_file(path) or not path.parent.is_dir():
        return path
    same = [file for file in path.parent.iterdir() if file.name.lower() == path.name.lower()]
    return same[0] if len(same) == 1 else path


def load(path: Path) -> Document:
    """The document in a .glb, .gltf, .vrm or .vrma file; ValueError explains what is wrong with it."""
    content = path.read_bytes()
    text, binary = _chunks(content) if content[:4] == _MAGIC else (content, None)
    if sum(text.count(mark) for mark in (b",", b"[", b"{")) > _MOST_MARKS:
        raise ValueError(f"its JSON has more than {_MOST_MARKS:,} values; export the skeleton and its animation alone")
    try:
        content_json = json.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(_EXPECTED) from None
    except RecursionError:
        raise ValueError("its JSON is nested too deeply; is the file damaged?") from None
    except ValueError as error:
        raise ValueError(f"{_EXPECTED} ({str(error)[:80]})") from None
    if not isinstance(content_json, dict) or not isinstance(content_json.get("asset"), dict):
        raise ValueError(_EXPECTED)
    version = str(content_json["asset"].get("version"))
    if not version.startswith("2."):
        raise ValueError(f"glTF version {version[:20]!r}, expected 2.0; export it as glTF 2.0")
    return Document(content_json, binary, path.parent, len(content), {}, {})


def _chunks(content: bytes) -> tuple[bytes, bytes | None]:
    """The JSON and the first binary chunk of a .glb."""
    if len(content) < 12 or struct.unpack_from("<I", content, 4)[0] != 2:
        raise ValueError("a .glb of an old version, or cut off; expected version 2")
    text = binary = None
    at = 12
    while at + 8 <= len(content) and (text is None or binary is None):
        length, kind = struct.unpack_from("<II", content, at)
        at += 8
        if at + length > len(content):
            raise ValueError(f"the file is cut off: a chunk of {length} bytes has {len(content) - at}")
        if kind == _JSON and text is None:
            text = content[at : at + length]
        elif kind == _BINARY and binary is None:
            binary = content[at : at + length]
        at += length
    if text is None:
        raise ValueError(_EXPECTED)
    return text, binary


def rows(parent: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list in a JSON object; empty where it is missing; ValueError when it is anything else."""
    found = parent.get(name, [])
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ValueError(f"{name!r} is not a list of objects; is the file damaged?")
    return found


def pick(known: list[dict[str, Any]], index: object, what: str) -> dict[str, Any]:
    """One row of a list; ValueError when the index is not of it."""
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(known):
        raise ValueError(f"{what} {str(index)[:40]} does not exist, there are {len(known)}; is the file damaged?")
    return known[index]


def whole(row: dict[str, Any], name: str, otherwise: int) -> int:
    """A whole number of an object, zero or above, or `otherwise` where it is missing."""
    value = row.get(name, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError(f"{name} is {str(value)[:40]}, expected a whole number, zero or above")
    return value


def extensions(row: dict[str, Any]) -> dict[str, Any]:
    """The extensions of an object."""
    found = row.get("extensions", {})
    return found if isinstance(found, dict) else {}


def _normalized(values: np.ndarray, kind: str) -> np.ndarray:
    """Integers that stand for -1 to 1, or 0 to 1."""
    return values if kind == "<f4" else np.maximum(values / np.iinfo(kind).max, -1.0)
