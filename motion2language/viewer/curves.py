"""Threshold curves of several runs: along x the overlap asked for, up the share of segments that reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from motion2language.viewer import drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT, LEFT, FOOT = 3.6, 3.0, 0.6, 0.5  # inches: the axes, and the room for their labels
DASHES = ("-", "--", "-.", ":")
FLOOR_DASHES = (":", "--", "-.")


def figure(
    thresholds: Sequence[float], runs: Mapping[str, Sequence[float]], floors: Mapping[str, Sequence[float]]
) -> Figure:
    """The picture; each curve has a share for each threshold."""
    floors = {f"no motion: {name}": curve for name, curve in floors.items()}
    legend = 0.8 + max(drawing.width_of(name, 8) for name in (*runs, *floors))
    width, height = LEFT + WIDTH + legend, FOOT + HEIGHT + 0.1
    canvas = drawing.new_figure(width, height)
    axes = canvas.add_axes((LEFT / width, FOOT / height, WIDTH / width, HEIGHT / height))
    for number, (name, curve) in enumerate(floors.items()):
        dash = FLOOR_DASHES[number % len(FLOOR_DASHES)]
        axes.plot(thresholds, curve, color=drawing.QUIET, ls=dash, lw=1, label=name)
    for number, (name, curve) in enumerate(runs.items()):
        colour = drawing.COLOURS[number % len(drawing.COLOURS)]
        dash = DASHES[number // len(drawing.COLOURS) % len(DASHES)]
        axes.plot(thresholds, curve, color=colour, ls=dash, lw=1.8, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.set_xlabel("intersection over union, at least", size=9)
    axes.set_ylabel("share of reference segments", size=9)
    axes.tick_params(labelsize=9)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    order = [*range(len(floors), len(labels)), *range(len(floors))]  # the runs first
    axes.legend([handles[n] for n in order], [labels[n] for n in order], loc="upper left", bbox_to_anchor=(1.02, 1.0),
                frameon=False, fontsize=8)  # fmt: skip
    return canvas
