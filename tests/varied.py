"""Variations of one recording by given numbers, written plainly in numpy: the oracle of the batched ones."""

from dataclasses import replace

import numpy as np

from motion2language.motion import CANONICAL, Motion

SWAPPED = [
    CANONICAL.index(joint.replace("left", "?").replace("right", "left").replace("?", "right"))
    for joint in CANONICAL.joints
]
ALIKE = [min(joint, swapped) for joint, swapped in enumerate(SWAPPED)]


def mirrored(motion: Motion) -> Motion:
    positions = motion.positions[:, SWAPPED]
    return replace(motion, positions=positions * [-1, 1, 1])


def faster(motion: Motion, factor: float) -> Motion:
    return replace(motion, fps=motion.fps * factor).resample(motion.fps)


def other_bones(motion: Motion, logs: np.ndarray) -> Motion:
    """Each bone longer by e^log; `logs` (J,), both sides take the number of the first."""
    positions = motion.positions.astype(np.float64)
    result = positions.copy()
    for joint, parent in enumerate(CANONICAL.parents):
        if parent >= 0:
            bone = positions[:, joint] - positions[:, parent]
            result[:, joint] = result[:, parent] + np.exp(logs[ALIKE[joint]]) * bone
    return replace(motion, positions=result)


def displaced(motion: Motion, shifts: np.ndarray) -> Motion:
    """Joints displaced by shifts (J, 3) to the left, up and forward of the hips; the right side as the left."""
    result = motion.positions.astype(np.float64)
    for frame, body in enumerate(motion.positions.astype(np.float64)):
        left = body[CANONICAL.index("left_hip")] - body[CANONICAL.index("right_hip")]
        left[1] = 0
        left /= np.linalg.norm(left)
        forward = np.cross(left, [0, 1, 0])
        for joint, name in enumerate(CANONICAL.joints):
            side, up, ahead = shifts[ALIKE[joint]]
            side = -side if name.startswith("right") else side
            result[frame, joint] += side * left + up * np.array([0, 1, 0]) + ahead * forward
    return replace(motion, positions=result)
