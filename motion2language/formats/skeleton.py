"""NTU RGB+D's .skeleton files: text of a Kinect v2, 25 joints for each body in each frame, 30 frames per second.

A number of frames; for each frame a number of bodies; for each body a line that begins with its identifier, a number of
joints, and a line for each joint that begins with x, y, z in metres and ends with its tracking state. Source: the
dataset's read_skeleton_file.m (Shahroudy and others 2016).
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from motion2language.formats.contents import encoding_of
from motion2language.formats.limits import MOST_TEXT, clean_name, require_recording
from motion2language.formats.pose_layouts import POSE_LAYOUTS
from motion2language.formats.poses import recording_of
from motion2language.formats.reading import ReadOptions, Recording

_FPS = 30.0  # of Kinect v2
_JOINTS = 25
_EXPECTED = "not an NTU .skeleton file: expected a number of frames, then bodies with 25 joints each"


class DamageError(ValueError):
    """A line of a joint that cannot be read, in a file that is one of NTU's."""


def read(path: Path, options: ReadOptions) -> Recording:
    """The body that is seen in most frames and moves most, or the one with the identifier --subject."""
    if path.stat().st_size > MOST_TEXT:
        raise ValueError(f"more than {MOST_TEXT / 2**20:.0f} MiB; cut the recording")
    lines = path.read_text(encoding=encoding_of(path), errors="replace").split("\n")
    try:
        bodies, frames = _bodies(lines)
    except DamageError:
        raise
    except (ValueError, IndexError):
        raise ValueError(_EXPECTED) from None
    if not bodies:
        raise ValueError("the file contains no bodies")
    names = ", ".join(bodies)
    if options.subject is not None and options.subject not in bodies:
        raise ValueError(f"no subject {options.subject!r}; the file has {names}")
    chosen = options.subject or max(bodies, key=lambda name: (len(bodies[name]), _spread(bodies[name])))
    if len(bodies) > 1 and options.subject is None:
        warnings.warn(f"describes the body {chosen} of {names} (choose with --subject)", stacklevel=2)
    require_recording(frames, _JOINTS, path.stat().st_size)
    points = np.full((frames, _JOINTS, 3), np.nan)
    for frame, joints in bodies[chosen].items():
        points[frame] = joints
    return recording_of(points, None, POSE_LAYOUTS["kinect2"], options.fps or _FPS, path.name, options)


def _bodies(lines: list[str]) -> tuple[dict[str, dict[int, np.ndarray]], int]:
    """Identifier -> frame -> joints (25, 3), and the number of frames; ValueError or IndexError for other files."""
    declared, at = int(lines[0]), 1
    bodies: dict[str, dict[int, np.ndarray]] = {}
    frame = 0
    while frame < declared and at < len(lines) and lines[at].strip():
        count, at = int(lines[at]), at + 1
        for _ in range(count):
            name, joints = lines[at].split()[0], int(lines[at + 1])
            if joints != _JOINTS:
                raise ValueError(_EXPECTED)
            rows = [_place(lines, number) for number in range(at + 2, at + 2 + joints)]
            bodies.setdefault(name, {})[frame] = np.array(rows)
            at += 2 + joints
        frame += 1
    if frame < declared:
        warnings.warn(f"declares {declared} frames, there are {frame}; all of them are read", stacklevel=2)
    return bodies, frame


def _place(lines: list[str], number: int) -> list[float]:
    """x, y and z of a joint, from the line with this number; DamageError names what is there instead."""
    words = lines[number].split() if number < len(lines) else []
    if len(words) < 3:
        end = number + 1 >= len(lines)
        raise DamageError(
            f"line {number + 1} has {len(words)} numbers, expected the x, y and z of a joint{'; is it cut off?' * end}"
        )
    place = []
    for column, word in enumerate(words[:3], 1):
        try:
            place.append(float(word))
        except ValueError:
            raise DamageError(
                f"line {number + 1}, number {column}: {clean_name(word)[:40]!r}, expected a number"
            ) from None
    return place


def _spread(frames: dict[int, np.ndarray]) -> float:
    """How far joints spread over time: of things taken for bodies, a person moves most."""
    return float(np.stack(list(frames.values())).std(axis=0).sum())
