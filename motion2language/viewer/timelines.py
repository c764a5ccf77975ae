"""Transcripts of one recording as time lines, one below the other: where each has its segments, and their labels.

A label has one colour in all lines; the ninth label has the first one's colour, lighter. A segment whose action is
unknown is grey and called so, and a doubtful one has a question mark. The bounds of the truth, if it is given, run
through all lines as thin ones, so that it can be seen how far off the others are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from motion2language.transcript import Segment, Transcript
from motion2language.viewer import drawing
from motion2language.writers import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SECOND, NARROWEST, WIDEST = 0.3, 6.0, 40.0  # inches: of a second if it fits, and of the lines at least and at most
LINE, BOX, FOOT, HEAD = 0.72, 0.58, 0.42, 0.1  # inches: a line, its boxes, below and above all lines
LIGHT = (0.55, 0.8, 0.25)  # share of white in the boxes of the first eight labels, the next eight, the rest
SIZE, PAD = 7.0, 0.04  # points of a label; inches beside it


def figure(transcripts: Mapping[str, Transcript], truth: Transcript | None = None) -> Figure:
    """Draw each transcript by its name, in order from above; the truth, if there is one, above all."""
    from matplotlib.colors import to_rgb

    rows = ({"truth": truth} if truth is not None else {}) | dict(transcripts)
    duration = max(transcript.duration for transcript in rows.values())
    long = min(max(SECOND * duration, NARROWEST), WIDEST)
    left = 0.25 + max(drawing.width_of(name, 9) for name in rows)
    width, height = left + long + 0.15, HEAD + FOOT + LINE * len(rows)
    canvas = drawing.new_figure(width, height)
    axes = canvas.add_axes((left / width, FOOT / height, long / width, LINE * len(rows) / height))
    axes.set(xlim=(0, duration), ylim=(len(rows) * LINE, 0), xlabel="seconds")
    axes.set_yticks([LINE * (number + 0.5) for number in range(len(rows))], list(rows))
    axes.tick_params(labelsize=9)
    axes.tick_params(axis="y", length=0)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    for segment in truth.segments if truth is not None else ():
        for time in (segment.start, segment.end):
            axes.axvline(time, color=drawing.QUIET, lw=0.5, zorder=0)
    known = (segment for each in rows.values() for segment in each.segments if segment.known)
    labels = list(dict.fromkeys(segment.label for segment in known))
    for number, transcript in enumerate(rows.values()):
        for segment, named in zip(transcript.segments, shown(transcript).segments, strict=True):
            cycle, place = divmod(labels.index(segment.label), len(drawing.COLOURS)) if segment.known else (0, 0)
            colour = to_rgb(drawing.COLOURS[place]) if segment.known else drawing.GREY
            text = named.label if named.label and (segment.label or not segment.known) else segment.text
            look = _Look(text, colour, LIGHT[min(cycle, len(LIGHT) - 1)])
            _draw(axes, segment, look, LINE * (number + 0.5), long / duration)
    return canvas


@dataclass(frozen=True)
class _Look:
    """What a box shows: its text, its colour, and the share of white in it."""

    text: str
    colour: drawing.Colour
    light: float


def _draw(axes: Axes, segment: Segment, look: _Look, middle: float, inches: float) -> None:
    """A box with the text in it, upright where the box is too narrow; `inches` is what a second measures."""
    text, colour, light = look.text, look.colour, look.light
    room, long = (segment.end - segment.start) * inches - PAD, segment.end - segment.start
    axes.bar(segment.start, BOX, long, middle - BOX / 2, align="edge", color=drawing.tint(colour, light), lw=0.8,
             edgecolor=colour)  # fmt: skip
    lies = drawing.width_of(text, SIZE) <= room
    if not lies and room < SIZE / 72:
        return
    while text and drawing.width_of(text, SIZE) > (room if lies else BOX - PAD):
        text = text.rstrip("…")[:-1] + "…" if len(text) > 1 else ""
    axes.text((segment.start + segment.end) / 2, middle, text, size=SIZE, ha="center", va="center",
              color=drawing.shade(colour, 0.45), rotation=0 if lies else 90)  # fmt: skip
