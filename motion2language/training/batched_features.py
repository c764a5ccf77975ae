"""Features of a padded batch of varied recordings in torch, (B, T, F): the same numbers as captioning/features.py.

Training varies recordings anew in each epoch, so their features are computed for whole batches, on the batch's device.
tests/test_batched_features.py holds both to each other. A feature without a function here is computed recording by
recording with its own, except `partial`, which batches.py puts together. Positions come as (B, T, 3, J), all x first.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from motion2language.motion import CANONICAL

_BONES = [tuple(CANONICAL.index(f"{side}_{joint}") for joint in bone)
          for side in ("left", "right") for bone in (("hip", "knee"), ("knee", "ankle"))]  # fmt: skip
_ACROSS = [(CANONICAL.index(f"left_{part}"), CANONICAL.index(f"right_{part}")) for part in ("hip", "shoulder")]


def paper(positions: Tensor, lengths: Tensor, fps: float) -> Tensor:
    """The positions joint by joint."""
    return positions.transpose(2, 3).flatten(2)


def canonical(positions: Tensor, lengths: Tensor, fps: float) -> Tensor:
    """`canonical` of canonical positions: lengths in units of the median leg length over a recording's frames."""
    legs = _leg_lengths(positions)
    beyond = torch.arange(legs.shape[1], device=legs.device) >= lengths[:, None]
    ordered = legs.masked_fill(beyond, torch.inf).sort(1).values
    middle = torch.stack(((lengths - 1) // 2, lengths // 2), 1)
    size = ordered.gather(1, middle).mean(1, keepdim=True).clamp(min=1e-6)
    return _in_leg_lengths(positions, size.expand_as(legs), fps)


def live(positions: Tensor, lengths: Tensor, fps: float) -> Tensor:
    """`live` of canonical positions: lengths in units of the mean leg length up to each frame."""
    legs = _leg_lengths(positions).clamp(min=1e-6)
    size = legs.double().cumsum(1) / torch.arange(1, legs.shape[1] + 1, device=legs.device)
    return _in_leg_lengths(positions, size.to(legs.dtype), fps)


#: By the keys of captioning.features.FEATURES.
BATCHED: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {"paper": paper, "canonical": canonical, "live": live}


def _leg_lengths(positions: Tensor) -> Tensor:
    """Hip to knee to ankle in each frame, (B, T), mean of both legs."""
    total = torch.zeros((), device=positions.device)
    for upper, lower in _BONES:
        x, y, z = (positions[..., upper] - positions[..., lower]).unbind(-1)
        total = total + (x * x + y * y + z * z).sqrt()
    return total / 2


def _in_leg_lengths(positions: Tensor, size: Tensor, fps: float) -> Tensor:
    """The columns of `canonical` for a body whose legs are `size` (B, T) long."""
    others = 3 * (positions.shape[3] - 1)
    across = torch.stack([positions[..., left] - positions[..., right] for left, right in _ACROSS]).sum(0)
    cos, sin = _heading(across[..., 0], across[..., 2])
    values = positions.new_empty(*positions.shape[:2], 2 * others + 4)
    values[:, 0, others:] = 0
    pose, speed = values[..., :others], values[:, 1:, others : 2 * others]
    _to_body_axes(positions[..., 1:] - positions[..., :1], (cos / size, sin / size, 1 / size), pose)
    torch.sub(pose[:, 1:], pose[:, :-1], out=speed)
    speed *= fps
    place = positions[..., :1] / size[..., None, None]
    step = (place[:, 1:] - place[:, :-1]) * fps
    _to_body_axes(step, (cos[:, 1:], sin[:, 1:], torch.ones_like(cos[:, 1:])), values[:, 1:, -4:-1])
    turned = cos[:, :-1] * sin[:, 1:] - sin[:, :-1] * cos[:, 1:], cos[:, :-1] * cos[:, 1:] + sin[:, :-1] * sin[:, 1:]
    values[:, 1:, -1] = torch.atan2(*turned) * fps
    return values


def _heading(left_x: Tensor, left_z: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of where the body faces, 0 = +Z, for the direction to its left; 1 and 0 without one."""
    length = torch.hypot(left_x, left_z)
    there = length > 0
    length = length.clamp(min=torch.finfo(length.dtype).tiny)
    return torch.where(there, left_x / length, 1.0), torch.where(there, -left_z / length, 0.0)


def _to_body_axes(vectors: Tensor, axes: tuple[Tensor, Tensor, Tensor], out: Tensor) -> None:
    """World vectors (B, T, 3, N) as (left, up, forward), in `out` (B, T, 3 N), by cosine, sine and scale (B, T)."""
    cos, sin, scale = (part[..., None] for part in axes)
    x, y, z = vectors.unbind(2)
    out[..., ::3] = (cos * x).addcmul_(sin, z, value=-1)
    out[..., 1::3] = scale * y
    out[..., 2::3] = (sin * x).addcmul_(cos, z)
