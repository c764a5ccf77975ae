"""The scores of a run in six lines, for a terminal; the tables have the rest."""

from __future__ import annotations

from motion2language.scoring.captions import Measures
from motion2language.scoring.reliability import calibration_error
from motion2language.scoring.score import Scores
from motion2language.scoring.tables import SENTENCES

GROUP = "all"  # clips that the lines are about
LEFT_OUT = ("bleu_1", "bleu_2", "bleu_3")  # of the measures of sentences


def headlines(scores: Scores) -> str:
    """Clips; sentences; actions; segments; the best baseline's segments; probabilities and facts. A line for each part
    that was scored, and one for the delay of live captions."""
    lines = [_clips(scores), *_sentences(scores), *_segments(scores), *_trust(scores)]
    return "\n".join(line for line in lines if line)


def _clips(scores: Scores) -> str:
    clips = scores.segments.get(f"clips/{GROUP}", scores.captions.get("clips", 0))
    references = scores.captions.get("references")
    count = f"{clips:.0f} clip{'' if clips == 1 else 's'}"
    return count + (f", {references:.0f} reference sentence{'' if references == 1 else 's'}" if references else "")


def _sentences(scores: Scores) -> list[str]:
    if not scores.captions:
        return []
    baselines = [values["bleu_4"] for values in scores.text_baselines.values() if "bleu_4" in values]
    beside = f"; best baseline BLEU-4 {max(baselines):.1f}" if baselines else ""
    lines = [f"sentences: {_measures(scores.captions)}{beside}"]
    return lines + ([f"sentences with detail: {_measures(scores.detailed)}"] if scores.detailed else [])


def _measures(values: Measures) -> str:
    shown = {key: form for key, form in SENTENCES.items() if key in values and key not in LEFT_OUT}
    return ", ".join(f"{name} {values[key]:.{digits}f}" for key, (name, digits) in shown.items())


def _segments(scores: Scores) -> list[str]:
    own = scores.segments
    if f"iou/strict/{GROUP}" not in own:
        return []
    ends = scores.intervals.get(f"iou/{GROUP}")
    lines = [
        f"actions: all named, in order, in {100 * own[f'verbs_exact/{GROUP}']:.0f} % of clips",
        f"segments: {_overlaps(own)}" + (f"; IoU from {ends[0]:.3f} to {ends[1]:.3f} (95 %)" if ends else ""),
    ]
    blind = {name: values for name, values in scores.baselines.items() if f"iou/strict/{GROUP}" in values}
    if blind:
        best = max(blind, key=lambda name: blind[name][f"iou/strict/{GROUP}"])
        lines.append(f"best baseline, {best}: {_overlaps(blind[best])}")
    return lines


def _overlaps(values: dict[str, float]) -> str:
    return (
        f"IoU {values[f'iou/strict/{GROUP}']:.3f}, Element-of {values[f'element_of/strict/{GROUP}']:.3f}, "
        f"boundaries within 0.5 s F1 {values[f'boundary_f1@0.5/strict/{GROUP}']:.3f}"
    )


def _trust(scores: Scores) -> list[str]:
    parts = [f"{kind} {calibration_error(rows):.3f}" for kind, rows in scores.reliability.items() if rows]
    lines = [f"probabilities, mean distance from what is right: {', '.join(parts)}"] if parts else []
    if scores.contradictions:
        denied = f"words that measured facts deny: {scores.contradictions['said']:.1f} per hundred clips"
        if "references/one" in scores.contradictions:
            denied += f" ({scores.contradictions['references/one']:.1f} in references of one action)"
        lines = [f"{lines[0]}; {denied}" if lines else denied]
    if "quantile_0.5" in scores.delay:
        lines.append(f"delay: half of the verbs within {scores.delay['quantile_0.5']:.2f} s of their action's start")
    return lines
