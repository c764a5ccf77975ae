"""Threshold curves of several runs: along x a required IoU (or IoP), along y the share of segments that reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from motion2language.viewer import drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, LEFT, FOOT = 3.0, 2.8, 0.6, 0.5  # inches: the axes of a measure and the margins for their labels
GAP = 0.4  # inches between axes
MEASURES = {"iou": "intersection over union, at least", "iop": "intersection over prediction, at least"}
DASHES = ("-", "--", "-.", ":")
FLOOR_DASHES = (":", "--", "-.")
Curves = Mapping[str, Sequence[float]]  # for each of MEASURES one share per threshold


def figure(thresholds: Sequence[float], runs: Mapping[str, Curves], baselines: Mapping[str, Curves]) -> Figure:
    """Draw one pair of axes per measure, with the legend beside the last."""
    baselines = {f"baseline: {name}": curves for name, curves in baselines.items()}
    legend = 0.8 + max(drawing.width_of(name, 8) for name in (*runs, *baselines))
    width, height = LEFT + len(MEASURES) * (WIDTH + GAP) - GAP + legend, FOOT + HEIGHT + 0.1
    canvas = drawing.new_figure(width, height)
    for number, (measure, label) in enumerate(MEASURES.items()):
        left = LEFT + number * (WIDTH + GAP)
        axes = canvas.add_axes((left / width, FOOT / height, WIDTH / width, HEIGHT / height))
        _draw(axes, thresholds, measure, runs, baselines)
        axes.set_xlabel(label, size=9)
        if number == 0:
            axes.set_ylabel("share of reference segments", size=9)
        axes.tick_params(labelsize=9, labelleft=number == 0)
    handles, labels = axes.get_legend_handles_labels()
    order = [*range(len(baselines), len(labels)), *range(len(baselines))]  # the runs first
    axes.legend([handles[n] for n in order], [labels[n] for n in order], loc="upper left", bbox_to_anchor=(1.02, 1.0),
                frameon=False, fontsize=8)  # fmt: skip
    return canvas


def _draw(
    axes: Axes, thresholds: Sequence[float], measure: str, runs: Mapping[str, Curves], baselines: Mapping[str, Curves]
) -> None:
    """Draw the curves of one measure."""
    for number, (name, curves) in enumerate(baselines.items()):
        dash = FLOOR_DASHES[number % len(FLOOR_DASHES)]
        axes.plot(thresholds, curves[measure], color=drawing.QUIET, ls=dash, lw=1, label=name)
    for number, (name, curves) in enumerate(runs.items()):
        colour = drawing.COLOURS[number % len(drawing.COLOURS)]
        dash = DASHES[number // len(drawing.COLOURS) % len(DASHES)]
        axes.plot(thresholds, curves[measure], color=colour, ls=dash, lw=1.8, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
