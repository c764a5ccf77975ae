"""Shared by pictures and films: colours of segments, bones with their sides, a camera, the width of words.

Figures are made without pyplot, so the user's own figures and backends stay untouched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Transcript
from motion2language.writers import DOUBTED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Colours of segments, distinct for the colour-blind and in print; reused from the first when there are more labels.
COLOURS = ("#2f6db5", "#d9722b", "#2f9468", "#a24f9b", "#b8912a", "#c0445a", "#3a9db0", "#6b6bc4")
GREY = (0.68, 0.69, 0.71)  # outside all segments
INK, QUIET = "#22252a", "#9aa0a8"
RIGHT = tuple(joint.startswith("right_") for joint in CANONICAL.joints)
BONES = tuple((joint, parent) for joint, parent in enumerate(CANONICAL.parents) if parent >= 0)
HEAD, NECK = CANONICAL.index("head"), CANONICAL.index("neck")

Colour = tuple[float, float, float]


def new_figure(width: float, height: float, dpi: float = 100) -> Figure:
    """An empty white figure, size in inches; ValueError if matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ValueError(
            "pictures need matplotlib, which is not installed; pip install 'motion2language[plot]'"
        ) from None
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


@dataclass(frozen=True)
class Paper:
    """The background of a film and what is drawn on it in plain colours: ink, what is less important, bars, shadows."""

    back: Colour
    ink: Colour
    quiet: str
    bar: Colour
    shadow: Colour

    def mix(self, colour: Colour, share: float) -> Colour:
        """The colour with this share of the background mixed in."""
        red, green, blue = (part + (back - part) * share for part, back in zip(colour, self.back, strict=True))
        return red, green, blue

    def letters(self, colour: Colour) -> Colour:
        """The colour with some ink, so that letters on the background can be read."""
        red, green, blue = (part + (ink - part) * 0.25 for part, ink in zip(colour, self.ink, strict=True))
        return red, green, blue


LIGHT = Paper((1.0, 1.0, 1.0), (0.13, 0.15, 0.16), QUIET, (0.94, 0.945, 0.953), (0.87, 0.87, 0.88))
DARK = Paper((0.07, 0.086, 0.11), (0.91, 0.925, 0.95), "#808a99", (0.13, 0.157, 0.19), (0.035, 0.045, 0.06))


@contextmanager
def style() -> Iterator[None]:
    """Draw and save with one font, text as text in PDF, and reproducible bytes in SVG."""
    from matplotlib import rc_context

    choices: dict[Any, Any] = {
        "font.family": ["DejaVu Sans"],
        "text.parse_math": False,
        "pdf.fonttype": 42,
        "svg.hashsalt": "motion2language",
        "axes.edgecolor": "#5b6068",
        "xtick.color": "#5b6068",
        "axes.labelcolor": "#5b6068",
    }
    with rc_context(choices):
        yield


def segment_colours(transcript: Transcript) -> list[Colour]:
    """One colour per segment; equal labels share a colour, doubtful ones too."""
    from matplotlib.colors import to_rgb

    labels = [(segment.label or "").removesuffix(DOUBTED) for segment in transcript.segments]
    kinds = list(dict.fromkeys(labels))
    return [to_rgb(COLOURS[kinds.index(label) % len(COLOURS)]) for label in labels]


def colour_at(transcript: Transcript, colours: list[Colour], time: float) -> Colour:
    """The colour of the segment at a time, the later one where two overlap; grey outside all segments."""
    current = [n for n, segment in enumerate(transcript.segments) if segment.start <= time < segment.end]
    return colours[max(current, key=lambda n: transcript.segments[n].start)] if current else GREY


def tint(colour: Colour, share: float) -> Colour:
    """The colour with this share of white mixed in."""
    red, green, blue = (part + (1 - part) * share for part in colour)
    return red, green, blue


def shade(colour: Colour, share: float) -> Colour:
    """This share of the colour, the rest black; for small letters."""
    red, green, blue = (part * share for part in colour)
    return red, green, blue


def bone_colours(colour: Colour) -> list[Colour]:
    """One colour per bone: the right side is lighter than the left."""
    light = tint(colour, 0.42)
    return [light if RIGHT[joint] else colour for joint, _ in BONES]


def seen_bones(body: Motion, frame: int) -> np.ndarray:
    """The places in BONES of those of whose both ends a frame shows; stand-ins are not drawn."""
    if body.seen is None:
        return np.arange(len(BONES))
    return np.flatnonzero(body.seen[frame][np.array(BONES)].all(axis=1))


def shows_head(body: Motion, frame: int) -> bool:
    """Whether a frame shows the head and the neck."""
    return body.seen is None or bool(body.seen[frame][[HEAD, NECK]].all())


def crown(points: np.ndarray) -> np.ndarray:
    """The middle of the head (3,): beyond the head's joint, on the line from the neck."""
    up = points[HEAD] - points[NECK]
    return points[HEAD] + up * (0.07 / max(float(np.linalg.norm(up)), 1e-6))


def heading(body: Motion) -> float:
    """The direction that the body faces in its first frame, radians about Y from +Z towards +X."""
    first = body.positions[0]
    left = first[CANONICAL.index("left_hip")] - first[CANONICAL.index("right_hip")]
    return float(np.arctan2(-left[2], left[0]))


@dataclass(frozen=True)
class Camera:
    """A camera that looks at a target.

    direction  where it stands, radians about Y from +Z to +X
    above      its elevation, radians
    distance   metres from the target; None for a parallel projection, in which lengths can be compared
    """

    direction: float
    above: float = 0.0
    distance: float | None = None

    def project(self, points: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (..., 3) projected: (..., 2) metres at the target's depth, and (...) metres nearer than the target."""
        sine, cosine = np.sin(self.direction), np.cos(self.direction)
        away = points - target
        right = cosine * away[..., 0] - sine * away[..., 2]
        level = sine * away[..., 0] + cosine * away[..., 2]
        up = np.cos(self.above) * away[..., 1] - np.sin(self.above) * level
        near = np.sin(self.above) * away[..., 1] + np.cos(self.above) * level
        seen = np.stack((right, up), axis=-1)
        if self.distance is not None:
            seen = seen * (self.distance / np.maximum(self.distance - near, 0.1))[..., None]
        return seen, near


@lru_cache(maxsize=4096)
def width_of(text: str, size: float, weight: str = "normal") -> float:
    """The width of a text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    points, _, _ = TextToPath().get_text_width_height_descent(text, font, ismath=False)
    return float(points) / 72


def drawable(text: str) -> str:
    """The text with a replacement character for each one that the font lacks."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known = get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap()
    return "".join(letter if ord(letter) in known else "\N{REPLACEMENT CHARACTER}" for letter in text)


def wrap_words(words: list[str], size: float, room: float) -> list[list[str]]:
    """The words in lines no wider than `room` inches, with at least one word in each."""
    lines: list[list[str]] = []
    for word in words:
        if lines and width_of(" ".join([*lines[-1], word]), size) <= room:
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines
