"""The channels of a synthetic recording while it is being made, and what an action needs to write into them.

An action is planned before it is drawn: its plan fixes duration and manner, and `draw(stage, start)` then adds to the
channels from frame `start` on. Channels are at rest outside actions, so that actions follow one another smoothly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from motion2language.data.synthesis.body import Body


@dataclass
class Stage:
    """The channels of one recording while it is being made, at `fps`, for `frames` frames."""

    body: Body
    frames: int
    fps: float
    channels: dict[str, np.ndarray] = field(default_factory=dict)
    #: (side, lift-off frame, landing frame, height in metres) of every step, in order
    steps: list[tuple[str, float, float, float]] = field(default_factory=list)

    def channel(self, name: str) -> np.ndarray:
        """The (T,) values of a channel, zero until something is added."""
        return self.channels.setdefault(name, np.zeros(self.frames))

    def add(self, name: str, start: float, values: np.ndarray) -> None:
        """Add values to a channel from frame `start` on; what reaches beyond the recording is cut."""
        first = round(start)
        length = min(len(values), self.frames - first)
        self.channel(name)[first : first + length] += values[:length]


@dataclass(frozen=True)
class Plan:
    """An action about to happen: seconds it takes and how it is drawn."""

    seconds: float
    draw: Callable[[Stage, float], None]
    side: str | None = None
    quick: bool | None = None  # None: neither quick nor slow


def bell(frames: int, rise: float, fall: float) -> np.ndarray:
    """0 to 1 and back: eased over the first `rise` and last `fall` share of the frames, 1 between."""
    share = (np.arange(frames) + 0.5) / frames
    return ease(np.minimum(share / max(rise, 1e-6), (1 - share) / max(fall, 1e-6)))


def ease(share: np.ndarray) -> np.ndarray:
    """A smooth step: 0 below 0, 1 above 1, without a jump in speed or acceleration."""
    share = np.clip(share, 0, 1)
    return share**3 * (10 - 15 * share + 6 * share**2)
