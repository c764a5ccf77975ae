"""Markers on the skin: recognised by their labels, and gaps in their paths filled.

Labels are compared in capitals, without spaces, dots, dashes and underscores, with the side as a letter in front:
`L.ASIS`, `Left_Asis` and `lasis` are equal. The part before a colon is the subject; other words before the label (`Q_`,
`Walk01_`) are ignored unless they tell people apart. Points with unknown labels or none, and points that are not
positions (`Angle_LKnee`), are skipped. A marker set is added by adding its labels to the tables below; where a joint
lies among its markers is in marker_rules.py; marker_joints.py applies these rules.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

LONGEST_GAP = 0.25  # seconds, the longest gap that is filled in a marker's path; chosen, a quarter of a stride
_LEAST_SUBJECT = 8  # markers that make a subject rather than a tool or box; chosen

# Labels by part of the body, the side's letter as *. Each row starts with the label of Vicon's Plug-in Gait (reference
# guide) and of CMU's 41 markers (http://mocap.cs.cmu.edu/markerPlacementGuide.pdf), then KIT's reference marker set
# (https://motion-database.humanoids.kit.edu/marker_set), Motek's Human Body Model, Qualisys' sets (animation,
# and the landmarks of van Sint Jan 2007, Color Atlas of Skeletal Landmark Definitions), OptiTrack's baseline, and the
# sets of OpenSim's, OpenCap's and Rajagopal's gait data.
SKIN: dict[str, str] = {
    "*front waist": "*ASI *ASIS *FWT *IAS WAIST*FRONT",
    "*back waist": "*PSI *PSIS *BWT *IPS WAIST*BACK",
    "sacrum": "SACR SACRUM VSACRAL VSACRUM WAISTBACK",
    "*shoulder top": "*SHO *ACR *ACROMION *ACROMIUM *SAE *SHOULDERTOP *SHOULDER",
    "*outer elbow": "*ELB *AEL *LEE *LEL *HLE *ELBOWOUT *ELBOWLAT *ELBOWLATERAL *LATELBOW *ELBOW",
    "*inner elbow": "*ELBM *MELB *IEL *MEE *MEL *HME *ELBOWIN *ELBOWMED *ELBOWMEDIAL *MEDELBOW",
    "*thumb wrist": "*WRA *IWR *WTS *LW *RSP *WRISTIN *WRISTRADIUS *WRISTLAT *LATWRIST *FARADIUS",
    "*small wrist": "*WRB *OWR *WPS *MW *USP *WRISTOUT *WRISTULNA *WRISTMED *MEDWRIST *FAULNA",
    "*single wrist": "*WRI *WRIST",
    "*outer knee": "*KNE *LEK *LFC *FLE *KNEEOUT *KNEELAT *KNEELATERAL *LATKNEE *KNEE",
    "*inner knee": "*KNM *KNI *MEK *MFC *FME *KNEEIN *KNEEMED *KNEEMEDIAL *MEDKNEE *MKNEE",
    "*outer ankle": "*ANK *LM *LMA *LMAL *FAL *ANKLEOUT *ANKLELAT *ANKLELATERAL *LATANKLE *ANKLE",
    "*inner ankle": "*MED *MM *MMA *MMAL *TAM *ANKLEIN *ANKLEMED *ANKLEMEDIAL *MEDANKLE *MANKLE",
    "*heel": "*HEE *HEL *HEEL *CAL *CALC *FCC *HEELBACK",
    "*middle forefoot": "*TOE *FM2 *SMH *MT2",
    "*inner forefoot": "*MT1 *FM1 *FMH *FOREFOOTIN *TOEIN *TOEMED",
    "*outer forefoot": "*MT5 *FM5 *VMH *5META *FOREFOOTOUT *TOEOUT *TOELAT",
    "*toe tip": "*TOETIP",
    "*front head": "*FHD",
    "*back head": "*BHD",
    "*side head": "*HEAD HEAD*",
    "front head": "FHEAD HEADFRONT",
    "top head": "THEAD TOPHEAD HEADTOP",
    "C7": "C7 CV7 SPINETOP BACKTOP",
    "T10": "T10 TV10",
    "collarbones": "CLAV SJN",
    "breastbone": "STRN STERNUM XYPH SXS CHEST",
}
#: Joint centres that a file may contain beside markers: computed by Plug-in Gait, by regression or from movement.
CENTRES: dict[str, str] = {
    "*hip": "*HJC *HJCREG",
    "*knee": "*KJC",
    "*ankle": "*AJC",
    "*shoulder": "*SJC",
    "*elbow": "*EJC",
    "*wrist": "*WJC",
}
#: The same words when no marker is on the front of the pelvis: joints, for example from markerless video.
JOINTS: dict[str, str] = CENTRES | {
    "*hip": "*HJC *HIP",
    "*knee": "*KJC *KNEE",
    "*ankle": "*AJC *ANKLE",
    "*shoulder": "*SJC *SHOULDER",
    "*elbow": "*EJC *ELBOW",
    "*wrist": "*WJC *WRIST",
    "*toe": "*BIGTOE *TOE *FOOT",
    "pelvis": "CHIP MIDHIP PELVIS HIPS HIP",
    "neck": "NECK",
    "middle head": "HEAD",
}
SIDES = {"left": "L", "right": "R"}
_LETTERS = frozenset(SIDES.values())
_SIDE = re.compile("(?<![A-Za-z])(?i:left|right)|Left|Right")  # but not at the end of a name: Wright
#: Words in labels of points that are not positions.
_QUANTITIES = frozenset(
    "ANGLE ANGLES FORCE FORCES MOMENT MOMENTS POWER POWERS TORQUE TORQUES ANG VEL ACC VELOCITY ACCELERATION".split()
)
#: Markers that keep their distances: a missing one is found from three others.
RIGID = (
    ("left front waist", "right front waist", "left back waist", "right back waist", "sacrum"),
    ("left front head", "right front head", "left back head", "right back head"),
)


@dataclass(frozen=True, eq=False)
class Markers:
    """The content of a file of markers.

    positions  (T, M, 3) in the file's unit and axes, NaN where a marker was not seen
    unit       as the file writes it, empty where it is not specified
    up         `x y z` or with a minus, None where the file does not specify it
    """

    positions: np.ndarray
    labels: list[str]
    fps: float
    unit: str = ""
    up: str | None = None


def printable(text: str) -> str:
    """A label without characters that would break a line or a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def labels_of(part: str) -> str:
    """The first label of a part such as `left front waist`, for messages."""
    side, _, rest = part.partition(" ")
    key = f"*{rest}" if side in SIDES else part
    return (SKIN | CENTRES)[key].split()[0].replace("*", SIDES.get(side, ""))


def recognise(markers: Markers, subject: str | None) -> dict[str, np.ndarray]:
    """Part of the body -> path (T, 3): the known markers of one subject that are seen in at least one frame.

    ValueError names the subjects when there are several and `subject` is None, or is not one of them.
    """
    subjects = _by_subject(markers, SKIN | CENTRES)
    if not any("left front waist" in parts for parts in subjects.values()):
        subjects = _by_subject(markers, JOINTS)
    if not subjects:
        return {}
    if subject is None:
        people = [name for name, parts in subjects.items() if len(parts) >= _LEAST_SUBJECT]
        if len(people) > 1:
            raise ValueError(f"contains {len(people)} subjects, {_listed(people)}; choose one with --subject NAME")
        subject = max(subjects, key=lambda name: len(subjects[name]))
    if subject not in subjects:
        raise ValueError(f"contains no subject {subject!r}; expected {_listed(subjects)}")
    return subjects[subject]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name or "(no name)" for name in names)


def _by_subject(markers: Markers, table: dict[str, str]) -> dict[str, dict[str, np.ndarray]]:
    """Subject -> part of the body -> path (T, 3), for the labels in `table`."""
    parts: dict[str, str] = {}
    for part, labels in table.items():
        for side, letter in SIDES.items() if "*" in part else (("", ""),):
            parts |= {label.replace("*", letter): part.replace("*", f"{side} ") for label in labels.split()}
    groups: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for column, label in enumerate(markers.labels):
        subject, _, name = label.rpartition(":")
        before, part = next(((words, parts[form]) for words, form in _forms(name) if form in parts), ("", ""))
        if part and np.isfinite(markers.positions[:, column]).any():
            groups.setdefault((subject.strip(), before), {}).setdefault(part, markers.positions[:, column])
    return _people(groups)


def _people(groups: dict[tuple[str, str], dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """Parts by subject, from parts by subject and words before the label.

    The words become part of a subject's name when at least _LEAST_SUBJECT of their parts also appear with other words.
    """
    times = Counter((subject, part) for (subject, _), parts in groups.items() for part in parts)
    people: dict[str, dict[str, np.ndarray]] = {}
    for (subject, before), parts in groups.items():
        several = sum(times[subject, part] > 1 for part in parts) >= _LEAST_SUBJECT
        name = f"{subject}:{before}".strip(":") if several else subject
        people[name] = parts | people.get(name, {})
    return people


def _forms(label: str) -> Iterable[tuple[str, str]]:
    """A label's forms to look up, each as (the words it leaves out, the form).

    The forms consist of all words, or of those from its side on, also with the side's letter first.
    """
    words = re.findall("[A-Za-z0-9]+", _SIDE.sub(lambda side: f" {side[0][0]} ", label))
    capitals = [word.upper() for word in words]
    if not _QUANTITIES.isdisjoint(capitals):
        return
    for first, word in enumerate(capitals):
        before, rest = " ".join(words[:first]), capitals[first:]
        yield before, "".join(rest)
        if rest[-1] in _LETTERS:
            yield before, rest[-1] + "".join(rest[:-1])
        if word in _LETTERS:
            break


def fill(paths: dict[str, np.ndarray], fps: float) -> tuple[dict[str, np.ndarray], int]:
    """The paths with short gaps filled, and the number of filled positions.

    A missing marker of the pelvis or the head is placed by three others of the same part. A gap of up to LONGEST_GAP
    seconds in any marker's path is crossed in a straight line; at the recording's ends the marker stays in place.
    """
    filled = {part: path.copy() for part, path in paths.items()}
    for group in RIGID:
        parts = [part for part in group if part in filled]
        if len(parts) > 3:
            points = _fill_rigid(np.stack([filled[part] for part in parts], axis=1))
            filled |= {part: points[:, column] for column, part in enumerate(parts)}
    for part, path in filled.items():
        filled[part] = _fill_short(path, int(LONGEST_GAP * fps))
    count = sum(int(np.isnan(paths[part][:, 0]).sum() - np.isnan(filled[part][:, 0]).sum()) for part in paths)
    return filled, count


def _fill_short(path: np.ndarray, longest: int) -> np.ndarray:
    """A path (T, 3) with gaps of up to `longest` frames filled."""
    missing = np.isnan(path[:, 0])
    if not missing.any() or missing.all():
        return path
    edges = np.flatnonzero(np.diff(np.concatenate(([0], missing.view("i1"), [0]))))
    long = np.zeros(len(path), bool)
    for start, end in edges.reshape(-1, 2):
        long[start:end] = end - start > longest
    frames, seen = np.arange(len(path)), ~missing
    filled = np.stack([np.interp(frames, frames[seen], path[seen, axis]) for axis in range(3)], axis=1)
    filled[long] = np.nan
    return filled


def _fill_rigid(points: np.ndarray) -> np.ndarray:
    """Points (T, K, 3) of a rigid body; missing ones are placed by a fit to the others where at least three are seen.

    The body's shape is taken from the nearest frame with all points; least-squares rotation (Kabsch 1976).
    """
    seen = np.isfinite(points[..., 0])
    whole = np.flatnonzero(seen.all(axis=1))
    incomplete = np.flatnonzero(~seen.all(axis=1) & (seen.sum(axis=1) >= 3))
    if not len(whole) or not len(incomplete):
        return points
    after = np.searchsorted(whole, incomplete).clip(max=len(whole) - 1)
    before = (after - 1).clip(min=0)
    nearest = whole[np.where(incomplete - whole[before] < np.abs(whole[after] - incomplete), before, after)]
    shape, target, weight = (
        points[nearest],
        np.nan_to_num(points[incomplete]),
        seen[incomplete][..., None].astype(float),
    )
    centres = [(array * weight).sum(1, keepdims=True) / weight.sum(1, keepdims=True) for array in (shape, target)]
    shape, target = shape - centres[0], target - centres[1]
    u, _, v = np.linalg.svd(np.swapaxes(target * weight, 1, 2) @ shape)
    sign = np.ones((len(u), 3))
    sign[:, 2] = np.linalg.det(u @ v)
    fitted = shape @ np.swapaxes((u * sign[:, None]) @ v, 1, 2) + centres[1]
    result = points.copy()
    result[incomplete] = np.where(weight > 0, points[incomplete], fitted)
    return result
