"""Weights on disk: the safetensors format, read and written with numpy alone.

A file begins with the length of its header (8 bytes, little-endian) and the header: JSON, name of an array -> dtype,
shape and data_offsets. The arrays follow one after another. Specified by github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}
_NAMES = {np.dtype(code): name for name, code in _TYPES.items()}
_LARGEST_HEADER = 100_000_000  # bytes, as the format allows
_ALIGNED = 8  # bytes; spaces fill the header, so that the arrays begin at a multiple


def unpack_weights(content: bytes) -> dict[str, np.ndarray]:
    """The arrays in the content of a safetensors file; ValueError tells what is wrong with other content."""
    length = int.from_bytes(content[:_ALIGNED], "little")
    if len(content) < _ALIGNED or length > min(_LARGEST_HEADER, len(content) - _ALIGNED):
        raise ValueError("its header is longer than the file")
    try:
        header = json.loads(content[_ALIGNED : _ALIGNED + length])
        header.pop("__metadata__", None)
        entries = {name: _entry(entry) for name, entry in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"its header is damaged: {error}") from None
    data, arrays, place = memoryview(content)[_ALIGNED + length :], {}, 0
    for name, (dtype, shape, first, last) in sorted(entries.items(), key=lambda item: item[1][2:]):
        if first != place or last - first != math.prod(shape) * dtype.itemsize or last > len(data):
            raise ValueError(f"the bytes of {name!r} are not where its header says")
        arrays[name], place = np.frombuffer(data[first:last], dtype).reshape(shape).copy(), last
    if place != len(data):
        raise ValueError(f"{len(data) - place} bytes follow the last array")
    return arrays


def _entry(entry: Mapping[str, Any]) -> tuple[np.dtype, tuple[int, ...], int, int]:
    """An array's type, shape, and first and last byte."""
    if entry["dtype"] not in _TYPES:
        raise ValueError(f"numbers of type {entry['dtype']}; expected {', '.join(_TYPES)}")
    (first, last), shape = entry["data_offsets"], tuple(entry["shape"])
    if not all(type(number) is int and number >= 0 for number in (first, last, *shape)):
        raise ValueError(f"shape {list(shape)} at {first} to {last}")
    return np.dtype(_TYPES[entry["dtype"]]), shape, first, last


def pack_weights(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The content of a safetensors file."""
    header, parts, place = {}, [], 0
    for name, array in sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        part = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        dtype = _NAMES[array.dtype.newbyteorder("<")]
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [place, place + len(part)]}
        parts.append(part)
        place += len(part)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNED)
    return b"".join([len(text).to_bytes(_ALIGNED, "little"), text, *parts])
