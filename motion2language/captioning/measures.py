"""What can be measured of a piece as a whole: where its hands, feet and trunk are, and how they move. Numpy only.

Of each course over time three quantiles and the mean change count, not its order: exact bounds matter little. The arm
and the leg that move more come first, so a piece measures the same as its mirror image.
"""

from __future__ import annotations

import numpy as np

from motion2language.language.movement import SIDES
from motion2language.motion import CANONICAL

QUANTILES = (0.05, 0.5, 0.95)
COURSES, OTHERS = 60, 12  # numbers of a frame, and of the whole piece
MEASURES = (len(QUANTILES) + 1) * COURSES + OTHERS
_JOINTS = {name: number - 1 for number, name in enumerate(CANONICAL.joints)}  # columns begin after the pelvis
_TINY = 1e-6
_OUTWARD = {"left": 1.0, "right": -1.0}


class _Piece:
    """The columns of features.canonical (T, 124) by name, in leg lengths; axes are left, up and forward."""

    def __init__(self, values: np.ndarray) -> None:
        numbers = values[:, :124].astype(np.float64)
        self.pose, self.speed = (numbers[:, 60 * part : 60 * (part + 1)].reshape(-1, 20, 3) for part in (0, 1))
        self.way, self.turn = numbers[:, 120:123], numbers[:, 123]

    def at(self, joint: str) -> np.ndarray:
        return self.pose[:, _JOINTS[joint]]

    def velocity(self, joint: str) -> np.ndarray:
        return self.speed[:, _JOINTS[joint]]

    def sides(self, joint: str) -> tuple[str, str]:
        """The side of the joint that moves more, and the other one."""
        left, right = (_length(self.velocity(f"{side}_{joint}")).sum() for side in SIDES)
        return ("left", "right") if left > right else ("right", "left")


def measures(values: np.ndarray) -> np.ndarray:
    """The measures (MEASURES,) of a piece of one frame or more, from its features (T, F) of a key of OF_THE_BODY."""
    piece = _Piece(values)
    courses = _courses(piece)
    change = np.abs(np.diff(courses, axis=0)).mean(0) if len(courses) > 1 else np.zeros(COURSES)
    quantiles = np.quantile(courses, QUANTILES, axis=0)
    return np.concatenate([quantiles.ravel(), change, _others(piece)]).astype(np.float32)


def _courses(piece: _Piece) -> np.ndarray:
    """(T, COURSES) the trunk, the arms, both hands, the legs, both feet, and the way of the whole body."""
    feet = [piece.at(f"{side}_ankle") for side in SIDES]
    hands = [piece.at(f"{side}_wrist") for side in SIDES]
    ground = np.minimum(feet[0][:, 1], feet[1][:, 1])
    neck, head = (piece.at("left_shoulder") + piece.at("right_shoulder")) / 2, piece.at("head")
    trunk = neck / np.maximum(_length(neck), _TINY)[:, None]
    found = [-ground, trunk[:, 1], trunk[:, 2], np.abs(trunk[:, 0]), head[:, 1] - ground, head[:, 2] - neck[:, 2]]
    for side, other in (piece.sides("wrist"), piece.sides("wrist")[::-1]):
        found += _arm(piece, side, other, head, ground)
    ahead = piece.sides("wrist")[0] == "left"
    found += [_length(hands[0] - hands[1]), (hands[0] - hands[1])[:, 1] * (1 if ahead else -1)]
    for side in piece.sides("ankle"):
        found += _leg(piece, side, ground)
    found += [np.abs(feet[0] - feet[1])[:, 0], np.abs(feet[0] - feet[1])[:, 2]]
    found += [np.hypot(piece.way[:, 0], piece.way[:, 2]), piece.way[:, 1], piece.way[:, 2], np.abs(piece.turn)]
    return np.stack(found, axis=1)


def _arm(piece: _Piece, side: str, other: str, head: np.ndarray, ground: np.ndarray) -> list[np.ndarray]:
    """Where wrist and elbow are, in arm lengths from the shoulder and from other parts, and how the wrist moves."""
    shoulder, elbow, wrist = (piece.at(f"{side}_{joint}") for joint in ("shoulder", "elbow", "wrist"))
    length = float(np.median(_length(elbow - shoulder) + _length(wrist - elbow))) + _TINY
    hand, bend, speed = (wrist - shoulder) / length, (elbow - shoulder) / length, piece.velocity(f"{side}_wrist")
    out = _OUTWARD[side]
    return [
        *(hand[:, 1], hand[:, 2], hand[:, 0] * out, _length(hand)),
        *(_length(wrist - head), _length(wrist), wrist[:, 1] - ground),
        _length(wrist - piece.at(f"{other}_shoulder")),
        *(bend[:, 1], bend[:, 2]),
        *(_length(speed), speed[:, 1], speed[:, 2], speed[:, 0] * out),
    ]


def _leg(piece: _Piece, side: str, ground: np.ndarray) -> list[np.ndarray]:
    """Where an ankle and a knee are from the hip and from the ground, and how fast the ankle is."""
    hip, knee, ankle = (piece.at(f"{side}_{joint}") for joint in ("hip", "knee", "ankle"))
    foot, bend, out = ankle - hip, knee - hip, _OUTWARD[side]
    return [
        *(foot[:, 1], foot[:, 2], foot[:, 0] * out, ankle[:, 1] - ground, _length(foot)),
        *(bend[:, 1], bend[:, 2], bend[:, 0] * out),
        _length(piece.velocity(f"{side}_ankle") + piece.way),
    ]


def _others(piece: _Piece) -> np.ndarray:
    """(OTHERS,) how long the piece is, how far it turns and goes, and how fast and often hands and feet move."""
    frames = len(piece.turn)
    (arm, rest), (leg, _) = piece.sides("wrist"), piece.sides("ankle")
    hand, other = (_length(piece.velocity(f"{side}_wrist")) for side in (arm, rest))
    foot = _length(piece.velocity(f"{leg}_ankle") + piece.way)
    found = [np.log(frames), abs(piece.turn.sum()) / 10]
    found += [np.hypot(*piece.way[1:, [0, 2]].sum(0)) / 10, float(arm == leg)]
    for speed in (hand, foot):
        found += [np.log1p(speed.max()), np.log1p(speed.mean()), _peaks(speed) / frames]
    return np.array([*found, other.sum() / (hand.sum() + 1e-3), foot.sum() / (hand.sum() + 1e-3)])


def _peaks(speed: np.ndarray) -> int:
    """How often the speed, averaged over three frames, rises and then falls."""
    if len(speed) < 3:
        return 0
    rising = np.sign(np.diff(np.convolve(speed, np.ones(3) / 3, "same")))
    return int((np.diff(rising) < 0).sum())


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(vectors).sum(-1))
