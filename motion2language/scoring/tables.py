"""Scores as Markdown tables, strict protocol first, baselines beneath the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from motion2language.scoring.captions import Measures
from motion2language.scoring.reliability import calibration_error
from motion2language.scoring.score import Scores
from motion2language.scoring.segments import GROUPS, OVERLAPS, TOLERANCES

CHANCE = 0.05  # p below which a difference counts as beyond chance; the usual one
TITLES = {"all": "all clips", "one": "clips with one action", "several": "clips with several actions"}
#: Measure of sentences -> its name, decimals.
SENTENCES = {
    "bleu_1": ("BLEU-1", 1), "bleu_2": ("BLEU-2", 1), "bleu_3": ("BLEU-3", 1), "bleu_4": ("BLEU-4", 1),
    "rouge_l": ("ROUGE-L", 1), "cider": ("CIDEr", 2), "meteor": ("METEOR", 1), "bertscore": ("BERTScore F1", 1),
    "cosine": ("cosine, mean", 3), "cosine_best": ("cosine, best", 3),
}  # fmt: skip


def tables(scores: Scores) -> str:
    """The scores as Markdown: captions, then segments by group of clips, baselines beneath the model."""
    lines, systems = _caption_table(scores), scores.systems
    for group in GROUPS:
        if any(f"clips/{group}" in measures for measures in systems.values()):
            lines += ["", *_segment_table(systems, group), "", *_order_table(systems, group)]
    lines += (
        _interval_table(scores.intervals)
        + _calibration_table(scores.reliability)
        + _contradiction_line(scores.contradictions)
    )
    lines += _delay_table(scores.delay)
    return "\n".join(lines).strip("\n")


def _caption_table(scores: Scores) -> list[str]:
    systems = {"clean": scores.captions, "paper (`<eos>`, `<unk>`)": scores.paper_captions}
    systems |= {"clean, with detail": scores.detailed}
    systems |= {f"baseline: {name}": measures for name, measures in scores.text_baselines.items()}
    systems = {name: measures for name, measures in systems.items() if measures}
    if not systems:
        return []
    first = next(iter(systems.values()))
    measures = [measure for measure in SENTENCES if measure in first]
    lines = [
        f"Captions, {first['clips']:.0f} clips, {first['references']:.0f} references, lower case, no punctuation; "
        "baselines (clean) know the references and ignore the motion",
        "",
        "| protocol | " + " | ".join(SENTENCES[measure][0] for measure in measures) + " |",
        "| --- " * (1 + len(measures)) + "|",
    ]
    for name, values in systems.items():
        cells = (f"{values[key]:.{SENTENCES[key][1]}f}" if key in values else "" for key in measures)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    notes = [f"- {SENTENCES[measure][0].split(',')[0]}: {note}" for measure, note in scores.notes.items()]
    return [*lines, "", *notes] if notes else lines


def _order_table(systems: Mapping[str, Measures], group: str) -> list[str]:
    keys = {"edit": "edit", **{f"f1@{percent}": f"F1@{percent}" for percent in OVERLAPS}, "tiou": "tIoU"}
    for tolerance in TOLERANCES:
        keys |= {f"boundary_{what}@{tolerance}": f"boundary {what} {tolerance:g} s" for what in ("precision", "recall")}
    lines = [
        f"Segments, {TITLES[group]}, strict: order, overlap, boundaries",
        "",
        "| | " + " | ".join(keys.values()) + " |",
    ]
    lines.append("| --- " * (1 + len(keys)) + "|")
    for name, values in systems.items():
        lines.append(f"| {name} | " + " | ".join(f"{values[f'{key}/strict/{group}']:.3f}" for key in keys) + " |")
    return lines


def _interval_table(intervals: Mapping[str, list[float]]) -> list[str]:
    if not intervals:
        return []
    groups = [group for group in GROUPS if any(name.endswith(f"/{group}") for name in intervals)]
    titles = [TITLES[group] for group in groups] or [TITLES["all"]]
    lines = ["", "95 % intervals over clips (bootstrap), strict protocol", "", "| score | " + " | ".join(titles) + " |"]
    lines.append("| --- " * (1 + len(titles)) + "|")
    for measure in dict.fromkeys(name.split("/")[0] for name in intervals):
        ranges = [intervals.get(f"{measure}/{group}") for group in groups]
        if measure in intervals:
            ranges = [intervals[measure]] + [None] * (len(titles) - 1)
        digits = _decimals(measure)
        cells = ("" if ends is None else f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f}" for ends in ranges)
        lines.append(f"| {measure} | " + " | ".join(cells) + " |")
    return lines


def _calibration_table(reliability: Mapping[str, Sequence[Measures]]) -> list[str]:
    if not any(reliability.values()):
        return []
    lines = ["", "Calibration", "", "| | predicted | actual | count |"]
    lines.append("| --- | --- | --- | --- |")
    for kind, rows in reliability.items():
        for row in rows:
            lines.append(f"| {kind} | {100 * row['said']:.0f} % | {100 * row['right']:.0f} % | {row['count']} |")
        if rows:
            lines.append(f"| {kind}, mean distance | {calibration_error(rows):.3f} | | |")
    return lines


def _contradiction_line(found: Measures) -> list[str]:
    if not found:
        return []
    line = f"Words that measured facts deny, per hundred clips: {found['said']:.1f} ({found['clips']:.0f} clips)"
    if "said/one" in found:
        line += (
            f"; of the {found['clips/one']:.0f} clips with one action {found['said/one']:.1f}, "
            f"and {found['references/one']:.1f} in the references"
        )
    return ["", line]


def _delay_table(delay: Measures) -> list[str]:
    if not delay.get("actions"):
        return []
    quantiles = [name for name in delay if name.startswith("quantile")]
    return [
        "",
        f"Delay: seconds from the start of an action until its verb, {delay['actions']:.0f} actions of the "
        f"{delay['clips']:.0f} clips with all verbs right and in order",
        "",
        "| " + " | ".join(f"{100 * float(name.removeprefix('quantile_')):.0f} %" for name in quantiles) + " |",
        "|" + " --- |" * len(quantiles),
        "| " + " | ".join(f"{delay[name]:.2f}" for name in quantiles) + " |",
    ]


def _segment_table(systems: Mapping[str, Measures], group: str) -> list[str]:
    clips = next(iter(systems.values()))[f"clips/{group}"]
    lines = [
        f"Segments, {TITLES[group]}, n = {clips:.0f}; strict: a missing verb scores 0; "
        "paper: clips lacking a verb are left out",
        "",
        "| | IoU | IoP | Element-of | IoU ≥ .5 | boundary F1 0.2 s | 0.5 s | verbs exact "
        "| paper IoU | IoP | Element-of | left out |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in systems.items():
        strict = [row[f"{measure}/strict/{group}"] for measure in ("iou", "iop", "element_of", "iou_at_0.5")]
        bounds = [row[f"boundary_f1@{tolerance}/strict/{group}"] for tolerance in (0.2, 0.5)]
        paper = [row[f"{measure}/paper/{group}"] for measure in ("iou", "iop", "element_of")]
        verbs = f"{100 * row[f'verbs_exact/{group}']:.0f} %" if name == "model" else "given"
        cells = [f"{value:.3f}" for value in (*strict, *bounds)] + [verbs] + [f"{value:.3f}" for value in paper]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {row[f'left_out/paper/{group}']:.0f} |")
    return lines


def comparison_table(rows: Sequence[dict[str, Any]], names: tuple[str, str]) -> str:
    """The rows of score.compare as a table."""
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


def comparison_in_words(rows: Sequence[dict[str, Any]], names: tuple[str, str]) -> str:
    """Which of two runs is better, and in which scores beyond chance; all scores are better when higher."""
    beyond = [row for row in rows if row["p"] < CHANCE]
    parts = []
    for name, sign in ((names[0], -1), (names[1], 1)):
        if better := [row["score"] for row in beyond if sign * row["difference"] > 0]:
            parts.append(f"{name} is better in {_listed(better)}.")
    if not beyond:
        return f"No difference is beyond chance (p < {CHANCE:g})."
    if rest := len(rows) - len(beyond):
        parts.append(f"In {rest} of {len(rows)} scores they differ by no more than chance may give.")
    return " ".join([f"Beyond chance (p < {CHANCE:g}, each score by itself)", *parts]).replace(")", "):", 1)


def _listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them.

    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _decimals(measure: str) -> int:
    return SENTENCES.get(measure, ("", 3))[1]
