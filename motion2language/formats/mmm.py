"""KIT-ML's original recordings, `NNNNN_mmm.xml`: root pose and 44 joint angles of the MMM body.

Forward kinematics of the body scaled by the subject's height gives KIT-ML's 21 joints; `Motion.angles` keeps the 44
angles (radians, in the order of mmm_body.ANGLES). The file is in millimetres with Z up and Y forward; its time steps
give the frame rate.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from xml.parsers import expat

import numpy as np

from motion2language.formats.decimals import parse_decimals
from motion2language.formats.kinematics import euler_rotation, forward
from motion2language.formats.limits import FARTHEST_UNITS, require_joints, require_near
from motion2language.formats.mmm_body import ANGLES, BODY
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.motion import Motion, Skeleton

_MOST_TAGS = 5_000_000  # chosen: an element takes about 150 bytes; an hour of KIT-ML has 5,000,000
_PLACES = {row.joint: index for index, row in enumerate(BODY)}
_SKELETON = Skeleton("kit", tuple(_PLACES), tuple(_PLACES.get(row.parent, -1) for row in BODY))


def read(path: Path | zipfile.Path, options: ReadOptions) -> Recording:
    """The recording of an MMM file with one subject; the file may be inside a zip."""
    root = _parse(path)
    motions = [root] if root.tag == "Motion" else root.findall("Motion")
    motions = [motion for motion in motions if motion.find("MotionFrames") is not None]
    if len(motions) != 1:
        raise ValueError(f"found {len(motions)} motions with frames, expected an MMM file with one subject")
    motion = motions[0]
    height = _number(motion.findtext("ModelProcessorConfig/Height"), "Height of the subject (metres)")
    order = [joint.get("name", "") for joint in motion.findall("JointOrder/Joint")]
    require_joints(len(order))
    missing = [angle for angle in ANGLES if angle not in order]
    if missing:
        raise ValueError(f"its JointOrder lacks {', '.join(missing[:5])} ({len(missing)} of {len(ANGLES)} angles)")
    frames = motion.findall("MotionFrames/MotionFrame")
    if not frames:
        raise ValueError("the file contains no frames")
    position = _column(frames, "RootPosition", 3)
    rotation = _column(frames, "RootRotation", 3)
    angles = _column(frames, "JointPosition", len(order))[:, [order.index(angle) for angle in ANGLES]]
    fps = options.fps or _rate(_column(frames, "Timestep", 1)[:, 0])
    positions = positions_of(position, rotation, angles, height)
    return Recording(Motion(positions, fps, _SKELETON, path.name, angles), "mm", "z")


def positions_of(position: np.ndarray, rotation: np.ndarray, angles: np.ndarray, height: float) -> np.ndarray:
    """Joint positions (T, 21, 3) in millimetres, Z up.

    position (T, 3) of the root, millimetres; rotation (T, 3) roll, pitch, yaw, radians, turned about x, then y, then
    z; angles (T, 44) radians in the order of ANGLES; height of the subject in metres.
    """
    offsets = [np.array(row.offset) * height for row in BODY]
    offsets[0] = position
    rotations: list[np.ndarray | None] = [euler_rotation((2, 1, 0), rotation[:, ::-1].T)] + [None] * (len(BODY) - 1)
    for axes, numbers in _alike().items():
        columns = [[ANGLES.index(angle) for angle in BODY[number].angles] for number in numbers]
        moved = euler_rotation(
            ["xyz".index(axis) for axis in axes], np.ascontiguousarray(angles.T)[np.transpose(columns)]
        )
        for number, turned in zip(numbers, moved, strict=True):
            rotations[number] = turned
            if any(BODY[number].turn):
                fixed = np.radians(np.array(BODY[number].turn, dtype=np.float64))
                rotations[number] = euler_rotation((2, 0), fixed[:, None]) @ turned
    return forward(_SKELETON.parents, offsets, rotations)


def _alike() -> dict[str, list[int]]:
    """The places of the joints below the root by the axes of their angles, which are turned together."""
    alike: dict[str, list[int]] = {}
    for number, row in enumerate(BODY[1:], start=1):
        alike.setdefault(row.axes, []).append(number)
    return alike


def _parse(path: Path | zipfile.Path) -> ET.Element:
    """The document's root; XML entities, which a recording never needs, are refused before anything expands them.

    Entities can only be declared before the root element, so the first pass ends there.
    """
    scout = expat.ParserCreate()
    scout.StartDoctypeDeclHandler = _refuse
    scout.StartElementHandler = _stop
    try:
        with path.open("rb") as file:
            scout.ParseFile(file)
    except _Stopped:
        pass
    except (expat.ExpatError, LookupError) as error:  # LookupError: an unknown encoding
        raise ValueError(f"not a whole XML file ({error})") from None
    with path.open("rb") as file:
        content = file.read()
    if content.count(b"<") > _MOST_TAGS:
        raise ValueError(f"more than {_MOST_TAGS:,} tags; cut the recording")
    try:
        return ET.fromstring(content)
    except ET.ParseError as error:
        raise ValueError(f"not a whole XML file ({error})") from None


class _Stopped(Exception):  # noqa: N818 - no error
    """The root element was reached."""


def _refuse(*_: object) -> None:
    raise ValueError("declares XML entities, which are refused; expected an MMM recording")


def _stop(*_: object) -> None:
    raise _Stopped


def _column(frames: list[ET.Element], name: str, width: int) -> np.ndarray:
    """One entry of every frame, (T, width)."""
    texts = [frame.findtext(name) for frame in frames]
    for index, text in enumerate(texts):
        if text is None or len(text.split()) != width:
            found = "is missing" if text is None else f"has {len(text.split())} numbers"
            raise ValueError(f"frame {index}: {name} {found}, expected {width} numbers")
    try:
        values = parse_decimals(" ".join(map(str, texts))).reshape(-1, width)
    except ValueError:
        raise ValueError(f"{name} contains something that is not a number") from None
    if not np.isfinite(values).all():
        raise ValueError(f"{name} of frame {int((~np.isfinite(values).all(axis=1)).argmax())} is not a finite number")
    require_near(name, values, FARTHEST_UNITS)
    return values


def _rate(times: np.ndarray) -> float:
    steps = np.diff(times)
    if not len(steps) or steps.min() <= 0 or steps.max() > 1.5 * np.median(steps):
        raise ValueError("its time steps are not even and rising; set the frame rate with --fps (KIT-ML: 100)")
    return float(round(1 / float(np.median(steps)), 3))


def _number(text: str | None, what: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        raise ValueError(f"the file lacks the {what}") from None
    if not 0 < value < float("inf"):
        raise ValueError(f"{what} is {value}, expected above zero")
    require_near(what, np.array(value))
    return value
