"""Baselines that need no model: what a score is worth without understanding the motion.

Every table of scores shows them. Those of BASELINES know a clip's length, its number of actions and their verbs, and do
not see the motion. Those of CUTS also see the motion: change points of pose and speeds by `ruptures` (kernel change
points with a linear kernel), with as many segments as the reference has or as many as a penalty finds, and cuts where
the body is slow. Those of TEXT_BASELINES know what people wrote about all the clips. No model has these advantages.

The time of an action word is the middle of its segment. Where the number of pieces differs from the number of verbs,
the verbs go to the longest pieces, in order.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from motion2language.body import ensure_canonical
from motion2language.captioning.features import canonical, joint_speed
from motion2language.language.vocabulary import tokenize
from motion2language.motion import Motion
from motion2language.scoring.frames import from_frames
from motion2language.scoring.reference import Reference
from motion2language.scoring.segments import segment_scores
from motion2language.transcript import Segment, Transcript

RATE = 10.0  # frames per second at which cuts are looked for
SHORTEST = 0.5  # seconds of a piece
#: Cost of a further piece, in mean variances of a frame's features; chosen on BNR-Compose's validation split.
PENALTY = 60.0
SLOW = 0.5  # share of the mean joint speed below which the body counts as slow; chosen on the same split

Marked = tuple[Transcript, list[float]]  # a baseline's segments, and the times of their action words


def whole_clip(references: Sequence[Segment], duration: float) -> list[Segment]:
    """Every verb lasts as long as the clip."""
    return [Segment(0.0, duration, reference.label) for reference in references]


def equal_cuts(references: Sequence[Segment], duration: float) -> list[Segment]:
    """The clip cut into as many equal parts as there are verbs."""
    return _equal_parts(references, duration, 0.0, 1.0)


def middle_cuts(references: Sequence[Segment], duration: float) -> list[Segment]:
    """The middle 15 to 85 % of the clip cut into as many equal parts as there are verbs."""
    return _equal_parts(references, duration, 0.15, 0.7)


#: Baselines that do not see the motion.
BASELINES: dict[str, Callable[[Sequence[Segment], float], list[Segment]]] = {
    "whole clip": whole_clip,
    "n equal cuts": equal_cuts,
    "n equal cuts of 15-85 %": middle_cuts,
}


def baseline_transcript(name: str, references: Sequence[Segment], duration: float) -> Marked:
    """A baseline of BASELINES for one clip, and the times of its action words.

    >>> baseline, times = baseline_transcript("n equal cuts", [Segment(0, 1, "walk"), Segment(1, 4, "bow")], 4.0)
    >>> [(part.start, part.end, part.label) for part in baseline.segments], times
    ([(0.0, 2.0, 'walk'), (2.0, 4.0, 'bow')], [1.0, 3.0])
    """
    segments = BASELINES[name](references, duration)
    return Transcript(tuple(segments), duration, model=name), [(part.start + part.end) / 2 for part in segments]


def change_points_known(motion: Motion, count: int) -> list[float]:
    """Cuts in seconds: the best `count` pieces by change points."""
    return _change_points(motion, count)


def change_points_unknown(motion: Motion, count: int) -> list[float]:
    """Cuts in seconds: as many pieces as the penalty finds."""
    return _change_points(motion, None)


def slow_moments(motion: Motion, count: int) -> list[float]:
    """Cuts in seconds: the middle of each stretch in which the body is slow."""
    speed = np.convolve(joint_speed(motion), np.ones(5) / 5, mode="same")
    slow = np.concatenate([[0], speed < SLOW * speed.mean(), [0]])
    stretches = np.flatnonzero(np.diff(slow)).reshape(-1, 2)
    cuts = [float(start + end) / 2 / motion.fps for start, end in stretches]
    return [cut for cut in cuts if SHORTEST <= cut <= motion.duration - SHORTEST]


#: Baselines that see the motion, shown where it is available.
CUTS: dict[str, Callable[[Motion, int], list[float]]] = {
    "ruptures, n known": change_points_known,
    "ruptures, n unknown": change_points_unknown,
    "slow moments": slow_moments,
}


def cut_transcript(name: str, motion: Motion, references: Sequence[Segment]) -> Marked:
    """A baseline of CUTS for one clip, with the reference's verbs, and the times of its action words."""
    cuts = CUTS[name](ensure_canonical(motion).resample(RATE), len(references))
    edges = [0.0, *sorted(cuts), motion.duration]
    pieces = [(start, end) for start, end in itertools.pairwise(edges) if end > start]
    longest = sorted(sorted(pieces, key=lambda piece: piece[0] - piece[1])[: len(references)])
    labels = [reference.label for reference in references]
    segments = tuple(Segment(*piece, label) for piece, label in zip(longest, labels, strict=False))
    return Transcript(segments, motion.duration, model=name), [(part.start + part.end) / 2 for part in segments]


def segment_baselines(
    references: Sequence[Reference], motions: Sequence[Motion] = (), fps: float | None = None
) -> dict[str, dict[str, float]]:
    """Baseline -> its segment scores, for the baselines of BASELINES and, with motions, of CUTS.

    references  with segments
    motions     one per reference, or none
    fps         cut BASELINES at whole frames of this rate; the references are as frames.in_frames makes them
    """
    made = {name: [_floor(name, reference, fps) for reference in references] for name in BASELINES}
    if motions:
        pairs = list(zip(motions, references, strict=True))
        made |= {name: [cut_transcript(name, motion, one.segments) for motion, one in pairs] for name in CUTS}
    segments = [reference.segments for reference in references]
    return {name: segment_scores(segments, *map(list, zip(*clips, strict=True))) for name, clips in made.items()}


def another_clips(references: Sequence[Sequence[str]]) -> list[str]:
    """For each clip a reference of another one, drawn at random with a fixed seed."""
    chance, clips = random.Random(0), len(references)
    others = [(clip + chance.randrange(1, clips)) % clips for clip in range(clips)]
    return [chance.choice(references[other]) for other in others]


def most_common(references: Sequence[Sequence[str]]) -> list[str]:
    """For every clip the most frequent reference of all, ignoring letter case and punctuation."""
    counts = Counter(" ".join(tokenize(sentence)) for sentences in references for sentence in sentences)
    return [counts.most_common(1)[0][0]] * len(references)


#: Baselines of sentences, for two clips or more; each a function of all clips' references.
TEXT_BASELINES: dict[str, Callable[[Sequence[Sequence[str]]], list[str]]] = {
    "another clip's sentence": another_clips,
    "the most common sentence": most_common,
}


def _floor(name: str, reference: Reference, fps: float | None) -> Marked:
    """A baseline of BASELINES for a reference, cut at whole frames when `fps` is given."""
    if fps is None:
        baseline, times = baseline_transcript(name, reference.segments, reference.duration)
        return baseline, [
            round(time, 9) for time in times
        ]  # 1.7 s, not slightly less, lies outside a segment up to 1.7 s
    baseline, times = baseline_transcript(name, reference.segments, round(reference.duration * fps))
    return from_frames(baseline, fps), [time / fps for time in times]


def _equal_parts(references: Sequence[Segment], duration: float, first: float, share: float) -> list[Segment]:
    """The given share of the clip, starting at the share `first`, cut into equal parts."""
    ends = [duration * (first + share * number / max(1, len(references))) for number in range(len(references) + 1)]
    return [Segment(*part, one.label) for one, part in zip(references, itertools.pairwise(ends), strict=True)]


def _change_points(motion: Motion, count: int | None) -> list[float]:
    try:
        import ruptures
    except ModuleNotFoundError:
        raise ValueError("change points need ruptures: pip install 'motion2language[eval]'") from None
    values = canonical(motion)
    values[:, 60:] = np.abs(values[:, 60:])
    values = (values - values.mean(0)) / (values.std(0) + 1e-3)
    least = max(1, int(SHORTEST * motion.fps))
    if len(values) < 2 * least or count == 1:
        return []
    search = ruptures.KernelCPD(kernel="linear", min_size=least).fit(values)
    if count is None:
        ends = search.predict(pen=PENALTY * values.shape[1] / 10)
    else:
        ends = search.predict(n_bkps=min(count, len(values) // least) - 1)
    return [end / motion.fps for end in ends[:-1]]
