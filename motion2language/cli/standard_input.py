"""A recording on standard input: `m2l caption - --kind bvh < take.bvh`, for every command that reads recordings."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from motion2language.files import STANDARD_INPUT


@contextmanager
def recording_from_standard_input(arguments: Sequence[str]) -> Iterator[list[str]]:
    """The arguments with "-" replaced by a file of what standard input holds, while the block runs.

    --kind says which kind of file that is, such as bvh; ValueError without it, for one that is not read, or where files
    would be written beside the recording, which has no folder.
    """
    words = list(arguments)
    if "-" not in words:
        yield words
        return
    kind = _take_kind(words)
    names = {word.partition("=")[0] for word in words}
    if (words[0] == "view" or "--format" in names) and names.isdisjoint({"--out", "-o"}):
        raise ValueError("-: a recording on standard input has no folder to write to; name one with --out")
    with tempfile.TemporaryDirectory(prefix=STANDARD_INPUT) as folder:
        path = Path(folder) / f"stdin.{kind}"
        path.write_bytes(sys.stdin.buffer.read())
        yield [str(path) if word == "-" else word for word in words]


def _take_kind(words: list[str]) -> str:
    """The value of --kind, which is taken out of the words."""
    from motion2language.formats import FORMATS

    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == "--kind" and (equals or at + 1 < len(words)):
            found = value if equals else words[at + 1]
            del words[at : at + (1 if equals else 2)]
            if not found.lstrip(".").isalnum():
                break
            if f".{(kind := found.lstrip('.').lower())}" not in FORMATS:
                known = ", ".join(suffix[1:] for suffix in FORMATS)
                raise ValueError(f"-: --kind {found}: unsupported file type; expected {known}")
            return kind
    raise ValueError("-: standard input has no name; say which kind of file it is, such as --kind bvh")
