"""Pictures and films of a described recording, by the suffix of the file.

| suffix | |
| --- | --- |
| .png .svg .pdf | the recording in one picture (poses.py), or where the model looked for each word (attention.py) |
| .gif .mp4 | the moving skeleton with its words lighting up (film.py); .mp4 can also carry a subtitle track |

Figures need matplotlib (extra `plot`), which brings Pillow for GIF; MP4 needs the ffmpeg inside imageio-ffmpeg (extra
`video`). Films are made in a temporary folder and moved into place when complete.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from motion2language.files import write_atomically
from motion2language.motion import Motion
from motion2language.transcript import Transcript
from motion2language.viewer import attention, curves, drawing, film, poses
from motion2language.writers import srt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES, FILMS = (".png", ".svg", ".pdf"), (".gif", ".mp4")
DPI = 150  # of .png; chosen for print at the width of a column
RATES = {".gif": 12.5, ".mp4": 25.0}  # frames per second; a frame lasts whole hundredths of a second, the unit of GIF
WIDTHS = {".gif": 640, ".mp4": 960}  # pixels; chosen
LONGEST_GIF = 60.0  # seconds; chosen, longer ones are far larger than an MP4
QUALITY = 20  # x264's constant rate factor, chosen: lines stay sharp

#: Passes on a film's frames, given their number, and reports progress.
Progress = Callable[[Iterable[np.ndarray], int], Iterable[np.ndarray]]


def require(path: Path, motion: Motion | None = None) -> None:
    """ValueError, before any work, if `path` cannot be drawn: wrong suffix or folder, missing extras, long GIF."""
    suffix = path.suffix
    if suffix not in PICTURES + FILMS:
        found = f"suffix {suffix!r}" if suffix else "no suffix"
        raise ValueError(f"{path}: {found}; m2l render draws {', '.join(PICTURES + FILMS)}")
    if path.is_dir() or not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise ValueError(f"{path}: cannot be written; name a file in a folder that exists and is yours")
    if suffix == ".mp4":
        _ffmpeg()
    drawing.new_figure(1, 1)
    if suffix == ".gif" and motion is not None and motion.duration > LONGEST_GIF:
        raise ValueError(
            f"{path}: the recording lasts {motion.duration:.0f} s; a GIF holds {LONGEST_GIF:.0f} s, "
            "give an .mp4 or cut the take"
        )


def draw_poses(body: Motion, transcript: Transcript, path: Path) -> None:
    """Write the picture of a motion of the canonical body."""
    with drawing.style():
        _save(poses.figure(body, transcript), path)


def draw_attention(transcript: Transcript, weights: np.ndarray, path: Path) -> None:
    """Write the picture of the attention weights (L, T) of the transcript's words."""
    with drawing.style():
        _save(attention.figure(transcript, weights), path)


def draw_curves(
    thresholds: Sequence[float], runs: Mapping[str, curves.Curves], baselines: Mapping[str, curves.Curves], path: Path
) -> None:
    """Write the picture of threshold curves."""
    if path.suffix not in PICTURES:
        raise ValueError(f"{path}: curves are drawn as a picture; expected {', '.join(PICTURES)}")
    require(path)
    with drawing.style():
        _save(curves.figure(thresholds, runs, baselines), path)


def draw_timelines(transcripts: Mapping[str, Transcript], path: Path, truth: Transcript | None = None) -> None:
    """Write the picture of several transcripts of one recording as time lines."""
    if path.suffix not in PICTURES:
        raise ValueError(f"{path}: time lines are drawn as a picture; expected {', '.join(PICTURES)}")
    require(path)
    from motion2language.viewer import timelines

    with drawing.style():
        _save(timelines.figure(transcripts, truth), path)


def make_film(
    body: Motion,
    transcript: Transcript,
    path: Path,
    *,
    rate: float | None = None,
    width: int | None = None,
    subtitles: bool = False,
    dark: bool = False,
    progress: Progress = lambda frames, _: frames,
) -> None:
    """Write the film of a motion of the canonical body.

    rate       frames per second; 25, or 12.5 for GIF
    width      pixels, a multiple of 32 so that 16:9 gives whole and even numbers; 960, or 640 for GIF
    subtitles  add the segments to an MP4 as a track that players can switch on
    dark       draw on a dark background
    """
    require(path, body)
    rate, width = rate or RATES[path.suffix], width or WIDTHS[path.suffix]
    if not 1 <= rate <= 120:
        raise ValueError(f"{rate:g} frames per second; give 1 to 120")
    if width % 32 or not 320 <= width <= 3840:
        raise ValueError(f"{width} pixels wide; give a multiple of 32 from 320 to 3840, such as 960 or 1920")
    if subtitles and path.suffix != ".mp4":
        raise ValueError(f"{path}: only .mp4 carries subtitles")
    with drawing.style():
        moving = film.Film(body, transcript, rate=rate, width=width, dark=dark)
        frames = iter(progress((moving[number] for number in range(len(moving))), len(moving)))
        if path.suffix == ".gif":
            palette = _palette([moving[number] for number in np.linspace(0, len(moving) - 1, 12).astype(int)])
            write_atomically(path, lambda file: _gif(frames, len(moving), rate, palette, file))
        else:
            _mp4(frames, rate, srt.text(transcript) if subtitles else "", path)


def _save(figure: Figure, path: Path) -> None:
    plain: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}  # reproducible bytes
    write_atomically(
        path,
        lambda file: figure.savefig(file, format=path.suffix[1:], dpi=DPI, metadata=plain.get(path.suffix)),
    )


def _palette(frames: Sequence[np.ndarray]) -> Any:
    """One palette of 256 colours for all frames, so that nothing flickers."""
    from PIL import Image

    reduced = Image.fromarray(np.concatenate(frames)).quantize(256, method=Image.Quantize.MEDIANCUT)
    colours = np.array(reduced.getpalette(), dtype=np.uint8).reshape(-1, 3)
    colours[colours.min(axis=1) >= 248] = 255  # the background is white, and Pillow compares colours in steps of 8
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours.tobytes())
    return palette


def _gif(frames: Iterator[np.ndarray], count: int, rate: float, palette: Any, file: IO[bytes]) -> None:
    from PIL import Image

    reduced = (Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    # milliseconds, whole hundredths of a second as GIF demands
    starts = [round(100 * number / rate) * 10 for number in range(count + 1)]
    lengths = [after - before for before, after in pairwise(starts)]
    next(reduced).save(file, "GIF", save_all=True, append_images=reduced, duration=lengths, loop=0)


def _ffmpeg() -> str:
    try:
        import imageio_ffmpeg
    except ImportError:
        raise ValueError(
            "MP4 films need imageio-ffmpeg, which is not installed; pip install 'motion2language[video]', "
            "or give a name that ends in .gif"
        ) from None
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _mp4(frames: Iterator[np.ndarray], rate: float, subtitles: str, path: Path) -> None:
    """H.264 through ffmpeg, with the subtitles (SubRip), if any, as a soft track."""
    first = next(frames)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "words.srt").write_text(subtitles, encoding="utf-8")
        command = [_ffmpeg(), "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
        command += ["-s", f"{first.shape[1]}x{first.shape[0]}", "-r", f"{rate:.6g}", "-i", "-"]
        if subtitles:
            command += ["-i", "words.srt", "-c:s", "mov_text", "-metadata:s:s:0", "language=eng"]
        command += [
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            str(QUALITY),
            "-pix_fmt",
            "yuv420p",
            "-movflags",
            "+faststart",
        ]
        command += ["-fflags", "+bitexact", "film.mp4"]
        _run(command, folder, chain([first], frames))
        with (Path(folder) / "film.mp4").open("rb") as finished:
            write_atomically(path, lambda file: shutil.copyfileobj(finished, file))


def _run(command: Sequence[str], folder: str, frames: Iterable[np.ndarray]) -> None:
    """Feed the frames to ffmpeg; ValueError with its last line of output when it fails."""
    with (
        (Path(folder) / "errors.txt").open("w+b") as errors,
        subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=errors, stderr=errors) as process,
    ):
        assert process.stdin is not None
        try:
            for frame in frames:
                process.stdin.write(frame.tobytes())
            process.stdin.close()
        except BrokenPipeError:
            pass  # its exit status and output are reported below
        except BaseException:
            process.kill()
            raise
        if process.wait() != 0:
            errors.seek(0)
            reason = errors.read().decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
            raise ValueError(f"ffmpeg could not make the film: {reason[0][:200]}")
