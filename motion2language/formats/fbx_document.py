"""FBX documents: blocks with a name, values, and blocks inside, from the binary form (6.x, 7.x) or the text form.

FBX is not published; its binary form has been described by others (the Blender Foundation's notes of 2013). Only the
parts that motion needs are taken apart. Arrays of numbers stay packed until they are asked for, and then unpack to the
size they declare or not at all.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from motion2language.formats.limits import MOST_NESTING, most_values

MAGIC = b"Kaydara FBX Binary  \0"
#: Blocks at the top, and in `Objects`, that motion needs; others, such as geometry and pictures, are stepped over.
NEEDED = frozenset(
    "FBXHeaderExtension GlobalSettings Definitions Objects Connections Takes Version5 AnimationStack AnimationLayer "
    "AnimationCurveNode AnimationCurve Model".split()
)
MOST_BLOCKS = 1_000_000  # chosen: about 300 MB; an hour of 50 bones has a few thousand
MOST_SCALARS = 20_000_000  # values outside arrays; chosen, as MOST_BLOCKS
_CHECKED = 2  # levels at which NEEDED chooses: the top, and the blocks of `Objects`
_SCALARS = {b"Y": "<h", b"C": "<b", b"B": "<b", b"I": "<i", b"F": "<f", b"D": "<d", b"L": "<q", b"Z": "<b"}
_ARRAYS = {b"f": "<f4", b"d": "<f8", b"l": "<i8", b"i": "<i4", b"b": "<i1", b"c": "<u1"}
_DEFLATE = 1_040  # times by which zlib's format can shrink, at most (zlib, technical details: 1032)

type_of_value = str | int | float | bytes


@dataclass
class Array:
    """An array of numbers as it is stored: bytes of a kind, maybe compressed, or text with commas."""

    kind: str
    count: int
    content: memoryview | str
    compressed: bool = False

    def numbers(self) -> np.ndarray:
        """The array (N,), floating-point or integers; ValueError when it does not unpack to its declared size."""
        if isinstance(self.content, str):
            return _from_text(self.content, self.kind)
        size = self.count * np.dtype(self.kind).itemsize
        if not self.compressed:
            return np.frombuffer(self.content, self.kind, self.count)
        try:
            unpacked = zlib.decompressobj().decompress(self.content, size + 1)
        except zlib.error as error:
            raise ValueError(f"an array does not unpack ({error}); is the file damaged?") from None
        if len(unpacked) != size:
            raise ValueError(f"an array unpacks to {len(unpacked)} bytes, expected {size}; is the file damaged?")
        return np.frombuffer(unpacked, self.kind)


@dataclass(slots=True)
class Block:
    """A name, values, and the blocks inside."""

    name: str
    values: list[type_of_value | Array]
    blocks: list[Block] = field(default_factory=list)

    def find(self, name: str) -> Block | None:
        """The first block inside with a name."""
        return next((block for block in self.blocks if block.name == name), None)

    def all(self, name: str) -> Iterator[Block]:
        """The blocks inside with a name."""
        return (block for block in self.blocks if block.name == name)

    def text(self, place: int) -> str:
        """A value that is text; empty where it is missing or a number."""
        value = self.values[place] if place < len(self.values) else ""
        return value if isinstance(value, str) else ""

    def number(self, place: int, otherwise: float) -> float:
        """A value that is a finite number, or `otherwise`."""
        value = self.values[place] if place < len(self.values) else None
        return value if isinstance(value, int | float) and abs(value) < 1e300 else otherwise

    def array(self, name: str) -> np.ndarray | None:
        """The numbers of the array that a block inside holds; None without one."""
        block = self.find(name)
        if block is None:
            return None
        if block.values and isinstance(block.values[0], Array):
            return block.values[0].numbers()
        inner = block.find("a")
        if inner is not None and inner.values and isinstance(inner.values[0], Array):
            return inner.values[0].numbers()
        return None


def is_needed(depth: int, name: str, parent: str) -> bool:
    """Whether a block is taken apart; `depth` 0 is the top of the file."""
    return depth >= _CHECKED or (depth == 1 and parent != "Objects") or name in NEEDED


def parse_binary(content: bytes) -> tuple[Block, int]:
    """The document as one block, and its version; ValueError explains what is wrong with it."""
    if len(content) < 27:
        raise ValueError("the file is cut off within its header")
    (version,) = struct.unpack_from("<I", content, 23)
    if not 5000 <= version < 9000:
        raise ValueError(f"FBX version {version}, expected 6100 to 7700; export it as FBX 2013 or later")
    return _Binary(content, version).parse(), version


class _Binary:
    """A pass over the bytes of a binary document."""

    def __init__(self, content: bytes, version: int) -> None:
        self.content = memoryview(content)
        self.head = struct.Struct("<QQQB" if version >= 7500 else "<IIIB")
        self.blocks = self.scalars = self.numbers = 0
        self.most = most_values(len(content))

    def parse(self) -> Block:
        top = Block("", [])
        open_blocks = [(top, len(self.content))]
        at = 27
        while open_blocks:
            parent, end = open_blocks[-1]
            if at + self.head.size > end:
                if len(open_blocks) > 1 and at != end:
                    raise ValueError(f"block {parent.name!r} ends within a block; is the file damaged?")
                open_blocks.pop()
                continue
            stop, count, length, letters = self.head.unpack_from(self.content, at)
            if stop == 0:
                if len(open_blocks) == 1:
                    return top
                at = end
                open_blocks.pop()
                continue
            first = at + self.head.size + letters
            if not first + length <= stop <= end:
                raise ValueError(
                    f"byte {at}: a block from {first} to {stop} does not fit into the file; is it cut off?"
                )
            name = bytes(self.content[at + self.head.size : first]).decode("ascii", "replace")
            at = stop
            if not is_needed(len(open_blocks) - 1, name, parent.name):
                continue
            self.blocks += 1
            if self.blocks > MOST_BLOCKS:
                raise ValueError(f"more than {MOST_BLOCKS:,} blocks; export the skeleton and its animation alone")
            block = Block(name, self._values(first, first + length, count))
            parent.blocks.append(block)
            if stop - first - length >= self.head.size:
                if len(open_blocks) > MOST_NESTING:
                    raise ValueError(f"blocks are nested more than {MOST_NESTING} deep; is the file damaged?")
                open_blocks.append((block, stop))
                at = first + length
        return top

    def _values(self, at: int, end: int, count: int) -> list[type_of_value | Array]:
        values: list[type_of_value | Array] = []
        self.scalars += count
        if count > end - at or self.scalars > MOST_SCALARS:
            raise ValueError(f"a block declares {count} values; is the file damaged, or too large?")
        try:
            for _ in range(count):
                kind = bytes(self.content[at : at + 1])
                at += 1
                if kind in _SCALARS:
                    form = _SCALARS[kind]
                    value = struct.unpack_from(form, self.content[:end], at)[0]
                    letter = kind == b"C" and value > 1  # else a truth value
                    values.append(chr(value) if letter else value)
                    at += struct.calcsize(form)
                elif kind in (b"S", b"R"):
                    (length,) = struct.unpack_from("<I", self.content[:end], at)
                    at += 4 + length
                    if at > end:
                        raise ValueError("a text ends beyond its block; is the file damaged?")
                    raw = bytes(self.content[at - length : at])
                    values.append(_text(raw) if kind == b"S" else raw)
                elif kind in _ARRAYS:
                    number, encoding, length = struct.unpack_from("<III", self.content[:end], at)
                    at += 12 + length
                    values.append(
                        self._array(_ARRAYS[kind], number, encoding, self.content[at - length : min(at, end)], length)
                    )
                else:
                    raise ValueError(f"byte {at - 1}: a value of unknown kind {kind!r}; is the file damaged?")
        except struct.error:
            raise ValueError("a block's values end beyond it; is the file damaged?") from None
        return values

    def _array(self, kind: str, count: int, encoding: int, data: memoryview, length: int) -> Array:
        size = count * np.dtype(kind).itemsize
        self.numbers += count
        fits = encoding in (0, 1) and len(data) == length and size <= (length if encoding == 0 else _DEFLATE * length)
        if not fits or self.numbers > self.most:
            raise ValueError(
                f"an array declares {count:,} numbers in {length:,} bytes; is the file damaged, or too large?"
            )
        return Array(kind, count, data, encoding == 1)


def _text(raw: bytes) -> str:
    """Text of a binary document; `Hips\\0\\1Model` becomes `Model::Hips`, as in the text form."""
    text = raw.decode("utf-8", "replace")
    name, mark, kind = text.partition("\0\1")
    return f"{kind}::{name}" if mark else text


def _from_text(content: str, kind: str) -> np.ndarray:
    """Numbers of a text with commas."""
    cells = content.replace(",", " ").split()
    try:
        return np.array(cells, np.dtype(kind))
    except (ValueError, OverflowError):
        raise ValueError(f"an array contains something that is not a number: {content[:60]!r}") from None
