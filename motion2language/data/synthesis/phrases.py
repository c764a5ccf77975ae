"""The actions of synthetic recordings, each with its verb, its plan and its phrases, and sentences made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.data.actions import load_actions
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


#: What each label of the corpus draws; the table of actions has their verbs and phrases (data/actions.toml).
_PLANS: dict[str, Callable[[np.random.Generator], Plan]] = {
    "walk": _go("walk"),
    "walk_back": _go("back"),
    "run": _go("run"),
    "jump": moves.jump,
    "bow": moves.bow,
    "squat": moves.squat,
    "sit": moves.sit,
    "punch": moves.punch,
    "clap": moves.clap,
    "point": _any_point,
    "wave_both": _both_hands("wave"),
    "raise_both": _both_hands("raise"),
}
for _side in ("left", "right"):
    _PLANS |= {
        f"walk_{_side}": _go(_side),
        f"turn_{_side}": _go(f"turn_{_side}"),
        f"wave_{_side}": _one_hand("wave", _side),
        f"raise_{_side}": _one_hand("raise", _side),
        f"kick_{_side}": _kick(_side),
    }


def _action(label: str, plan: Callable[[np.random.Generator], Plan]) -> Action:
    (meaning,) = _TABLE.meanings("synthetic", label)
    return Action(_TABLE.verb(meaning.action), plan, meaning.phrases, meaning.quick)


_TABLE = load_actions()
ACTIONS: dict[str, Action] = {label: _action(label, plan) for label, plan in _PLANS.items()}


def sentence(names: Sequence[str], plans: Sequence[Plan], random: np.random.Generator) -> str:
    """A random sentence that describes the planned actions."""
    text = str(random.choice(_TABLE.subjects))
    for index, (name, plan) in enumerate(zip(names, plans, strict=True)):
        action = ACTIONS[name]
        phrases = action.quick if plan.quick and action.quick and random.random() < 0.6 else action.phrases
        joint = "" if index == 0 else f" {random.choice(_TABLE.connectives)}"
        text += f"{joint} {random.choice(phrases)}"
    return text
