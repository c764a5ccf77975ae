"""Frames of a film: the body travels over a grid, its words light up in time, its segments run below.

Frame k shows the time k/rate. A word takes its segment's colour when its timestamp is reached; the latest one has a
coloured background. Repetitions are counted below the words. The camera looks from the front left of the person's
first pose and travels with the body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from motion2language.motion import Motion
from motion2language.transcript import Segment, Transcript
from motion2language.viewer import drawing
from motion2language.writers import counted, shown

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

SHAPE = (9.6, 5.4)  # inches of a frame, for any number of pixels
STAGE = 3.95  # inches of the part with the body; less where repetitions are counted
CAMERA = np.radians(40), np.radians(14), 5.2  # left of the front, from above, metres away; chosen
FOLLOW = 1.0  # seconds over which the camera's path is smoothed; chosen
WORDS, ROWS, ROOM = 15.0, 2, 8.7  # points of the words, lines per page, inches of a line
COUNT = 0.36  # inches below the sentence for the count of repetitions, where there are any
TILE, REACH = 0.5, 4.0  # metres between the grid's lines and from its middle to its edge; chosen


class Film:
    """The frames of one recording of the canonical body."""

    def __init__(self, body: Motion, transcript: Transcript, *, rate: float, width: int, dark: bool = False) -> None:
        self.body = body.resample(rate)
        self.transcript = transcript = shown(transcript)
        self.paper = drawing.DARK if dark else drawing.LIGHT
        self.colours = [drawing.tint(colour, 0.3 if dark else 0) for colour in drawing.segment_colours(transcript)]
        self.figure = drawing.new_figure(*SHAPE, dpi=(width + 0.01) / SHAPE[0])  # pixels are rounded down
        self.figure.set_facecolor(self.paper.back)
        self.camera = drawing.Camera(drawing.heading(self.body) + CAMERA[0], *CAMERA[1:])
        self.path = _smooth_path(self.body)
        self.counts = _counts(transcript)
        self.strip = COUNT if self.counts else 0.0  # inches below the sentence
        self.high = STAGE - self.strip
        self.stage = self._part((0, SHAPE[1] - self.high, SHAPE[0], self.high))
        self._zoom()
        self.text = self._part((0, 0.78, SHAPE[0], SHAPE[1] - self.high - 0.78))
        self.text.set(xlim=(0, SHAPE[0]), ylim=(0, SHAPE[1] - self.high - 0.78))
        self.track = self._part((0.45, 0.12, SHAPE[0] - 0.9, 0.62))
        self.track.set(xlim=(0, self.body.duration), ylim=(0, 0.62))
        self._draw_track()
        self._draw_title()
        self.pages = _pages(transcript)
        self.canvas = cast(Any, self.figure.canvas)  # Agg, which copies and restores pixels
        self.canvas.draw()
        self.still = self.written = self.canvas.copy_from_bbox(self.figure.bbox)
        self.state: tuple[int, float, str] | None = None

    def __len__(self) -> int:
        return self.body.frames

    def __getitem__(self, frame: int) -> np.ndarray:
        """One frame, (height, width, 3) uint8."""
        if not 0 <= frame < len(self):
            raise IndexError(f"frame {frame} of {len(self)}")
        time = frame / self.body.fps
        self._write_words(time)
        for axes, artists in ((self.stage, self._body(frame, time)), (self.track, self._cursor(time))):
            self._draw(axes, artists)
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()

    def _draw(self, axes: Axes, artists: Iterable[Artist]) -> None:
        for artist in artists:
            axes.add_artist(artist)
            axes.draw_artist(artist)
            artist.remove()

    def _write_words(self, time: float) -> None:
        """Clear the picture and write the words, which are redrawn only on a change: they cost more than the body."""
        state = (*_state(self.pages, time), self._count(time))
        if state != self.state:
            self.canvas.restore_region(self.still)
            self._draw(self.text, chain(self._words(*state[:2]), self._counted(state[2], time)))
            self.written, self.state = self.canvas.copy_from_bbox(self.figure.bbox), state
        self.canvas.restore_region(self.written)

    def _body(self, frame: int, time: float) -> Iterator[Artist]:
        """Ground, path, shadow, bones from the farthest to the nearest, head."""
        from matplotlib.collections import LineCollection
        from matplotlib.patches import Circle

        target = self.path[frame]
        yield self._ground(target)
        walked = self.body.positions[: frame + 1, 0] * [1, 0, 1]
        seen, near = self.camera.project(walked[:: max(1, int(self.body.fps / 10))], target)
        seen = seen[near < CAMERA[2] - 0.8]
        yield LineCollection([seen] if len(seen) > 1 else [], colors=[self.paper.mix(drawing.GREY, 0.1)], lw=1.5)
        points = self.body.positions[frame].astype(np.float64)
        flat, _ = self.camera.project(points * [1, 0, 1], target)
        bones = drawing.seen_bones(self.body, frame)
        pairs = np.array(drawing.BONES)[bones]
        yield LineCollection(flat[pairs], colors=[self.paper.shadow], lw=5 * self.point, capstyle="round")
        colour = drawing.colour_at(self.transcript, self.colours, time)
        seen, near = self.camera.project(points, target)
        order = near[pairs].mean(axis=1).argsort()
        shades = np.array(drawing.bone_colours(colour))[bones][order]
        yield LineCollection(seen[pairs[order]], colors=[self.paper.back], lw=7.5 * self.point, capstyle="round")
        if drawing.shows_head(self.body, frame):
            head, _ = self.camera.project(drawing.crown(points), target)
            yield Circle(tuple(head), 0.105, facecolor=colour, edgecolor=self.paper.back, lw=1.5)
        yield LineCollection(seen[pairs[order]], colors=shades, lw=4.5 * self.point, capstyle="round")

    def _ground(self, target: np.ndarray) -> Artist:
        """Grid lines about the target that fade towards their edge."""
        from matplotlib.collections import LineCollection

        steps = np.linspace(-REACH, REACH, 15)
        marks = np.arange(-REACH, REACH + TILE, TILE)
        pieces = []
        for axis, other in ((0, 2), (2, 0)):
            lines = np.zeros((len(marks), len(steps), 3))
            lines[..., axis] = (np.round(target[axis] / TILE) * TILE + marks)[:, None]
            lines[..., other] = target[other] + steps
            pieces.append(np.stack((lines[:, :-1], lines[:, 1:]), axis=2).reshape(-1, 2, 3))
        ground = np.concatenate(pieces)
        far = np.linalg.norm((ground.mean(axis=1) - target)[:, [0, 2]], axis=1)
        seen, near = self.camera.project(ground, target)
        shown = (near.max(axis=1) < CAMERA[2] - 0.8) & (far < REACH)
        shades = np.zeros((shown.sum(), 4))
        shades[:, :3] = drawing.GREY
        shades[:, 3] = 0.75 * (1 - (far[shown] / REACH) ** 2)
        return LineCollection(seen[shown], colors=shades, lw=0.9)

    def _words(self, number: int, latest: float) -> Iterator[Artist]:
        """The words of a page; those up to the time `latest` are in colour."""
        from matplotlib.text import Text

        words = self.pages[number].words if number >= 0 else []
        height = self.strip + (0.31 if all(word.row == 0 for word in words) else 0.48)
        for word in words:
            colour = self.colours[word.segment]
            back = {"boxstyle": "round,pad=0.14", "facecolor": self.paper.mix(colour, 0.75), "edgecolor": "none"}
            yield Text(
                word.left,
                height - 0.34 * word.row,
                word.text,
                size=WORDS,
                va="baseline",
                parse_math=False,
                color=self.paper.letters(colour) if word.time <= latest else self.paper.quiet,
                bbox=back if word.time == latest else None,
            )

    def _count(self, time: float) -> str:
        """How often the movement was repeated up to a time, such as "squat · 3"; "" before the first, and after it."""
        for segment, middles in self.counts:
            if segment.start <= time < segment.end and (count := sum(middle <= time + 1e-9 for middle in middles)):
                return " · ".join(part for part in (drawing.drawable(segment.label or ""), str(count)) if part)
        return ""

    def _counted(self, text: str, time: float) -> Iterator[Artist]:
        from matplotlib.text import Text

        colour = drawing.colour_at(self.transcript, self.colours, time)
        yield Text(SHAPE[0] / 2, 0.12, text, size=WORDS, weight="bold", ha="center", va="baseline", parse_math=False,
                   color=self.paper.letters(colour))  # fmt: skip

    def _cursor(self, time: float) -> Iterator[Artist]:
        from matplotlib.lines import Line2D
        from matplotlib.text import Text

        yield Line2D([time, time], [0.16, 0.62], color=self.paper.ink, lw=1.6)
        share = time / self.body.duration
        yield Text(time, 0, f"{time:.1f} s", size=9, va="bottom", ha="left" if share < 0.5 else "right",
                   color=self.paper.ink)  # fmt: skip

    def _part(self, box: tuple[float, float, float, float]) -> Axes:
        left, bottom, width, height = box
        axes = self.figure.add_axes((left / SHAPE[0], bottom / SHAPE[1], width / SHAPE[0], height / SHAPE[1]))
        axes.set_axis_off()
        return axes

    def _zoom(self) -> None:
        """Fit every pose from foot to head, and at least the height of a standing person."""
        seen, _ = self.camera.project(self.body.positions.astype(np.float64), self.path[:, None])
        low, high = min(-1.05, float(seen[..., 1].min()) - 0.12), max(1.1, float(seen[..., 1].max()) + 0.28)
        across = max((high - low) * SHAPE[0] / self.high, 2 * float(np.abs(seen[..., 0]).max()) + 0.3)
        spare = across * self.high / SHAPE[0] - (high - low)
        self.stage.set(xlim=(-across / 2, across / 2), ylim=(low - spare / 3, high + spare * 2 / 3))
        self.point = 4.3 / across  # lines and head keep their proportion to the body

    def _draw_title(self) -> None:
        """Name the recording, and the two shades of the body."""
        from matplotlib.patches import Circle

        title = self._part((0, SHAPE[1] - 0.4, SHAPE[0], 0.4))
        title.set(xlim=(0, SHAPE[0]), ylim=(0, 0.4))
        title.set_aspect("equal")
        name = drawing.drawable(self.transcript.source or self.body.label)
        while len(name) > 1 and drawing.width_of(name, 11) > SHAPE[0] - 2.6:
            name = name.removesuffix("…")[:-1] + "…"
        title.text(0.2, 0.2, name, size=11, va="center", color=self.paper.ink)
        for left, side, colour in ((7.9, "left", drawing.GREY), (8.65, "right", drawing.tint(drawing.GREY, 0.42))):
            title.add_patch(Circle((left, 0.2), 0.06, facecolor=colour, lw=0))
            title.text(left + 0.12, 0.2, side, size=10, va="center_baseline", color=self.paper.ink)

    def _draw_track(self) -> None:
        """Draw the segments, their labels where they fit, and one tick per word."""
        from matplotlib.patches import Rectangle

        inches = (SHAPE[0] - 0.9) / self.body.duration
        self.track.add_patch(Rectangle((0, 0.16), self.body.duration, 0.32, facecolor=self.paper.bar, lw=0))
        for segment, colour in zip(self.transcript.segments, self.colours, strict=True):
            room = segment.end - segment.start
            self.track.add_patch(
                Rectangle(
                    (segment.start, 0.16), room, 0.32, facecolor=self.paper.mix(colour, 0.7), edgecolor=self.paper.back
                )
            )
            if drawing.width_of(segment.label or "", 10, "bold") < room * inches - 0.06:
                self.track.text(segment.start + room / 2, 0.32, segment.label or "", size=10, weight="bold",
                                ha="center", va="center_baseline", color=colour)  # fmt: skip
            self.track.vlines([word.time for word in segment.words], 0.51, 0.59, colors=[colour], lw=1.5)


class _Word:
    """A word and its place on the page."""

    def __init__(self, text: str, time: float, segment: int) -> None:
        self.text, self.time, self.segment = text, time, segment
        self.left, self.row = 0.0, 0


class _Page:
    """Words that are shown together, from the time `begin` on."""

    def __init__(self, lines: list[list[_Word]]) -> None:
        self.words = [word for line in lines for word in line]
        self.begin = 0.0
        for row, line in enumerate(lines):
            widths = [drawing.width_of(word.text, WORDS) for word in line]
            space = drawing.width_of("n n", WORDS) - drawing.width_of("nn", WORDS)
            left = (SHAPE[0] - sum(widths) - space * (len(line) - 1)) / 2
            for word, width in zip(line, widths, strict=True):
                word.left, word.row = left, row
                left += width + space


def _state(pages: Sequence[_Page], time: float) -> tuple[int, float]:
    """The number of the current page and the time of the latest word; -1 before the first."""
    times = [word.time for page in pages for word in page.words]
    latest = max((reached for reached in times if reached <= time + 1e-9), default=-1.0)
    return max((number for number, page in enumerate(pages) if page.begin <= time + 1e-9), default=-1), latest


def _counts(transcript: Transcript) -> list[tuple[Segment, tuple[float, ...]]]:
    """The segments that repeat a movement, each with the middle of each repetition."""
    measured = [(segment, counted(segment.facts)) for segment in transcript.segments]
    return [(segment, middles) for segment, middles in measured if middles]


def _pages(transcript: Transcript) -> list[_Page]:
    """The sentence in lines, ROWS of them per page.

    A page appears a second before its first word, or halfway between the word before and its first if that is later.
    """
    words = [
        _Word(word.word, word.time, number)
        for number, segment in enumerate(transcript.segments)
        for word in segment.words
    ]
    lengths = [len(line) for line in drawing.wrap_words([word.text for word in words], WORDS, ROOM)]
    ends = np.cumsum([0, *lengths])
    lines = [words[first:last] for first, last in pairwise(ends)]
    pages = [_Page(lines[first : first + ROWS]) for first in range(0, len(lines), ROWS)]
    for before, page in pairwise(pages):
        last, first = max(word.time for word in before.words), min(word.time for word in page.words)
        page.begin = max(before.begin, min(first, max(first - 1.0, (first + last) / 2)))
    return pages


def _smooth_path(body: Motion) -> np.ndarray:
    """The camera's targets, (T, 3): the smoothed path of the pelvis, at the median height of the pelvis."""
    reach = max(1, int(FOLLOW * body.fps / 2))
    weights = np.hanning(2 * reach + 3)[1:-1]
    root = body.positions[:, 0].astype(np.float64)
    padded = np.pad(root, ((reach, reach), (0, 0)), mode="edge")
    path = np.stack([np.convolve(padded[:, axis], weights / weights.sum(), mode="valid") for axis in range(3)], axis=1)
    path[:, 1] = np.median(root[:, 1])
    return path
