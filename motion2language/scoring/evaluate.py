"""A captioner over a split: its transcripts and their scores, beside the baselines."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from motion2language import writers
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.joining import join_repetitions, without_unknown
from motion2language.data.samples import Sample
from motion2language.live.captioner import transcribe
from motion2language.live.draws import Patience
from motion2language.live.events import Word
from motion2language.scoring.captions import Measures, caption_scores
from motion2language.scoring.contradictions import count_contradictions
from motion2language.scoring.reference import Reference
from motion2language.scoring.reliability import reliability
from motion2language.scoring.score import Rows, Scores, score
from motion2language.scoring.semantic import Semantic
from motion2language.transcript import Transcript


class Evaluation(NamedTuple):
    """The scores and, one per clip, transcripts, references and rows, as files.write_run takes them."""

    scores: Scores
    transcripts: list[Transcript]
    references: list[Reference]
    rows: Rows


def evaluate(
    captioner: Captioner,
    samples: Sequence[Sample],
    *,
    beam: int | None = None,
    refine: bool = True,
    search: str | None = None,
    live: Patience | None = None,
    cuts: bool = False,
    semantic: Semantic | None = None,
) -> Evaluation:
    """The scores of a captioner on samples, with the transcripts. Segments are scored where samples have them.

    search    as for Captioner.transcribe
    live      captions each recording frame by frame with this patience, and adds the delay of the verbs
    cuts      adds the baselines that see the motion (baselines.CUTS)
    semantic  adds measures of the sentences beyond shared words
    """
    require_samples(samples)
    samples = usable(captioner, samples)
    words: list[list[Word]] = []
    if live is not None:
        captioned = [transcribe(captioner, sample.motion, patience=live) for sample in samples]
        transcripts, words = [transcript for transcript, _ in captioned], [emitted for _, emitted in captioned]
    else:
        recorded = [sample.motion for sample in samples]
        transcripts = list(captioner.transcribe_all(recorded, beam=beam, refine=refine, search=search))
    references = [reference(sample) for sample in samples]
    motions = [sample.motion for sample in samples] if cuts else []
    scores, rows = score(
        references, transcripts, captioner.lexicon, vocabulary=captioner.vocabulary, motions=motions, semantic=semantic
    )
    sentences, segments = [own.captions for own in references], [own.segments for own in references]
    scores = replace(scores, reliability=reliability(sentences, segments, transcripts))
    recordings = [sample.motion for sample in samples]
    scores = replace(scores, contradictions=count_contradictions(references, recordings, transcripts))
    if live is not None:
        scores = replace(scores, delay=delays(captioner, samples, words))
    return Evaluation(scores, transcripts, references, rows)


def require_samples(samples: Sequence[Sample]) -> None:
    """ValueError for a split without samples."""
    if not samples:
        raise ValueError("no samples to evaluate; check --dataset, --root and --split")


def usable(captioner: Captioner, samples: Sequence[Sample]) -> list[Sample]:
    """The samples whose motion the captioner can read; a warning counts the others, and says why of the first.

    ValueError when none is left.
    """
    kept: list[Sample] = []
    faults: list[ValueError] = []
    for sample in samples:
        try:
            captioner.prepare(sample.motion)
        except ValueError as error:
            faults.append(error)
        else:
            kept.append(sample)
    if faults and not kept:
        raise faults[0]
    if faults:
        more = f"; and {len(faults) - 1} more" if len(faults) > 1 else ""
        message = f"{len(faults)} of {len(faults) + len(kept)} recordings cannot be described and are left out"
        warnings.warn(f"{message}: {faults[0]}{more}", stacklevel=3)
    return kept


def reference(sample: Sample) -> Reference:
    """A sample's captions and segments, without its motion."""
    captions = tuple(caption.text for caption in sample.captions)
    return Reference(sample.name, sample.motion.duration, captions, sample.segments)


def with_detail(evaluation: Evaluation, semantic: Semantic | None = None) -> Evaluation:
    """The evaluation with the scores of detailed sentences beside those of the model's own."""
    pairs = [
        (reference.captions, detailed_sentence(transcript))
        for reference, transcript in zip(evaluation.references, evaluation.transcripts, strict=True)
        if reference.captions
    ]
    if not pairs:
        return evaluation
    detailed = caption_scores(*zip(*pairs, strict=True), semantic=semantic).clean
    return evaluation._replace(scores=replace(evaluation.scores, detailed=detailed))


def detailed_sentence(transcript: Transcript) -> str:
    """The sentence as `m2l caption --detail` words it: repetitions joined, words of facts, no unknown actions."""
    return writers.detailed(without_unknown(join_repetitions(transcript))).text


def delays(captioner: Captioner, samples: Sequence[Sample], words: Sequence[Sequence[Word]]) -> Measures:
    """Seconds from an action's start until its verb was emitted, over the clips with all verbs right and in order."""
    late: list[float] = []
    clips = 0
    for sample, emitted in zip(samples, words, strict=True):
        verbs = captioner.lexicon.find([word.word for word in emitted])
        if sample.segments and [label for _, label in verbs] == [segment.label for segment in sample.segments]:
            clips += 1
            late += [
                emitted[index].said - segment.start for (index, _), segment in zip(verbs, sample.segments, strict=True)
            ]
    if not late:
        return {"clips": 0, "actions": 0}
    quantiles = {f"quantile_{share:g}": float(np.quantile(late, share)) for share in (0.05, 0.25, 0.5, 0.75, 0.95, 1)}
    return {"clips": clips, "actions": len(late), **quantiles}
