"""Which limbs act: how much each moves beyond the trunk, which side, and where the hands go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion2language.captioning.facts.measure import RATE, Body
from motion2language.captioning.facts.posture import FLAT

MOVED = 0.06  # leg lengths of spread from which a limb moves at all, about 5 cm; chosen
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
    still = max(spread.values()) < MOVED
    limb = None if still and arms is None else _limb(spread, arms, legs, goes)
    side = {"arm": arms, "leg": legs}.get(limb or "")
    moved = [spread[name] for name in SHARED]
    shares = () if max(moved) < MOVED else tuple(each / sum(moved) for each in moved)
    return Limbs(side, limb, arms, legs, *_reach(body), _meet(body), shares)


def _spreads(body: Body) -> dict[str, float]:
    """Leg lengths of spread of the end of each limb around its mean, seen from where the limb begins.

    The trunk's is that of the pelvis' height and of the neck over the pelvis.
    """

    def spread(points: np.ndarray) -> float:
        return float(np.sqrt(points.var(axis=0).sum()))

    found = {f"{side} arm": spread(body.posed(f"{side}_wrist") - body.posed("neck")) for side in ("left", "right")}
    # A planted foot does not move over the ground, whatever the pelvis does; a lifted one moves in the body's axes too.
    for side in ("left", "right"):
        ankle = body.at(f"{side}_ankle")
        found[f"{side} leg"] = min(spread(ankle), spread(body.posed(f"{side}_ankle")))
    found["head"] = spread(body.posed("head") - body.posed("neck"))
    found["trunk"] = float(np.hypot(spread(body.posed("neck")), spread(body.at("pelvis")[:, 1:2])))
    return found


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


def _reach(body: Body) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where the left hand goes, and where the right one."""
    left, right = (
        _visited(_zones(body, side, body.posed(f"{side}_wrist"), sign))
        for side, sign in (("left", 1.0), ("right", -1.0))
    )
    return left, right


def _zones(body: Body, side: str, wrist: np.ndarray, sign: float) -> dict[str, np.ndarray]:
    """Frames (T,) in which a hand is at each place."""
    height = body.height(f"{side}_wrist")
    head, shoulder = body.height("head"), body.height("left_shoulder", "right_shoulder")
    hips = body.height("left_hip", "right_hip")
    near_head = np.linalg.norm(body.at(f"{side}_wrist") - body.at("head"), axis=1) < NEAR_HEAD
    trunk = np.maximum(shoulder - hips, 0.2)
    out = sign * wrist[:, 0]
    near_trunk = np.hypot(wrist[:, 0], wrist[:, 2]) < 0.5
    upright = _upright(body)
    away = height > hips + 0.35 * trunk
    places = {
        "overhead": height > head + ABOVE,
        "to the head": near_head,
        "at shoulder height": ~near_head & (np.abs(height - shoulder) < 0.3 * trunk),
        "to the floor": height < 0.3,
        "in front": away & (wrist[:, 2] > 0.35) & (wrist[:, 2] > np.abs(out)),
        "to the side": away & (out > 0.5) & (out > wrist[:, 2]),
        "behind": wrist[:, 2] < -BEHIND,
        "at the waist": (height > hips + WAIST[0] * trunk) & (height < hips + WAIST[1] * trunk) & near_trunk,
    }
    return {name: inside if name in FLAT_PLACES else inside & upright for name, inside in places.items()}


def _upright(body: Body) -> np.ndarray:
    """Frames (T,) in which the trunk is upright enough for a hand to be before, beside, behind or over the body."""
    trunk = body.at("neck") - body.at("pelvis")
    return np.asarray(trunk[:, 1] > np.cos(np.radians(FLAT)) * np.linalg.norm(trunk, axis=1))


def _meet(body: Body) -> tuple[str, ...]:
    """What both hands do with each other."""
    apart = body.posed("left_wrist") - body.posed("right_wrist")
    ahead = body.posed("left_wrist", "right_wrist")[:, 2] > body.posed("neck")[:, 2]
    together = np.sqrt((apart**2).sum(axis=1)) < TOGETHER
    return _visited({"together": together, "crossed": ahead & (apart[:, 0] < -CROSSED) & _upright(body)}, MEET)


def _visited(zones: dict[str, np.ndarray], seconds: float = HELD) -> tuple[str, ...]:
    """The zones that hold for so many seconds, in the order in which they first do."""
    least = max(1, round(seconds * RATE))
    first = {}
    for name, inside in zones.items():
        if not inside.any():
            continue
        edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
        long = [
            start for start, end in zip(edges[::2], edges[1::2], strict=True) if end - start >= min(least, len(inside))
        ]
        if long:
            first[name] = long[0]
    return tuple(sorted(first, key=lambda name: first[name]))
