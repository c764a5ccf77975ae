"""read_motion: any motion file to a Motion in metres, Y up, right-handed; and what a user may set for a file.

A format's module reads the file as it is (`read`); this file converts its unit and axes (`read_with_axes`).
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.body import Axes, detect_axes
from motion2language.formats import FORMATS, GAP, suffix_of
from motion2language.formats.contents import REFUSED, explain
from motion2language.formats.limits import FARTHEST_UNITS, LONGEST_NAME, clean_message, clean_name, require_near
from motion2language.motion import Motion, require_rate

LARGEST = 2**30  # bytes; chosen: an hour of 120 Hz BVH is about 300 MB
_ADVICE = "; set it with --fps"
FARTHEST = 1e5  # metres from the origin; chosen: there single precision steps by a centimetre


@dataclass(frozen=True)
class ReadOptions:
    """What a user may set for a file, mostly because the file does not specify it: the keywords of read_motion."""

    fps: float | None = None
    layout: str | None = None
    asf: Path | None = None
    unit: str | None = None
    up: str | None = None
    joint_map: Mapping[str, str] | None = None
    body_models: Path | None = None
    subject: str | None = None
    take: str | None = None
    gap: float = GAP
    markers: Mapping[str, str] | None = None
    mirror: bool = False


@dataclass(frozen=True, eq=False)
class Recording:
    """A file's motion in the file's own unit and axes, as a reader returns it.

    unit, up  what the format declares ("m", "cm", "mm", "cmu"; "y", "z"), None where it does not
    """

    motion: Motion
    unit: str | None
    up: str | None


@dataclass(frozen=True, eq=False)
class Takes:
    """The takes in a file that may hold several, as the function `takes` of a reader returns them.

    names  in the file's order, each once
    read   a take's place in `names` -> its recording
    """

    names: tuple[str, ...]
    read: Callable[[int], Recording]

    def one(self, name: str | None) -> Recording:
        """The take called `name`, in any case, or the only one; ValueError lists the takes."""
        listed = f"{', '.join(self.names[:40])}{' …' * (len(self.names) > 40)}"
        if name is None:
            if len(self.names) != 1:
                raise ValueError(f"contains {len(self.names)} takes; choose one with --take: {listed}")
            return self.read(0)
        lower = [known.lower() for known in self.names]
        if name not in self.names and name.lower() not in lower:
            raise ValueError(f"no take {name!r}; expected one of {listed}")
        return self.read(self.names.index(name) if name in self.names else lower.index(name.lower()))


def read_motion(  # noqa: PLR0913 - a parameter is what a user may set for a file
    path: str | Path,
    *,
    fps: float | None = None,
    layout: str | None = None,
    asf: str | Path | None = None,
    unit: str | None = None,
    up: str | None = None,
    joint_map: Mapping[str, str] | None = None,
    body_models: str | Path | None = None,
    subject: str | None = None,
    take: str | None = None,
    gap: float = GAP,
    markers: Mapping[str, str] | None = None,
    mirror: bool = False,
) -> Motion:
    """The recording in a file of one of formats.FORMATS (.bvh, .fbx, .glb, .c3d and others), in metres, Y up.

    fps        frame rate, for files that do not specify it (.npy, .amc); for others it overrides; .fbx and glTF
               files, whose keys have times, are sampled at it
    layout     "humanml3d" or "kit", for .npy
    asf        the skeleton of an .amc file, if it is not beside it
    unit       m, cm, mm, inch, ft, cmu or the metres in one unit, such as "0.0254", instead of the file's unit or the
               one detected from the body's size
    up         x, y or z (or -x, -y, -z), instead of the file's up axis or the one detected from the stance
    joint_map  canonical joint -> joint of the file, for skeletons with unknown names
    body_models  folder of SMPL body models, for .npz of AMASS
    subject    name of the subject, for files of several people (.c3d, .trc, .fbx, glTF)
    take       name of the take, for files of several takes (.fbx, glTF)
    gap        seconds, the longest time for which an unseen joint is crossed; for longer it is absent (`Motion.seen`)
    markers    part of the body -> labels, for marker sets that are not known (.c3d, .trc; formats/marker_labels.py)
    mirror     exchange left and right in space, for files in left-handed coordinates

    FileNotFoundError or ValueError states what was found, what was expected and what to do.

    >>> motion = read_motion("motion2language/samples/2_walk_bow.bvh")
    >>> motion.frames, motion.fps, len(motion.skeleton.joints)
    (285, 30.0, 26)
    """
    skeleton, models = (None if given is None else Path(given) for given in (asf, body_models))
    options = ReadOptions(
        fps, layout, skeleton, unit, up, joint_map, models, subject, take, gap=gap, markers=markers, mirror=mirror
    )
    return read_with_axes(path, options)[0]


def read_with_axes(path: str | Path, options: ReadOptions = ReadOptions()) -> tuple[Motion, Axes]:
    """As read_motion, with the unit and the up axis that were set or detected."""
    if options.fps is not None:
        require_rate(str(path), options.fps, _ADVICE)
    return _converted(path, read(path, options), options)


def _converted(path: str | Path, recording: Recording, options: ReadOptions) -> tuple[Motion, Axes]:
    """A recording in metres, Y up, with its axes; the ValueErrors name the file."""
    require_rate(str(path), recording.motion.fps, _ADVICE)
    motion = replace(recording.motion, name=recording.motion.name or Path(path).name)
    unit, up = options.unit or recording.unit, options.up or recording.up
    try:
        with _named_notes(Path(path)):
            axes = detect_axes(motion.positions, motion.skeleton, unit, up, options.joint_map)
    except ValueError as error:
        raise ValueError(f"{path}: {clean_message(str(error))}") from None
    positions = axes.apply(motion.positions)
    if options.mirror:
        positions *= np.array([-1, 1, 1], np.float32)
    distances = np.maximum(positions.max(axis=(1, 2)), -positions.min(axis=(1, 2)))
    if distances.max() > FARTHEST:
        raise ValueError(
            f"{path}: frame {int(distances.argmax())} is {distances.max():.3g} m from the origin, expected at most "
            f"{FARTHEST:.0e} m; is the file damaged or its unit wrong (--unit)?"
        )
    return replace(motion, positions=positions), axes


def read(path: str | Path, options: ReadOptions = ReadOptions()) -> Recording:
    """The recording in a motion file as it is; FileNotFoundError or ValueError names the file and the problem."""
    path = Path(path)
    reader = _reader(path)
    recording: Recording = _call(path, lambda: _near(reader.read(path, options)))
    return recording


def list_takes(path: str | Path, options: ReadOptions = ReadOptions()) -> tuple[str, ...]:
    """The names of a file's takes; empty for a format with one recording in each file. Errors as of `read`."""
    path = Path(path)
    reader = _reader(path)
    return _call(path, lambda: reader.takes(path, options)).names if hasattr(reader, "takes") else ()


def read_takes(
    path: str | Path, names: Sequence[str], options: ReadOptions = ReadOptions()
) -> Iterator[tuple[Motion, Axes] | ValueError]:
    """Several takes of a file, which is opened once: as read_with_axes, or what is wrong with it, for each name."""
    path = Path(path)
    if options.fps is not None:
        require_rate(str(path), options.fps, _ADVICE)
    takes: Takes = _call(path, lambda: _reader(path).takes(path, options))
    for name in names:
        try:
            yield _converted(path, _call(path, partial(_one_take, takes, name)), options)
        except ValueError as error:
            yield ValueError(f"{path}, take {name}: {str(error).removeprefix(f'{path}: ')}")


def _reader(path: Path) -> Any:
    """The module of a file's format; errors for what is not a motion file."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if not path.is_file():
        found = "a folder" if path.is_dir() else "not a regular file"
        raise ValueError(f"{path}: {found}, expected a motion file ({', '.join(FORMATS)})")
    if suffix_of(path) in REFUSED:
        raise ValueError(f"{path}: {REFUSED[suffix_of(path)]}")
    module = FORMATS.get(suffix_of(path))
    if module is None:
        found = repr(path.suffix) if path.suffix else "(its name has no suffix)"
        problem = f"unsupported file type {found}; expected {', '.join(FORMATS)}"
        raise ValueError(f"{path}: {explain(path, problem)}")
    size = path.stat().st_size
    if size == 0:
        raise ValueError(f"{path}: the file is empty")
    if size > LARGEST:
        raise ValueError(
            f"{path}: {size / 2**30:.1f} GiB, expected at most {LARGEST / 2**30:.0f} GiB; cut the recording"
        )
    return importlib.import_module(f"motion2language.formats.{module}")


def _call(path: Path, read_part: Callable[[], Any]) -> Any:
    """What a reader returns; its errors name the file, in one line.

    A library that a reader calls may raise anything for damaged bytes. All of it is refused here, so that no list of
    exceptions can be too short; only a stop of the program passes.
    """
    try:
        with _named_notes(path), np.errstate(over="ignore", invalid="ignore"):  # Motion reports what is not finite
            return read_part()
    except PermissionError:
        raise ValueError(f"{path}: cannot be read; check its permissions") from None
    except MemoryError:
        raise ValueError(f"{path}: declares more data than fits in memory; is it damaged?") from None
    except RecursionError:
        raise ValueError(f"{path}: nested too deeply; is it damaged?") from None
    except FileNotFoundError:
        raise
    except ValueError as error:
        problem = clean_message(str(error).removeprefix(f"{path.name}: "))
        raise ValueError(f"{path}: {explain(path, problem)}") from None
    except Exception as error:
        reason = clean_message(f"{type(error).__name__}: {error}")[:LONGEST_NAME]
        raise ValueError(f"{path}: cannot be read ({reason}); is it damaged?") from None


@contextmanager
def _named_notes(path: Path) -> Iterator[None]:
    """A reader's notes begin with the file's name, since a command may read many files."""
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        yield
    for note in notes:
        text = str(note.message)
        unnamed = note.category is UserWarning and not text.startswith(path.name)
        text = f"{clean_name(path.name)}: {text}" if unnamed else text
        warnings.warn_explicit(text, note.category, note.filename, note.lineno)


def _one_take(takes: Takes, name: str) -> Recording:
    return _near(takes.one(name))


def _near(recording: Recording) -> Recording:
    """The recording itself; ValueError for a coordinate that no arithmetic should meet."""
    require_near("a joint's coordinate", recording.motion.positions, FARTHEST_UNITS)
    return recording


def in_metres(recording: Recording) -> Motion:
    """A reader's recording whose unit and up axis its format declares, in metres, Y up."""
    motion = recording.motion
    axes = detect_axes(motion.positions, motion.skeleton, recording.unit, recording.up)
    return replace(motion, positions=axes.apply(motion.positions))
