"""Vary the body and the sensor of recordings on the canonical body.

Recordings come as rows (B, T, 63), joint by joint x, y, z in metres, and leave as (B, T, 3, 21): all x, then all y, all
z, because sums over joints are then fast. What is linear and the same in all frames (mirror, lengths of bones, tilt) is
one matrix for each recording; what turns with the body (offsets) is a sum of three directions of each frame.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from motion2language.body.absent import PARTS, stand_in
from motion2language.motion import CANONICAL
from motion2language.training.augment import AugmentConfig
from motion2language.training.draws import Draws, NoiseTable

_JOINTS = CANONICAL.joints
_SWAPPED = [_JOINTS.index(name.replace("left", "?").replace("right", "left").replace("?", "right")) for name in _JOINTS]
#: One random number per bone, the same on both sides: each joint's column in that table.
_ALIKE = [min(joint, swapped) for joint, swapped in enumerate(_SWAPPED)]
#: Turns positions (J, 3) into vectors from each joint's parent (the root's from the origin), and back: (J, J).
_TO_BONES = np.eye(len(_JOINTS)) - np.equal.outer(CANONICAL.parents, range(len(_JOINTS)))
_SUMS = np.linalg.inv(_TO_BONES)
_SIDE = np.array([-1 if name.startswith("right") else 1 for name in _JOINTS])
_HIPS = CANONICAL.index("left_hip"), CANONICAL.index("right_hip")
_LEGS = [name.endswith(("knee", "ankle", "toe")) for name in _JOINTS]
_LIMBS = [joint for joint, name in enumerate(_JOINTS) if name.endswith(("head", "elbow", "wrist")) or _LEGS[joint]]
_ARM = ("collar", "shoulder", "elbow", "wrist")
#: What a recording may lack: all but the legs, the legs, an arm (J,).
_ABSENT = np.array([
    [not name.endswith(("pelvis", "hip", "knee", "ankle", "toe")) for name in _JOINTS],
    [name.endswith(("hip", "knee", "ankle", "toe")) for name in _JOINTS],
    *([name.startswith(side) and name.endswith(_ARM) for name in _JOINTS] for side in ("left", "right")),
])  # fmt: skip
_PARTS = [[_JOINTS.index(joint) for joint in joints] for joints in PARTS.values()]
_SWAPPED_PARTS = [
    list(PARTS).index(part.replace("left", "?").replace("right", "left").replace("?", "right")) for part in PARTS
]
_DRIFT_SECONDS = 0.5  # between two independent displacements of a drifting joint; chosen


class Bodies:
    """Varies recordings of the canonical body on a device."""

    def __init__(self, config: AugmentConfig, fps: float, device: torch.device) -> None:
        self.config, self.device = config, device
        self._sums, self._to_bones = (self._send(matrix) for matrix in (_SUMS, _TO_BONES))
        self._sensor = Sensor(config, fps, 3 * len(_JOINTS), device)

    def vary(self, rows: Tensor, lengths: np.ndarray, draws: Draws) -> Tensor:
        """Varied positions (B, T, 3, 21), each as its pair's numbers want it; `lengths` (B,) in frames.

        The rows are used up.
        """
        config = self.config
        if config.mirror or config.bones or config.tilt:
            rows = rows @ self._matrices(draws)
        else:
            rows = rows.view(*rows.shape[:2], -1, 3).transpose(2, 3).flatten(2)
        if config.offsets:
            rows = self._displace(rows, draws)
        if config.frozen_legs or config.frozen_bone:
            rows = self._freeze(rows, lengths, draws)
        rows = self._sensor.vary(rows, draws)
        if config.absent:
            rows = self._remove(rows, lengths, draws)
        return rows.view(*rows.shape[:2], 3, -1)

    def vary_seen(self, seen: Tensor, draws: Draws) -> Tensor:
        """Which parts of the varied bodies are seen, from which were before (features.seen_parts); both (B, T, 5)."""
        mirrored, absent = draw_mirrored(self.config, draws), draw_absent(self.config, draws)
        kept = np.stack([~absent[:, columns].any(1) for columns in _PARTS], 1)
        seen = torch.where(self._send(mirrored)[:, None, None] > 0, seen[..., _SWAPPED_PARTS], seen)
        return seen * self._send(kept)[:, None]

    def _send(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(self.device)

    def _matrices(self, draws: Draws) -> Tensor:
        """What turns the rows of each recording into those of its varied body, all x first, (B, 63, 63)."""
        factors = np.exp(self.config.bones * draws.normal("bones")[:, _ALIKE])
        factors[:, 0] = 1  # no bone leads to the root
        joints = (self._to_bones.T * self._send(factors)[:, None]) @ self._sums.T  # from each joint (row) to each
        turns, mirrored = draw_tilts(self.config, draws), draw_mirrored(self.config, draws)
        turns[mirrored, :, 0] *= -1  # the mirror comes before the tilt
        joints = torch.where(self._send(mirrored)[:, None, None] > 0, joints[:, _SWAPPED], joints)
        turned = joints[:, :, None, None] * self._send(turns.transpose(0, 2, 1))[:, None, :, :, None]
        return turned.view(len(factors), *2 * (3 * len(_JOINTS),))

    def _displace(self, rows: Tensor, draws: Draws) -> Tensor:
        """Positions with joints displaced by a constant in the body's axes, in place."""
        shifts = self.config.offsets * draws.normal("offsets").reshape(-1, len(_JOINTS), 3)[:, _ALIKE]
        left, up, forward = shifts[..., 0] * _SIDE, shifts[..., 1], shifts[..., 2]
        shares = np.zeros((len(shifts), 3, 3, len(_JOINTS)))  # of each direction, in x, y and z
        shares[:, 0, 0], shares[:, 0, 2], shares[:, 1, 1] = left, forward, up
        shares[:, 2, 0], shares[:, 2, 2] = -forward, left
        x, z = left_of(rows)
        return rows.baddbmm_(torch.stack((x, torch.ones_like(x), z), -1), self._send(shares).flatten(2))

    def _freeze(self, rows: Tensor, lengths: np.ndarray, draws: Draws) -> Tensor:
        """Positions in which some bones keep the direction that they have in one frame in the body's axes; in place."""
        frozen, frame = draw_frozen(self.config, lengths, draws)
        chosen = np.flatnonzero(frozen.any(1))
        if not len(chosen):
            return rows
        places, frames = (torch.from_numpy(part).to(self.device) for part in (chosen, frame[chosen]))
        own = rows.index_select(0, places)
        x, z = (part[..., None] for part in left_of(own))
        own = own.view(*own.shape[:2], 3, -1)
        bones = own @ self._to_bones.T
        still = _turn(bones, x, -z)[torch.arange(len(chosen), device=self.device), frames][:, None]
        change = (_turn(still, x, z) - bones) * self._send(frozen[chosen])[:, None, None]
        return rows.index_copy_(0, places, (own + change @ self._sums.T).flatten(2))

    def _remove(self, rows: Tensor, lengths: np.ndarray, draws: Draws) -> Tensor:
        """Positions in which parts of some bodies stand at rest, as where a recording lacks them; in place."""
        absent = draw_absent(self.config, draws)
        for place in np.flatnonzero(absent.any(1)).tolist():
            own = rows[place, : lengths[place]]
            body = own.view(len(own), 3, -1).transpose(1, 2).cpu().numpy().copy()
            body[:, absent[place]] = np.nan
            own.copy_(self._send(stand_in(body).transpose(0, 2, 1)).flatten(1))
        return rows


class Sensor:
    """Adds noise to the rows of recordings of any skeleton, (B, T, width), on a device."""

    def __init__(self, config: AugmentConfig, fps: float, width: int, device: torch.device) -> None:
        self.config, self.device = config, device
        self.spacing = max(1.0, _DRIFT_SECONDS * fps)
        self.table = NoiseTable(width, device) if config.noise or config.jitter or config.drift else None

    def vary(self, rows: Tensor, draws: Draws) -> Tensor:
        """Positions with noise and slow displacements, in place."""
        if self.table is None:
            return rows
        clock = torch.arange(rows.shape[1], device=self.device)
        for purpose in ("noise", "jitter"):
            if self.config.get(purpose):
                noise = self.table.read(draws.uniform(purpose)[:, -1], clock)
                rows.addcmul_(noise, self._spread(purpose, draws))
        if self.config.drift:
            steps = clock / self.spacing
            knots = self.table.read(draws.uniform("drift")[:, 1], torch.arange(int(steps[-1]) + 2, device=self.device))
            share = steps.frac()
            share = (share * share * (3 - 2 * share))[:, None]  # as smooth at the knots as between them
            drift = torch.lerp(knots[:, steps.long()], knots[:, steps.long() + 1], share)
            rows.addcmul_(drift, self._spread("drift", draws))
        return rows

    def _spread(self, purpose: str, draws: Draws) -> Tensor:
        """The standard deviation of each recording's noise, (B, 1, 1) metres."""
        share = np.ones(1) if purpose == "noise" else draws.one(purpose)
        return torch.from_numpy((self.config.get(purpose) * share).astype(np.float32)).to(self.device)[:, None, None]


def draw_mirrored(config: AugmentConfig, draws: Draws) -> np.ndarray:
    """Which recordings have their sides swapped, (B,)."""
    return draws.one("mirror") < config.mirror


def draw_frozen(config: AugmentConfig, lengths: np.ndarray, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Which bones of each recording keep the direction of one frame, (B, J), and which frame, (B,)."""
    legs, bone = draws.uniform("frozen_legs"), draws.uniform("frozen_bone")
    frozen = (legs[:, :1] < config.frozen_legs) & np.array(_LEGS)
    limb = np.array(_LIMBS)[(bone[:, 1] * len(_LIMBS)).astype(int)]
    frozen |= (bone[:, :1] < config.frozen_bone) & (limb[:, None] == np.arange(len(_JOINTS)))
    return frozen, (legs[:, 1] * lengths).astype(np.int64)


def draw_absent(config: AugmentConfig, draws: Draws) -> np.ndarray:
    """Which joints of each recording are absent, (B, J)."""
    share, part = draws.uniform("absent").T
    return (share[:, None] < config.absent) & _ABSENT[(part * len(_ABSENT)).astype(int)]


def draw_tilts(config: AugmentConfig, draws: Draws) -> np.ndarray:
    """A rotation (B, 3, 3) about a horizontal axis for each recording."""
    share, direction = draws.uniform("tilt").T
    angle, around = math.radians(config.tilt) * share, 2 * math.pi * direction
    x, z, cos, sin = np.cos(around), np.sin(around), np.cos(angle), np.sin(angle)
    rows = (
        (cos + x * x * (1 - cos), -z * sin, x * z * (1 - cos)),
        (z * sin, cos, -x * sin),
        (x * z * (1 - cos), x * sin, cos + z * z * (1 - cos)),
    )
    return np.stack([np.stack(row, -1) for row in rows], 1)


def left_of(rows: Tensor) -> tuple[Tensor, Tensor]:
    """x and z of the level direction from the right to the left hip in each frame, (B, T) each, of rows all x first."""
    left, right = _HIPS
    x, z = (rows[..., axis * len(_JOINTS) + left] - rows[..., axis * len(_JOINTS) + right] for axis in (0, 2))
    length = torch.hypot(x, z).clamp(min=1e-6)
    return x / length, z / length


def _turn(vectors: Tensor, x: Tensor, z: Tensor) -> Tensor:
    """Vectors (..., 3, J) turned about Y so that the first axis comes to (x, 0, z)."""
    along, up, ahead = vectors.unbind(-2)
    return torch.stack((x * along - z * ahead, up + torch.zeros_like(x), z * along + x * ahead), -2)
