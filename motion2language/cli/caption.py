"""m2l caption and m2l demo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from motion2language.cli.options import Input, complain, load, make_folder, require_beam, require_movement

if TYPE_CHECKING:
    from motion2language.captioner import Captioner
    from motion2language.motion import Motion
    from motion2language.transcript import Transcript

SAMPLES = Path(__file__).parent.parent / "samples"
GROUP = 64  # files read, described together and printed before the next are read; chosen


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
    captioner = load(model, device, action_words)
    failures = 0
    taken: set[Path] = set()
    for path, found in described(files, source, captioner, beam, refine):
        if found is None:
            failures += 1
            continue
        motion, transcript = found[0], found[1].surer_than(least)
        heading = f"\n{path}\n" if len(files) > 1 else ""
        print(heading + (writers.render(transcript, "txt") or "(nothing to describe)\n"), end="", flush=True)
        for name in formats:
            try:
                suffix = ".html" if name == "html" else writers.suffix(name)
                target = unused(out or path.parent, path.stem, suffix, taken)
                if name == "html":
                    write_player([(motion, transcript)], (), target, captioner, source, beam)
                else:
                    writers.write(transcript, target)
            except (ValueError, OSError) as error:
                failures += 1
                complain(error)
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


def described(
    files: Sequence[Path], source: Input, captioner: Captioner, beam: int | None, refine: bool
) -> Iterator[tuple[Path, tuple[Motion, Transcript] | None]]:
    """Each file's motion and transcript, in groups; None, after a complaint, where it cannot be described."""
    overrides = source.overrides()
    for first in range(0, len(files), GROUP):
        read = []
        for path in files[first : first + GROUP]:
            try:
                motion = source.read(path)
                require_movement(motion)
                captioner.prepare(motion, overrides)
                read.append((path, motion))
            except (ValueError, OSError) as error:
                complain(error)
                yield path, None
        motions = [motion for _, motion in read]
        transcripts = captioner.transcribe_all(motions, beam=beam, joint_map=overrides, refine=refine)
        for (path, motion), transcript in zip(read, transcripts, strict=True):
            yield path, (motion, transcript)


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
    from motion2language.attention_map import attention_map

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
