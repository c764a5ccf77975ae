"""Evidence for words: which words of a sentence the measured facts agree with, and which they contradict.

A fact concerns few words, and only where it is clear: a word that no fact concerns gets no evidence, and neither does
one whose fact is unknown. Contradictions need no model, so they are a check on any sentence about a recording.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from motion2language.language.movement import (
    ARMS,
    BACKWARD,
    FAST,
    FORWARD,
    GO_VERBS,
    JUMP_VERBS,
    LEGS,
    NOT_TURNED,
    NUMBERS,
    RUN_VERBS,
    SIDES,
    SLOW,
    STAYED,
    TIMES,
    TURN_VERBS,
    TURNED,
    WALK_VERBS,
    WENT,
)
from motion2language.language.vocabulary import tokenize
from motion2language.transcript import Facts

_COUNTS = TIMES | NUMBERS
_POSTURES = {
    "sits": "sitting", "sit": "sitting", "sitting": "sitting", "lies": "lying", "lying": "lying", "kneels": "kneeling",
    "kneeling": "kneeling", "squats": "squatting", "squatting": "squatting", "crawls": "on all fours",
    "crawling": "on all fours",
}  # fmt: skip


_UPRIGHT = {"stands": "standing", "stand": "standing", "standing": "standing"}
_CHANGES = frozenset(("up", "down"))  # "stands up", "sits down": after these a posture is reached, not held


@dataclass(frozen=True)
class Evidence:
    """What a fact says about a word of a sentence.

    index   which word of the sentence, from 0
    word    the word
    agrees  True where the fact supports it, False where it contradicts it
    fact    the name of the field of Facts
    reason  the measured value, in words
    """

    index: int
    word: str
    agrees: bool
    fact: str
    reason: str


def find_evidence(words: Sequence[str] | str, facts: Facts) -> list[Evidence]:
    """Evidence for the words of one phrase about an interval with these facts, in the order of the words."""
    words = tokenize(words) if isinstance(words, str) else [word.lower() for word in words]
    found: list[Evidence] = []
    for index in range(len(words)):
        for check in CHECKS:
            evidence = check(words, index, facts)
            if evidence is not None:
                found.append(evidence)
    return found


def contradictions(words: Sequence[str] | str, facts: Facts) -> list[Evidence]:
    """The evidence against words of a phrase."""
    return [evidence for evidence in find_evidence(words, facts) if not evidence.agrees]


def find_posture(words: Sequence[str]) -> tuple[str, bool] | None:
    """The posture that words name, and whether they say that it is held, not reached; None for any other action.

    >>> find_posture("a person sits still".split()), find_posture("a person sits down".split())
    (('sitting', True), ('sitting', False))
    """
    for word, after in zip(words, (*words[1:], ""), strict=True):
        posture = (_POSTURES | _UPRIGHT).get(word.lower())
        if posture is not None:
            return posture, after not in _CHANGES
    return None


def _limb_side(words: Sequence[str], index: int, facts: Facts) -> Evidence | None:
    """ "left hand", "both arms", "right leg": against the side that acts."""
    if words[index] not in (*SIDES, "both") or index + 1 >= len(words):
        return None
    noun = words[index + 1]
    name, side = ("arms", facts.arms) if noun in ARMS else ("legs", facts.legs) if noun in LEGS else ("", None)
    agrees = words[index] == side
    if side is None or (not agrees and "both" in (words[index], side)):
        return None  # the other limb helps, or rests from what it did before: only the wrong side is clear
    return Evidence(index, words[index], agrees, name, f"the {name} that act: {side}")


def _turn_side(words: Sequence[str], index: int, facts: Facts) -> Evidence | None:
    """ "turns left", "turn to the right": against the degrees turned."""
    if words[index] not in SIDES or facts.turn is None or (index + 1 < len(words) and words[index + 1] in ARMS | LEGS):
        return None
    before = [word for word in words[max(0, index - 4) : index] if word not in ("to", "the", "a", "his", "her")]
    if not before or before[-1] not in TURN_VERBS:
        return None
    if abs(facts.turn) < TURNED:
        if abs(facts.turn) >= NOT_TURNED:
            return None
        return Evidence(index, words[index], False, "turn", f"turned {facts.turn:.0f}°")
    side = "left" if facts.turn > 0 else "right"
    return Evidence(index, words[index], words[index] == side, "turn", f"turned {abs(facts.turn):.0f}° to the {side}")


def _direction(words: Sequence[str], index: int, facts: Facts) -> Evidence | None:
    """ "walks forward", "steps back", "walks sideways to the left": against the direction of travel."""
    word = words[index]
    asked = "forward" if word in FORWARD else "backward" if word in BACKWARD else ""
    verb = _verb_before(words, index, GO_VERBS)
    if word in SIDES and verb is not None and "turn" not in words[verb:index]:
        asked = word
    if not asked or verb is None or facts.direction in (None, "in place") or (facts.travel or 0) < WENT:
        return None
    if (asked in SIDES) != (facts.direction in SIDES):
        return None  # who walks forward, or back, may go to the left of where it began, or of the camera
    reason = f"went {facts.travel:.1f} m {facts.direction}"
    return Evidence(index, word, asked == facts.direction, "direction", reason)


def _goes(words: Sequence[str], index: int, facts: Facts) -> Evidence | None:
    """ "walks", "runs": against travel, steps and gait."""
    word = words[index]
    if word not in WALK_VERBS | RUN_VERBS:
        return None
    if facts.travel is not None and facts.travel < STAYED and not facts.steps:
        return Evidence(index, word, False, "travel", "stayed in place and took no step")
    if facts.gait is None or (facts.travel or 0) < WENT:
        return None
    agrees = (word in RUN_VERBS) == (facts.gait == "run")
    return Evidence(index, word, agrees, "gait", f"{facts.gait}s at {facts.speed:.1f} m/s")


def _pace(words: Sequence[str], index: int, facts: Facts) -> Evidence | None:
    """ "walks slowly", "runs fast": against the Froude number's pace."""
    word = words[index]
    asked = "slow" if word in SLOW else "fast" if word in FAST else ""
    if not asked or facts.pace in (None, "normal") or not any(verb in GO_VERBS for verb in words):
        return None
    return Evidence(index, word, asked == facts.pace, "pace", f"{facts.pace}, {facts.speed:.1f} m/s")


def _count(words: Sequence[str], index: int, facts: Facts) -> Evidence | None:
    """ "twice", "four times", "three steps": against repetitions, or steps."""
    word = words[index]
    number = _COUNTS.get(word) or (int(word) if word.isdigit() and len(word) < 3 else 0)
    after = words[index + 1] if index + 1 < len(words) else ""
    if not number or (word not in ("once", "twice", "thrice") and after not in ("times", "steps")):
        return None
    name, counted = ("steps", facts.steps) if after == "steps" else ("repetitions", facts.repetitions)
    if counted is None:
        return None
    if abs(counted - number) == 1:
        return None  # people and measurement count a beginning or an end differently
    return Evidence(index, word, counted == number, name, f"{counted} {name}")


def _posture(words: Sequence[str], index: int, facts: Facts) -> Evidence | None:
    """ "sits", "kneels": supported by the posture at either end; another one proves nothing."""
    asked = _POSTURES.get(words[index])
    seen = (facts.start_posture, facts.end_posture)
    if asked is None or asked not in seen:
        return None  # low postures are easily taken for one another, and a sensor may see a sitting body stand
    return Evidence(index, words[index], True, "start_posture" if asked == seen[0] else "end_posture", asked)


def _jumps(words: Sequence[str], index: int, facts: Facts) -> Evidence | None:
    """ "jumps": supported by a flight; a missing one proves nothing, since a sensor may lose it."""
    if words[index] not in JUMP_VERBS or not facts.jumps:
        return None
    return Evidence(index, words[index], True, "jumps", f"{facts.jumps} jumps")


def _verb_before(words: Sequence[str], index: int, verbs: frozenset[str]) -> int | None:
    """The nearest of the five words before `index` that is one of `verbs`."""
    return next((at for at in range(index - 1, max(-1, index - 6), -1) if words[at] in verbs), None)


#: Each check gives the evidence of one kind of fact for the word at an index, or None.
CHECKS: tuple[Callable[[Sequence[str], int, Facts], Evidence | None], ...] = (
    _limb_side,
    _turn_side,
    _direction,
    _goes,
    _pace,
    _count,
    _posture,
    _jumps,
)
