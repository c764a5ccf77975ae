"""Joints from markers against OpenSim: `python benchmarks/opensim_markers.py MODEL.osim MARKERS.xml FOLDER`.

Needs the package opensim, best in an environment of its own. OpenSim moves a musculoskeletal model: it steps, bends and
moves its arms for three seconds. FOLDER gets what OpenSim itself writes, markers.trc, and the model's joint centres,
centres.json. `--read FOLDER`, with our own Python, prints how far our joints are from these centres.
"""

from __future__ import annotations

import argparse
import json
import math
import warnings
from pathlib import Path

import numpy as np

FPS, FRAMES = 60, 180
#: Coordinate -> middle and swing in degrees, swings in the whole recording, and phase in turns.
MOVES = {
    "hip_flexion_r": (15, 30, 3, 0.0), "hip_flexion_l": (15, 30, 3, 0.5), "knee_angle_r": (35, 30, 3, 0.25),
    "knee_angle_l": (35, 30, 3, 0.75), "ankle_angle_r": (0, 12, 3, 0.1), "ankle_angle_l": (0, 12, 3, 0.6),
    "arm_flex_r": (20, 60, 2, 0.5), "arm_flex_l": (20, 60, 2, 0.0), "arm_add_r": (-40, 25, 1, 0.0),
    "arm_add_l": (-40, 25, 1, 0.3), "elbow_flex_r": (60, 45, 2, 0.2), "elbow_flex_l": (60, 45, 2, 0.7),
    "pro_sup_r": (45, 30, 1, 0.0), "pro_sup_l": (45, 30, 1, 0.5), "L5_S1_Flex_Ext": (-10, 15, 1, 0.0),
    "L5_S1_axial_rotation": (0, 15, 2, 0.0), "hip_adduction_r": (-5, 8, 2, 0.0), "pelvis_rotation": (0, 40, 1, 0.0),
}  # fmt: skip
#: Our joint -> the model's joint whose centre it is; `*` is the side.
CENTRES = {"*_hip": "hip_*", "*_knee": "walker_knee_*", "*_ankle": "ankle_*", "*_shoulder": "acromial_*",
           "*_elbow": "elbow_*", "*_wrist": "radius_hand_*"}  # fmt: skip


def main() -> None:
    """Write with OpenSim, or read and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=Path, nargs="*", metavar="MODEL MARKERS FOLDER")
    parser.add_argument("--read", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    if given.read:
        compare(given.read)
    elif len(given.paths) == 3:
        simulate(*given.paths)
    else:
        parser.error("give MODEL.osim, MARKERS.xml and FOLDER, or --read FOLDER")


def simulate(model_file: Path, markers_file: Path, folder: Path) -> None:
    """Move the model; write its markers and joint centres."""
    import opensim

    opensim.Logger.setLevelString("Error")
    folder.mkdir(parents=True, exist_ok=True)
    model = opensim.Model(str(model_file))
    model.updateMarkerSet(opensim.MarkerSet(str(markers_file)))
    state = model.initSystem()
    markers, joints, coordinates = model.getMarkerSet(), model.getJointSet(), model.getCoordinateSet()
    names = [markers.get(number).getName() for number in range(markers.getSize())]
    table, centres = opensim.TimeSeriesTableVec3(), []
    table.setColumnLabels(names)
    for frame in range(FRAMES):
        for name, (middle, swing, often, phase) in MOVES.items():
            turn = 2 * math.pi * (often * frame / FRAMES + phase)
            coordinates.get(name).setValue(state, math.radians(middle + swing * math.sin(turn)), False)
        model.realizePosition(state)
        row = opensim.RowVectorVec3(len(names))
        for number in range(len(names)):
            row[number] = markers.get(number).getLocationInGround(state)
        table.appendRow(frame / FPS, row)
        here = {}
        for side, letter in (("left", "l"), ("right", "r")):
            for ours, theirs in CENTRES.items():
                joint = joints.get(theirs.replace("*", letter))
                place = joint.getChildFrame().getPositionInGround(state)
                here[ours.replace("*", side)] = [place.get(axis) for axis in range(3)]
        centres.append(here)
    table.addTableMetaDataString("DataRate", str(FPS))
    table.addTableMetaDataString("Units", "m")
    opensim.TRCFileAdapter().write(table, str(folder / "markers.trc"))
    (folder / "centres.json").write_text(json.dumps(centres))


def compare(folder: Path) -> None:
    """Print how far our joints are from the model's."""
    from motion2language.formats.reading import read_motion

    warnings.simplefilter("ignore")
    motion = read_motion(folder / "markers.trc")
    centres = json.loads((folder / "centres.json").read_text())
    print(
        f"{motion.frames} frames of {motion.fps:g} a second\n\n| joint | mean, mm | largest, mm |\n| --- | --- | --- |"
    )
    for part in CENTRES:
        distances = []
        for side in ("left", "right"):
            joint = part.replace("*", side)
            true = np.array([frame[joint] for frame in centres])
            distances.append(np.linalg.norm(motion.positions[:, motion.skeleton.index(joint)] - true, axis=1))
        print(f"| {part[2:]} | {1000 * np.mean(distances):.1f} | {1000 * np.max(distances):.1f} |")


if __name__ == "__main__":
    main()
