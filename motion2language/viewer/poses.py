"""A recording in one picture: poses along the time axis, coloured by segment, with the words beneath them.

Bodies are drawn to scale, seen from the front left of the first pose; the right side is lighter. A tick marks each
word's timestamp. Long recordings take several strips of equal length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from motion2language.motion import Motion
from motion2language.transcript import Segment, Transcript
from motion2language.viewer import drawing
from motion2language.writers import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, MARGIN = 11.0, 0.3  # inches; chosen for a page across
LONGEST, MOST = 16.0, 12  # seconds of a strip, and number of strips before they get longer; chosen
POSES, FEWEST = 17, 4  # most and fewest per strip, as many as do not overlap; chosen
APART = 0.03  # inches between two poses; chosen
METRE = 0.92  # inches
BAR, TICKS, LINE, AXIS = 0.36, 0.2, 0.17, 0.3  # inches: segments, word ticks, a line of words, numbers beneath
SIZE = 9.0  # points of the words
VIEW = np.radians(50)


@dataclass(frozen=True)
class _Phrase:
    """A phrase in lines; `middle` in inches from the strip's left, `bottom` in inches from the ticks' top."""

    lines: list[str]
    middle: float
    bottom: float
    colour: drawing.Colour

    @property
    def top(self) -> float:
        return self.bottom + LINE * len(self.lines)


def figure(body: Motion, transcript: Transcript) -> Figure:
    """Draw a motion of the canonical body."""
    transcript = shown(transcript)
    strips = min(MOST, max(1, int(np.ceil(body.duration / LONGEST - 1e-6))))
    length = body.duration / strips
    spans = [(length * number, length * (number + 1)) for number in range(strips)]
    phrases = [_place(transcript, *span) for span in spans]
    tallest = float(np.clip(body.positions[..., 1].max(), 1.0, 3.0)) + 0.3  # of a body's highest joint; chosen
    heights = [
        METRE * tallest + max([LINE, *(phrase.top for phrase in row)]) + TICKS + BAR + AXIS + 0.12 for row in phrases
    ]
    canvas = drawing.new_figure(WIDTH, sum(heights))
    below = sum(heights)
    for span, row, height in zip(spans, phrases, heights, strict=True):
        below -= height
        _strip(canvas, below, tallest, body, transcript, span, row)
    return canvas


def _strip(
    canvas: Figure,
    below: float,
    tallest: float,
    body: Motion,
    transcript: Transcript,
    span: tuple[float, float],
    phrases: list[_Phrase],
) -> None:
    """Draw one strip, its bottom `below` inches above the picture's; its axes are in inches, so all is to scale."""
    room = WIDTH - 2 * MARGIN
    floor = BAR + TICKS + max([LINE, *(phrase.top for phrase in phrases)]) + 0.12
    height = floor + METRE * tallest
    full = canvas.get_figheight()
    axes = canvas.add_axes((MARGIN / WIDTH, (below + AXIS) / full, room / WIDTH, height / full))
    axes.set(xlim=(0, room), ylim=(0, height), yticks=[])
    scale = room / (span[1] - span[0])
    _seconds(axes, span, scale)
    colours = drawing.segment_colours(transcript)
    silent = False
    for time in _times(body, span, scale):
        colour = drawing.colour_at(transcript, colours, time)
        silent = silent or colour == drawing.GREY
        _pose(axes, body, time, (time - span[0]) * scale, floor, colour)
    if silent:
        axes.text(
            room,
            height - 0.05,
            "grey: nothing is said",
            ha="right",
            va="top",
            size=SIZE - 1.5,
            color=drawing.shade(drawing.GREY, 0.65),
        )
    for segment, colour in zip(transcript.segments, colours, strict=True):
        _segment(axes, segment, colour, span, scale)
    for phrase in phrases:
        for number, line in enumerate(reversed(phrase.lines)):
            axes.text(phrase.middle, BAR + TICKS + phrase.bottom + LINE * number, line, ha="center", va="bottom",
                      size=SIZE, color=drawing.shade(phrase.colour, 0.8))  # fmt: skip


def _seconds(axes: Axes, span: tuple[float, float], scale: float) -> None:
    from matplotlib.ticker import MaxNLocator

    ticks = [float(time) for time in MaxNLocator(12, steps=[1, 2, 5, 10]).tick_values(*span)]
    inside = [time for time in ticks if span[0] - 1e-9 <= time <= span[1] + 1e-9]
    axes.set_xticks([(time - span[0]) * scale for time in inside], [f"{time:g} s" for time in inside], size=SIZE)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)


def _times(body: Motion, span: tuple[float, float], scale: float) -> np.ndarray:
    """Evenly spaced times of as many poses as stand beside each other without an overlap, `scale` inches a second."""
    for count in range(POSES, FEWEST, -1):
        times = span[0] + (span[1] - span[0]) / count * (np.arange(count) + 0.5)
        ends = np.array([_width(body, time) for time in times]) + ((times - span[0]) * scale)[:, None]
        if (ends[1:, 0] - ends[:-1, 1] >= APART).all():
            return times
    return span[0] + (span[1] - span[0]) / FEWEST * (np.arange(FEWEST) + 0.5)


def _width(body: Motion, time: float) -> tuple[float, float]:
    """How far a pose reaches to the left and right of its pelvis, in inches."""
    seen, _ = _project(body, min(int(time * body.fps), body.frames - 1))
    across = seen[np.isfinite(seen[:, 0]), 0] * METRE
    return float(across.min()), float(across.max())


def _project(body: Motion, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Joints of a frame as they are seen, in metres from the ground below the pelvis, and how near they are."""
    points = body.positions[frame].astype(np.float64)
    return drawing.Camera(drawing.heading(body) + VIEW).project(points, points[0] * [1, 0, 1])


def _pose(axes: Axes, body: Motion, time: float, middle: float, floor: float, colour: drawing.Colour) -> None:
    """Draw the body at a time, its pelvis over `middle`, with a white outline where it crosses its neighbour."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Circle

    frame = min(int(time * body.fps), body.frames - 1)
    points = body.positions[frame].astype(np.float64)
    camera = drawing.Camera(drawing.heading(body) + VIEW)
    below = points[0] * [1, 0, 1]
    seen, near = _project(body, frame)
    seen = seen * METRE + [middle, floor]
    order = sorted(drawing.seen_bones(body, frame).tolist(), key=lambda bone: near[list(drawing.BONES[bone])].mean())
    bones = [seen[list(drawing.BONES[bone])] for bone in order]
    shades = [drawing.bone_colours(colour)[bone] for bone in order]
    axes.add_collection(LineCollection(bones, colors="white", linewidths=4.2, capstyle="round", clip_on=False))
    if drawing.shows_head(body, frame):
        head, _ = camera.project(drawing.crown(points), below)
        middle_of_head = tuple(head * METRE + [middle, floor])
        axes.add_patch(Circle(middle_of_head, 0.1 * METRE, facecolor=colour, edgecolor="white", lw=1, zorder=2))
    axes.add_collection(LineCollection(bones, colors=shades, linewidths=2.1, capstyle="round", clip_on=False))


def _segment(axes: Axes, segment: Segment, colour: drawing.Colour, span: tuple[float, float], scale: float) -> None:
    """Draw the segment's part of the bar, its label where it fits, and one tick per word."""
    from matplotlib.patches import Rectangle

    left, right = ((float(np.clip(time, *span)) - span[0]) * scale for time in (segment.start, segment.end))
    if right > left:
        bar = Rectangle((left, 0), right - left, BAR, facecolor=drawing.tint(colour, 0.76), edgecolor="white", lw=1)
        axes.add_patch(bar)
        size = 11.0
        while size > 6 and drawing.width_of(segment.label or "", size, "bold") > right - left - 0.06:
            size -= 0.5
        if size > 6:
            axes.text((left + right) / 2, BAR / 2, segment.label or "", ha="center", va="center_baseline", size=size,
                      weight="bold", color=colour)  # fmt: skip
    ticks = [(word.time - span[0]) * scale for word in segment.words if span[0] <= word.time < span[1]]
    axes.vlines(ticks, BAR + 0.04, BAR + TICKS - 0.05, colors=[colour], lw=1.5)


def _place(transcript: Transcript, start: float, end: float) -> list[_Phrase]:
    """Place the phrases of segments whose middle lies in [start, end), each as low as its neighbours allow."""
    room = WIDTH - 2 * MARGIN
    scale = room / (end - start)
    placed: list[_Phrase] = []
    pairs = zip(transcript.segments, drawing.segment_colours(transcript), strict=True)
    for segment, colour in sorted(pairs, key=lambda pair: pair[0].start):
        middle = (segment.start + segment.end) / 2
        if not (start <= middle < end and segment.words):
            continue
        left, right = (float(np.clip(time, start, end)) for time in (segment.start, segment.end))
        words = [word.word for word in segment.words]
        lines = [" ".join(line) for line in drawing.wrap_words(words, SIZE, max((right - left) * scale, 1.15))]
        half = max(drawing.width_of(line, SIZE) for line in lines) / 2 + 0.05
        at = float(np.clip(((left + right) / 2 - start) * scale, half, max(half, room - half)))
        under = [other.top for other in placed if abs(other.middle - at) < half + _half(other)]
        placed.append(_Phrase(lines, at, max([0.0, *under]), colour))
    return placed


def _half(phrase: _Phrase) -> float:
    return max(drawing.width_of(line, SIZE) for line in phrase.lines) / 2 + 0.05
