"""Which limbs act: how much each moves beyond the trunk, which side, and where the hands go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.captioning.facts.measure import RATE, Body
from motion2language.captioning.facts.posture import FLAT

MOVED = 0.06  # leg lengths of spread from which a limb moves at all, about 5 cm; chosen
#: Leg lengths of spread below which a pose is held, some millimetres. The wrist of a hand that waves from a raised arm
#: spreads .006 in Bandai Namco's recordings. Chosen.
STILL = 0.004
HOLD = 0.5  # seconds that a pose is held at least; chosen: between two movements any body is still for less
SECOND = (
    0.55  # share of the other side's spread from which both sides act; chosen, between .39 and .76 on labelled clips
)
SWING = 0.45  # leg lengths of spread that arms swing with in walking and running, at most .42 on labelled clips; chosen
HELD = 0.2  # seconds that a hand is somewhere to be said to be there; chosen
NEAR_HEAD = 0.36  # leg lengths between a wrist and the middle of the head that its hand touches; chosen
ABOVE = 0.3  # leg lengths over the middle of the head from which a wrist is overhead; chosen
BEHIND = 0.35  # leg lengths behind the pelvis from which a wrist is behind the body; chosen
WAIST = (0.15, 0.65)  # shares of the way from hips to shoulders between which a hand is at the waist; chosen
MEET = 0.1  # seconds that two hands are together or crossed, as in a clap; chosen
TOGETHER = 0.22  # leg lengths between the wrists of hands that touch, about 19 cm; chosen
CROSSED = 0.1  # leg lengths that the left wrist is to the right of the right one where arms are crossed; chosen
#: Places that are also told where the trunk is flat, as in lying.
FLAT_PLACES = ("to the head", "to the floor")
#: What the shares of movement are of, in this order.
SHARED = ("left arm", "right arm", "left leg", "right leg", "head")


@dataclass(frozen=True)
class Limbs:
    """What the limbs do.

    side   left, right or both: which of the acting pair acts; None without one
    limb   arm, leg, head, trunk or whole body: what moves most beyond the rest; None for a still body
    arms   left, right or both: which arms act, or None; legs likewise (kicks and lifts, not steps)
    left_hand, right_hand  where each hand goes, in the order of time
    hands  together, crossed: what both hands do with each other, in the order of time
    shares of the movement of the SHARED beyond the trunk's, sum 1; none where these move too little
    """

    side: str | None
    limb: str | None
    arms: str | None
    legs: str | None
    left_hand: tuple[str, ...]
    right_hand: tuple[str, ...]
    hands: tuple[str, ...]
    shares: tuple[float, ...]


def find_limbs(body: Body, goes: bool) -> Limbs:
    """What the limbs of a body do; `goes` for one that walks or runs, whose arms swing and whose legs step anyway."""
    spread = _spreads(body)
    arms = _side(spread["left arm"], spread["right arm"], SWING if goes else MOVED, _raised(body))
    legs = None if goes else _side(spread["left leg"], spread["right leg"], MOVED, (False, False))
    most = max(spread.values())
    limb = None if most < STILL or (most < MOVED and arms is None) else _limb(spread, arms, legs, goes)
    side = {"arm": arms, "leg": legs}.get(limb or "")
    moved = [spread[name] for name in SHARED]
    shares = () if max(moved) < MOVED else tuple(each / sum(moved) for each in moved)
    upright = _upright(body)
    return Limbs(side, limb, arms, legs, *_reach(body, upright), _meet(body, upright), shares)


def is_still(body: Body, least: float = STILL) -> bool:
    """Whether a body holds one pose for HOLD: all of it was recorded, and nothing of it spreads `least` leg lengths."""
    return body.frames >= HOLD * RATE and not body.missing and max(_spreads(body).values()) < least


def _spreads(body: Body) -> dict[str, float]:
    """Leg lengths of spread of the end of each limb around its mean, seen from where the limb begins.

    The trunk's is that of the pelvis' height and of the neck over the pelvis.
    """

    neck, ankles = body.posed("neck"), ("left_ankle", "right_ankle")
    points = [body.posed(f"{side}_wrist") - neck for side in ("left", "right")]
    points += [body.at(ankle) for ankle in ankles] + [body.posed(ankle) for ankle in ankles]
    points += [body.posed("head") - neck, neck]
    off = np.stack(points)
    off -= off.mean(axis=1, keepdims=True)
    arms, over_ground, in_axes, (head, over_pelvis) = np.sqrt((off**2).mean(axis=1).sum(axis=1)).reshape(4, 2).tolist()
    # A planted foot does not move over the ground, whatever the pelvis does; a lifted one moves in the body's axes too.
    legs = map(min, over_ground, in_axes)
    trunk = float(np.hypot(over_pelvis, body.at("pelvis")[:, 1].std()))
    return dict(zip((*SHARED, "trunk"), (*arms, *legs, head, trunk), strict=True))


def _side(left: float, right: float, least: float, raised: tuple[bool, bool]) -> str | None:
    """Which of a pair acts: the one that moves; both, where the lesser moves SECOND as much; else the raised one."""
    most = max(left, right)
    if most < least:
        return {(True, True): "both", (True, False): "left", (False, True): "right"}.get(raised)
    if min(left, right) >= SECOND * most:
        return "both"
    return "left" if left > right else "right"


def _raised(body: Body) -> tuple[bool, bool]:
    """Whether the left and the right hand are held above the shoulders for most of the time."""
    level = body.height("left_shoulder", "right_shoulder")
    left, right = ((body.height(f"{side}_wrist") > level).mean() > 0.5 for side in ("left", "right"))
    return bool(left), bool(right)


def _limb(spread: dict[str, float], arms: str | None, legs: str | None, goes: bool) -> str | None:
    arm, leg = (max(spread[f"{side} {part}"] for side in ("left", "right")) for part in ("arm", "leg"))
    trunk = spread["trunk"]
    if goes:
        return "arm" if arms else "leg"
    if trunk >= MOVED * 2 and trunk > 0.5 * max(arm, leg):
        return "trunk" if max(arm, leg) < trunk else "whole body"
    if arms and (leg < MOVED or arm > leg):
        return "whole body" if legs and leg > 0.6 * arm else "arm"
    if legs:
        return "whole body" if arms and arm > 0.6 * leg else "leg"
    return "head" if spread["head"] >= MOVED / 2 else None


def _reach(body: Body, upright: np.ndarray) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where the left hand goes, and where the right one; `upright` as `_upright` gives it."""
    places = _places(body)
    inside = np.array([own if name in FLAT_PLACES else own & upright for name, own in places.items()])
    left, right = (_visited(tuple(places), inside[:, side]) for side in (0, 1))
    return left, right


def _places(body: Body) -> dict[str, np.ndarray]:
    """Frames (2, T) in which the left and the right hand are at each place, wherever the trunk is."""
    sides = ("left", "right")
    height = np.stack([body.height(f"{side}_wrist") for side in sides])
    head, shoulder = body.height("head"), body.height("left_shoulder", "right_shoulder")
    hips = body.height("left_hip", "right_hip")
    from_head = np.stack([body.at(f"{side}_wrist") for side in sides]) - body.at("head")
    near_head = np.sqrt((from_head**2).sum(axis=2)) < NEAR_HEAD
    trunk = np.maximum(shoulder - hips, 0.2)
    across, _, ahead = np.stack([body.posed(f"{side}_wrist") for side in sides]).transpose(2, 0, 1)
    out = across * [[1.0], [-1.0]]
    near_trunk = np.hypot(across, ahead) < 0.5
    away = height > hips + 0.35 * trunk
    return {
        "overhead": height > head + ABOVE,
        "to the head": near_head,
        "at shoulder height": ~near_head & (np.abs(height - shoulder) < 0.3 * trunk),
        "to the floor": height < 0.3,
        "in front": away & (ahead > 0.35) & (ahead > np.abs(out)),
        "to the side": away & (out > 0.5) & (out > ahead),
        "behind": ahead < -BEHIND,
        "at the waist": (height > hips + WAIST[0] * trunk) & (height < hips + WAIST[1] * trunk) & near_trunk,
    }


def _upright(body: Body) -> np.ndarray:
    """Frames (T,) in which the trunk is upright enough for a hand to be before, beside, behind or over the body."""
    trunk = body.at("neck") - body.at("pelvis")
    return np.asarray(trunk[:, 1] > np.cos(np.radians(FLAT)) * np.linalg.norm(trunk, axis=1))


def _meet(body: Body, upright: np.ndarray) -> tuple[str, ...]:
    """What both hands do with each other."""
    apart = body.posed("left_wrist") - body.posed("right_wrist")
    ahead = body.posed("left_wrist", "right_wrist")[:, 2] > body.posed("neck")[:, 2]
    together = np.sqrt((apart**2).sum(axis=1)) < TOGETHER
    return _visited(("together", "crossed"), np.array([together, ahead & (apart[:, 0] < -CROSSED) & upright]), MEET)


def _visited(names: Sequence[str], inside: np.ndarray, seconds: float = HELD) -> tuple[str, ...]:
    """The names (Z,) of the places in which a hand is, (Z, T), for so many seconds, in the order in which it first is.

    A place counts in any recording that is shorter.
    """
    least = min(max(1, round(seconds * RATE)), inside.shape[1])
    padded = np.zeros((len(inside), inside.shape[1] + 2), bool)
    padded[:, 1:-1] = inside
    rows, frames = np.nonzero(padded[:, 1:] != padded[:, :-1])
    first: dict[int, int] = {}
    for row, start, end in zip(rows[::2].tolist(), frames[::2].tolist(), frames[1::2].tolist(), strict=True):
        if end - start >= least:
            first.setdefault(row, start)
    return tuple(names[row] for row in sorted(first, key=lambda row: first[row]))
