"""m2l caption and m2l demo."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from motion2language.cli.exits import FAILED, NOTHING_DONE, WRONG_USE, exit_status
from motion2language.cli.options import Input, Model, ModelName, Search
from motion2language.cli.written import OptionalOut, Overwrite, show_written
from motion2language.files import one_line

if TYPE_CHECKING:
    from motion2language.captioning.recordings import Outcome

SAMPLES = Path(__file__).parent.parent / "samples"


def caption(
    files: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    format: str = "",
    out: OptionalOut = None,
    least: float = 0.0,
    each_repetition: bool | None = None,
    skip_written: Annotated[bool, Parameter(negative="")] = False,
    overwrite: Overwrite = False,
    plain: Annotated[bool, Parameter(negative="")] = False,
    facts: Annotated[bool, Parameter(negative="")] = False,
    detail: Annotated[bool, Parameter(negative="")] = False,
    ray: str | None = None,
    model: Model = Model(),
    search: Search = Search(),
    source: Input = Input(),
) -> int:
    """Describe recordings: prints one line per segment, `[start → end] words`.

    The exit status is 0 if all recordings were described, 1 if some failed, 2 for wrong use, 3 if none was described,
    130 after Ctrl-C.

    Parameters
    ----------
    files
        Recordings: .bvh, .fbx, .glb, .gltf, .vrm, .vrma, .amc (with .asf), .npy, .npz, _mmm.xml, .mvnx, .c3d, .trc; or
        folders, for all recordings in them. Of a file with several takes all are described, or the one of --take.
    format
        Files to write, separated by commas: json,txt,srt,vtt,tsv,csv,eaf,textgrid,
        audacity,labelstudio,babel, html for the player, or all.
    out
        Folder for these files (json when no --format is given); without it they go beside each recording. Below it
        the recordings' folders are kept, from the one that all of them share. For one recording also the file to
        write, in the format of its name: take.srt.
    least
        Hide actions below this confidence, from 0 to 1 (e.g. 0.7). Idle poses and unfamiliar actions score lower.
    each_repetition
        An action repeated in a row is one segment each time; --no-each-repetition: one segment with a count. By
        default the latter in what --detail adds words to, the former elsewhere.
    skip_written
        Skip recordings whose files an earlier call has written already.
    overwrite
        Replace files of other recordings, and files below --out that do not tell their recording.
    plain
        Print the words alone, without the facts that were measured (see m2l facts).
    facts
        Keep the facts in txt, srt and vtt files too, behind the words; every other format but textgrid, audacity and
        babel has them anyway.
    detail
        Add words that facts give to those of the model, as in "walks slowly straight forward": in what is printed and
        in txt, srt and vtt files. The player shows them below the sentence; other files keep the model's own words.
    ray
        Address of a Ray cluster (HOST:PORT, auto), or local: its workers describe the recordings and write the files.
    model
        Which model describes them.
    search
        How sentences are found.
    source
        What the files do not specify themselves.
    """
    from motion2language.captioning.outputs import find_recordings, is_written, names_file, plan_file, plan_jobs
    from motion2language.captioning.recordings import Settings, write_here, write_on_cluster
    from motion2language.files import make_folder

    formats = _formats(format)
    one_file = out is not None and not formats and names_file(out)
    if out is not None and not formats:
        formats = ["json"]
    with exit_status(WRONG_USE):
        search.require_valid()
        if not 0 <= least <= 1:
            raise ValueError(f"--least {least}: give a confidence from 0 to 1")
        if skip_written and not formats:
            raise ValueError("--skip-written: nothing is written; give --format or --out")
    with exit_status(NOTHING_DONE):
        settings = Settings(
            source.options(),
            model.model,
            model.device,
            model.action_words,
            search.beam,
            search.refine,
            search.search,
            least,
            overwrite,
            each_repetition,
            facts,
            plain,
            sys.stdout.isatty() and "NO_COLOR" not in os.environ,
            detail,
        )
        found = find_recordings(files)
        if out is not None:
            make_folder(out.parent if one_file else out)
        if out is not None and one_file:
            jobs = plan_file(found, out, settings.read)
        else:
            jobs = plan_jobs(found, out, formats, settings.read)
        if skip_written:
            from motion2language.data.progress import is_quiet

            every = len(jobs)
            jobs = [job for job in jobs if not is_written(job)]
            if not is_quiet():
                print(f"m2l: {every - len(jobs)} of {every} recordings are written already", file=sys.stderr)
        outcomes = write_here(jobs, settings) if ray is None else write_on_cluster(ray, jobs, settings)
        first = list(islice(outcomes, 1))  # which loads the model
    return _report(chain(first, outcomes), len(jobs), len(files) > 1 or len(jobs) > 1)


def _formats(given: str) -> list[str]:
    """The formats of --format; of all, those whose libraries are installed."""
    from motion2language import writers
    from motion2language.captioning.outputs import PLAYER, usable_formats

    names = [name.strip() for name in given.split(",") if name.strip()]
    if "all" not in names:
        with exit_status(WRONG_USE):
            writers.require_known(names, also=[PLAYER])
        return names
    usable, missing = usable_formats()
    if missing:
        warnings.warn(f"left out: {', '.join(missing)}; pip install 'motion2language[annot]'", stacklevel=2)
    return usable


def _report(outcomes: Iterable[Outcome], jobs: int, named: bool) -> int:
    """Print the lines of each recording, under its name when `named`, and what went wrong; the exit status."""
    failures = described = 0
    written: list[Path] = []
    with _bar(jobs) as advance:
        for outcome in outcomes:
            for problem in outcome.problems:
                print(f"m2l: {problem}", file=sys.stderr)
            failures += bool(outcome.problems)
            written += outcome.written
            if outcome.text is not None:
                described += 1
                print((f"\n{one_line(outcome.name)}\n" if named else "") + outcome.text, end="", flush=True)
            advance()
    show_written(written)
    if failures and jobs > 1:
        print(f"m2l: {failures} of {jobs} recordings failed, {jobs - failures} are done", file=sys.stderr)
    if not failures:
        return 0
    return FAILED if described else NOTHING_DONE


@contextmanager
def _bar(jobs: int) -> Iterator[Callable[[], object]]:
    """A progress bar of several recordings; call what it gives after each. One recording needs none."""
    if jobs < 2:
        yield lambda: None
        return
    from motion2language.data.progress import show_progress

    with show_progress() as advance:
        yield lambda: advance("recordings", jobs)


def demo(*, model: ModelName = "default") -> int:
    """Describe the shipped sample recordings."""
    status = caption(sorted(SAMPLES.glob("*.bvh")), model=Model(model))
    print("\nNow one of your own: m2l caption take.bvh --format srt,json")
    return status
