"""The orders in which pose estimators and depth cameras give their joints, by name, and how the one of a file is found.

A joint has the canonical name where it is that joint; other names (`nose`, `left_heel`) only help or are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from motion2language.body import plain_names


@dataclass(frozen=True)
class PoseLayout:
    """The names of a layout's points, in order, and what its program declares of them.

    unit, up  as in Recording; None where they differ from program to program and are detected
    least     visibility or confidence below which a joint counts as unseen
    body      of the points, how many at the beginning other programs write with others after them, or alone
    also      the numbers of points that these write
    """

    names: tuple[str, ...]
    unit: str | None = None
    up: str | None = None
    least: float = 0.3  # chosen; MMPose draws from 0.3 on
    body: int = 0
    also: tuple[int, ...] = ()

    def of(self, count: int) -> PoseLayout | None:
        """The layout of so many points, None where it has not."""
        if count == len(self.names):
            return self
        if count not in self.also:
            return None
        names = (*self.names[: self.body], *(f"detail_{number}" for number in range(count - self.body)))
        return replace(self, names=names)


def _sided(words: str) -> tuple[str, ...]:
    """Names in which L_ and R_ stand for left and right."""
    return tuple(
        word.replace("L_", "left_", 1) if word.startswith("L_") else word.replace("R_", "right_", 1)
        for word in words.split()
    )


_COCO = _sided(
    "nose L_eye R_eye L_ear R_ear L_shoulder R_shoulder L_elbow R_elbow L_wrist R_wrist L_hip R_hip L_knee R_knee "
    "L_ankle R_ankle"
)
_FEET = _sided("L_toe L_small_toe L_heel R_toe R_small_toe R_heel")
_HUMAN36M = _sided("pelvis R_hip R_knee R_ankle L_hip L_knee L_ankle spine neck head top L_shoulder L_elbow L_wrist "
                   "R_shoulder R_elbow R_wrist")  # fmt: skip

#: The name for --layout -> the layout. Sources: the programs' own lists of key points.
POSE_LAYOUTS: dict[str, PoseLayout] = {
    # MediaPipe Pose, world landmarks: metres from the middle of the hips, Y down; visibility 0.5 is its own threshold.
    "mediapipe": PoseLayout(
        _sided(
            "nose L_eye_inner L_eye L_eye_outer R_eye_inner R_eye R_eye_outer L_ear R_ear mouth_left mouth_right "
            "L_shoulder R_shoulder L_elbow R_elbow L_wrist R_wrist L_pinky R_pinky L_index R_index L_thumb R_thumb "
            "L_hip R_hip L_knee R_knee L_ankle R_ankle L_heel R_heel L_toe R_toe"
        ),
        least=0.5,
    ),
    "body25": PoseLayout(
        _sided(
            "nose neck R_shoulder R_elbow R_wrist L_shoulder L_elbow L_wrist pelvis R_hip R_knee R_ankle L_hip L_knee "
            "L_ankle R_eye L_eye R_ear L_ear L_toe L_small_toe L_heel R_toe R_small_toe R_heel"
        ),
        least=0.05,  # OpenPose's own threshold for drawing
    ),
    "coco17": PoseLayout(_COCO),
    "wholebody": PoseLayout((*_COCO, *_FEET, *(f"detail_{number}" for number in range(110)))),
    "h36m": PoseLayout(_HUMAN36M),
    "h36m32": PoseLayout(
        _sided(
            "pelvis R_hip R_knee R_ankle R_toe R_toe_site L_hip L_knee L_ankle L_toe L_toe_site spine_start spine neck "
            "head top L_collar L_shoulder L_elbow L_wrist L_thumb L_hand_site L_fist L_fist_site R_collar R_shoulder "
            "R_elbow R_wrist R_thumb R_hand_site R_fist R_fist_site"
        )
    ),
    "kinect2": PoseLayout(
        _sided(
            "pelvis spine neck head L_shoulder L_elbow L_wrist L_hand R_shoulder R_elbow R_wrist R_hand L_hip L_knee "
            "L_ankle L_toe R_hip R_knee R_ankle R_toe chest L_hand_tip L_thumb R_hand_tip R_thumb"
        )
    ),
    "kinect1": PoseLayout(
        _sided(
            "pelvis spine neck head L_shoulder L_elbow L_wrist L_hand R_shoulder R_elbow R_wrist R_hand L_hip L_knee "
            "L_ankle L_toe R_hip R_knee R_ankle R_toe"
        )
    ),
    "smpl": PoseLayout(
        _sided(
            "pelvis L_hip R_hip spine L_knee R_knee spine2 L_ankle R_ankle chest L_toe R_toe neck L_collar R_collar "
            "head L_shoulder R_shoulder L_elbow R_elbow L_wrist R_wrist L_hand R_hand"
        ),
        body=22,
        also=(22, 52, 55),  # without hands; SMPL-H; SMPL-X, with jaw, eyes and fingers
    ),
}  # fmt: skip


def choose_layout(count: int, given: str | None = None) -> PoseLayout:
    """The layout named `given`, or the only one with `count` points; ValueError lists the choices."""
    if given is not None and given not in POSE_LAYOUTS:
        raise ValueError(f"unknown layout {given!r}; expected one of {', '.join(POSE_LAYOUTS)}")
    fitting = {name: layout for name, each in POSE_LAYOUTS.items() if (layout := each.of(count)) is not None}
    if given is not None:
        if given not in fitting:
            known = POSE_LAYOUTS[given]
            expected = " or ".join(map(str, sorted({len(known.names), *known.also})))
            raise ValueError(f"{count} joints in a frame, expected {expected} of the layout {given}")
        return fitting[given]
    if len(fitting) > 1:
        raise ValueError(f"{count} joints may be in the order {' or '.join(fitting)}; choose with --layout")
    if not fitting:
        counts = ", ".join(f"{name} ({len(layout.names)})" for name, layout in POSE_LAYOUTS.items())
        raise ValueError(f"{count} joints in a frame, expected those of {counts}")
    return next(iter(fitting.values()))


def name_layout(names: Sequence[str] | None, count: int, given: str | None = None) -> PoseLayout:
    """The layout of points with these names, in their order; of `count` points without names as choose_layout.

    A layout of an estimator whose points have the same names in the same order is that layout, with its unit and axes.
    Names that are all numbers count as no names.
    """
    if given is not None or names is None or all(name.isdecimal() for name in names):
        return choose_layout(count, given)
    plain = plain_names(names)
    for layout in POSE_LAYOUTS.values():
        if len(layout.names) == len(names):
            usual = plain_names(layout.names)
            if [plain[name] for name in names] == [usual[name] for name in layout.names]:
                return layout
    return PoseLayout(tuple(names))
