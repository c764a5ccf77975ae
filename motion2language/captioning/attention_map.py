"""Where a model looked for each word of a transcript: the hypotheses' weights of all windows, laid out in time.

The search is run again, which costs what the transcript cost; only pictures need it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from motion2language.captioning.captioner import BATCH, Captioner, windows
from motion2language.language.vocabulary import UNK
from motion2language.motion import Motion
from motion2language.transcript import Transcript

MOST = 10_000_000  # words x frames: about 25 minutes of recording at 10 frames a second; chosen


def attention_map(
    captioner: Captioner,
    motion: Motion,
    transcript: Transcript,
    *,
    beam: int | None = None,
    joint_map: Mapping[str, str] | None = None,
) -> np.ndarray | None:
    """(L, T): how much each word of the transcript looked at each of T equal parts of the motion.

    None where the captioner does not say this sentence of this motion again, and for maps beyond MOST numbers.
    """
    prepared = captioner.prepare(motion, joint_map)
    words = [word.word for word in transcript.words]
    if not words or len(words) * prepared.frames > MOST:
        return None
    placed = np.zeros((len(words), prepared.frames), dtype=np.float32)
    found: list[str] = []
    pieces = [(round(start * prepared.fps), piece) for start, piece in windows(prepared, captioner.config.max_seconds)]
    for number in range(0, len(pieces), BATCH):
        some = pieces[number : number + BATCH]
        hypotheses = captioner.search([captioner.values(piece) for _, piece in some], beam)
        for (first, _), hypothesis in zip(some, hypotheses, strict=True):
            spoken = hypothesis.tokens >= UNK
            weights = hypothesis.weights[spoken]
            row = len(found)
            found += [captioner.vocabulary.words[token] for token in hypothesis.tokens[spoken]]
            if found != words[: len(found)]:
                return None
            placed[row : len(found), first : first + weights.shape[1]] = weights
    return placed if found == words else None
