"""The command line, `m2l COMMAND`: caption, view, split, render, demo, inspect, train, evaluate, live, bench and more.

Each command imports what it runs, so that `m2l --help` stays fast. What a user can cause is one line on standard
error and exit status 1, never a traceback.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

if TYPE_CHECKING:
    import numpy as np

    from motion2language.captioner import Captioner
    from motion2language.motion import Motion
    from motion2language.transcript import Transcript

SAMPLES = Path(__file__).parent / "samples"
GROUP = 64  # files read, described together and printed before the next are read; chosen

app = App(
    name="m2l",
    help="What a motion-capture recording shows, in English, each word tied to its moment.",
    help_format="markdown",
    suppress_keyboard_interrupt=False,  # main says what became of the work
)


@Parameter(name="*")
@dataclass(frozen=True)
class Input:
    """What the user says of the files that they may not say themselves."""

    fps: float | None = None
    """Frames a second, for files that cannot say (.npy, .amc)."""
    layout: str | None = None
    """humanml3d or kit: what the numbers of an .npy file are."""
    asf: Path | None = None
    """Skeleton of an .amc file that does not lie beside it."""
    unit: str | None = None
    """m, cm, mm, inch, ft or cmu, instead of what the body's size tells."""
    up: str | None = None
    """x, y, z, -x, -y or -z, instead of what the stance tells."""
    joint_map: Path | None = None
    """TOML file, `canonical_joint = "joint of the file"`, for unknown joint names."""

    def overrides(self) -> dict[str, str] | None:
        """The joint map, read."""
        from motion2language.body import load_joint_map

        return None if self.joint_map is None else load_joint_map(self.joint_map)

    def read(self, path: Path) -> Motion:
        """A file's recording, in metres."""
        from motion2language.reading import read_motion

        return read_motion(path, fps=self.fps, layout=self.layout, asf=self.asf, unit=self.unit, up=self.up)


@app.command
def caption(
    files: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    model: str = "default",
    format: str = "",
    out: Path | None = None,
    beam: int = 4,
    device: str = "auto",
    action_words: Path | None = None,
    refine: bool = True,
    source: Input = Input(),
) -> int:
    """Describe recordings: prints a line a segment, `[start → end] words`.

    Parameters
    ----------
    files
        Recordings: .bvh, .amc (with .asf), .npy, .npz, _mmm.xml.
    model
        A shipped model (default, synthetic) or a model folder.
    format
        Files to write, by comma: json,txt,srt,vtt,tsv,csv,eaf,textgrid,
        audacity,labelstudio,babel, or html for the player.
    out
        Folder for these files (json when no --format is given); without it they go beside each recording.
    beam
        Sentences kept while searching; 1 is greedy and fastest.
    device
        auto, cpu or cuda.
    action_words
        File with an action word a line (or `form lemma`): where sentences are cut into segments.
    refine
        Bound segments by changes of movement; --no-refine takes the paper's rule.
    source
        What the files cannot say themselves.
    """
    from motion2language import writers

    formats = [name.strip() for name in format.split(",") if name.strip()] or ["json"] * (out is not None)
    writers.require_known(formats, also=["html"])
    if beam < 1:
        raise ValueError(f"--beam {beam}: give 1 or more")
    if out is not None:
        _make_folder(out)
    captioner = _load(model, device, action_words)
    failures = 0
    taken: set[Path] = set()
    for path, described in _described(files, source, captioner, beam, refine):
        if described is None:
            failures += 1
            continue
        motion, transcript = described
        heading = f"\n{path}\n" if len(files) > 1 else ""
        print(heading + (writers.render(transcript, "txt") or "(nothing to describe)\n"), end="", flush=True)
        for name in formats:
            try:
                suffix = ".html" if name == "html" else writers.suffix(name)
                target = _unused(out or path.parent, path.stem, suffix, taken)
                if name == "html":
                    _write_player([(motion, transcript)], (), target, captioner, source, beam)
                else:
                    writers.write(transcript, target)
            except (ValueError, OSError) as error:
                failures += 1
                _complain(error)
    return 1 if failures else 0


def _described(
    files: Sequence[Path], source: Input, captioner: Captioner, beam: int, refine: bool
) -> Iterator[tuple[Path, tuple[Motion, Transcript] | None]]:
    """Each file's motion and transcript, in groups; None, after a complaint, where it cannot be described."""
    overrides = source.overrides()
    for first in range(0, len(files), GROUP):
        read = []
        for path in files[first : first + GROUP]:
            try:
                motion = source.read(path)
                captioner.prepare(motion, overrides)
                read.append((path, motion))
            except (ValueError, OSError) as error:
                _complain(error)
                yield path, None
        motions = [motion for _, motion in read]
        transcripts = captioner.transcribe_all(motions, beam=beam, joint_map=overrides, refine=refine)
        for (path, motion), transcript in zip(read, transcripts, strict=True):
            yield path, (motion, transcript)


@app.command
def view(
    files: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: Path | None = None,
    reference: Annotated[list[Path] | None, Parameter(negative="")] = None,
    open: bool = True,
    model: str = "default",
    beam: int = 4,
    device: str = "auto",
    action_words: Path | None = None,
    refine: bool = True,
    source: Input = Input(),
) -> int:
    """Describe recordings and play them with their words in the browser: one HTML file that needs no network.

    Parameters
    ----------
    files
        Recordings, up to 8, side by side.
    out
        The file to write; without it, the first recording's name with .html, beside it.
    reference
        Transcript in JSON to show under the prediction; once for each recording.
    open
        Open the file in the browser.
    model
        A shipped model (default, synthetic) or a model folder.
    beam
        Sentences kept while searching; 1 is greedy and fastest.
    device
        auto, cpu or cuda.
    action_words
        File with an action word a line (or `form lemma`): where sentences are cut into segments.
    refine
        Bound segments by changes of movement; --no-refine takes the paper's rule.
    source
        What the files cannot say themselves.
    """
    import webbrowser

    from motion2language.viewer import MOST_TAKES
    from motion2language.writers.json import read

    if len(files) > MOST_TAKES:
        raise ValueError(f"m2l view shows {MOST_TAKES} recordings side by side, found {len(files)}; give fewer")
    if reference and len(reference) != len(files):
        raise ValueError(f"{len(reference)} --reference for {len(files)} recordings; give one for each, in their order")
    references = [read(path) for path in reference or ()]
    if beam < 1:
        raise ValueError(f"--beam {beam}: give 1 or more")
    captioner = _load(model, device, action_words)
    described = [found for _, found in _described(files, source, captioner, beam, refine)]
    takes = [found for found in described if found is not None]
    if len(takes) < len(files):
        return 1
    target = out or files[0].with_suffix(".html")
    _write_player(takes, references, target, captioner, source, beam)
    print(f"wrote {target}")
    if open and not webbrowser.open(target.resolve().as_uri()):
        print("m2l: note: found no browser; open the file yourself", file=sys.stderr)
    return 0


def _write_player(
    described: Sequence[tuple[Motion, Transcript]],
    references: Sequence[Transcript],
    path: Path,
    captioner: Captioner,
    source: Input,
    beam: int,
) -> None:
    from motion2language import viewer
    from motion2language.attention_map import attention_map

    overrides = source.overrides()
    takes = [
        viewer.Take(
            motion, transcript, reference, attention_map(captioner, motion, transcript, beam=beam, joint_map=overrides)
        )
        for (motion, transcript), reference in zip_longest(described, references)
    ]
    viewer.write(takes, path)


@Parameter(name="*")
@dataclass(frozen=True)
class Words:
    """Where the words about a recording come from."""

    transcript: Path | None = None
    """Take these words and segments (.json, .labelstudio.json) instead of a model's."""
    model: str = "default"
    """A shipped model (default, synthetic) or a model folder."""
    beam: int = 4
    """Sentences kept while searching; 1 is greedy and fastest."""
    device: str = "auto"
    """auto, cpu or cuda."""
    action_words: Path | None = None
    """File with an action word a line (or `form lemma`): where sentences are cut into segments."""
    refine: bool = True
    """Bound segments by changes of movement; --no-refine takes the paper's rule."""

    def of(self, motion: Motion, source: Input) -> tuple[Transcript, Captioner | None]:
        """The recording's transcript, and who said it where it was a model."""
        from motion2language import writers

        if self.beam < 1:
            raise ValueError(f"--beam {self.beam}: give 1 or more")
        if self.transcript is not None:
            transcript = writers.read(self.transcript)
            transcript.require_of(motion.label, motion.duration)
            return transcript, None
        captioner = _load(self.model, self.device, self.action_words)
        overrides = source.overrides()
        return captioner.transcribe(motion, beam=self.beam, joint_map=overrides, refine=self.refine), captioner


@app.command
def split(file: Path, /, *, out: Path, words: Words = Words(), source: Input = Input()) -> int:
    """Cut a recording at its segments: one BVH file each, named by order and label.

    Parameters
    ----------
    file
        A recording.
    out
        Folder for the pieces.
    words
        Where the segments come from.
    source
        What the file cannot say itself.
    """
    from motion2language.split import split as cut
    from motion2language.writers.txt import line

    motion = source.read(file)
    transcript, _ = words.of(motion, source)
    _make_folder(out)
    for path, segment in cut(motion, transcript, out, file.stem):
        print(f"{path}  {line(segment)}")
    if not transcript.segments:
        print("(nothing to cut out)")
    return 0


@app.command
def render(
    file: Path,
    /,
    *,
    out: Path,
    figure: str = "poses",
    rate: float | None = None,
    width: int | None = None,
    subtitles: bool = False,
    words: Words = Words(),
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
        Give an .mp4 the words as a track that players can switch on, too.
    words
        Where the words come from.
    source
        What the file cannot say itself.
    """
    from motion2language.body import to_canonical
    from motion2language.viewer import render as draw

    if figure not in ("poses", "attention"):
        raise ValueError(f"--figure {figure}: expected poses or attention")
    if figure == "attention" and (words.transcript is not None or out.suffix in draw.FILMS):
        raise ValueError(
            "--figure attention is a picture of where a model looked; give .png, .svg or .pdf, no transcript"
        )
    if out.suffix in draw.PICTURES and (rate or width or subtitles):
        raise ValueError("--rate, --width and --subtitles are of films; give a name that ends in .mp4 or .gif")
    motion = source.read(file)
    draw.require(out, motion)
    body = to_canonical(motion, source.overrides())
    transcript, captioner = words.of(motion, source)
    if out.suffix in draw.FILMS:
        draw.make_film(body, transcript, out, rate=rate, width=width, subtitles=subtitles, progress=_bar)
    elif figure == "poses" or captioner is None:
        draw.draw_poses(body, transcript, out)
    else:
        from motion2language.attention_map import attention_map

        weights = attention_map(captioner, motion, transcript, beam=words.beam, joint_map=source.overrides())
        if weights is None:
            raise ValueError(
                f"{file}: no attention to draw, nothing is said of it or it is too long; cut the recording"
            )
        draw.draw_attention(transcript, weights, out)
    print(f"wrote {out}")
    return 0


def _bar(frames: Iterable[np.ndarray], count: int) -> Iterable[np.ndarray]:
    """The frames, with a bar on standard error while someone watches."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(frames, "frames", total=count, console=console, transient=True, disable=not console.is_terminal)


@app.command
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


@app.command
def inspect(file: Path, /, *, source: Input = Input()) -> int:
    """Show what a recording holds: skeleton, frames, rate, unit, up axis, height, and which joint is which.

    Parameters
    ----------
    file
        A recording.
    source
        What the file cannot say itself.
    """
    from rich.console import Console
    from rich.table import Table

    from motion2language.body import describe
    from motion2language.reading import read_with_axes

    motion, axes = read_with_axes(
        file, fps=source.fps, layout=source.layout, asf=source.asf, unit=source.unit, up=source.up
    )
    table = Table("", str(file), box=None, show_edge=False, pad_edge=False)
    for label, value in describe(motion, axes, source.overrides()):
        table.add_row(label, f"{value:.4g}" if isinstance(value, float) else str(value))
    Console(highlight=False).print(table)
    return 0


@app.command
def train(
    config: Path,
    /,
    *,
    dataset: str,
    out: Path,
    root: Path | None = None,
    resume: bool = False,
    start: str | None = None,
    device: str = "auto",
    set: Annotated[list[str] | None, Parameter(negative="")] = None,
) -> int:
    """Train a model as a TOML file of configs/ says; Ctrl-C keeps what was reached.

    Parameters
    ----------
    config
        TOML file with tables [model] and [train].
    dataset
        A corpus: compose, synthetic.
    out
        Run folder: best/ and last/ are model folders, log.csv holds the scores of each epoch.
    root
        Where the corpus lies on disk.
    resume
        Go on with the run in --out.
    start
        A model to go on from, on this data: its weights, vocabulary and statistics.
    device
        auto, cpu or cuda.
    set
        Override a key of the file: --set model.encoder=gru.
    """
    from motion2language import datasets
    from motion2language.captioner import load_model
    from motion2language.run_config import load_config
    from motion2language.train import train as run

    settings = load_config(config, set or ())
    training, validation = (
        [
            sample
            for name in (dataset, *settings.also)
            for sample in datasets.load(name, _root(name, dataset, root), split)
        ]
        for split in ("train", "val")
    )
    print(f"{len(training)} recordings to train on, {len(validation)} to validate", flush=True)
    begin = None if start is None else load_model(start)
    run(settings, training, validation, out, resume=resume, device=_device(device), start=begin)
    print(f"best model: {out / 'best'}")
    return 0


@app.command
def evaluate(
    model: str,
    /,
    *,
    dataset: str,
    split: str = "test",
    root: Path | None = None,
    out: Path | None = None,
    beam: int = 4,
    device: str = "auto",
    refine: bool = True,
    live: bool = False,
) -> int:
    """Score a model on a split, motion-blind floors beside it.

    Parameters
    ----------
    model
        A shipped model (default, synthetic) or a model folder.
    dataset
        A corpus: compose, synthetic.
    split
        train, val or test.
    root
        Where the corpus lies on disk.
    out
        Folder for scores.json and transcripts.jsonl.
    beam
        Sentences kept while searching.
    device
        auto, cpu or cuda.
    refine
        Bound segments by changes of movement; --no-refine takes the paper's rule.
    live
        Hear each recording frame by frame, as m2l live does, and say how late each verb came.
    """
    from motion2language import datasets
    from motion2language import evaluate as scoring

    captioner = _load(model, device, None)
    samples = datasets.load(dataset, root, split)
    scores, transcripts = scoring.evaluate(captioner, samples, beam=beam, refine=refine, live=live)
    if out is not None:
        scoring.write(out, scores, transcripts)
    print(scoring.tables(scores))
    return 0


@app.command
def live(
    *,
    model: str = "live",
    udp: int | None = None,
    host: str = "127.0.0.1",
    json: bool = False,
    beam: int = 4,
    source: Input = Input(),
) -> int:
    """Describe a motion while it happens: frames from standard input or UDP, words as they become certain.

    Parameters
    ----------
    model
        A model that needs nothing of the future, as live is.
    udp
        Listen on this port instead of standard input.
    host
        Address to listen on; 0.0.0.0 hears other machines.
    json
        Print a JSON line for each word, sentence and note.
    beam
        Sentences kept in doubt.
    source
        What the stream cannot say itself: unit, up axis, joint map.
    """
    from motion2language.live import stream
    from motion2language.live.protocol import parse

    captioner = _load(model, "cpu", None)
    render = stream.as_json if json else stream.as_text

    def ready(port: int) -> None:
        print(f"m2l: listening on {host}:{port}", file=sys.stderr, flush=True)

    lines = sys.stdin if udp is None else stream.datagrams(udp, host, ready=ready)
    overrides = source.overrides()
    for event in stream.describe(
        parse(lines), captioner, unit=source.unit, up=source.up, joint_map=overrides, beam=beam
    ):
        print(render(event), end="", flush=True)
    return 0


@app.command
def send(file: Path, /, *, to: str | None = None, speed: float = 1.0, source: Input = Input()) -> int:
    """Play a recording as a stream that `m2l live` reads, at the pace it happened.

    Parameters
    ----------
    file
        A recording.
    to
        HOST:PORT to send to by UDP, instead of standard output.
    speed
        How many times as fast; 0 is all at once.
    source
        What the file cannot say itself.
    """
    from motion2language.live import stream

    if not 0 <= speed < float("inf"):
        raise ValueError(f"--speed {speed}: give a number from 0")
    emit = stream.udp_sender(to) if to else lambda line: print(line, flush=True)
    stream.send(source.read(file), emit, speed=speed)
    return 0


@app.command
def bench(
    what: Literal["train", "decode", "load"],
    /,
    *,
    dataset: str,
    root: Path | None = None,
    config: Path | None = None,
    model: str | None = None,
    batch_size: int = 32,
    batches: int = 100,
    beam: int = 4,
    threads: int = 1,
    device: str = "auto",
    json: bool = False,
    set: Annotated[list[str] | None, Parameter(negative="")] = None,
) -> int:
    """Measure the speed and memory of training, decoding or loading on a corpus, and where the time goes.

    Parameters
    ----------
    what
        train (updates on the training split), decode (the test split) or load (from disk to batches).
    dataset
        A corpus: compose, synthetic.
    root
        Where the corpus lies on disk.
    config
        TOML file of configs/; without it the paper's MLP with recurrent local attention.
    model
        decode: a shipped model or model folder; without it fresh weights, whose sentences run to the limit.
    batch_size
        Captions (train, load) or recordings (decode) taken together.
    batches
        train: batches measured.
    beam
        decode: sentences kept while searching; 1 is greedy.
    threads
        CPU threads torch may use.
    device
        auto, cpu or cuda.
    json
        Print the figures once more as one last line of JSON.
    set
        Override a key of the configuration: --set model.encoder=gru.
    """
    for name, number in (("batch-size", batch_size), ("batches", batches), ("beam", beam), ("threads", threads)):
        if number < 1:
            raise ValueError(f"--{name} {number}: give 1 or more")
    import torch

    torch.set_num_threads(threads)
    from motion2language import bench as measuring
    from motion2language.run_config import load_config

    run = load_config(config, [*(set or ()), f"train.batch_size={batch_size}"])
    report = measuring.bench(what, dataset, root, run, model, batches, beam, _device(device))
    print(report)
    if json:
        print(report.to_json())
    return 0


@app.command(name="import-checkpoint")
def import_checkpoint(
    file: Path, /, *, vocabulary: Path, config: Path, out: Path, normalizer: Path | None = None
) -> int:
    """Turn weights published by the paper's authors into a model folder.

    Parameters
    ----------
    file
        What their code saved: model state and optimiser state.
    vocabulary
        Text file, one word a line in the order of their ids, from <pad>.
    config
        TOML file whose [model] table describes the network.
    out
        The model folder to write.
    normalizer
        An .npz with `mean` and `std` of each feature; without it features are taken as they are.
    """
    from motion2language.import_checkpoint import import_checkpoint as run

    dropped = run(file, vocabulary, config, out, normalizer)
    print(f"wrote {out}; dropped {len(dropped)} unused parameters: {', '.join(dropped) or 'none'}")
    return 0


def main() -> None:
    """Run the command line and exit with its status."""
    warnings.showwarning = lambda message, *_: print(f"m2l: note: {message}", file=sys.stderr)
    try:
        sys.exit(app(sys.argv[1:]))
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (ValueError, OSError) as error:
        _complain(error)
        sys.exit(1)
    except KeyboardInterrupt:
        print("m2l: stopped; what was finished is on disk", file=sys.stderr)
        sys.exit(130)


def _complain(error: Exception) -> None:
    print("m2l: " + " ".join(str(error).split()), file=sys.stderr)


def _load(model: str, device: str, action_words: Path | None) -> Captioner:
    from motion2language.actions import ActionLexicon
    from motion2language.captioner import load_model

    lexicon = None if action_words is None else ActionLexicon.from_file(action_words)
    import torch

    torch.set_num_threads(1)  # the networks are small; a second thread costs more than it gives
    captioner = load_model(model, _device(device))
    return captioner if lexicon is None else replace(captioner, lexicon=lexicon)


def _device(name: str) -> str:
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"--device {name}: expected auto, cpu or cuda")
    if name == "cpu":
        return name
    import torch

    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise ValueError("--device cuda: this torch finds no CUDA device; take --device cpu")
    return "cuda" if found else "cpu"


def _root(name: str, main_corpus: str, root: Path | None) -> Path | None:
    return root if name == main_corpus else None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{folder}: cannot be made ({error.strerror}); choose another --out") from None


def _unused(folder: Path, stem: str, suffix: str, used: set[Path]) -> Path:
    """The file's path, numbered when another recording of this call already took it."""
    number, candidate = 2, folder / f"{stem}{suffix}"
    while candidate in used:
        candidate, number = folder / f"{stem}_{number}{suffix}", number + 1
    used.add(candidate)
    return candidate
