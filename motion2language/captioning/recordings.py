"""Many recordings described and written to files: in groups on this machine, or in chunks by workers of a Ray cluster.

This is what `m2l caption` runs, and m2l view its reading part. A recording that cannot be read or described is
reported, and the others go on.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import zip_longest
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motion2language import writers
from motion2language.captioning.joining import join_repetitions
from motion2language.captioning.outputs import PLAYER, Job, find_refusal, json_text
from motion2language.captioning.takes import Source, read_sources
from motion2language.captioning.workers import Worker, WorkerDiedError, can_fork, count_cores
from motion2language.files import one_line, remove_leftovers, write_text
from motion2language.formats.reading import ReadOptions
from motion2language.language.actions import ActionLexicon
from motion2language.model.pytorch import require_device_name
from motion2language.motion import Motion
from motion2language.transcript import Transcript

if TYPE_CHECKING:
    from motion2language.captioning.captioner import Captioner
    from motion2language.captioning.windows import Described

GROUP = 32  # files read, described together and given back before the next are read; chosen
CHUNK = 32  # files in one task of a cluster; chosen
READ = ("txt", "srt", "vtt")  # outputs that people read, and no program scores
RETRIES = 3  # times a chunk is repeated after its worker died; chosen


@dataclass(frozen=True)
class Settings:
    """How every recording is read and described.

    least            confidence below which an action is left out
    overwrite        files of other recordings are replaced
    each_repetition  whether an action repeated in a row is one segment each time, or one with a count; None: one with
                     a count where words of facts are added, each time elsewhere
    facts            what people read (READ) has the facts behind the words; other files have them anyway
    plain            facts are not printed
    dim              what is printed may be dim, on a terminal
    detail           what people read (READ) has words of facts beside the model's
    """

    read: ReadOptions
    model: str = "default"
    device: str = "auto"
    action_words: Path | None = None
    beam: int | None = None
    refine: bool = True
    search: str | None = None
    least: float = 0.0
    overwrite: bool = False
    each_repetition: bool | None = None
    facts: bool = False
    plain: bool = False
    dim: bool = False
    detail: bool = False


@dataclass(frozen=True)
class Outcome:
    """The lines to print for a recording, None where it could not be described; what went wrong; the files written."""

    name: str
    text: str | None
    problems: tuple[str, ...] = ()
    written: tuple[Path, ...] = ()


def describe_files(
    sources: Sequence[Source], captioner: Captioner, settings: Settings
) -> Iterator[tuple[int, tuple[Motion, Described] | Exception]]:
    """Each source's number, in order, with its motion and description, or what is wrong with it; a group at a time."""
    for first in range(0, len(sources), GROUP):
        motions: list[tuple[int, Motion]] = []
        prepared, failed = [], dict[int, Exception]()
        group = sources[first : first + GROUP]
        for number, motion in enumerate(read_sources(group, settings.read), start=first):
            try:
                if isinstance(motion, Exception):
                    raise motion
                require_movement(motion)
                prepared.append(captioner.prepare(motion, settings.read.joint_map))
                motions.append((number, motion))
            except Exception as error:  # whatever one recording does, the others go on
                failed[number] = error
        yield from _in_order(_describe_group(motions, prepared, captioner, settings), failed)


def _in_order(results: Iterator[tuple[int, Any]], known: Mapping[int, Any]) -> Iterator[tuple[int, Any]]:
    """Results by their rising numbers, and those that are known already, in the order of all numbers."""
    waiting = sorted(known)
    for number, result in results:
        while waiting and waiting[0] < number:
            yield waiting[0], known[waiting.pop(0)]
        yield number, result
    yield from ((number, known[number]) for number in waiting)


def _describe_group(
    motions: Sequence[tuple[int, Motion]], prepared: Sequence[Any], captioner: Captioner, settings: Settings
) -> Iterator[tuple[int, tuple[Motion, Described] | Exception]]:
    """Recordings described together; where that fails, those that are left are described one by one."""
    done = 0
    try:
        described = captioner.describe_all(
            [motion for _, motion in motions],
            prepared=prepared,
            beam=settings.beam,
            refine=settings.refine,
            search=settings.search,
        )
        for (number, motion), description in zip(motions, described, strict=True):
            yield number, (motion, description)
            done += 1
    except Exception as error:
        if len(motions) - done == 1:
            yield motions[done][0], error
            return
        for index in range(done, len(motions)):
            one = slice(index, index + 1)
            yield from _describe_group(motions[one], prepared[one], captioner, settings)


class PoseError(ValueError):
    """A recording is a single pose, in which nobody does anything."""


def require_movement(motion: Motion) -> None:
    """PoseError for a single pose."""
    if motion.frames < 2:
        raise PoseError(f"{motion.label}: holds one frame, a pose without movement; expected two or more")


def write_here(jobs: Sequence[Job], settings: Settings) -> Iterator[Outcome]:
    """Describe every recording on this machine and write its files; outcomes come in order.

    Several groups of recordings are shared among as many processes as there are cores, if the model needs no PyTorch.
    """
    captioner = load_captioner(settings.model, settings.device, settings.action_words)
    processes = min(count_cores(), len(jobs) // GROUP)
    if processes < 2 or "torch" in sys.modules:
        yield from _write_all(jobs, settings, captioner)
    else:
        yield from _write_in_processes(jobs, settings, captioner, processes)


def _write_in_processes(
    jobs: Sequence[Job], settings: Settings, captioner: Captioner, processes: int
) -> Iterator[Outcome]:
    """In each process a group at a time; when one dies, the jobs of its group are done again one by one."""

    def start() -> Worker:
        fork = can_fork()  # then a process has the captioner already
        return Worker(partial(_Writer, settings, captioner if fork else None), fork=fork)

    waiting = deque((first, jobs[first : first + GROUP]) for first in range(0, len(jobs), GROUP))
    done: dict[int, Outcome] = {}
    busy: dict[Any, tuple[Worker, int, Sequence[Job]]] = {}  # by connection
    idle = [start() for _ in range(processes)]
    written = 0
    try:
        while written < len(jobs):
            while waiting and idle:
                worker, (first, group) = idle.pop(), waiting.popleft()
                worker.begin(group)
                busy[worker.connection] = worker, first, group
            for connection in wait(list(busy)):
                worker, first, group = busy.pop(connection)
                try:
                    done |= enumerate(worker.result(), start=first)
                except WorkerDiedError as error:
                    worker.stop()
                    worker = start()
                    if len(group) == 1:
                        done[first] = _not_described(group[0], str(error))
                    else:
                        waiting.extendleft((first + index, [job]) for index, job in reversed(list(enumerate(group))))
                idle.append(worker)
            while written in done:
                yield done.pop(written)
                written += 1
    finally:
        for worker in [*idle, *(worker for worker, _, _ in busy.values())]:
            worker.stop()
        _remove_leftovers(jobs)


class _Writer:
    """What a worker process does: describes jobs and writes their files."""

    def __init__(self, settings: Settings, captioner: Captioner | None) -> None:
        self.settings = settings
        self.captioner = captioner or load_captioner(settings.model, settings.device, settings.action_words)

    def __call__(self, jobs: Sequence[Job]) -> list[Outcome]:
        return list(_write_all(jobs, self.settings, self.captioner))


def _not_described(job: Job, reason: str) -> Outcome:
    return Outcome(job.source.label, None, (f"{job.source.label}: not described: {reason}",))


def write_on_cluster(address: str, jobs: Sequence[Job], settings: Settings) -> Iterator[Outcome]:
    """Let the workers of the Ray cluster at `address` do it, in chunks; outcomes come as they are done, in any order.

    A chunk whose worker dies is done again by another one. Every machine must have the project installed and see the
    files, the model and the output folder.
    """
    from motion2language.captioning.ray_cluster import connect

    device = "cuda" if settings.device == "cuda" else "cpu"
    load_captioner(settings.model, "cpu", settings.action_words)  # so that a faulty model is reported here
    with connect(address) as ray:
        task = ray.remote(num_cpus=1, num_gpus=int(device == "cuda"), max_retries=RETRIES)(_chunk)
        remote = replace(settings, device=device)
        chunks = [jobs[first : first + CHUNK] for first in range(0, len(jobs), CHUNK)]
        pending = {task.remote(Path.cwd(), chunk, remote): chunk for chunk in chunks}
        while pending:
            (ready,), _ = ray.wait(list(pending), num_returns=1)
            chunk = pending.pop(ready)
            try:
                yield from ray.get(ready)
            except ray.exceptions.RayError as error:
                reason = _failure(ray, error)
                yield from (_not_described(job, reason) for job in chunk)


def _failure(ray: Any, error: Exception) -> str:
    """Why a task of the cluster failed."""
    if isinstance(error, ray.exceptions.RayTaskError):
        return one_line(error.cause)
    if isinstance(error, ray.exceptions.WorkerCrashedError | ray.exceptions.NodeDiedError):
        return f"its worker died {RETRIES + 1} times; --skip-written skips what is already written"
    return one_line(error)[:200]


def _chunk(folder: Path, jobs: Sequence[Job], settings: Settings) -> list[Outcome]:
    """A task of the cluster, run in the folder that relative paths start from."""
    os.chdir(folder)
    captioner = _cached_captioner(settings.model, settings.device, settings.action_words)
    return list(_write_all(jobs, settings, captioner))


@lru_cache(maxsize=1)
def _cached_captioner(model: str, device: str, action_words: Path | None) -> Captioner:
    """The model, loaded once for all chunks of a worker."""
    return load_captioner(model, device, action_words)


def _remove_leftovers(jobs: Sequence[Job]) -> None:
    """Remove what a worker or a call left beside the jobs' files that was stopped while it made one."""
    remove_leftovers(target for job in jobs for target in job.targets.values())


def _write_all(jobs: Sequence[Job], settings: Settings, captioner: Captioner) -> Iterator[Outcome]:
    _remove_leftovers(jobs)
    refusals = {
        number: Outcome(job.source.label, None, (why,))
        for number, job in enumerate(jobs)
        if not settings.overwrite and (why := find_refusal(job))
    }
    free = [number for number in range(len(jobs)) if number not in refusals]
    described = describe_files([jobs[number].source for number in free], captioner, settings)
    outcomes = (
        (free[place], _outcome_of(jobs[free[place]], result, captioner, settings)) for place, result in described
    )
    yield from (outcome for _, outcome in _in_order(outcomes, refusals))


def _outcome_of(
    job: Job, result: tuple[Motion, Described] | Exception, captioner: Captioner, settings: Settings
) -> Outcome:
    """What comes of a described recording, whose files are written, or of one that could not be described."""
    source = job.source
    if isinstance(result, PoseError) and source.take is not None:  # characters have a T-pose beside their takes
        return Outcome(source.label, "(a single pose)\n")
    if isinstance(result, Exception):
        return Outcome(source.label, None, (_reason(source, result),))
    motion, described = result
    kept, actions = described.surer_than(settings.least), captioner.lexicon.actions
    if settings.each_repetition is False:
        kept = replace(kept, transcript=join_repetitions(kept.transcript))
    return _write(job, motion, kept, actions, settings)


def _reason(source: Source, error: Exception) -> str:
    """What went wrong with a recording, in one line that names it."""
    if isinstance(error, ValueError | OSError):
        return one_line(error)
    if isinstance(error, MemoryError):
        return one_line(f"{source.label}: not described: it does not fit in memory; cut the recording")
    return one_line(f"{source.label}: not described: {type(error).__name__}: {error}")


def _with_facts(transcript: Transcript, dim: bool) -> str:
    from motion2language.writers.txt import with_facts

    return with_facts(transcript, dim)


def _write(job: Job, motion: Motion, described: Described, actions: Sequence[str], settings: Settings) -> Outcome:
    problems, written = [], []
    read = described.transcript
    if settings.detail:
        read = writers.detailed(read if settings.each_repetition else join_repetitions(read))
    filed = writers.with_facts(read) if settings.facts else read
    if not settings.overwrite and (why := find_refusal(job)):  # another process wrote one meanwhile
        return Outcome(job.source.label, None, (why,))
    for name, target in job.targets.items():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if name == PLAYER:
                write_player([(motion, described)], (), target, actions)
            elif name == "json":
                write_text(target, json_text(described.transcript, job))
            else:
                write_text(target, writers.render(filed if name in READ else described.transcript, name))
            written.append(target)
        except Exception as error:
            problems.append(_reason(job.source, error))
    shown = writers.render(read, "txt") if settings.plain else _with_facts(read, settings.dim)
    text = shown or "(nothing to describe)\n"
    return Outcome(job.source.label, text, tuple(problems), tuple(written))


def write_player(
    takes: Sequence[tuple[Motion, Described]],
    references: Sequence[Transcript],
    path: Path,
    actions: Sequence[str] = (),
) -> None:
    """Write the player of described recordings, with references where there are any.

    actions  names that the page offers where a segment's action is corrected
    """
    from motion2language import viewer

    shown = [
        viewer.Take(motion, described.transcript, reference, described.attention())
        for (motion, described), reference in zip_longest(takes, references)
    ]
    viewer.write(shown, path, viewer.Editing(tuple(actions)))


def load_captioner(model: str, device: str, action_words: Path | None = None) -> Captioner:
    """The captioner of a model name or folder on a device (auto, cpu, cuda), with action words of a file."""
    lexicon = None if action_words is None else ActionLexicon.from_file(action_words)
    require_device_name(device)
    from motion2language.captioning.loading import load_model

    captioner = load_model(model, device)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(1)  # the networks are small: a second thread costs more than it gives
    return captioner if lexicon is None else replace(captioner, lexicon=lexicon)
