"""Takes: what is described one by one, a file or one of its takes; files of several takes are opened once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from motion2language.formats.reading import ReadOptions, list_takes, read_takes, read_with_axes
from motion2language.motion import Motion


@dataclass(frozen=True)
class Source:
    """A file, and the name of a take where the file has several."""

    path: Path
    take: str | None = None

    @property
    def label(self) -> str:
        """The name for people."""
        return str(self.path) if self.take is None else f"{self.path} [{self.take}]"


def find_takes(path: Path, options: ReadOptions) -> list[Source]:
    """A source for each take of a file of several, unless the options choose one; one source for any other file.

    A file that cannot be read is one source, so that reading it reports the error.
    """
    try:
        names = () if options.take is not None else list_takes(path, options)
    except Exception:  # whatever it is, reading the file reports it
        names = ()
    return [Source(path, name) for name in names] if len(names) > 1 else [Source(path)]


def read_sources(sources: Sequence[Source], options: ReadOptions) -> Iterator[Motion | Exception]:
    """The recording of each source in metres, or what is wrong with it, in their order."""
    for (path, several), group in groupby(sources, key=lambda source: (source.path, source.take is not None)):
        names = [source.take for source in group]
        try:
            if several:
                for result in read_takes(path, [str(name) for name in names], options):
                    yield result if isinstance(result, ValueError) else result[0]
                    names.pop()
            else:
                for _ in list(names):
                    yield read_with_axes(path, options)[0]
                    names.pop()
        except Exception as error:  # whatever it is, the other files go on
            yield from [error] * len(names)
