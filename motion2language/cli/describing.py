"""Many recordings described and written: in groups here, or in chunks by the workers of a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motion2language.cli.options import Input, complain, load, one_line, require_movement

if TYPE_CHECKING:
    from motion2language.captioning.captioner import Captioner
    from motion2language.motion import Motion
    from motion2language.transcript import Transcript

GROUP = 64  # files read, described together and printed before the next are read; chosen
CHUNK = 32  # files in one task of a cluster; chosen
RETRIES = 3  # times a chunk whose worker died is done again; chosen


@dataclass(frozen=True)
class Job:
    """A recording, and the files to write of it by format."""

    path: Path
    targets: Mapping[str, Path]


@dataclass(frozen=True)
class Work:
    """How every recording is described."""

    model: str
    device: str
    action_words: Path | None
    beam: int | None
    refine: bool
    least: float
    source: Input


@dataclass(frozen=True)
class Done:
    """What became of a job: the lines to print, None where it could not be described, and what went wrong."""

    path: Path
    text: str | None
    problems: tuple[str, ...] = ()


def recordings(files: Sequence[Path]) -> list[tuple[Path, Path]]:
    """The files, and in a folder's place all recordings in it, each with the folder below that one that holds it."""
    from motion2language.formats import FORMATS, files_in

    found: list[tuple[Path, Path]] = []
    for path in files:
        if not path.is_dir():
            found.append((path, Path()))
            continue
        inside = files_in(path)
        if not inside:
            raise ValueError(f"{path}: no recording in this folder; expected {', '.join(FORMATS)}")
        found += [(each, each.parent.relative_to(path)) for each in inside]
    return found


def planned(found: Sequence[tuple[Path, Path]], out: Path | None, formats: Sequence[str]) -> list[Job]:
    """A job for each of `recordings`, no two of which write the same file; `out` has the folders of a folder given."""
    from motion2language import writers

    suffixes = {name: ".html" if name == "html" else writers.suffix(name) for name in formats}
    taken: set[Path] = set()
    return [
        Job(path, {name: unused(folder, path.stem, suffix, taken) for name, suffix in suffixes.items()})
        for path, folder in ((path, out / below if out else path.parent) for path, below in found)
    ]


def described_here(jobs: Sequence[Job], work: Work) -> Iterator[Done]:
    """Describe and write every recording in this process, a group at a time."""
    yield from _described(jobs, work, load(work.model, work.device, work.action_words))


def described_on(address: str, jobs: Sequence[Job], work: Work) -> Iterator[Done]:
    """Let the workers of the Ray cluster at `address` do it, a chunk a task; each chunk as it comes, in any order.

    A chunk whose worker dies is done again by another one. Every machine must have the project installed and see the
    files, the model and the output folder.
    """
    from motion2language.captioning.cluster import connected

    device = "cuda" if work.device == "cuda" else "cpu"
    load(work.model, "cpu", work.action_words)  # what is wrong with it is said here
    with connected(address) as ray:
        task = ray.remote(num_cpus=1, num_gpus=int(device == "cuda"), max_retries=RETRIES)(_chunk)
        elsewhere = replace(work, device=device)
        chunks = [jobs[first : first + CHUNK] for first in range(0, len(jobs), CHUNK)]
        pending = {task.remote(Path.cwd(), chunk, elsewhere): chunk for chunk in chunks}
        while pending:
            (ready,), _ = ray.wait(list(pending), num_returns=1)
            chunk = pending.pop(ready)
            try:
                yield from ray.get(ready)
            except ray.exceptions.RayError as error:
                why = _why(ray, error)
                yield from (Done(job.path, None, (f"{job.path}: not described: {why}",)) for job in chunk)


def _why(ray: Any, error: Exception) -> str:
    """What became of a task of the cluster."""
    if isinstance(error, ray.exceptions.RayTaskError):
        return one_line(error.cause)
    if isinstance(error, ray.exceptions.WorkerCrashedError | ray.exceptions.NodeDiedError):
        return f"its worker died {RETRIES + 1} times; --skip-written leaves out what is written"
    return one_line(error)[:200]


def described(
    files: Sequence[Path], source: Input, captioner: Captioner, beam: int | None, refine: bool
) -> Iterator[tuple[Path, tuple[Motion, Transcript] | None]]:
    """Each file's motion and transcript, in groups; None, after a complaint, where it cannot be described."""
    for number, found in _found(files, source, captioner, beam, refine):
        if isinstance(found, Exception):
            complain(found)
        yield files[number], None if isinstance(found, Exception) else found


def _found(
    files: Sequence[Path], source: Input, captioner: Captioner, beam: int | None, refine: bool
) -> Iterator[tuple[int, tuple[Motion, Transcript] | Exception]]:
    """Each file's number, and its motion and transcript or what is wrong with it."""
    overrides = source.overrides()
    for first in range(0, len(files), GROUP):
        read = []
        for number, path in enumerate(files[first : first + GROUP], start=first):
            try:
                motion = source.read(path)
                require_movement(motion)
                captioner.prepare(motion, overrides)
                read.append((number, motion))
            except (ValueError, OSError) as error:
                yield number, error
        motions = [motion for _, motion in read]
        transcripts = captioner.transcribe_all(motions, beam=beam, joint_map=overrides, refine=refine)
        for (number, motion), transcript in zip(read, transcripts, strict=True):
            yield number, (motion, transcript)


def _described(jobs: Sequence[Job], work: Work, captioner: Captioner) -> Iterator[Done]:
    from motion2language.files import remove_leftovers

    remove_leftovers(target for job in jobs for target in job.targets.values())  # of a worker or call that was killed
    paths = [job.path for job in jobs]
    for number, found in _found(paths, work.source, captioner, work.beam, work.refine):
        if isinstance(found, Exception):
            yield Done(paths[number], None, (one_line(found),))
        else:
            yield _written(jobs[number], found[0], found[1].surer_than(work.least), captioner, work)


def _written(job: Job, motion: Motion, transcript: Transcript, captioner: Captioner, work: Work) -> Done:
    from motion2language import writers

    problems = []
    for name, target in job.targets.items():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if name == "html":
                write_player([(motion, transcript)], (), target, captioner, work.source, work.beam)
            else:
                writers.write(transcript, target)
        except (ValueError, OSError) as error:
            problems.append(one_line(error))
    return Done(job.path, writers.render(transcript, "txt") or "(nothing to describe)\n", tuple(problems))


def _chunk(folder: Path, jobs: Sequence[Job], work: Work) -> list[Done]:
    """A task of the cluster, done in the folder that relative paths are meant from."""
    os.chdir(folder)
    return list(_described(jobs, work, _captioner(work.model, work.device, work.action_words)))


@lru_cache(maxsize=1)
def _captioner(model: str, device: str, action_words: Path | None) -> Captioner:
    """The model, loaded once for all chunks of a worker."""
    return load(model, device, action_words)


def write_player(
    takes: Sequence[tuple[Motion, Transcript]],
    references: Sequence[Transcript],
    path: Path,
    captioner: Captioner,
    source: Input,
    beam: int | None,
) -> None:
    """Write the player of described recordings, with references where there are any."""
    from motion2language import viewer
    from motion2language.captioning.attention_map import attention_map

    overrides = source.overrides()
    shown = [
        viewer.Take(
            motion, transcript, reference, attention_map(captioner, motion, transcript, beam=beam, joint_map=overrides)
        )
        for (motion, transcript), reference in zip_longest(takes, references)
    ]
    viewer.write(shown, path)


def unused(folder: Path, stem: str, suffix: str, used: set[Path]) -> Path:
    """The file's path, numbered when another recording of this call already took it."""
    number, candidate = 2, folder / f"{stem}{suffix}"
    while candidate in used:
        candidate, number = folder / f"{stem}_{number}{suffix}", number + 1
    used.add(candidate)
    return candidate
