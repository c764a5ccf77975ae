"""m2l caption and m2l demo."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from motion2language.cli.describing import Done, Work, described_here, described_on, planned, recordings
from motion2language.cli.options import Input, make_folder, require_beam

SAMPLES = Path(__file__).parent.parent / "samples"


def caption(
    files: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    model: str = "default",
    format: str = "",
    out: Path | None = None,
    beam: int | None = None,
    device: str = "auto",
    action_words: Path | None = None,
    refine: bool = True,
    least: float = 0.0,
    skip_written: Annotated[bool, Parameter(negative="")] = False,
    ray: str | None = None,
    source: Input = Input(),
) -> int:
    """Describe recordings: prints a line a segment, `[start → end] words`.

    Parameters
    ----------
    files
        Recordings: .bvh, .amc (with .asf), .npy, .npz, _mmm.xml, .c3d, .trc; or folders, for all that lie in them.
    model
        A shipped model (default, synthetic) or a model folder.
    format
        Files to write, by comma: json,txt,srt,vtt,tsv,csv,eaf,textgrid,
        audacity,labelstudio,babel, or html for the player.
    out
        Folder for these files (json when no --format is given); without it they go beside each recording.
    beam
        Sentences kept while searching; 1 is greedy. 0 draws sentences and takes the one most like the others.
        Without it: 0 for a transducer, such as the shipped models, 4 for the paper's model.
    device
        auto, cpu or cuda.
    action_words
        File with an action word a line (or `form lemma`): where sentences are cut into segments.
    refine
        Bound segments by changes of movement; --no-refine takes the paper's rule.
    least
        Say nothing of an action that is less probable than this, from 0 to 1.
    skip_written
        Leave out recordings whose files are written already, by an earlier call that was stopped.
    ray
        Address of a Ray cluster (HOST:PORT, auto), or local: its workers describe, and write the files.
    source
        What the files cannot say themselves.
    """
    from motion2language import writers

    formats = [name.strip() for name in format.split(",") if name.strip()] or ["json"] * (out is not None)
    writers.require_known(formats, also=["html"])
    require_beam(beam)
    if not 0 <= least <= 1:
        raise ValueError(f"--least {least}: give a probability from 0 to 1")
    if out is not None:
        make_folder(out)
    if skip_written and not formats:
        raise ValueError("--skip-written: nothing is written; give --format or --out")
    work = Work(model, device, action_words, beam, refine, least, source)
    jobs = planned(recordings(files), out, formats)
    if skip_written:
        every = len(jobs)
        jobs = [job for job in jobs if not all(target.is_file() for target in job.targets.values())]
        print(f"m2l: {every - len(jobs)} of {every} recordings are written already", file=sys.stderr)
    named = len(files) > 1 or len(jobs) > 1
    return _report(described_here(jobs, work) if ray is None else described_on(ray, jobs, work), len(jobs), named)


def _report(found: Iterable[Done], jobs: int, named: bool) -> int:
    """Print what is said of each recording, under its name when `named`, and what went wrong; the exit status."""
    failures = 0
    for done in found:
        for problem in done.problems:
            print(f"m2l: {problem}", file=sys.stderr)
        failures += bool(done.problems)
        if done.text is not None:
            print((f"\n{done.path}\n" if named else "") + done.text, end="", flush=True)
    if failures and jobs > 1:
        print(f"m2l: {failures} of {jobs} recordings failed, {jobs - failures} are done", file=sys.stderr)
    return 1 if failures else 0


def demo(*, model: str = "default") -> int:
    """Describe the shipped sample recordings.

    Parameters
    ----------
    model
        A shipped model (default, synthetic) or a model folder.
    """
    status = caption(sorted(SAMPLES.glob("*.bvh")), model=model)
    print("\nNow one of your own: m2l caption take.bvh --format srt,json")
    return status
