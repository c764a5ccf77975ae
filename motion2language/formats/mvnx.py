"""MVNX, the XML of Xsens MVN, versions 2 to 4: the places of the segments' origins, which are the body's joints.

A segment begins at the joint that moves it: LeftForeArm at the left elbow. The tree follows from the file's joints,
which connect segments. The end of a segment on which no other hangs (head, hands, toes) is its farthest point, which
its orientation places. Foot contacts, which version 4 has, are kept as they are; the MVN User Manual (MV0319P.N) lists
none in a frame of version 3. Metres, Z up. Read as a stream, so that a long file takes no more memory than its numbers.
Calibration poses are left out. Not read: sensors, joint angles, fingers.
"""

from __future__ import annotations

import math
import warnings
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

import numpy as np

from motion2language.formats.kinematics import quaternion_rotation
from motion2language.formats.limits import MOST_NESTING, MOST_VALUES, clean_name, require_joints, require_near
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.motion import CONTACTS, Motion, Skeleton

_FRAME = ("position", "orientation", "footContacts")
_POINT = ("pos_b", "pos_s")  # a point of a segment in the segment's axes: of versions 3 and 4, and of version 2
_WANTED = (*_FRAME, *_POINT, "connector1", "connector2")
_CALIBRATION = ("identity", "tpose", "tpose-isb", "npose")
_LONGEST = 1.0  # metres from a segment's origin to its end; chosen: a whole leg is shorter in most people
_MOST_LABELS = 100  # names of foot contacts that are kept; chosen: MVN has four


@dataclass
class _Subject:
    """What the file says of one person."""

    name: str
    rate: str
    segments: list[str] = field(default_factory=list)
    farthest: list[tuple[float, ...]] = field(default_factory=list)  # of each segment's points, in its axes
    links: list[tuple[str, str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)  # of the foot contacts
    values: array = field(default_factory=lambda: array("f"))  # a frame's positions
    ends: list[int] | None = None  # segments whose ends are placed; known from the first frame on
    turns: array = field(default_factory=lambda: array("f"))  # a frame's orientations of these: w, x, y, z
    touches: bytearray = field(default_factory=bytearray)  # a frame's foot contacts
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
    require_near("a segment's coordinate", positions)
    ends = _place_ends(subject, positions)
    positions = positions[:, order]
    if ends:
        names = (*skeleton.joints, *(f"{subject.segments[end]}_end" for end in ends))
        parents = (*skeleton.parents, *map(order.index, ends))
        skeleton = Skeleton(skeleton.name, names, parents)
        positions = np.concatenate([positions, np.stack(list(ends.values()), axis=1)], axis=1)
    motion = Motion(positions, options.fps or _rate(subject.rate), skeleton, path.name, contacts=_contacts(subject))
    return Recording(motion, "m", "z")


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
        self.frame: dict[str, str] = {}  # what is wanted of the frame that is open; a file may say the same twice
        self.text: list[str] | None = None  # of the wanted element that is open
        self.connector = ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = _local(name)
        if self.depth == 0 and name != "mvnx":
            raise ValueError(f"an XML file of {clean_name(name)[:40]!r}, expected mvnx of Xsens MVN")
        self.depth += 1
        if self.depth > MOST_NESTING:
            raise ValueError(f"elements are nested more than {MOST_NESTING} deep; is the file damaged?")
        subject, label = self.subjects[-1] if self.subjects else None, clean_name(attributes.get("label", ""))
        if name == "subject":
            self.subjects.append(_Subject(label, attributes.get("frameRate", "")))
        elif subject is None:
            return
        elif name == "segment":
            subject.segments.append(label or "segment")
            subject.farthest.append(())
            require_joints(len(subject.segments))
        elif name == "contactDefinition" and len(subject.labels) < _MOST_LABELS:
            subject.labels.append(label)
        elif name == "frame":
            self.in_frame, self.frame = attributes.get("type", "normal") not in _CALIBRATION, {}
        elif name in _WANTED and (self.in_frame or name not in _FRAME):
            self.text = []

    def _end(self, name: str) -> None:
        name = _local(name)
        self.depth -= 1
        if name == "frame" and self.in_frame:
            self.in_frame = False
            _add_frame(self.subjects[-1], self.frame, f"line {self.parser.CurrentLineNumber}")
        if self.text is None or name not in _WANTED:
            return
        text, self.text = "".join(self.text), None
        subject = self.subjects[-1]
        if name == "connector1":
            self.connector = text
        elif name == "connector2":
            above, below = (clean_name(part.partition("/")[0]) for part in (self.connector, text))
            subject.links.append((above, below))
        elif name in _POINT:
            _keep_farthest(subject, text)
        else:
            self.frame[name] = text

    def _add(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)


def _local(name: str) -> str:
    """An element's name without a prefix, which programs add that write a file again: ns0:frame."""
    return name.rpartition(":")[2]


def _refuse(*_: object) -> NoReturn:
    raise ValueError("declares XML entities, which are refused; expected a recording of Xsens MVN")


def _keep_farthest(subject: _Subject, text: str) -> None:
    """Remember a point of the last segment if it is farther from the segment's origin than those before."""
    try:
        point = tuple(map(float, text.split()))
    except ValueError:
        return
    if subject.farthest and len(point) == 3 and math.hypot(*subject.farthest[-1]) < math.hypot(*point) <= _LONGEST:
        subject.farthest[-1] = point


def _add_frame(subject: _Subject, frame: dict[str, str], where: str) -> None:
    """Add the positions of a frame, and what it says of orientations and contacts where that is whole."""
    if "position" not in frame:
        return
    cells, expected = frame["position"].split(), 3 * len(subject.segments)
    where = f"{where}: the position of frame {subject.frames}"
    if len(cells) != expected or not expected:
        raise ValueError(f"{where} has {len(cells)} numbers, expected {expected} for {expected // 3} segments")
    try:
        subject.values.extend(map(float, cells))
    except (ValueError, OverflowError):
        raise ValueError(f"{where} contains something that is not a number") from None
    subject.frames += 1
    if len(subject.values) > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES:,} coordinates; cut the recording")
    if subject.ends is None:
        above = {name for name, _ in subject.links}
        named = {f"{name}_end" for name in subject.segments} & set(subject.segments)
        segments = zip(subject.segments, subject.farthest, strict=True)
        subject.ends = [
            end
            for end, (name, point) in enumerate(segments)
            if point and name not in above and f"{name}_end" not in named
        ]
    turns = frame.get("orientation", "").split()
    if subject.ends and len(turns) == 4 * len(subject.segments):
        try:
            subject.turns.extend(float(cell) for end in subject.ends for cell in turns[4 * end : 4 * end + 4])
        except (ValueError, OverflowError):
            subject.ends = []
    touches = frame.get("footContacts", "").split()
    if len(touches) == (len(subject.labels) or len(CONTACTS)) and set(touches) <= {"0", "1"}:
        subject.touches.extend(map(int, touches))


def _place_ends(subject: _Subject, positions: np.ndarray) -> dict[int, np.ndarray]:
    """Segment -> where it ends (T, 3), for segments on which none hangs; empty without orientations."""
    ends = subject.ends or []
    if not subject.turns:
        return {}
    turns = np.frombuffer(subject.turns, np.float32).astype(np.float64)
    lengths = np.linalg.norm(turns.reshape(-1, 4), axis=1)
    if len(lengths) != subject.frames * len(ends) or not (np.abs(lengths - 1) < 0.1).all():
        warnings.warn("orientations are not whole; head, hands and toes have no ends", stacklevel=2)
        return {}
    unit = (turns.reshape(-1, 4) / lengths[:, None]).reshape(subject.frames, len(ends), 4)
    rotations = [quaternion_rotation(unit[:, column, [1, 2, 3, 0]]) for column in range(len(ends))]
    return {
        end: positions[:, end] + rotation @ np.array(subject.farthest[end])
        for end, rotation in zip(ends, rotations, strict=True)
    }


def _contacts(subject: _Subject) -> np.ndarray | None:
    """Motion.contacts; None where the file does not say them in each frame, with a note where it says some."""
    if not subject.touches:
        return None
    labels = subject.labels or [f"{side}Foot_{part}" for side in ("Left", "Right") for part in ("Heel", "Toe")]
    columns = [
        next((place for place, label in enumerate(labels) if set(name.split("_")) <= _words(label)), None)
        for name in CONTACTS
    ]
    whole = len(subject.touches) == subject.frames * len(labels)
    if not whole or None in columns:
        problem = f"have the names {', '.join(labels[:8])}" if whole else "are missing in some frames"
        warnings.warn(f"foot contacts {problem}, and are left out", stacklevel=2)
        return None
    touches = np.frombuffer(subject.touches, np.uint8).reshape(subject.frames, -1)
    return touches[:, [column for column in columns if column is not None]] == 1


def _words(label: str) -> set[str]:
    """The side and the part of a foot that a label names: LeftFoot_Heel -> left, heel."""
    return {word for word in ("left", "right", "heel", "toe") if word in label.lower()}


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
    order, parents, waiting = list[int](), list[int](), [(name, -1) for name in roots[:1]]
    while waiting:
        name, parent = waiting.pop()
        waiting += [(child, len(order)) for child in reversed(children[name])]
        order.append(place[name])
        parents.append(parent)
    if len(order) < len(place):
        lost = next(name for name in place if place[name] not in set(order))
        first = repr(subject.segments[order[0]]) if order else "another"
        raise ValueError(f"no joint connects segment {lost!r} with {first}")
    return order, Skeleton("mvnx", tuple(subject.segments[column] for column in order), tuple(parents))


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
