"""Figures of a suite, as SVG: the scores of every run with the mean over seeds, and IoU threshold curves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.files import write_text
from motion2language.scoring.baselines import BASELINES
from motion2language.scoring.segments import THRESHOLDS
from motion2language.training.reproduce.suite import Row
from motion2language.training.reproduce.table import Line, columns_of, results

SHOWN = ("BLEU-4", "ROUGE-L", "CIDEr", "verbs exact", "Element-of", "IoU, rule", "IoU, refined")
BASELINE = "n equal cuts"  # the strongest baseline
BASELINE_DASHES = dict(zip(BASELINES, (":", "-", "--"), strict=False))
#: Distinguishable with any colour vision.
COLOURS = {"soft": "#d55e00", "local": "#0072b2", "recurrent-local": "#009e73", "cross": "#aa4488"}
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))


def draw(out: Path, rows: Sequence[Row], table: Sequence[Line], seeds: Sequence[int]) -> list[Path]:
    """Write `scores.svg`, and `curves.svg` where segments were scored; returns the files, none without a scored run."""
    try:
        import matplotlib

        matplotlib.use("Agg", force=False)
    except ModuleNotFoundError:
        raise ValueError("figures need matplotlib: pip install 'motion2language[plot]'") from None
    scored = [row for row in rows if results(row, seeds, out)]
    if not scored:
        return []
    written = [_scores(out / "scores.svg", [line for line in table if line.runs])]
    runs = {row.name: results(row, seeds, out) for row in scored}
    if all("model" in result["rule"] for row_results in runs.values() for result in row_results):
        written.append(_curves(out / "curves.svg", scored, runs))
    return written


def _scores(path: Path, table: Sequence[Line]) -> Path:
    """One panel per column: a dot per run, a bar at their mean, a line at the baseline."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    models = [line for line in table if not line.name.startswith("baseline: ")][::-1]
    reference = next((line for line in table if line.name.endswith(f": {BASELINE}")), None)
    shown = [column for column in SHOWN if column in columns_of(models)]
    figure = Figure(figsize=(2.2 + 2.1 * len(shown), 1.0 + 0.24 * len(models)), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(shown), sharey=True))
    for panel, column in zip(panels, shown, strict=True):
        for height, line in enumerate(models):
            values = line.values.get(column, [])
            if values:
                panel.barh(height, float(np.mean(values)), height=0.7, color="#cfd8e3")
                panel.plot(values, [height] * len(values), "o", markersize=3.5, color="#1f3b63")
        baseline = [] if reference is None else reference.values.get(column.replace("refined", "rule"), [])
        if baseline:
            panel.axvline(baseline[0], color="#777777", linestyle="--", linewidth=1)
        panel.set_title(column, fontsize=9)
        panel.tick_params(labelsize=8)
        panel.set_xlim(left=0)
        panel.xaxis.set_major_locator(MaxNLocator(4, prune="upper"))
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(models)), [line.name for line in models])
    panels[0].set_ylim(-0.6, len(models) - 0.4)
    dashed = "" if reference is None else f"; dashed: baseline, {BASELINE}"
    strict = "; segments: strict protocol" if "Element-of" in shown else ""
    figure.supxlabel(f"one dot per run, bars: means over runs{strict}{dashed}", fontsize=8)
    return _save(figure, path)


def _curves(path: Path, rows: Sequence[Row], runs: dict[str, list[dict[str, Any]]]) -> Path:
    """A row of panels per encoder, by the paper's rule and refined; along x the threshold."""
    from matplotlib.figure import Figure

    encoders = list(dict.fromkeys(row.config.model.encoder for row in rows))
    figure = Figure(figsize=(9.6, 0.6 + 2.6 * len(encoders)), layout="constrained")
    panels = figure.subplots(len(encoders), 2, sharex=True, sharey=True, squeeze=False)
    for (rule, refined), encoder in zip(panels, encoders, strict=True):
        names = {row.name: row.config.model.attention for row in rows if row.config.model.encoder == encoder}
        _draw_curves(rule, f"{encoder}, segments by the paper's rule", "rule", names, runs)
        _draw_curves(refined, f"{encoder}, refined", "refined", names, runs)
        refined.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    figure.supylabel("share of reference segments\nat or above the IoU threshold, strict", fontsize=9)
    return _save(figure, path)


def _draw_curves(
    panel: Any, title: str, bounds: str, attentions: dict[str, str], runs: dict[str, list[dict[str, Any]]]
) -> None:
    """The mean curve of each row, in the colour of its attention, and the baselines'."""
    used: dict[str, int] = {}
    for name, attention in attentions.items():
        dash = DASHES[used.get(attention, 0) % len(DASHES)]
        used[attention] = used.get(attention, 0) + 1
        curve = np.mean([result["curves"][bounds] for result in runs[name]], axis=0)
        panel.plot(THRESHOLDS, curve, color=COLOURS.get(attention, "#444444"), linestyle=dash, label=name)
    for name, dash in BASELINE_DASHES.items():
        curve = runs[next(iter(attentions))][0]["curves"][name]
        panel.plot(THRESHOLDS, curve, "#999999", linestyle=dash, linewidth=1, label=f"baseline: {name}")
    panel.set_title(title, fontsize=9)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=8)
    panel.set_ylim(0, 1)
    panel.set_xlim(0, 1)
    panel.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])


def _save(figure: Any, path: Path) -> Path:
    """Write a figure; the same numbers give the same file."""
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "motion2language", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    write_text(path, text.getvalue())
    return path
