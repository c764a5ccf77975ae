"""Words that measured facts can speak about: going, turning, limbs, directions, pace, counts.

Evidence for words (captioning/facts/words.py) and words made of facts (writers/_detail.py) read the same lists.
"""

from __future__ import annotations

from collections.abc import Iterable

SIDES = ("left", "right")
ARMS = frozenset("hand hands arm arms fist fists".split())
LEGS = frozenset("leg legs foot feet knee knees".split())

ARM_VERBS = frozenset(
    "wave waves waving punch punches punching point points pointing throw throws throwing salute salutes "
    "saluting".split()
)
LEG_VERBS = frozenset("kick kicks kicking".split())
TURN_VERBS = frozenset("turn turns turning rotate rotates rotating".split())
GO_VERBS = frozenset(
    "walk walks walking walked run runs running ran jog jogs jogging step steps stepping move moves moving".split()
)
RUN_VERBS = frozenset("run runs running ran jog jogs jogging sprint sprints sprinting".split())
WALK_VERBS = frozenset("walk walks walking walked stroll strolls strolling".split())
#: Verbs of going anywhere, each in a manner of its own.
GAITS = (
    GO_VERBS
    | RUN_VERBS
    | WALK_VERBS
    | frozenset(
        "crawl crawls crawling limp limps limping march marches marching sneak sneaks sneaking stagger staggers "
        "staggering tiptoe tiptoes tiptoeing".split()
    )
)
JUMP_VERBS = frozenset("jump jumps jumping jumped hop hops hopping".split())
#: Verbs of what moves the whole body or a leg.
MOVING = GO_VERBS | RUN_VERBS | WALK_VERBS | JUMP_VERBS | TURN_VERBS | LEG_VERBS
#: Verbs of what is done once each time, so that it can be counted. Chosen.
COUNTED_VERBS = (
    ARM_VERBS
    | LEG_VERBS
    | JUMP_VERBS
    | frozenset(
        "bow bows bowing squat squats squatting nod nods nodding clap claps clapping box boxes boxing lunge lunges "
        "lunging bend bends bending lift lifts lifting raise raises raising swing swings swinging".split()
    )
)

FORWARD = frozenset("forward forwards ahead".split())
BACKWARD = frozenset("backward backwards back".split())
#: Words that tell where somebody goes, so that no direction is missing. Chosen.
PLACES = (
    FORWARD
    | BACKWARD
    | frozenset(SIDES)
    | frozenset("sideways side place spot around round circle circles curve up down upstairs downstairs fro".split())
)
SLOW = frozenset("slow slowly".split())
FAST = frozenset("fast quickly rapidly".split())
NUMBERS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), start=1)
}
TIMES = {"once": 1, "twice": 2, "thrice": 3}
#: Words after which nothing need be counted. Chosen.
OFTEN = frozenset("time times again repeatedly several".split()) | frozenset(TIMES)

#: Degrees of turn from which a body clearly turned, and below which it clearly did not; chosen.
TURNED, NOT_TURNED = 40.0, 12.0
#: Metres of travel from which a body clearly went somewhere, and below which it stayed; chosen.
WENT, STAYED = 1.0, 0.3


def count_times(number: int) -> str:
    """How often something is done, in words where people write one.

    >>> count_times(1), count_times(2), count_times(3), count_times(13)
    ('once', 'twice', 'three times', '13 times')
    """
    if number in (1, 2):
        return "once" if number == 1 else "twice"
    return f"{next((word for word, value in NUMBERS.items() if value == number), number)} times"


def name_other_sides(first: Iterable[str], second: Iterable[str]) -> bool:
    """Whether two phrases name sides, and not the same ones, so that the second does not say the first again.

    >>> name_other_sides("kicks with the left leg".split(), "kicks with the right leg".split())
    True
    >>> name_other_sides("kicks with the left leg".split(), ["kicks"])
    False
    """
    sides = [set(words) & set(SIDES) for words in (first, second)]
    return all(sides) and sides[0] != sides[1]
