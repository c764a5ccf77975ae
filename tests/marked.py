"""Bodies with markers on their skin: where a laboratory would put them on a body of which every joint is known."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import ezc3d
import numpy as np

from motion2language.motion import CANONICAL

#: Metres from the joint it belongs to, in the frame of its segment: outwards, up, ahead.
WAIST = {"ASI": (0.12, 0.075, 0.05), "PSI": (0.045, 0.085, -0.10)}
OUTER = {"knee": 0.056, "ankle": 0.041, "elbow": 0.041}


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def frame(across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Axes (T, 3, 3) in rows: left, up (made square to it), ahead."""
    across = unit(across)
    up = unit(up - (up * across).sum(-1, keepdims=True) * across)
    return np.stack((across, up, np.cross(across, up)), axis=1)


def skin(positions: np.ndarray) -> dict[str, np.ndarray]:
    """Plug-in Gait's labels, medial markers (KNM, MED, ELBM) too -> paths (T, 3) of a canonical body (T, 21, 3)."""
    joint = {name: positions[:, column].astype(float) for column, name in enumerate(CANONICAL.joints)}
    hips = (joint["left_hip"] + joint["right_hip"]) / 2
    pelvis = frame(joint["left_hip"] - joint["right_hip"], joint["spine"] - hips)
    trunk = frame(joint["left_shoulder"] - joint["right_shoulder"], joint["neck"] - joint["pelvis"])
    head = frame(joint["left_shoulder"] - joint["right_shoulder"], joint["head"] - joint["neck"])
    put = {
        "C7": joint["neck"] + (0, 0.02, -0.06) @ trunk, "CLAV": joint["neck"] + (0, -0.02, 0.06) @ trunk,
        "T10": joint["chest"] + (0, 0, -0.11) @ trunk, "STRN": joint["chest"] + (0, 0.01, 0.11) @ trunk,
        "RBAK": joint["chest"] + (-0.08, 0.1, -0.12) @ trunk,
    }  # fmt: skip
    for side, letter, sign in (("left", "L", 1.0), ("right", "R", -1.0)):

        def of(part: str, side: str = side) -> np.ndarray:
            return joint[f"{side}_{part}"]

        for label, offset in WAIST.items():
            put[letter + label] = hips + (offset * np.array([sign, 1, 1])) @ pelvis
        for label, ahead in (("FHD", 0.09), ("BHD", -0.08)):
            put[letter + label] = of("hip") * 0 + joint["head"] + (sign * 0.07, 0.09, ahead) @ head
        put[letter + "SHO"] = of("shoulder") + (0, 0.06, 0) @ trunk
        leg = unit(np.cross(of("knee") - of("ankle"), of("toe") - of("ankle"))) * sign
        for part, outer, inner in (("knee", "KNE", "KNM"), ("ankle", "ANK", "MED")):
            put[letter + outer], put[letter + inner] = (of(part) + way * OUTER[part] * leg for way in (1, -1))
        shin = unit(of("ankle") - of("knee"))
        foot = unit(of("toe") - of("ankle"))
        put[letter + "TOE"], put[letter + "HEE"] = of("toe") + 0, of("ankle") - 0.05 * foot + 0.04 * shin
        up, fore = of("shoulder") - of("elbow"), unit(of("wrist") - of("elbow"))
        arm = unit(np.cross(up, fore) + 0.1 * trunk[:, 0]) * sign
        put[letter + "ELB"], put[letter + "ELBM"] = (of("elbow") + way * OUTER["elbow"] * arm for way in (1, -1))
        thumb = unit(np.cross(arm * sign, unit(up)))
        put[letter + "WRA"], put[letter + "WRB"] = (of("wrist") + way * 0.03 * thumb for way in (1, -1))
        put[letter + "FIN"] = of("wrist") + 0.09 * fore
        put[letter + "THI"] = (of("hip") + of("knee")) / 2 + 0.08 * leg
        put[letter + "UPA"] = (of("shoulder") + of("elbow")) / 2 + 0.05 * arm
        put[letter + "FRM"] = (of("elbow") + of("wrist")) / 2 + 0.04 * arm
        put[letter + "TIB"] = (of("knee") + of("ankle")) / 2 + 0.06 * leg
    return put


#: The labels of Plug-in Gait's full body.
FULL = tuple(
    "LFHD RFHD LBHD RBHD C7 T10 CLAV STRN RBAK".split()
    + [side + label for side in "LR" for label in "SHO UPA ELB FRM WRA WRB FIN ASI PSI THI KNE TIB ANK HEE TOE".split()]
)
MEDIAL = tuple(side + label for side in "LR" for label in ("KNM", "MED", "ELBM"))
_UNITS = {"mm": 1000.0, "cm": 100.0, "m": 1.0}


def write_c3d(
    path: Path,
    put: dict[str, np.ndarray],
    fps: float = 100.0,
    unit: str = "mm",
    analog: int = 0,
    **said: list[str],
) -> Path:
    """A C3D file as ezc3d writes it, Z up, of markers in metres, Y up; NaN is a marker not seen.

    said  more parameters of the group POINT
    """
    paths = np.stack(list(put.values()), axis=1)
    points = np.ones((4, paths.shape[1], len(paths)))
    points[:3] = np.transpose(paths[..., [0, 2, 1]] * (1, -1, 1), (2, 1, 0)) * _UNITS.get(unit, 1000.0)
    file = ezc3d.c3d()
    point = file["parameters"]["POINT"]
    point["RATE"]["value"], point["UNITS"]["value"] = [fps], [unit]
    labels = list(put)
    point["LABELS"]["value"] = labels[:255]
    if len(labels) > 255:
        file.add_parameter("POINT", "LABELS2", labels[255:])
    file["data"]["points"] = points
    for name, value in said.items():
        file.add_parameter("POINT", name, value)
    if analog:
        file["parameters"]["ANALOG"]["RATE"]["value"] = [fps * analog]
        file["parameters"]["ANALOG"]["LABELS"]["value"] = ["force", "emg"]
        file["data"]["analogs"] = np.random.default_rng(0).normal(size=(1, 2, len(paths) * analog))
    file.write(str(path))
    return path


def c3d_bytes(
    put: dict[str, np.ndarray],
    processor: int = 84,
    scale: float = -0.1,
    fps: float = 100.0,
    unseen: Sequence[tuple[int, int]] = (),
    trial: bool = False,
) -> bytes:
    """A C3D file after the format's description, for what ezc3d does not write: other processors, integers, damage.

    unseen  (marker, frame) with a residual of -1
    trial   count frames also in TRIAL:ACTUAL_START_FIELD and ACTUAL_END_FIELD
    """
    order = ">" if processor == 86 else "<"
    paths = np.stack(list(put.values()), axis=1) * 1000 if put else np.zeros((1, 0, 3))
    frames, count = paths.shape[:2]

    def real(values: np.ndarray | float) -> bytes:
        data = np.atleast_1d(values).astype(np.float32)
        if processor != 85:
            return data.astype(f"{order}f4").tobytes()
        return (data * np.float32(4)).astype("<f4").view("<u2").reshape(-1, 2)[:, ::-1].tobytes()

    def parameter(group: int, name: str, kind: int, shape: tuple[int, ...], data: bytes) -> bytes:
        body = struct.pack("bB", kind, len(shape)) + bytes(shape) + data + b"\0"
        return struct.pack("bb", len(name), group) + name.encode() + struct.pack(f"{order}h", len(body) + 2) + body

    def group(number: int, name: str) -> bytes:
        return struct.pack("bb", len(name), -number) + name.encode() + struct.pack(f"{order}hB", 3, 0)

    labels = "".join(label.ljust(8) for label in put).encode()
    last = min(frames, 65535)
    words = [
        group(1, "POINT"),
        parameter(1, "USED", 2, (), struct.pack(f"{order}H", count)),
        parameter(1, "SCALE", 4, (), real(scale)),
        parameter(1, "RATE", 4, (), real(fps)),
        parameter(1, "UNITS", -1, (2,), b"mm"),
        parameter(1, "FRAMES", 2, (), struct.pack(f"{order}H", last)),
        parameter(1, "LABELS", -1, (8, count), labels),
    ]
    if trial:
        words += [group(2, "TRIAL")] + [
            parameter(2, f"ACTUAL_{end}_FIELD", 2, (2,), struct.pack(f"{order}HH", value % 65536, value // 65536))
            for end, value in (("START", 1), ("END", frames))
        ]
    parameters = struct.pack("4B", 1, 80, 2, processor) + b"".join(words)
    parameters = parameters.ljust(-(-len(parameters) // 512) * 512, b"\0")
    start = 2 + len(parameters) // 512
    header = struct.pack("2B", 2, 80) + struct.pack(f"{order}5H", count, 0, 1, last, 10)
    header += real(scale) + struct.pack(f"{order}2H", start, 0) + real(fps)
    values = np.concatenate([paths / (scale if scale > 0 else 1.0), np.zeros((frames, count, 1))], axis=2)
    for marker, frame in unseen:
        values[frame, marker, 3] = -1
    data = real(values) if not scale > 0 else np.round(values).astype(f"{order}i2").tobytes()
    return header.ljust(512, b"\0") + parameters + data.ljust(-(-len(data) // 512) * 512, b"\0")


def trc_text(put: dict[str, np.ndarray], fps: float) -> str:
    """A TRC file, millimetres, Z up, as write_c3d has it."""
    paths = np.stack(list(put.values()), axis=1)[..., [0, 2, 1]] * (1000, -1000, 1000)
    names = "".join(f"{label}\t\t\t" for label in put)
    axes = "\t".join(f"X{number}\tY{number}\tZ{number}" for number in range(1, len(put) + 1))
    head = [
        "PathFileType\t4\t(X/Y/Z)\ttake.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{fps:g}\t{fps:g}\t{len(paths)}\t{len(put)}\tmm\t{fps:g}\t1\t{len(paths)}",
        f"Frame#\tTime\t{names}",
        f"\t\t{axes}",
        "",
    ]
    rows = [
        f"{number + 1}\t{number / fps:.5f}\t" + "\t".join(f"{value:.5f}" for value in row.ravel())
        for number, row in enumerate(paths)
    ]
    return "\n".join([*head, *rows]) + "\n"
