"""Picture of where the model looked for each word: one row per word, seconds across, darker where it looked more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motion2language.transcript import Transcript
from motion2language.viewer import drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, LEFT, RIGHT = 8.0, 1.25, 0.15  # inches
ROW, BAR, FOOT = 0.2, 0.3, 0.54  # inches: a word, the segments above, the seconds and the key beneath
MOST = 400  # words in a picture; chosen


def figure(transcript: Transcript, weights: np.ndarray) -> Figure:
    """Draw weights (L, T): one row per word of the transcript, T equal parts of the recording.

    The largest weight of each row is darkest, and marked with a ring; a line marks the word's time. Both are named
    beneath.
    """
    words = [(word, number) for number, segment in enumerate(transcript.segments) for word in segment.words]
    if weights.ndim != 2 or len(weights) != len(words):
        raise ValueError(f"attention has shape {weights.shape}, expected a row for each of {len(words)} words")
    if len(words) > MOST:
        raise ValueError(f"attention of {len(words)} words; a picture has room for {MOST}, cut the recording")
    colours = drawing.segment_colours(transcript)
    height = ROW * max(1, len(words)) + BAR + FOOT + 0.1
    canvas = drawing.new_figure(WIDTH, height)
    axes = canvas.add_axes((LEFT / WIDTH, FOOT / height, (WIDTH - LEFT - RIGHT) / WIDTH, 1 - (FOOT + 0.1) / height))
    rows = max(1, len(words))
    axes.set(xlim=(0, max(transcript.duration, 1e-3)), ylim=(rows, -BAR / ROW))
    _shade(axes, transcript, weights, colours, [number for _, number in words])
    for row, (word, number) in enumerate(words):
        axes.vlines(word.time, row + 0.08, row + 0.92, colors=[drawing.INK], lw=1.3)
        axes.text(-0.012, 1 - (BAR + ROW * (row + 0.5)) / (height - FOOT - 0.1), word.word, transform=axes.transAxes,
                  ha="right", va="center", size=9, color=drawing.shade(colours[number], 0.8))  # fmt: skip
    _peaks(axes, transcript, weights)
    _segments(axes, transcript, colours)
    axes.set_yticks([])
    ticks = [time for time in axes.get_xticks() if 0 <= time <= transcript.duration]
    axes.set_xticks(ticks, [f"{time:g} s" for time in ticks], size=9)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    return canvas


def _shade(
    axes: Axes, transcript: Transcript, weights: np.ndarray, colours: list[drawing.Colour], segments: list[int]
) -> None:
    """Shade each row from white to its segment's colour."""
    if not weights.size:
        return
    share = weights / np.maximum(weights.max(axis=1, keepdims=True), 1e-9)
    full = np.array([colours[number] for number in segments])
    picture = 1 - np.clip(share, 0, 1)[..., None] * (1 - full[:, None])
    axes.imshow(picture, extent=(0, transcript.duration, len(weights), 0), aspect="auto", interpolation="nearest")


def _peaks(axes: Axes, transcript: Transcript, weights: np.ndarray) -> None:
    """Mark the largest weight of each row, and name both marks beneath the picture."""
    if not weights.size:
        return
    peaks = (weights.argmax(axis=1) + 0.5) * transcript.duration / weights.shape[1]
    (rings,) = axes.plot(peaks, np.arange(len(peaks)) + 0.5, "o", ms=5, mfc="white", mec=drawing.INK, mew=1.1,
                         clip_on=False, label="largest weight")  # fmt: skip
    (line,) = axes.plot([], [], "|", ms=9, mec=drawing.INK, mew=1.3, label="the word's time")
    axes.figure.legend(handles=[rings, line], loc="lower right", ncols=2, frameon=False, fontsize=9, borderpad=0.1)


def _segments(axes: Axes, transcript: Transcript, colours: list[drawing.Colour]) -> None:
    """Draw the segments' bars on top, with labels where they fit, and their edges through all rows."""
    from matplotlib.patches import Rectangle

    top, inches = -BAR / ROW, (WIDTH - LEFT - RIGHT) / max(transcript.duration, 1e-3)
    for segment, colour in zip(transcript.segments, colours, strict=True):
        room = segment.end - segment.start
        bar = Rectangle((segment.start, top), room, -top - 0.2, facecolor=drawing.tint(colour, 0.76), edgecolor="white")
        axes.add_patch(bar)
        axes.axvline(segment.start, color=drawing.QUIET, lw=0.5, ls=(0, (2, 3)))
        axes.axvline(segment.end, color=drawing.QUIET, lw=0.5, ls=(0, (2, 3)))
        if drawing.width_of(segment.label or "", 9, "bold") < room * inches - 0.06:
            axes.text(segment.start + room / 2, top / 2 - 0.1, segment.label or "", ha="center", va="center_baseline",
                      size=9, weight="bold", color=colour)  # fmt: skip
