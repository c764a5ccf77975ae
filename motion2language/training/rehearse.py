"""What a model is trained on besides new recordings, so that it goes on saying what it says: rehearsal.

Its recordings travel with the package: pieces of free sources (data/rehearsal.py) and synthetic movements; and gestures
drawn on the bodies of the new recordings, since those alone show what a known action looks like to their sensor. The
sentences are the model's own, said before it is trained further, so any model of the canonical body can rehearse.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.data.corpora import synthetic
from motion2language.data.rehearsal import movements
from motion2language.data.samples import Sample, Samples
from motion2language.data.synthesis.on_bodies import ON_BODIES, shown_by
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Caption

BATCH = 64  # recordings described together; chosen


def can_rehearse(start: Captioner) -> bool:
    """Whether a model reads movements of the canonical body."""
    return start.config.joints == CANONICAL.joints


def rehearse(
    start: Captioner,
    count: int,
    step: Callable[[str, int], None] = lambda stage, total: None,
    bodies: Sequence[np.ndarray] = (),
    taught: Collection[str] = (),
) -> Samples[Sample]:
    """`count` recordings with the sentences that `start` says of them; fewer where it says nothing.

    step    called for each recording, with the stage and their number
    bodies  of the new recordings, canonical (T, 21, 3): half of the rehearsal are gestures that they make
    taught  actions that the new recordings show; no such gesture is drawn
    """
    gestures = [action for action in ON_BODIES if action not in taught]
    drawn = count // 2 if bodies and gestures else 0
    own = shown_by(bodies, gestures, drawn, np.random.default_rng(count))
    motions = [start.prepare(motion) for motion in (*own, *islice(_motions(count - drawn), count - drawn))]
    samples: list[Sample] = []
    for first in range(0, len(motions), BATCH):
        batch = motions[first : first + BATCH]
        for motion, said in zip(batch, start.transcribe_all(batch, beam=None, refine=False), strict=True):
            step("rehearsing", count)
            if said.text:
                samples.append(Sample(motion.name, motion, (Caption(said.text),), "train"))
    return Samples.of(samples)


def _motions(count: int) -> Iterator[Motion]:
    """Of few movements half are of free sources and half synthetic; of many all of the free sources."""
    free = movements()
    few = min(len(free), count // 2)
    yield from (free[place] for place in np.linspace(0, len(free) - 1, few).round().astype(int).tolist())
    number = 0
    while True:
        yield synthetic.sample("train", number).motion
        number += 1
