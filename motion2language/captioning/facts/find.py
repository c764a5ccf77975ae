"""The Facts of a recording or of an interval of it, gathered from the files that each measure one kind.

A fact that cannot be known is None, and `notes` says why: no fact is better than a wrong one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from motion2language.body import ensure_canonical
from motion2language.captioning.facts.jumps import SLOWEST, find_falls, find_jumps
from motion2language.captioning.facts.limbs import SHARED, Limbs, find_limbs
from motion2language.captioning.facts.measure import RATE, Body, measure
from motion2language.captioning.facts.posture import UPRIGHT, Postures, find_postures
from motion2language.captioning.facts.repetitions import Repetitions, find_all_repetitions
from motion2language.captioning.facts.steps import (
    Steps,
    compare_contacts,
    find_cadence,
    find_step_length,
    find_steps,
    name_step,
)
from motion2language.captioning.facts.travel import Travel, find_gait, find_pace, find_travel
from motion2language.captioning.facts.turn import find_turn
from motion2language.motion import Motion
from motion2language.transcript import Facts

#: The shares of the limbs' movement, which are of those of the five that were recorded.
_SHARES = tuple(name.replace(" ", "_") for name in SHARED)
#: What cannot be known where a joint of a limb was not recorded, beside `side`, `limb`, its share, a hand's places.
HANGS_ON = {
    "leg": (
        "legs",
        "steps",
        "step_length",
        "step_size",
        "cadence",
        "gait",
        "pace",
        "jumps",
        "jump_height",
        "falls",
        "start_posture",
        "end_posture",
        "postures",
        "transitions",
    ),
    "arm": ("arms", "hands"),
    "head": (),
}
_JOINTS = {"leg": ("ankle", "knee"), "arm": ("wrist", "elbow"), "head": ("head",)}
#: Facts that are empty, not None, where they are unknown.
SEVERAL = frozenset("left_hand right_hand hands postures transitions".split())
STEPS = 3  # steps from which a body walks or runs; chosen
SLIDES = 1.0  # metres of travel from which steps are expected; chosen
SHORTEST = 0.25  # seconds of the shortest interval in which a movement is measured; chosen


def facts(motion: Motion, start: float = 0.0, end: float | None = None) -> Facts:
    """What is true of a recording, or of [start, end) seconds of it, measured without any model.

    motion  metres, Y up, on any human skeleton
    end     None: until the recording's end

    ValueError when the skeleton cannot be mapped to a body, or no frame lies in the interval.
    """
    end = motion.duration if end is None else end
    if not 0 <= start < end or start >= motion.duration:
        raise ValueError(
            f"{motion.label}: no frame between {start:g} s and {end:g} s; the recording lasts {motion.duration:g} s"
        )
    return facts_of(measure(ensure_canonical(motion)).part(start, end))


def facts_of(body: Body) -> Facts:
    """The facts of a measured body; what hangs on joints that were not recorded is unknown."""
    return facts_of_all([body])[0]


def facts_of_all(bodies: Sequence[Body]) -> list[Facts]:
    """As `facts_of` for each body; their repetitions are looked for together, which takes less time."""
    seen = [_Seen.of(body) if body.frames >= SHORTEST * RATE else None for body in bodies]
    moving = [number for number, each in enumerate(seen) if each is not None and each.limbs.limb is not None]
    again = dict(zip(moving, find_all_repetitions([bodies[number] for number in moving]), strict=True))
    none = Repetitions(reason="nothing moves")
    return [
        _without_unseen(body, _too_short(body) if each is None else _gather(body, each, again.get(number, none)))
        for number, (body, each) in enumerate(zip(bodies, seen, strict=True))
    ]


def _without_unseen(body: Body, found: Facts) -> Facts:
    """The facts without those that hang on joints that were not recorded."""
    acts = found.limb
    for limb, joints in _JOINTS.items():
        if lost := sorted(joint for joint in body.missing if joint.endswith(joints)):
            shares = ("head",) if limb == "head" else tuple(f"{side}_{limb}" for side in _sides(lost))
            hidden = dict.fromkeys((*_unclear(acts, limb, lost), *HANGS_ON[limb], *shares))
            reasons = [note for note in found.notes if not set(note.partition(": ")[0].split(", ")) <= set(hidden)]
            unknown: dict[str, Any] = {name: () if name in SEVERAL else None for name in hidden}
            reason = f"{', '.join(lost).replace('_', ' ')} not recorded"
            found = replace(found, **unknown, notes=(*reasons, f"{', '.join(hidden)}: {reason}"))
    return _with_shares_of_all(found)


def _with_shares_of_all(found: Facts) -> Facts:
    """The facts with shares that sum to 1, where some of the five were not recorded."""
    known = {name: share for name in _SHARES if (share := getattr(found, name)) is not None}
    total = sum(known.values())
    if len(known) == len(_SHARES) or not total:
        return found
    return replace(found, **{name: share / total for name, share in known.items()})


def _sides(joints: Sequence[str]) -> tuple[str, ...]:
    """The sides on which joints are."""
    return tuple(side for side in ("left", "right") if any(joint.startswith(side) for joint in joints))


def _unclear(acts: str | None, limb: str, lost: Sequence[str]) -> tuple[str, ...]:
    """Which of `side`, `limb` and the hands' places are unclear where joints of a limb are lost; `acts` is the limb.

    Arms that act are seen whatever the legs do. Of an arm whose other arm is lost the side is unclear alone.
    """
    sides = _sides(lost)
    hands = tuple(f"{side}_hand" for side in sides) if limb == "arm" else ()
    if limb == "head":
        return ()
    if acts in ("leg", "arm") and (acts != limb or len(sides) == 1):
        return ("side", *hands) if acts == limb else hands
    return ("side", "limb", *hands)


def _too_short(body: Body) -> Facts:
    postures = find_postures(body)
    note = "all but the posture: too short to see a movement"
    return Facts(start_posture=postures.names[0], end_posture=postures.names[-1], notes=(note,))


@dataclass(frozen=True)
class _Seen:
    """What the body does as a whole and which limbs act; stepped: seconds of its steps while upright."""

    postures: Postures
    travel: Travel
    steps: Steps
    stepped: list[float]
    limbs: Limbs

    @classmethod
    def of(cls, body: Body) -> _Seen:
        postures, travel = find_postures(body), find_travel(body)
        steps = find_steps(body, travel)
        stepped = [time for time in steps.times if postures.at(time) in UPRIGHT]
        carried = travel.direction != "in place" and {"left_ankle", "right_ankle"} <= body.missing  # by unseen legs
        return cls(postures, travel, steps, stepped, find_limbs(body, carried or len(stepped) >= STEPS))

    @property
    def goes(self) -> bool:
        """Whether the body takes enough steps to walk or run."""
        return len(self.stepped) >= STEPS


def _gather(body: Body, seen: _Seen, again: Repetitions) -> Facts:
    postures, travel, stepped, limbs = seen.postures, seen.travel, seen.stepped, seen.limbs
    gait = find_gait(body, travel) if seen.goes else None
    step = find_step_length(body, stepped) if seen.goes and travel.direction != "in place" else None
    turn, why_no_turn = find_turn(body)
    jumps = find_jumps(body)
    shares: dict[str, Any] = dict(zip(_SHARES, limbs.shares, strict=False))
    found: dict[str, Any] = dict(
        side=limbs.side,
        limb=limbs.limb,
        repetitions=len(again.times) or None,
        repetition_times=again.times,
        turn=turn,
        travel=travel.distance,
        direction=travel.direction,
        steps=len(stepped),
        speed=travel.speed,
        start_posture=postures.names[0],
        end_posture=postures.names[-1],
        gait=gait,
        pace=None if gait is None else find_pace(travel, gait),
        path=travel.path,
        jumps=len(jumps.times) or (None if body.rate < SLOWEST else 0),
        left_hand=limbs.left_hand if limbs.arms in ("left", "both") else (),
        right_hand=limbs.right_hand if limbs.arms in ("right", "both") else (),
        arms=limbs.arms,
        legs=limbs.legs,
        step_length=None if step is None else step * body.leg,
        step_size=name_step(step) if gait == "walk" and travel.direction == "forward" else None,
        displacement=travel.displacement,
        cadence=find_cadence(stepped) if seen.goes else None,
        jump_height=max(jumps.heights) * body.leg if jumps.heights else None,
        falls=len(find_falls(body, postures)),
        postures=postures.names,
        transitions=postures.transitions,
        hands=limbs.hands,
        period=again.period,
        regularity=again.regularity,
        **shares,
    )
    return Facts(**found, notes=_notes(found, body, seen, again.reason, why_no_turn))


def _notes(found: Mapping[str, Any], body: Body, seen: _Seen, why_not_again: str, why_no_turn: str) -> tuple[str, ...]:
    """Why each unknown fact is unknown, and what is special about the steps."""
    stays = found["direction"] == "in place"
    few = "" if seen.goes else f"fewer than {STEPS} steps"
    way = few or ("it stays in place" if stays else "")
    acts = "no arm or leg acts beyond what walking needs" if seen.goes else "no arm or leg acts"
    if found["limb"] in ("whole body", "trunk", "head") and not seen.goes:
        acts = f"the {seen.limbs.limb} acts, not one pair of limbs"
    slides = seen.travel.distance >= SLIDES and not seen.stepped and not stays and not found["jumps"]
    steps = (
        seen.steps.note if seen.stepped else "the body travels without any: it slides or is carried" if slides else ""
    )
    reasons = (
        ("side", acts),
        ("arms", "no arm acts"),
        ("legs", "they step" if seen.goes else "no leg acts"),
        ("limb", "nothing moves"),
        (" ".join(_SHARES), "they move too little to be compared"),
        ("repetitions", why_not_again),
        ("period regularity", "nothing repeats"),
        ("turn", why_no_turn),
        ("direction", "it changes"),
        ("speed path", "it stays in place" if stays else "the way is too short for a shape"),
        ("gait", way or "between a walk and a run"),
        ("pace", way or "whether it walks or runs is unknown"),
        ("step_length cadence", way),
        ("step_size", way or "named for a walk forward alone"),
        ("jumps", f"{body.rate:g} frames per second are too few to see every flight"),
        ("jump_height", "no jump"),
    )
    notes = [(", ".join(name for name in names.split() if found.get(name) is None), why) for names, why in reasons]
    if found["postures"] == ("lying",):
        notes.append(("left_hand, right_hand, hands", "lying: before, beside and over the body are not told"))
    special = "; ".join(filter(None, (steps, compare_contacts(body, len(seen.stepped)))))
    return tuple(f"{names}: {why}" for names, why in (*notes, ("steps" if special else "", special)) if names)
