"""Which file is written for which recording: names that do not depend on the call, and a check before one is replaced.

Below `--out` the recordings' folders are kept from the one that all of them share. Recordings of one name in one
folder are told apart by their suffix. A JSON file below `--out` has the way to its recording, so that a later call
knows whose it is; the other formats have no place for that and count as unknown, unless the JSON lies beside them.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from motion2language import writers
from motion2language.captioning.takes import Source, find_takes
from motion2language.formats import FORMATS, NAMED, files_in
from motion2language.formats.pieces import name_files_of_takes
from motion2language.formats.reading import ReadOptions
from motion2language.transcript import Transcript
from motion2language.writers.json import indented

PLAYER = "html"  # the format that the viewer writes, not a writer
PATH = "path"  # in JSON: from its folder to the recording


@dataclass(frozen=True)
class Job:
    """A recording, and the file to write for each format.

    evidence  the JSON that has the way to its recording, written or not; None for files beside their recording
    """

    source: Source
    targets: Mapping[str, Path]
    evidence: Path | None = None


def find_recordings(files: Sequence[Path]) -> list[tuple[Path, Path]]:
    """The files, and for a folder all recordings in it, each once, with its folder below the one that all share."""
    recordings: dict[str, Path] = {}
    for path in files:
        inside = files_in(path) if path.is_dir() else [path]
        if not inside:
            named, kinds = ", ".join(sorted(NAMED)), ", ".join(kind for kind in FORMATS if kind not in NAMED)
            raise ValueError(
                f"{path}: no recording in this folder; expected {kinds} "
                f"({named} are read when the file itself is named)"
            )
        for recording in inside:
            recordings.setdefault(os.path.abspath(recording), recording)  # noqa: PTH100 - links stay
    root = _shared_folder([path if path.is_dir() else path.parent for path in files])
    return [(path, Path(os.path.relpath(path.parent, root))) for path in recordings.values()]


def _shared_folder(folders: Sequence[Path]) -> str:
    """The innermost folder that holds all; the first one where they are on different drives."""
    places = [os.path.abspath(folder) for folder in folders]  # noqa: PTH100 - as the user wrote it: links stay
    try:
        return os.path.commonpath(places)
    except ValueError:
        return places[0]


def plan_jobs(
    recordings: Sequence[tuple[Path, Path]],
    out: Path | None,
    formats: Sequence[str],
    options: ReadOptions | None = None,
) -> list[Job]:
    """A Job for each take of `find_recordings`; no two recordings have a target in common.

    The JSON is a job's first target, so that after a kill it tells whose the others are.
    """
    ordered = sorted(formats, key="json".__ne__)
    suffixes = {name: f".{name}" if name == PLAYER else writers.suffix(name) for name in ordered}
    places = {path: out / subfolder if out else path.parent for path, subfolder in recordings}
    stems = _distinct_stems(places)
    jobs = []
    for path, _ in recordings:
        sources = find_takes(path, options or ReadOptions())
        takes = [source.take for source in sources if source.take is not None]
        names = name_files_of_takes(stems[path], takes) if takes else [stems[path]]
        for source, stem in zip(sources, names, strict=True):
            targets = {name: places[path] / f"{stem}{suffix}" for name, suffix in suffixes.items()}
            jobs.append(Job(source, targets, places[path] / f"{stem}.json" if out else None))
    return jobs


def plan_file(recordings: Sequence[tuple[Path, Path]], out: Path, options: ReadOptions | None = None) -> list[Job]:
    """The Job that writes one recording to one file, in the format of its name; ValueError for several recordings."""
    sources = [source for path, _ in recordings for source in find_takes(path, options or ReadOptions())]
    if len(sources) != 1:
        raise ValueError(f"--out {out}: names one file for {len(sources)} recordings; name a folder, and add --format")
    evidence = out.with_name(f"{out.name.removesuffix(format_suffix(out))}.json")
    return [Job(sources[0], {file_format(out): out}, evidence)]


def file_format(out: Path) -> str:
    """The format that a file's name asks for, with the player's; ValueError when none fits."""
    return PLAYER if out.suffix == f".{PLAYER}" else writers.kind(out)


def format_suffix(out: Path) -> str:
    """The end of a file's name that tells its format."""
    longest = f".{PLAYER}" if out.suffix == f".{PLAYER}" else writers.suffix(writers.kind(out))
    return longest if out.name.endswith(longest) else out.suffix


def names_file(out: Path) -> bool:
    """Whether --out names one file: it ends as an output's file does, and a folder is not there."""
    if out.is_dir():
        return False
    try:
        file_format(out)
    except ValueError:
        return False
    return True


def usable_formats() -> tuple[list[str], list[str]]:
    """The formats of `--format all`, and those that are left out since a library is missing."""
    empty = Transcript((), 0.0)
    usable, missing = [PLAYER], []
    for name in writers.names():
        try:
            writers.render(empty, name)
        except ValueError:
            missing.append(name)
        else:
            usable.append(name)
    return usable, missing


def _distinct_stems(places: Mapping[Path, Path]) -> dict[Path, str]:
    """The name of each recording's files without their suffix; with the recording's own suffix where it is needed."""
    stems = {path: path.stem for path in places}
    while True:
        owners = defaultdict[tuple[Path, str], list[Path]](list)
        for path, place in places.items():
            owners[place, stems[path]].append(path)
        alike = [path for paths in owners.values() if len(paths) > 1 for path in paths if stems[path] != path.name]
        if not alike:
            return stems
        stems |= {path: path.name for path in alike}


def is_written(job: Job) -> bool:
    """Whether all files of a job are there, and none is known to be another recording's."""
    return all(target.is_file() for target in job.targets.values()) and find_owner(job) is not False


def find_refusal(job: Job) -> str | None:
    """Why a job's files may not be written without `--overwrite`; None when they may."""
    there = [target for target in job.targets.values() if target.exists()]
    owner = find_owner(job) if there else True
    if owner or (owner is None and job.evidence is None):  # a file beside a recording, with its name, is its own
        return None
    if owner is None:
        return f"{there[0]}: exists, and nothing in it tells its recording; --overwrite replaces it"
    return f"{there[0]}: exists, and is of another recording than {job.source.label}; --overwrite replaces it"


def find_owner(job: Job) -> bool | None:
    """Whether the files that are there are of a job's recording; None where no JSON tells."""
    path = job.evidence or job.targets.get("json")
    if path is None or not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        source, way = content["source"], content.get(PATH)
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None if job.evidence else False
    same_take = source in ("", job.source.path.name, _with_take(job.source))
    if not isinstance(way, str) or job.evidence is None:
        return same_take
    here = os.path.abspath(path.parent / way)  # noqa: PTH100 - links stay
    return same_take and here == os.path.abspath(job.source.path)  # noqa: PTH100


def _with_take(source: Source) -> str:
    """The name that a take's transcript has."""
    return source.path.name if source.take is None else f"{source.path.name} [{source.take}]"


def json_text(transcript: Transcript, job: Job) -> str:
    """The JSON of a transcript; below `--out` with the way to its recording."""
    if job.evidence is None:
        return writers.render(transcript, "json")
    way = Path(os.path.relpath(job.source.path, job.evidence.parent)).as_posix()
    return indented({**transcript.to_dict(), PATH: way}) + "\n"
