"""A captioner over a split: scores with their counts, floors beside them, every transcript on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from motion2language import metrics, timing
from motion2language.captioner import Captioner
from motion2language.datasets import Sample
from motion2language.files import write_text
from motion2language.live.captioner import Word, transcribe
from motion2language.live.draws import Patience
from motion2language.metrics.segments import GROUPS
from motion2language.transcript import Transcript

Scores = dict[str, Any]


def evaluate(
    captioner: Captioner,
    samples: Sequence[Sample],
    *,
    beam: int | None = None,
    refine: bool = True,
    live: Patience | None = None,
) -> tuple[dict[str, Scores], list[Transcript]]:
    """Scores under "captions" (clean), "captions (paper)", "model" (segments) and each floor; and the transcripts.

    live  given: each recording is heard frame by frame with this patience; "delay" then says how long after its
          action a verb was said

    Segment scores only where samples hold reference segments; the counts are among the scores.
    """
    if not samples:
        raise ValueError("no samples to evaluate; check --dataset, --root and --split")
    if live is not None:
        heard = [transcribe(captioner, sample.motion, patience=live) for sample in samples]
        transcripts = [transcript for transcript, _ in heard]
    else:
        heard = []
        transcripts = list(captioner.transcribe_all([sample.motion for sample in samples], beam=beam, refine=refine))
    references = [[caption.text for caption in sample.captions] for sample in samples]
    texts = [transcript.text for transcript in transcripts]
    scores: dict[str, Scores] = {
        "captions": metrics.bleu(references, texts),
        "captions (paper)": metrics.bleu(references, texts, paper_vocabulary=captioner.vocabulary),
    }
    timed = [(sample, transcript) for sample, transcript in zip(samples, transcripts, strict=True) if sample.segments]
    if timed:
        segments = [sample.segments for sample, _ in timed]
        found = [transcript for _, transcript in timed]
        anchors = [timing.anchors(transcript, captioner.lexicon) for transcript in found]
        scores["model"] = metrics.segment_scores(segments, found, anchors)
        for floor in metrics.FLOORS:
            blind = [metrics.floor_transcript(floor, sample.segments, sample.motion.duration) for sample, _ in timed]
            scores[floor] = metrics.segment_scores(segments, [one for one, _ in blind], [times for _, times in blind])
    if heard and timed:
        scores["delay"] = delays(captioner, samples, [words for _, words in heard])
    if not heard:
        scores["reliability"] = metrics.reliability(references, [sample.segments for sample in samples], transcripts)
    return scores, transcripts


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


def write(out: Path, scores: dict[str, Scores], transcripts: Sequence[Transcript]) -> None:
    """Write `scores.json` and `transcripts.jsonl` (one transcript a line) into the folder `out`."""
    try:
        Path(out).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{out}: cannot be made ({error.strerror}); choose another --out") from None
    write_text(Path(out) / "scores.json", json.dumps(scores, indent=1) + "\n")
    lines = [json.dumps(transcript.to_dict(), ensure_ascii=False) for transcript in transcripts]
    write_text(Path(out) / "transcripts.jsonl", "\n".join(lines) + "\n")


def tables(scores: dict[str, Scores]) -> str:
    """The scores as Markdown: sentences, then segments by group of clips, strict protocol first, floors beneath."""
    clean = scores["captions"]
    lines = [
        f"Captions, {clean['clips']:.0f} clips, {clean['references']:.0f} references, lower case, no punctuation",
        "",
        "| protocol | BLEU-1 | BLEU-2 | BLEU-3 | BLEU-4 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, label in (("captions", "clean"), ("captions (paper)", "paper (`<eos>`, `<unk>`)")):
        lines.append(f"| {label} | " + " | ".join(f"{scores[name][f'bleu_{n}']:.1f}" for n in (1, 2, 3, 4)) + " |")
    names = [name for name in scores if not name.startswith("captions") and name not in ("delay", "reliability")]
    for group in GROUPS:
        if names and f"clips/{group}" in scores[names[0]]:
            lines += ["", *_segment_table(scores, names, group)]
    lines += _reliability_table(scores.get("reliability", {}))
    return "\n".join([*lines, *_delay_table(scores.get("delay", {}))])


def _reliability_table(reliable: Scores) -> list[str]:
    if not any(reliable.values()):
        return []
    lines = ["", "How often what was said with a probability was right", "", "| | said | right | count |"]
    lines.append("| --- | --- | --- | --- |")
    for kind, rows in reliable.items():
        for row in rows:
            lines.append(f"| {kind} | {100 * row['said']:.0f} % | {100 * row['right']:.0f} % | {row['count']} |")
        if rows:
            lines.append(f"| {kind}, mean distance | {metrics.calibration_error(rows):.3f} | | |")
    return lines


def _delay_table(delay: Scores) -> list[str]:
    if not delay.get("actions"):
        return []
    quantiles = [name for name in delay if name.startswith("quantile")]
    return [
        "",
        f"Seconds from the start of an action until its verb is said, {delay['actions']:.0f} actions of the "
        f"{delay['clips']:.0f} clips with all verbs right and in order",
        "",
        "| " + " | ".join(f"{100 * float(name.removeprefix('quantile_')):.0f} %" for name in quantiles) + " |",
        "|" + " --- |" * len(quantiles),
        "| " + " | ".join(f"{delay[name]:.1f}" for name in quantiles) + " |",
    ]


def _segment_table(scores: dict[str, Scores], names: Sequence[str], group: str) -> list[str]:
    title = {"all": "all clips", "one": "clips with one action", "several": "clips with several actions"}[group]
    lines = [
        f"Segments, {title}, n = {scores[names[0]][f'clips/{group}']:.0f}; strict: a missing verb scores 0; "
        "paper: clips lacking a verb are left out",
        "",
        "| | IoU | IoP | Element-of | IoU ≥ .5 | boundary F1 0.2 s | 0.5 s | verbs exact "
        "| paper IoU | IoP | Element-of | left out |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in names:
        row = scores[name]
        strict = [row[f"{measure}/strict/{group}"] for measure in ("iou", "iop", "element_of", "iou_at_0.5")]
        bounds = [row[f"boundary_f1@{tolerance}/strict/{group}"] for tolerance in (0.2, 0.5)]
        paper = [row[f"{measure}/paper/{group}"] for measure in ("iou", "iop", "element_of")]
        verbs = f"{100 * row[f'verbs_exact/{group}']:.0f} %" if name == "model" else "given"
        cells = [f"{value:.3f}" for value in (*strict, *bounds)] + [verbs] + [f"{value:.3f}" for value in paper]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {row[f'left_out/paper/{group}']:.0f} |")
    return lines
