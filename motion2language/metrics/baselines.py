"""Motion-blind floors: rules that know a clip's length and its verbs, and never look at the motion.

Every table of segment scores shows them. They are told the reference's verbs and their number, an advantage no model
has; the time of the action word is the middle of its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from motion2language.transcript import Segment, Transcript


def whole_clip(references: Sequence[Segment], duration: float) -> list[Segment]:
    """Every verb lasts as long as the clip."""
    return [Segment(0.0, duration, reference.label) for reference in references]


def equal_cuts(references: Sequence[Segment], duration: float) -> list[Segment]:
    """The clip cut in as many equal parts as there are verbs."""
    return _cuts(references, 0.0, duration)


def middle_cuts(references: Sequence[Segment], duration: float) -> list[Segment]:
    """The middle 15 to 85 % of the clip cut in as many equal parts as there are verbs."""
    return _cuts(references, 0.15 * duration, 0.85 * duration)


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


def _cuts(references: Sequence[Segment], start: float, end: float) -> list[Segment]:
    step = (end - start) / max(1, len(references))
    return [
        Segment(start + index * step, start + (index + 1) * step, reference.label)
        for index, reference in enumerate(references)
    ]
