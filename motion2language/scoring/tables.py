"""Scores as Markdown tables, strict protocol first, floors beneath the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from motion2language.scoring.reliability import calibration_error
from motion2language.scoring.score import Scores
from motion2language.scoring.segments import GROUPS, OVERLAPS, TOLERANCES

#: Keys of `score` that are no system with segments.
NO_SYSTEM = ("captions", "captions (paper)", "text floors", "semantic", "intervals", "delay", "reliability")
TITLES = {"all": "all clips", "one": "clips with one action", "several": "clips with several actions"}
#: Measure of sentences -> its name, decimals.
SENTENCES = {
    "bleu_1": ("BLEU-1", 1), "bleu_2": ("BLEU-2", 1), "bleu_3": ("BLEU-3", 1), "bleu_4": ("BLEU-4", 1),
    "rouge_l": ("ROUGE-L", 1), "cider": ("CIDEr", 2), "meteor": ("METEOR", 1), "bertscore": ("BERTScore F1", 1),
    "cosine": ("cosine, mean", 3), "cosine_best": ("cosine, best", 3),
}  # fmt: skip


def tables(scores: dict[str, Scores]) -> str:
    """The scores as Markdown: sentences, then segments by group of clips, strict protocol first, floors beneath."""
    lines = _caption_table(scores)
    names = [name for name in scores if name not in NO_SYSTEM]
    for group in GROUPS:
        if names and f"clips/{group}" in scores[names[0]]:
            lines += ["", *_segment_table(scores, names, group), "", *_order_table(scores, names, group)]
    lines += _interval_table(scores.get("intervals", {}))
    lines += _reliability_table(scores.get("reliability", {}))
    return "\n".join([*lines, *_delay_table(scores.get("delay", {}))]).strip("\n")


def _caption_table(scores: dict[str, Scores]) -> list[str]:
    systems = {"clean": scores.get("captions"), "paper (`<eos>`, `<unk>`)": scores.get("captions (paper)")}
    systems |= {f"floor: {name}": floor for name, floor in scores.get("text floors", {}).items()}
    known = next((found for found in systems.values() if found is not None), None)
    if known is None:
        return []
    measures = [measure for measure in SENTENCES if measure in known]
    lines = [
        f"Captions, {known['clips']:.0f} clips, {known['references']:.0f} references, lower case, no punctuation; "
        "floors (clean): told the references, no motion seen",
        "",
        "| protocol | " + " | ".join(SENTENCES[measure][0] for measure in measures) + " |",
        "| --- " * (1 + len(measures)) + "|",
    ]
    for name, found in systems.items():
        if found is not None:
            cells = (f"{found[one]:.{SENTENCES[one][1]}f}" if one in found else "" for one in measures)
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    notes = scores.get("semantic", {})
    return lines + [""] * bool(notes) + [f"- {SENTENCES[one][0].split(',')[0]}: {note}" for one, note in notes.items()]


def _order_table(scores: dict[str, Scores], names: Sequence[str], group: str) -> list[str]:
    keys = {"edit": "edit", **{f"f1@{one}": f"F1@{one}" for one in OVERLAPS}, "tiou": "tIoU"}
    for tolerance in TOLERANCES:
        keys |= {f"boundary_{what}@{tolerance}": f"boundary {what} {tolerance:g} s" for what in ("precision", "recall")}
    lines = [
        f"Segments, {TITLES[group]}, strict: order, overlap, boundaries",
        "",
        "| | " + " | ".join(keys.values()) + " |",
    ]
    lines.append("| --- " * (1 + len(keys)) + "|")
    for name in names:
        lines.append(f"| {name} | " + " | ".join(f"{scores[name][f'{key}/strict/{group}']:.3f}" for key in keys) + " |")
    return lines


def _interval_table(intervals: Scores) -> list[str]:
    if not intervals:
        return []
    groups = [group for group in GROUPS if any(name.endswith(f"/{group}") for name in intervals)]
    titles = [TITLES[group] for group in groups] or [TITLES["all"]]
    lines = ["", "95 % intervals over clips (bootstrap), strict protocol", "", "| score | " + " | ".join(titles) + " |"]
    lines.append("| --- " * (1 + len(titles)) + "|")
    for measure in dict.fromkeys(name.split("/")[0] for name in intervals):
        found = [intervals.get(f"{measure}/{group}") for group in groups]
        if measure in intervals:
            found = [intervals[measure]] + [None] * (len(titles) - 1)
        digits = _decimals(measure)
        cells = ("" if ends is None else f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f}" for ends in found)
        lines.append(f"| {measure} | " + " | ".join(cells) + " |")
    return lines


def _reliability_table(reliable: Scores) -> list[str]:
    if not any(reliable.values()):
        return []
    lines = ["", "How often what was said with a probability was right", "", "| | said | right | count |"]
    lines.append("| --- | --- | --- | --- |")
    for kind, rows in reliable.items():
        for row in rows:
            lines.append(f"| {kind} | {100 * row['said']:.0f} % | {100 * row['right']:.0f} % | {row['count']} |")
        if rows:
            lines.append(f"| {kind}, mean distance | {calibration_error(rows):.3f} | | |")
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
        "| " + " | ".join(f"{delay[name]:.2f}" for name in quantiles) + " |",
    ]


def _segment_table(scores: dict[str, Scores], names: Sequence[str], group: str) -> list[str]:
    lines = [
        f"Segments, {TITLES[group]}, n = {scores[names[0]][f'clips/{group}']:.0f}; strict: a missing verb scores 0; "
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


def comparison_table(rows: Sequence[dict[str, Any]], names: tuple[str, str]) -> str:
    """What `compare` found as a table."""
    lines = [
        f"Clip by clip: {names[1]} - {names[0]} with its 95 % interval over clips, and p of a paired permutation test",
        "",
        f"| score | clips | {names[0]} | {names[1]} | difference | from | to | p |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        digits = _decimals(row["score"])
        values = " | ".join(f"{row[key]:.{digits}f}" for key in ("first", "second", "difference", "low", "high"))
        lines.append(f"| {row['score']} | {row['clips']} | {values} | {row['p']:.4f} |")
    return "\n".join(lines)


def _decimals(measure: str) -> int:
    return SENTENCES.get(measure, ("", 3))[1]
