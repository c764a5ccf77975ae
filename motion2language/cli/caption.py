"""m2l caption and m2l demo."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from motion2language.cli.options import Input, Model, ModelName, Search

if TYPE_CHECKING:
    from motion2language.captioning.recordings import Outcome

SAMPLES = Path(__file__).parent.parent / "samples"


def caption(
    files: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    format: str = "",
    out: Path | None = None,
    least: float = 0.0,
    skip_written: Annotated[bool, Parameter(negative="")] = False,
    ray: str | None = None,
    model: Model = Model(),
    search: Search = Search(),
    source: Input = Input(),
) -> int:
    """Describe recordings: prints one line per segment, `[start → end] words`.

    Parameters
    ----------
    files
        Recordings: .bvh, .fbx, .glb, .gltf, .vrm, .vrma, .amc (with .asf), .npy, .npz, _mmm.xml, .mvnx, .c3d, .trc; or
        folders, for all recordings in them. Of a file with several takes all are described, or the one of --take.
    format
        Files to write, separated by commas: json,txt,srt,vtt,tsv,csv,eaf,textgrid,
        audacity,labelstudio,babel, or html for the player.
    out
        Folder for these files (json when no --format is given); without it they go beside each recording.
    least
        Hide actions below this confidence, from 0 to 1 (e.g. 0.7). Idle poses and unfamiliar actions score lower.
    skip_written
        Skip recordings whose files an earlier call has written already.
    ray
        Address of a Ray cluster (HOST:PORT, auto), or local: its workers describe the recordings and write the files.
    model
        Which model describes them.
    search
        How sentences are found.
    source
        What the files do not specify themselves.
    """
    from motion2language import writers
    from motion2language.captioning.recordings import (
        PLAYER,
        Settings,
        find_recordings,
        plan_jobs,
        write_here,
        write_on_cluster,
    )
    from motion2language.files import make_folder

    formats = [name.strip() for name in format.split(",") if name.strip()] or ["json"] * (out is not None)
    writers.require_known(formats, also=[PLAYER])
    search.require_valid()
    if not 0 <= least <= 1:
        raise ValueError(f"--least {least}: give a confidence from 0 to 1")
    if out is not None:
        make_folder(out)
    if skip_written and not formats:
        raise ValueError("--skip-written: nothing is written; give --format or --out")
    settings = Settings(
        source.options(),
        model.model,
        model.device,
        model.action_words,
        search.beam,
        search.refine,
        search.search,
        least,
    )
    jobs = plan_jobs(find_recordings(files), out, formats, settings.read)
    if skip_written:
        every = len(jobs)
        jobs = [job for job in jobs if not all(target.is_file() for target in job.targets.values())]
        print(f"m2l: {every - len(jobs)} of {every} recordings are written already", file=sys.stderr)
    named = len(files) > 1 or len(jobs) > 1
    outcomes = write_here(jobs, settings) if ray is None else write_on_cluster(ray, jobs, settings)
    return _report(outcomes, len(jobs), named)


def _report(outcomes: Iterable[Outcome], jobs: int, named: bool) -> int:
    """Print the lines of each recording, under its name when `named`, and what went wrong; the exit status."""
    failures = 0
    for outcome in outcomes:
        for problem in outcome.problems:
            print(f"m2l: {problem}", file=sys.stderr)
        failures += bool(outcome.problems)
        if outcome.text is not None:
            print((f"\n{outcome.name}\n" if named else "") + outcome.text, end="", flush=True)
    if failures and jobs > 1:
        print(f"m2l: {failures} of {jobs} recordings failed, {jobs - failures} are done", file=sys.stderr)
    return 1 if failures else 0


def demo(*, model: ModelName = "default") -> int:
    """Describe the shipped sample recordings."""
    status = caption(sorted(SAMPLES.glob("*.bvh")), model=Model(model))
    print("\nNow one of your own: m2l caption take.bvh --format srt,json")
    return status
