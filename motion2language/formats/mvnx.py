"""MVNX, the XML of Xsens MVN, versions 2 to 4: the places of the segments' origins, which are the body's joints.

A segment begins at the joint that moves it: LeftForeArm at the left elbow. The tree follows from the file's joints,
which connect segments. Metres, Z up. Read as a stream, so that a long file takes no more memory than its positions.
Calibration poses are left out. Not read: orientations, sensors, joint angles, foot contacts, fingers.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

import numpy as np

from motion2language.formats.limits import MOST_NESTING, MOST_VALUES, clean_name, require_joints, require_near
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.motion import Motion, Skeleton

_WANTED = ("position", "connector1", "connector2")
_CALIBRATION = ("identity", "tpose", "tpose-isb", "npose")


@dataclass
class _Subject:
    """What the file says of one person."""

    name: str
    rate: str
    segments: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    values: array = field(default_factory=lambda: array("f"))
    frames: int = 0


def read(path: Path, options: ReadOptions) -> Recording:
    """The recording of an MVNX file with one subject, or of the one that `options.subject` names."""
    stream = _Stream()
    try:
        with path.open("rb") as file:
            stream.parser.ParseFile(file)
    except (expat.ExpatError, LookupError) as error:  # LookupError: an unknown encoding
        raise ValueError(f"not a whole XML file ({error})") from None
    subject = _choose(stream.subjects, options.subject)
    if not subject.frames:
        raise ValueError("contains no frames with positions; export it from MVN with the positions of segments")
    positions = np.frombuffer(subject.values, np.float32).reshape(subject.frames, -1, 3)
    order, skeleton = _skeleton(subject)
    positions = positions[:, order]
    require_near("a segment's coordinate", positions)
    return Recording(Motion(positions, options.fps or _rate(subject.rate), skeleton, path.name), "m", "z")


class _Stream:
    """Takes what is wanted out of the XML as it passes."""

    def __init__(self) -> None:
        self.subjects: list[_Subject] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._add
        self.parser.EntityDeclHandler = _refuse
        self.depth = 0
        self.in_frame = False
        self.text: list[str] | None = None  # of the wanted element that is open
        self.connector = ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 0 and name != "mvnx":
            raise ValueError(f"an XML file of {clean_name(name)[:40]!r}, expected mvnx of Xsens MVN")
        self.depth += 1
        if self.depth > MOST_NESTING:
            raise ValueError(f"elements are nested more than {MOST_NESTING} deep; is the file damaged?")
        if name == "subject":
            self.subjects.append(_Subject(clean_name(attributes.get("label", "")), attributes.get("frameRate", "")))
        elif name == "segment" and self.subjects:
            self.subjects[-1].segments.append(clean_name(attributes.get("label", "")) or "segment")
            require_joints(len(self.subjects[-1].segments))
        elif name == "frame":
            self.in_frame = attributes.get("type", "normal") not in _CALIBRATION
        elif name in _WANTED and self.subjects and (self.in_frame or name != "position"):
            self.text = []

    def _end(self, name: str) -> None:
        self.depth -= 1
        if self.text is None or name not in _WANTED:
            return
        text, self.text = "".join(self.text), None
        subject = self.subjects[-1]
        if name == "connector1":
            self.connector = text
        elif name == "connector2":
            above, below = (clean_name(part.partition("/")[0]) for part in (self.connector, text))
            subject.links.append((above, below))
        else:
            self._add_frame(subject, text)

    def _add(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def _add_frame(self, subject: _Subject, text: str) -> None:
        cells, expected = text.split(), 3 * len(subject.segments)
        where = f"line {self.parser.CurrentLineNumber}: the position of frame {subject.frames}"
        if len(cells) != expected or not expected:
            raise ValueError(f"{where} has {len(cells)} numbers, expected {expected} for {expected // 3} segments")
        try:
            subject.values.extend(map(float, cells))
        except (ValueError, OverflowError):
            raise ValueError(f"{where} contains something that is not a number") from None
        subject.frames += 1
        if len(subject.values) > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES:,} coordinates; cut the recording")


def _refuse(*_: object) -> NoReturn:
    raise ValueError("declares XML entities, which are refused; expected a recording of Xsens MVN")


def _choose(subjects: list[_Subject], name: str | None) -> _Subject:
    names = ", ".join(subject.name for subject in subjects[:20])
    if name is not None:
        subjects = [subject for subject in subjects if subject.name.lower() == name.lower()]
        if not subjects:
            raise ValueError(f"no subject {name!r}; the file has {names or 'none'}")
    if len(subjects) != 1:
        raise ValueError(f"contains {len(subjects)} subjects, expected one; choose with --subject: {names}")
    return subjects[0]


def _skeleton(subject: _Subject) -> tuple[list[int], Skeleton]:
    """The columns of the segments, parents first, and the skeleton; ValueError when they form no tree."""
    place = {name: column for column, name in enumerate(subject.segments)}
    if len(place) < len(subject.segments):
        raise ValueError("a segment is there twice; is the file damaged?")
    children: dict[str, list[str]] = {name: [] for name in place}
    below = set()
    for above, name in subject.links:
        if above in place and name in place and name not in below:
            children[above].append(name)
            below.add(name)
    roots = [name for name in place if name not in below]
    order, parents, waiting = list[str](), list[int](), [(name, -1) for name in roots[:1]]
    while waiting:
        name, parent = waiting.pop()
        waiting += [(child, len(order)) for child in reversed(children[name])]
        order.append(name)
        parents.append(parent)
    if len(order) < len(place):
        lost = next(name for name in place if name not in set(order))
        raise ValueError(f"no joint connects segment {lost!r} with {order[0] if order else 'another'!r}")
    return [place[name] for name in order], Skeleton("mvnx", tuple(order), tuple(parents))


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise ValueError(
            f"its frameRate is {clean_name(text)[:20]!r}, expected a number; set the frame rate with --fps"
        )
    return rate
