"""The actions of synthetic recordings, each with its verb, its plan and its phrases, and sentences made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.data.synthesis import actions as moves
from motion2language.data.synthesis.gait import locomotion
from motion2language.data.synthesis.stage import Plan


@dataclass(frozen=True)
class Action:
    """verb: its label; plan: draws it at random; phrases: all true of it; quick: phrases for a quick one."""

    verb: str
    plan: Callable[[np.random.Generator], Plan]
    phrases: tuple[str, ...]
    quick: tuple[str, ...] = ()


def _one_hand(kind: str, side: str) -> Callable[[np.random.Generator], Plan]:
    return lambda random: moves.hand_gesture(random, kind, (side,))


def _both_hands(kind: str) -> Callable[[np.random.Generator], Plan]:
    return lambda random: moves.hand_gesture(random, kind, ("left", "right"))


def _go(kind: str) -> Callable[[np.random.Generator], Plan]:
    return lambda random: locomotion(random, kind)


def _kick(side: str) -> Callable[[np.random.Generator], Plan]:
    return lambda random: moves.kick(random, side)


def _any_point(random: np.random.Generator) -> Plan:
    return moves.hand_gesture(random, "point", (str(random.choice(["left", "right"])),))


ACTIONS: dict[str, Action] = {
    "walk": Action(
        "walk",
        _go("walk"),
        ("walks", "is walking", "walks straight ahead", "walks a few steps", "walks forward"),
        ("walks quickly",),
    ),
    "walk_back": Action("walk", _go("back"), ("walks back", "walks backwards", "is walking backwards")),
    "run": Action(
        "run", _go("run"), ("runs", "is running", "runs forward"), ("runs very fast", "runs quickly", "runs fast")
    ),
    "jump": Action("jump", moves.jump, ("jumps", "is jumping", "jumps up")),
    "bow": Action("bow", moves.bow, ("bows", "is bowing", "bows politely")),
    "squat": Action("squat", moves.squat, ("squats", "is squatting", "does a squat")),
    "sit": Action("sit", moves.sit, ("sits down", "is sitting down", "sits")),
    "punch": Action("punch", moves.punch, ("punches", "throws a punch", "is punching")),
    "clap": Action("clap", moves.clap, ("claps", "claps the hands", "is clapping")),
    "point": Action("point", _any_point, ("points somewhere", "points the way")),
    "wave_both": Action(
        "wave", _both_hands("wave"), ("waves with both arms", "waves both hands", "is waving with both hands")
    ),
    "raise_both": Action(
        "raise", _both_hands("raise"), ("raises both hands", "raises both arms", "raises up both hands")
    ),
}
for _side in ("left", "right"):
    ACTIONS |= {
        f"walk_{_side}": Action("walk", _go(_side), (f"walks sideways to the {_side}", f"walks to the {_side}")),
        f"turn_{_side}": Action(
            "turn",
            _go(f"turn_{_side}"),
            (f"turns {_side}", f"turns to the {_side}", f"turns to the {_side} side", f"makes a turn to the {_side}"),
        ),
        f"wave_{_side}": Action(
            "wave",
            _one_hand("wave", _side),
            (f"waves with the {_side} hand", f"waves the {_side} hand", f"is waving with the {_side} arm"),
        ),
        f"raise_{_side}": Action(
            "raise",
            _one_hand("raise", _side),
            (f"raises the {_side} hand", f"raises the {_side} arm", f"raises up the {_side} hand"),
        ),
        f"kick_{_side}": Action(
            "kick",
            _kick(_side),
            ("kicks", "is kicking", f"kicks with the {_side} leg", f"kicks with the {_side} foot"),
        ),
    }

_SUBJECTS = ("a person", "someone", "a human", "the person")
_CONNECTIVES = ("and", "then", "and then", "and afterwards")


def sentence(names: Sequence[str], plans: Sequence[Plan], random: np.random.Generator) -> str:
    """A random sentence that describes the planned actions."""
    text = str(random.choice(_SUBJECTS))
    for index, (name, plan) in enumerate(zip(names, plans, strict=True)):
        action = ACTIONS[name]
        phrases = action.quick if plan.quick and action.quick and random.random() < 0.6 else action.phrases
        joint = "" if index == 0 else f" {random.choice(_CONNECTIVES)}"
        text += f"{joint} {random.choice(phrases)}"
    return text
