"""The motion files of a folder by their names, and which of them a table of labels means.

A recording's name is its path within the folder without the suffix. Where two files would have the same name, such as
a.bvh and a.npz, each keeps its suffix. Files that may be anything else (tables, JSON), and markers beside joints, are
found only when a table names them. Names are compared in one form of Unicode, since "ü" may be one character or two.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from motion2language.formats import FORMATS, every_file, files_in

_Index = dict[str, list[tuple[str, str]]]  # a key in one form of Unicode -> (the key as it is written, the file's name)


@dataclass(frozen=True)
class MotionFiles:
    """Motion files by name.

    paths  name -> file
    rest   names of those that are recordings only if a table names them
    """

    paths: Mapping[str, Path]
    rest: frozenset[str] = field(default=frozenset())

    @property
    def searched(self) -> set[str]:
        """The names of the files that are recordings whether or not a table names them."""
        return self.paths.keys() - self.rest

    def find(self, file: str) -> list[str]:
        """The names of the files that `file`, a path within the folder, may mean: none, one, or several.

        With its suffix it means that file, if there is one, or else the recording in the format that it is in.
        """
        wanted = file.replace("\\", "/").removeprefix("./")
        found = _look_up(self._by_file, wanted) or self._prefer_searched(_look_up(self._by_stem, wanted))
        if not found and PurePosixPath(wanted).suffix.lower() in FORMATS:
            others = _look_up(self._by_stem, PurePosixPath(wanted).with_suffix("").as_posix())
            found = [name for name in others if name not in self.rest]
        return found

    def of_same_recordings(self, names: Collection[str]) -> set[str]:
        """The names of the files that hold the recordings `names` in another format."""
        stems = {_stem(name, self.paths[name]) for name in names}
        return {name for name, path in self.paths.items() if _stem(name, path) in stems} - {*names}

    def _prefer_searched(self, names: list[str]) -> list[str]:
        return [name for name in names if name not in self.rest] or names

    @cached_property
    def _by_file(self) -> _Index:
        return _index((_stem(name, path) + path.suffix, name) for name, path in self.paths.items())

    @cached_property
    def _by_stem(self) -> _Index:
        return _index((_stem(name, path), name) for name, path in self.paths.items())


def find_motion_files(folder: Path, table: Path) -> MotionFiles:
    """The motion files of a folder and its subfolders except the table; ValueError for a folder without any."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; expected a folder of motion files")
    searched, itself = files_in(folder), table.resolve()
    known = (path for path in every_file(folder) if path.suffix.lower() in FORMATS and path.is_file())
    rest = sorted({path for path in known if path.name != table.name or path.resolve() != itself} - {*searched})
    if not searched and not rest:
        raise ValueError(f"{folder}: contains no motion files ({', '.join(FORMATS)})")
    whole = [path.relative_to(folder) for path in (*searched, *rest)]
    taken = {path.as_posix() for path in whole}
    names = _names(whole[: len(searched)], taken)
    names += _names(
        whole[len(searched) :], taken | {path.with_suffix("").as_posix() for path in whole[: len(searched)]}
    )
    return MotionFiles(dict(zip(names, (*searched, *rest), strict=True)), frozenset(names[len(searched) :]))


def _names(paths: Collection[Path], taken: Collection[str]) -> list[str]:
    """Each path without its suffix, or with it where that is the name of another file."""
    stems = [path.with_suffix("").as_posix() for path in paths]
    counts = Counter(stems)
    return [
        path.as_posix() if counts[stem] > 1 or stem in taken else stem for path, stem in zip(paths, stems, strict=True)
    ]


def _stem(name: str, path: Path) -> str:
    """A file's path within the folder, without its suffix."""
    return name.removesuffix(path.suffix) if PurePosixPath(name).name == path.name else name


def _index(pairs: Iterable[tuple[str, str]]) -> _Index:
    index: _Index = {}
    for key, name in pairs:
        index.setdefault(unicodedata.normalize("NFC", key), []).append((key, name))
    return index


def _look_up(index: _Index, wanted: str) -> list[str]:
    """The names whose key is `wanted`: letter by letter, or else in another form of Unicode."""
    found = index.get(unicodedata.normalize("NFC", wanted), [])
    return [name for key, name in found if key == wanted] or [name for _, name in found]
