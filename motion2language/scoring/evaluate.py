"""A captioner over a split: scores with their counts, floors beside them, every transcript on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from motion2language import scoring
from motion2language.captioning.captioner import Captioner
from motion2language.data.samples import Sample
from motion2language.live.captioner import transcribe
from motion2language.live.draws import Patience
from motion2language.live.events import Word
from motion2language.scoring import Reference, Scores
from motion2language.scoring.reliability import reliability
from motion2language.scoring.semantic import Semantic
from motion2language.transcript import Transcript


class Evaluation(NamedTuple):
    """What `evaluate` found: scores and, a clip each, transcripts, references and rows, as scoring.write takes them."""

    scores: dict[str, Scores]
    transcripts: list[Transcript]
    references: list[Reference]
    rows: list[dict[str, Any]]


def evaluate(
    captioner: Captioner,
    samples: Sequence[Sample],
    *,
    beam: int | None = None,
    refine: bool = True,
    live: Patience | None = None,
    cuts: bool = False,
    semantic: Semantic | None = None,
) -> Evaluation:
    """Scores under "captions" (clean), "captions (paper)", "model" (segments) and each floor; and the transcripts.

    live  given: each recording is heard frame by frame with this patience; "delay" then says how long after its
          action a verb was said
    cuts  floors that see the motion, too (motion2language.scoring.cuts)
    semantic  measures of the sentences beyond shared words

    Segment scores only where samples hold reference segments; the counts are among the scores.
    """
    require_samples(samples)
    if live is not None:
        heard = [transcribe(captioner, sample.motion, patience=live) for sample in samples]
        transcripts = [transcript for transcript, _ in heard]
    else:
        heard = []
        transcripts = list(captioner.transcribe_all([sample.motion for sample in samples], beam=beam, refine=refine))
    references = [reference(sample) for sample in samples]
    motions = [sample.motion for sample in samples] if cuts else []
    scores, rows = scoring.score(
        references, transcripts, captioner.lexicon, vocabulary=captioner.vocabulary, motions=motions, semantic=semantic
    )
    sentences, segments = [one.captions for one in references], [one.segments for one in references]
    scores["reliability"] = reliability(sentences, segments, transcripts)
    if heard:
        scores["delay"] = delays(captioner, samples, [words for _, words in heard])
    return Evaluation(scores, transcripts, references, rows)


def require_samples(samples: Sequence[Sample]) -> None:
    """ValueError for a split without any."""
    if not samples:
        raise ValueError("no samples to evaluate; check --dataset, --root and --split")


def reference(sample: Sample) -> Reference:
    """What is known of a sample, without its motion."""
    captions = tuple(caption.text for caption in sample.captions)
    return Reference(sample.name, sample.motion.duration, captions, sample.segments)


def delays(captioner: Captioner, samples: Sequence[Sample], words: Sequence[Sequence[Word]]) -> Scores:
    """Seconds from an action's start until its verb was said, over the clips whose verbs are all right and in order."""
    late: list[float] = []
    clips = 0
    for sample, said in zip(samples, words, strict=True):
        verbs = captioner.lexicon.find([word.word for word in said])
        if sample.segments and [label for _, label in verbs] == [segment.label for segment in sample.segments]:
            clips += 1
            late += [
                said[index].said - segment.start for (index, _), segment in zip(verbs, sample.segments, strict=True)
            ]
    if not late:
        return {"clips": 0, "actions": 0}
    quantiles = {f"quantile_{share:g}": float(np.quantile(late, share)) for share in (0.05, 0.25, 0.5, 0.75, 0.95, 1)}
    return {"clips": clips, "actions": len(late), **quantiles}
