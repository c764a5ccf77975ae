"""Vary the body and the sensor of recordings on the canonical body: (B, T, 63), joint by joint x, y, z in metres.

What is linear and the same in all frames (mirror, lengths of bones, tilt) is one matrix for each recording; what turns
with the body (offsets) is a sum of three directions of each frame.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

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
_DRIFT_SECONDS = 0.5  # between two independent displacements of a drifting joint; chosen


class Bodies:
    """Varies recordings of the canonical body on a device."""

    def __init__(self, config: AugmentConfig, fps: float, device: torch.device) -> None:
        self.config, self.device = config, device
        self._sums = torch.from_numpy(_SUMS).float().to(device)
        self._sensor = Sensor(config, fps, 3 * len(_JOINTS), device)

    def vary(self, positions: Tensor, lengths: np.ndarray, draws: Draws) -> Tensor:
        """Varied positions (B, T, 63), each as its pair's numbers want it; `lengths` (B,) in frames."""
        config = self.config
        if config.mirror or config.bones or config.tilt:
            positions = positions @ self._send(_matrices(config, draws))
        if config.offsets:
            positions = self._displace(positions, draws)
        if config.frozen_legs or config.frozen_bone:
            positions = self._freeze(positions, lengths, draws)
        return self._sensor.vary(positions, draws)

    def _send(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(self.device)

    def _displace(self, positions: Tensor, draws: Draws) -> Tensor:
        """Positions with joints displaced by a constant in the body's axes."""
        shifts = self.config.offsets * draws.normal("offsets").reshape(-1, len(_JOINTS), 3)[:, _ALIKE]
        left, up, forward = np.moveaxis(shifts, 2, 0)
        left = left * _SIDE
        none = np.zeros_like(left)
        shares = np.stack(
            [np.stack(part, -1) for part in ((left, none, forward), (-forward, none, left), (none, up, none))], 1
        )
        x, z = left_of(positions)
        return torch.baddbmm(positions, torch.stack((x, z, torch.ones_like(x)), -1), self._send(shares).flatten(2))

    def _freeze(self, positions: Tensor, lengths: np.ndarray, draws: Draws) -> Tensor:
        """Positions in which some bones keep the direction, in the body's axes, that they have in one frame."""
        frozen, frame = draw_frozen(self.config, lengths, draws)
        chosen = np.flatnonzero(frozen.any(1))
        if not len(chosen):
            return positions
        rows, frames = (torch.from_numpy(part).to(self.device) for part in (chosen, frame[chosen]))
        body = positions.index_select(0, rows)
        x, z = left_of(body)
        vectors = body.view(*body.shape[:2], -1, 3)
        bones = vectors - vectors[:, :, [max(0, parent) for parent in CANONICAL.parents]]
        own = _turn(bones, x[..., None], -z[..., None])
        still = own[torch.arange(len(chosen), device=self.device), frames][:, None]
        change = _turn(still, x[..., None], z[..., None]) - bones
        change = change * self._send(frozen[chosen])[:, None, :, None]
        return positions.index_copy(0, rows, (vectors + self._sums @ change).flatten(2))


class Sensor:
    """Adds noise to recordings of any skeleton, (B, T, width), on a device."""

    def __init__(self, config: AugmentConfig, fps: float, width: int, device: torch.device) -> None:
        self.config, self.device = config, device
        self.spacing = max(1.0, _DRIFT_SECONDS * fps)
        self.table = NoiseTable(width, device) if config.noise or config.jitter or config.drift else None

    def vary(self, positions: Tensor, draws: Draws) -> Tensor:
        """Positions with noise and slow displacements."""
        if self.table is None:
            return positions
        clock = torch.arange(positions.shape[1], device=self.device)
        for purpose in ("noise", "jitter"):
            if self.config.get(purpose):
                noise = self.table.read(draws.uniform(purpose)[:, -1], clock)
                positions = torch.addcmul(positions, noise, self._spread(purpose, draws))
        if self.config.drift:
            steps = clock / self.spacing
            knots = self.table.read(draws.uniform("drift")[:, 1], torch.arange(int(steps[-1]) + 2, device=self.device))
            share = steps.frac()
            share = (share * share * (3 - 2 * share))[:, None]  # as smooth at the knots as between them
            drift = torch.lerp(knots[:, steps.long()], knots[:, steps.long() + 1], share)
            positions = torch.addcmul(positions, drift, self._spread("drift", draws))
        return positions

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


def _matrices(config: AugmentConfig, draws: Draws) -> np.ndarray:
    """What turns the rows of each recording into those of its varied body, (B, 63, 63)."""
    count, joints = len(draws.one("mirror")), len(_JOINTS)
    factors = np.exp(config.bones * draws.normal("bones")[:, _ALIKE])
    factors[:, 0] = 1  # no bone leads to the root
    mixed = (_SUMS * factors[:, None]) @ _TO_BONES
    turned = _tilts(config, draws)
    mirrored = draw_mirrored(config, draws)
    mixed[mirrored] = mixed[mirrored][:, :, _SWAPPED]
    turned[mirrored, :, 0] *= -1  # the mirror comes before the tilt
    matrices = np.einsum("bjk,bdc->bkcjd", mixed.astype(np.float32), turned.astype(np.float32))
    return matrices.reshape(count, 3 * joints, 3 * joints)


def _tilts(config: AugmentConfig, draws: Draws) -> np.ndarray:
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


def left_of(positions: Tensor) -> tuple[Tensor, Tensor]:
    """x and z of the level direction from the right to the left hip in each frame, (B, T) each."""
    left, right = (positions[..., 3 * hip : 3 * hip + 3 : 2] for hip in _HIPS)
    across = left - right
    across = across / across.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    return across[..., 0], across[..., 1]


def _turn(vectors: Tensor, x: Tensor, z: Tensor) -> Tensor:
    """Vectors turned about Y so that the first axis comes to (x, 0, z)."""
    along, up, ahead = vectors.unbind(-1)
    return torch.stack((x * along - z * ahead, up + torch.zeros_like(x), z * along + x * ahead), -1)
