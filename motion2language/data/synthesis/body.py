"""A body of any proportions, posed from a few channels: trunk angles, hands around shoulders, feet in the world.

Two-bone inverse kinematics solves legs and arms, so planted feet do not slide and hands reach their targets.
Axes of the body: x left, y up, z forward. Lengths are metres, angles radians, arrays have T frames first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion2language.motion import CANONICAL

# Segment lengths as shares of stature: legs, arms and hip breadth after Drillis and Contini 1966 (in Winter,
# Biomechanics and Motor Control of Human Movement, fig. 4.1); the trunk's inner joints are chosen.
_SHARES = {
    "thigh": 0.245, "shin": 0.246, "ankle": 0.039, "foot": 0.105, "hip": 0.055, "hip_drop": 0.02,
    "spine": 0.075, "chest": 0.12, "neck": 0.125, "head": 0.08,
    "collar": 0.025, "collar_up": 0.08, "shoulder": 0.105, "upper_arm": 0.172, "forearm": 0.157,
}  # fmt: skip
SIDES = {"left": 1.0, "right": -1.0}
HAND = ("azimuth", "elevation", "reach", "swing", "elbow", "elbow_ahead")  # the channels of a hand


@dataclass(frozen=True)
class Body:
    """Segment lengths in metres."""

    lengths: dict[str, float]

    @classmethod
    def random(cls, random: np.random.Generator) -> Body:
        """A person of 1.4 to 2.0 m with proportions of their own."""
        stature = random.uniform(1.4, 2.0)
        return cls({name: stature * share * np.exp(random.normal(0, 0.05)) for name, share in _SHARES.items()})

    def __getitem__(self, name: str) -> float:
        return self.lengths[name]

    @property
    def leg(self) -> float:
        """Hip to ankle, stretched."""
        return self["thigh"] + self["shin"]

    @property
    def arm(self) -> float:
        """Shoulder to wrist, stretched."""
        return self["upper_arm"] + self["forearm"]

    @property
    def pelvis_height(self) -> float:
        """Height of the pelvis in a relaxed stance, knees slightly bent."""
        return 0.985 * self.leg + self["ankle"] + self["hip_drop"]


def pose(body: Body, channels: dict[str, np.ndarray]) -> np.ndarray:
    """Joint positions (T, 21, 3) on motion.CANONICAL.

    channels, each (T,) or (T, 3):
    root (T, 3) the pelvis in the world; heading, pitch, roll of the pelvis; bend, twist, lean of the spine over it;
    nod of the head; LEFT/RIGHT _ankle (T, 3) in the world, _toe direction of the foot (yaw), _toe_down its pitch;
    _azimuth (0 forward, + outward), _elevation (-pi/2 down), _reach (share of the arm), _swing (forward) of each hand
    around its shoulder, _elbow how far the elbow points outward.
    """
    pelvis = _yaw(channels["heading"]) @ _pitch(channels["pitch"]) @ _roll(channels["roll"])
    third = channels["bend"] / 3
    spine = pelvis @ _pitch(third) @ _yaw(channels["twist"] / 3) @ _roll(channels["lean"] / 3)
    chest = spine @ _pitch(2 * third) @ _yaw(2 * channels["twist"] / 3) @ _roll(2 * channels["lean"] / 3)
    head = chest @ _pitch(channels["nod"])
    joints = {"pelvis": channels["root"]}
    joints["spine"] = joints["pelvis"] + pelvis[..., 1] * body["spine"]
    joints["chest"] = joints["spine"] + spine[..., 1] * body["chest"]
    joints["neck"] = joints["chest"] + chest[..., 1] * body["neck"]
    joints["head"] = joints["neck"] + head[..., 1] * body["head"] + head[..., 2] * 0.015
    for side, sign in SIDES.items():
        joints[f"{side}_collar"] = joints["chest"] + _at(chest, sign * body["collar"], body["collar_up"], 0.0)
        joints[f"{side}_shoulder"] = joints[f"{side}_collar"] + _at(chest, sign * body["shoulder"], -0.01, 0.0)
        _arm(joints, side, sign, chest, body, channels)
        joints[f"{side}_hip"] = joints["pelvis"] + _at(pelvis, sign * body["hip"], -body["hip_drop"], 0.0)
        _leg(joints, side, pelvis, body, channels)
    return np.stack([joints[joint] for joint in CANONICAL.joints], axis=1)


def _arm(
    joints: dict[str, np.ndarray],
    side: str,
    sign: float,
    chest: np.ndarray,
    body: Body,
    channels: dict[str, np.ndarray],
) -> None:
    hand = {name: channels[f"{side}_{name}"] for name in HAND}
    target, hint = wrist_around(sign, hand, body.arm)
    wrist = joints[f"{side}_shoulder"] + (chest @ target[..., None])[..., 0]
    hint = chest @ hint[..., None]
    joints[f"{side}_elbow"], joints[f"{side}_wrist"] = two_bones(
        joints[f"{side}_shoulder"], wrist, body["upper_arm"], body["forearm"], hint[..., 0]
    )


def wrist_around(sign: float, hand: dict[str, np.ndarray], arm: float) -> tuple[np.ndarray, np.ndarray]:
    """Where a wrist is from its shoulder, and where its elbow points, (T, 3) in the axes of the chest.

    sign  1 for the left, -1 for the right
    hand  the channels of HAND, (T,)
    arm   its length in metres
    """
    azimuth, elevation, swing = (hand[name] for name in ("azimuth", "elevation", "swing"))
    flat = np.cos(elevation)
    x, y, z = sign * flat * np.sin(azimuth), np.sin(elevation), flat * np.cos(azimuth)
    y, z = y * np.cos(swing) + z * np.sin(swing), z * np.cos(swing) - y * np.sin(swing)
    reach = np.clip(hand["reach"], 0.25, 0.995) * arm
    elbow = np.stack((sign * hand["elbow"], -np.ones_like(reach), hand["elbow_ahead"]), -1)
    return np.stack((x, y, z), -1) * reach[:, None], elbow


def trunk_turn(channels: dict[str, np.ndarray]) -> np.ndarray:
    """Rotations (T, 3, 3) of the trunk in the body's axes, as one, by the channels pitch, bend, twist and lean."""
    return _pitch(channels["pitch"] + channels["bend"]) @ _yaw(channels["twist"]) @ _roll(channels["lean"])


def _leg(
    joints: dict[str, np.ndarray], side: str, pelvis: np.ndarray, body: Body, channels: dict[str, np.ndarray]
) -> None:
    yaw, down = channels[f"{side}_toe"], channels[f"{side}_toe_down"]
    ahead = np.stack((np.sin(yaw), np.zeros_like(yaw), np.cos(yaw)), -1)
    knee, ankle = two_bones(
        joints[f"{side}_hip"], channels[f"{side}_ankle"], body["thigh"], body["shin"], 0.5 * ahead + pelvis[..., 2]
    )
    joints[f"{side}_knee"], joints[f"{side}_ankle"] = knee, ankle
    drop = 0.75 * body["ankle"] * np.cos(down) + body["foot"] * np.sin(down)
    along = body["foot"] * np.cos(down)
    joints[f"{side}_toe"] = ankle + ahead * along[:, None] - np.array([0, 1, 0]) * drop[:, None]


def two_bones(
    start: np.ndarray, target: np.ndarray, first: float, second: float, hint: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Middle and end (T, 3) of two bones from `start` towards `target`, bent to the side of `hint` (T, 3).

    The end falls short of a target out of reach.
    """
    way = target - start
    distance = np.linalg.norm(way, axis=-1, keepdims=True)
    direction = way / np.maximum(distance, 1e-9)
    reach = np.clip(distance, abs(first - second) + 1e-3, (first + second) * 0.9995)
    along = (first**2 - second**2 + reach**2) / (2 * reach)
    aside = np.sqrt(np.maximum(first**2 - along**2, 0.0))
    normal = hint - (hint * direction).sum(-1, keepdims=True) * direction
    normal = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    return start + direction * along + normal * aside, start + direction * reach


def _at(frame: np.ndarray, left: float, up: float, forward: float) -> np.ndarray:
    return frame @ np.array([left, up, forward])


def _yaw(angle: np.ndarray) -> np.ndarray:
    """About y: z turns to x, so positive turns left."""
    return _matrix(angle, 2, 0)


def _pitch(angle: np.ndarray) -> np.ndarray:
    """About x: y turns to z, so positive bends forward."""
    return _matrix(angle, 1, 2)


def _roll(angle: np.ndarray) -> np.ndarray:
    """About z: y turns to x, so positive leans left."""
    return _matrix(angle, 1, 0)


def _matrix(angle: np.ndarray, source: int, towards: int) -> np.ndarray:
    """Rotations (T, 3, 3) that turn axis `source` towards axis `towards`."""
    result = np.broadcast_to(np.eye(3), (len(angle), 3, 3)).copy()
    result[:, source, source] = result[:, towards, towards] = np.cos(angle)
    result[:, towards, source], result[:, source, towards] = np.sin(angle), -np.sin(angle)
    return result
