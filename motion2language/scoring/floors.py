"""Motion-blind floors: rules that know a clip's length and its verbs, or the references, and never look at the motion.

Every table of scores shows them. Those of segments are told the reference's verbs and their number, those of sentences
are told what people wrote of all the clips: advantages no model has. The time of the action word is the middle of its
interval.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence

from motion2language.language.vocabulary import tokenize
from motion2language.transcript import Segment, Transcript


def whole_clip(references: Sequence[Segment], duration: float) -> list[Segment]:
    """Every verb lasts as long as the clip."""
    return [Segment(0.0, duration, reference.label) for reference in references]


def equal_cuts(references: Sequence[Segment], duration: float) -> list[Segment]:
    """The clip cut in as many equal parts as there are verbs."""
    return _cuts(references, duration, 0.0, 1.0)


def middle_cuts(references: Sequence[Segment], duration: float) -> list[Segment]:
    """The middle 15 to 85 % of the clip cut in as many equal parts as there are verbs."""
    return _cuts(references, duration, 0.15, 0.7)


#: Shown beside every model's scores.
FLOORS: dict[str, Callable[[Sequence[Segment], float], list[Segment]]] = {
    "whole clip": whole_clip,
    "n equal cuts": equal_cuts,
    "n equal cuts of 15-85 %": middle_cuts,
}


def floor_transcript(name: str, references: Sequence[Segment], duration: float) -> tuple[Transcript, list[float]]:
    """A floor's transcript of one clip and the times of its action words."""
    segments = FLOORS[name](references, duration)
    return Transcript(tuple(segments), duration, model=name), [(part.start + part.end) / 2 for part in segments]


def another_clips(references: Sequence[Sequence[str]]) -> list[str]:
    """For each clip a reference of another one, drawn at random, always the same draws."""
    chance, clips = random.Random(0), len(references)
    others = [(place + chance.randrange(1, clips)) % clips for place in range(clips)]
    return [chance.choice(references[other]) for other in others]


def most_common(references: Sequence[Sequence[str]]) -> list[str]:
    """For every clip the sentence that most references are, letter case and punctuation aside."""
    counts = Counter(" ".join(tokenize(one)) for sentences in references for one in sentences)
    return [counts.most_common(1)[0][0]] * len(references)


#: Shown beside every model's sentences, where there are two clips or more; a function of all clips' references.
TEXT_FLOORS: dict[str, Callable[[Sequence[Sequence[str]]], list[str]]] = {
    "another clip's sentence": another_clips,
    "the most common sentence": most_common,
}


def _cuts(references: Sequence[Segment], duration: float, first: float, share: float) -> list[Segment]:
    """`share` of the clip from its part `first` on, cut in equal parts."""
    ends = [duration * (first + share * number / max(1, len(references))) for number in range(len(references) + 1)]
    return [Segment(*part, one.label) for one, part in zip(references, itertools.pairwise(ends), strict=True)]
