"""m2l view and render: a described recording played, drawn."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from motion2language.cli.options import Description, Input, Model, Search, complain
from motion2language.cli.written import OptionalOut, Out, Overwrite, require_free, show_written

if TYPE_CHECKING:
    import numpy as np

    from motion2language.formats.reading import ReadOptions


def view(
    files: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: OptionalOut = None,
    reference: Annotated[list[Path] | None, Parameter(negative="")] = None,
    open: bool = True,
    edit: Annotated[bool, Parameter(negative="")] = False,
    port: int = 0,
    model: Model = Model(),
    search: Search = Search(),
    source: Input = Input(),
) -> int:
    """Describe recordings and play them with their words in the browser: one HTML file that needs no network.

    Parameters
    ----------
    files
        Recordings, up to 8, side by side; with --edit any number, and folders.
    out
        The file to write; without it, the first recording's name with .html, beside it. With --edit the folder for
        corrected transcripts; without it they go beside each recording.
    reference
        Transcript in JSON to show under the prediction; once per recording.
    open
        Open the file in the browser.
    edit
        Correct the descriptions in the browser; every change is saved to RECORDING.corrected.json.
    port
        With --edit: the port of the pages; 0 takes a free one.
    model
        Which model describes them.
    search
        How sentences are found.
    source
        What the files do not specify themselves.
    """
    import webbrowser

    from motion2language.captioning.recordings import Settings, describe_files, write_player
    from motion2language.captioning.takes import find_takes
    from motion2language.viewer import MOST_TAKES
    from motion2language.writers.json import read

    options = source.options()
    if edit:
        if reference:
            raise ValueError("--reference shows a transcript beneath another; drop it, or --edit")
        return _edit(files, out, options, model, search, port, open)
    sources = [take for file in files for take in find_takes(file, options)]
    if len(sources) > MOST_TAKES:
        names = [take.take for take in sources if take.take is not None]
        fewer = f"choose one with --take: {', '.join(names)}" if names else "give fewer"
        raise ValueError(f"m2l view shows {MOST_TAKES} recordings side by side, found {len(sources)}; {fewer}")
    if reference and len(reference) != len(sources):
        raise ValueError(
            f"{len(reference)} --reference for {len(sources)} recordings; give one for each, in their order"
        )
    references = [read(path) for path in reference or ()]
    search.require_valid()
    settings = Settings(options, beam=search.beam, refine=search.refine, search=search.search)
    takes = []
    captioner = model.load()
    for _, result in describe_files(sources, captioner, settings):
        if isinstance(result, Exception):
            complain(result)
        else:
            takes.append(result)
    if len(takes) < len(sources):
        return 1
    target = out or files[0].with_suffix(".html")
    write_player(takes, references, target, captioner.lexicon.actions)
    show_written(target)
    if open and not webbrowser.open(target.resolve().as_uri()):
        print("m2l: note: found no browser; open the file yourself", file=sys.stderr)
    return 0


def _edit(
    files: list[Path], out: Path | None, options: ReadOptions, model: Model, search: Search, port: int, open: bool
) -> int:
    """Describe recordings and serve their pages for corrections, until Ctrl-C."""
    import webbrowser

    from motion2language import viewer
    from motion2language.captioning.outputs import find_recordings, plan_jobs
    from motion2language.captioning.recordings import Settings, describe_files
    from motion2language.data.actions import load_actions
    from motion2language.files import make_folder
    from motion2language.server.corrections import CorrectedFile
    from motion2language.server.editing import EditedTake, EditServer
    from motion2language.transcript import CORRECTED_ENDING

    search.require_valid()
    if out is not None:
        make_folder(out)
    captioner = model.load()
    settings = Settings(options, beam=search.beam, refine=search.refine, search=search.search)
    jobs = plan_jobs(find_recordings(files), out, ["json"], options)
    takes, failures = [], 0
    for number, result in describe_files([job.source for job in jobs], captioner, settings):
        try:
            if isinstance(result, Exception):
                raise result
            motion, described = result
            target = jobs[number].targets["json"]
            target.parent.mkdir(parents=True, exist_ok=True)
            path = target.with_name(target.name.removesuffix(".json") + CORRECTED_ENDING)
            file = CorrectedFile(path, motion.label, motion.duration, jobs[number].source.path)
            original = file.original()
            take = viewer.Take(
                motion,
                described.transcript if original is None else original,
                weights=described.attention() if original is None else None,
            )
            takes.append(EditedTake(take, file))
        except (ValueError, OSError) as error:
            complain(error)
            failures += 1
    if not takes:
        return 1
    known = {action.verb for action in load_actions().actions.values()} | set(captioner.lexicon.actions)
    server = EditServer(takes, sorted(known), _user(), port)
    many = "" if len(takes) == 1 else "s"
    print(f"m2l: correct {len(takes)} recording{many} on {server.address} (Ctrl-C to stop)", flush=True)
    if open and not webbrowser.open(server.address):
        print("m2l: note: found no browser; open the address yourself", file=sys.stderr)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print(f"m2l: corrections are in {takes[0].file.path.parent}", file=sys.stderr)
    finally:
        server.server_close()
    return 1 if failures else 0


def _user() -> str:
    """The name of who runs this, "" where the system knows none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def render(
    file: Path,
    /,
    *,
    out: Out,
    figure: str = "poses",
    rate: float | None = None,
    width: int | None = None,
    subtitles: bool = False,
    dark: bool = False,
    overwrite: Overwrite = False,
    words: Description = Description(),
    source: Input = Input(),
) -> int:
    """Draw a described recording: a picture (.png, .svg, .pdf) or a film (.gif, .mp4).

    Parameters
    ----------
    file
        A recording.
    out
        The file to write; its suffix says what is drawn.
    figure
        What a picture shows: poses (laid along time), or attention (where the model looked for each word).
    rate
        A film's frames a second; 25, or 12.5 for GIF.
    width
        A film's width in pixels, a multiple of 32; 960, or 640 for GIF.
    subtitles
        Give an .mp4 the words as a subtitle track as well.
    dark
        Draw a film on a dark background.
    words
        Where the words come from.
    source
        What the file does not specify itself.
    """
    from motion2language.body import to_canonical
    from motion2language.viewer import render as draw

    if figure not in ("poses", "attention"):
        raise ValueError(f"--figure {figure}: expected poses or attention")
    if figure == "attention" and (words.transcript is not None or out.suffix in draw.FILMS):
        raise ValueError(
            "--figure attention is a picture of where a model looked; give .png, .svg or .pdf, no transcript"
        )
    if out.suffix in draw.PICTURES and (rate or width or subtitles or dark):
        raise ValueError("--rate, --width, --subtitles and --dark are of films; give a name that ends in .mp4 or .gif")
    require_free([out], overwrite)
    motion = source.read(file)
    draw.require(out, motion)
    body = to_canonical(motion, source.overrides())
    if figure == "attention":  # the weights are those of one sentence for the whole recording
        words = replace(words, search=replace(words.search, search="sentence"))
    described = words.of(motion, source)
    transcript = described.transcript
    if out.suffix in draw.FILMS:
        draw.make_film(body, transcript, out, rate=rate, width=width, subtitles=subtitles, dark=dark, progress=_bar)
    elif figure == "poses":
        draw.draw_poses(body, transcript, out)
    else:
        weights = described.attention()
        if weights is None:
            raise ValueError(f"{file}: no attention to draw: it has no description, or is too long; cut the recording")
        draw.draw_attention(transcript, weights, out)
    show_written(out)
    return 0


def _bar(frames: Iterable[np.ndarray], count: int) -> Iterable[np.ndarray]:
    """The frames, with a bar on standard error while someone watches."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(frames, "frames", total=count, console=console, transient=True, disable=not console.is_terminal)
