"""How composed motions are drawn: how many clips, which, how fast, which part of them, with which pauses.

The numbers were measured on BNR-Compose: shares and ranges of its segments. Its clips were found again in
clips_10hz.npz by comparing distances between joints. docs/results.md compares a corpus that is drawn this way with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from motion2language.data.clips import Clip
from motion2language.data.composing.phrases import Phrases


@dataclass(frozen=True)
class Pause:
    """A pause comes with a probability and lasts from `low` to `high` seconds, uniformly."""

    probability: float
    low: float
    high: float

    def draw(self, random: np.random.Generator) -> float:
        """Seconds; 0 without a pause."""
        return random.uniform(self.low, self.high) if random.random() < self.probability else 0.0


@dataclass(frozen=True)
class Recipe:
    """Every number that decides how motions are composed.

    counts    probabilities of 1, 2, ... clips in a motion
    common    labels with at least this many clips are drawn equally often; rarer ones in proportion to the square root
              of their number of clips
    speed     slowest and fastest tempo, drawn evenly on a logarithmic scale
    part      seconds of the shortest part taken from a clip that may be cut; drawn evenly on a logarithmic scale
    shortest  seconds; shorter clips are left out
    blend     seconds between two clips, in straight lines from one pose to the other
    noise     metres, standard deviation of each coordinate while a pose is held
    """

    counts: tuple[float, ...] = (0.2, 0.4, 0.25, 0.15)
    common: int = 40
    speed: tuple[float, float] = (0.7, 1.4)
    part: float = 1.5
    shortest: float = 0.8
    blend: float = 0.3
    noise: float = 0.0006
    before: Pause = Pause(0.6, 0.0, 1.4)
    between: Pause = Pause(0.35, 0.4, 2.4)
    after: Pause = Pause(0.6, 0.3, 1.9)
    captions: int = 3


RECIPE = Recipe()


@dataclass(frozen=True, eq=False)
class Take:
    """A part of a clip at a tempo: where it starts and how long it is, as shares of the clip, and the tempo factor."""

    clip: Clip
    start: float
    share: float
    speed: float


@dataclass(frozen=True, eq=False)
class Plan:
    """One motion to compose: takes, seconds of pause before each and after the last, sentences."""

    takes: tuple[Take, ...]
    pauses: tuple[float, ...]
    captions: tuple[str, ...]


def draw(
    clips: Mapping[str, Sequence[Clip]],
    durations: Mapping[str, float],
    phrases: Phrases,
    recipe: Recipe,
    random: np.random.Generator,
) -> Plan:
    """A random plan.

    clips      label -> its clips, at least one each
    durations  name of a clip -> seconds
    """
    labels = _labels(clips, recipe, random)
    takes = tuple(_take(clips[label], durations, phrases.actions[label].cut, recipe, random) for label in labels)
    between = [recipe.between.draw(random) for _ in labels[1:]]
    pauses = (recipe.before.draw(random), *between, recipe.after.draw(random))
    styles = {take.clip.style for take in takes}
    style = styles.pop() if len(styles) == 1 else ""
    captions = tuple(phrases.sentence(labels, style, random) for _ in range(recipe.captions))
    return Plan(takes, pauses, captions)


def _labels(clips: Mapping[str, Sequence[Clip]], recipe: Recipe, random: np.random.Generator) -> list[str]:
    """Labels for one motion; the same label follows itself only if it is the only one."""
    names = sorted(clips)
    weights = np.sqrt([min(len(clips[name]), recipe.common) for name in names])
    count = 1 + int(random.choice(len(recipe.counts), p=recipe.counts))
    drawn: list[int] = []
    for _ in range(count):
        allowed = weights * [len(names) == 1 or index not in drawn[-1:] for index in range(len(names))]
        drawn.append(int(random.choice(len(names), p=allowed / allowed.sum())))
    return [names[index] for index in drawn]


def _take(
    clips: Sequence[Clip], durations: Mapping[str, float], cut: bool, recipe: Recipe, random: np.random.Generator
) -> Take:
    clip = clips[int(random.integers(len(clips)))]
    speed = float(np.exp(random.uniform(*np.log(recipe.speed))))
    shortest = min(1.0, recipe.part / durations[clip.name])
    share = float(np.exp(random.uniform(np.log(shortest), 0.0))) if cut else 1.0
    return Take(clip, float(random.uniform(0.0, 1.0 - share)), share, speed)
