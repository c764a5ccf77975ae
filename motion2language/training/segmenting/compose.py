"""Takes put together from units: actions in a row with and without rest between them, their joins known exactly.

What a take is made of is drawn: units of one person, of one source or of all; the same unit or action again and again;
all rests kept or all left out; one body for all of it, in one tempo. Each unit begins where the last one left the body,
turned as it stood, and a curve of up to nine frames leads over that keeps both velocities. A unit whose first pose is
near the last one is preferred, since people do not leap from pose to pose.

Walking after walking, or waving after waving, is one action unless the body rests in between.

A segmenter must not learn what joins look like: curves and pauses tremble as much as the recording before them, and
whole takes are smoothed now and then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from motion2language.captioning.features import canonical
from motion2language.motion import CANONICAL, Motion
from motion2language.training.segmenting.units import FROM_BONES, SHORTEST, TO_BONES, Unit

# Probabilities and ranges; all chosen.
ONE_PERSON, ONE_SOURCE = 0.45, 0.35  # of a take whose units come from one person, from one source
SAME_UNIT, SAME_ACTION = 0.15, 0.15  # of the next unit
NEXT_ONE = 0.1  # that the next repetition of the same recording follows
CANDIDATES, NEAREST = 4, 0.6  # units compared by pose, and how often they are
PAUSE = 0.6  # of a pause between two units, in a take that keeps rests
REST = 3  # frames of rest that part two units of walking, waving, ... from each other, as a pause does
EVEN = 0.7  # power of the number of units of an action in a source; 1: each such number counts alike
FAIR = 0.5  # power of the weight of all of an action's units by which each of them counts less
VEER = 0.15  # that a unit starts into another direction than the body faces

_HIPS = CANONICAL.index("left_hip"), CANONICAL.index("right_hip")
_JOINTS = CANONICAL.joints
_SWAPPED = [_JOINTS.index(name.replace("left", "?").replace("right", "left").replace("?", "right")) for name in _JOINTS]
_ALIKE = [min(joint, swapped) for joint, swapped in enumerate(_SWAPPED)]

_ARM = "shoulder", "elbow", "wrist"

Span = tuple[int, int, str]  # frames [start, end) and the action


class Composition(BaseModel):
    """How differently a take's person moves, is built and is seen than in the recordings; all chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    tempo: float = Field(0.35, ge=0, le=1)  # largest log of a take's tempo
    bend: float = Field(0.25, ge=0, le=1)  # how much the tempo changes within a unit
    bones: float = Field(0.12, ge=0, le=1)  # standard deviation of the log length of a bone
    other_body: float = Field(0.6, ge=0, le=1)  # probability of a take on the body of another unit
    both_arms: float = Field(0.12, ge=0, le=1)  # probability that both arms do what one arm may do
    smoothed: float = Field(0.5, ge=0, lt=1)  # probability of a take averaged over three frames, and of that again


COMPOSITION = Composition()


class Pool:
    """Units to draw from, the more rarely, the more units of the same action its source has.

    So an action that many sources show is drawn often, and all of its sources are: it is learnt from their differences.
    How much more often than others is tempered (FAIR), else what is rare is taken for what is common.
    """

    def __init__(self, units: Sequence[Unit], fps: float) -> None:
        if not units:
            raise ValueError("no recordings of single actions to put takes together from")
        self.units, self.fps = list(units), fps
        self._groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, unit in enumerate(units):
            for group in self._groups_of(unit):
                self._groups[group].append(number)
        shown = Counter((unit.action, unit.source) for unit in units)
        weights = np.array([shown[unit.action, unit.source] ** -EVEN for unit in units])
        of_action: dict[str, float] = defaultdict(float)
        for unit, weight in zip(units, weights.tolist(), strict=True):
            of_action[unit.action] += weight
        weights *= np.array([of_action[unit.action] ** -FAIR for unit in units])
        self._sums = {group: np.cumsum(weights[numbers]) for group, numbers in self._groups.items()}
        ends = np.stack([unit.positions[[unit.first, unit.last - 1]] for unit in units])
        self._poses = canonical(Motion(ends.reshape(-1, *ends.shape[2:]), fps, CANONICAL))[:, :60].reshape(
            len(units), 2, 60
        )

    def compose(
        self, random: np.random.Generator, frames: int, config: Composition = COMPOSITION
    ) -> tuple[np.ndarray, list[Span]]:
        """Positions (T, 21, 3) of a take of about `frames` frames, and its actions."""
        chosen = self._choose(random, frames)
        body = self.units[int(random.integers(len(self.units)))] if random.random() < config.other_body else chosen[0]
        bones = body.bones * np.exp(random.normal(0, config.bones, len(body.bones)))[_ALIKE]
        tempo, dense = np.exp(random.uniform(-config.tempo, config.tempo)), float(random.random())
        parts: list[np.ndarray] = []
        spans: list[Span] = []
        length, paused = 0, False
        for number, unit in enumerate(chosen):
            first_rest = number == 0 and random.random() < 0.5
            part, first, last = self._cut(
                unit, random, (float(tempo), config.bend), 0.0 if first_rest else dense, first_rest
            )
            if unit.one_armed and random.random() < config.both_arms:
                part = with_both_arms(part)
            part = FROM_BONES @ (TO_BONES @ part * (bones / unit.bones)[:, None].astype(np.float32))
            if parts:
                part = _placed(part, parts[-1][-1], random)
                joins, shift = self._lead_over(parts[-1], part, random, dense)
                paused = len(joins) > 1 or first > REST
                parts, part = parts + joins, part + shift
            length = sum(map(len, parts))
            before = chosen[number - 1] if spans else None
            if before is not None and unit.continues and before.action == unit.action and not paused:
                spans[-1] = (spans[-1][0], length + last, unit.action)
            else:
                spans.append((length + first, length + last, unit.action))
            parts.append(part)
            if length + len(part) > frames + 6 * self.fps:
                break
        take = np.concatenate(parts).astype(np.float32)
        while random.random() < config.smoothed:
            take[1:-1] = 0.25 * take[:-2] + 0.5 * take[1:-1] + 0.25 * take[2:]
        return take, spans

    def _choose(self, random: np.random.Generator, frames: int) -> list[Unit]:
        """Units one after another until `frames` frames are foreseen."""
        first = self._draw(random, ("all",))
        group: tuple[str, ...] = ("all",)
        chance = random.random()
        if chance < ONE_PERSON + ONE_SOURCE:
            _, source, person, *_ = self._groups_of(self.units[first])
            group = person if chance < ONE_PERSON else source
            group = group if len(self._groups[group]) >= 4 else ("all",)
        numbers, length = [first], 0
        while length < frames and len(numbers) < 40:
            last = self.units[numbers[-1]]
            length += last.last - last.first + round(0.6 * self.fps)
            numbers.append(self._follow(random, numbers[-1], group))
        return [self.units[number] for number in numbers]

    def _follow(self, random: np.random.Generator, number: int, group: tuple[str, ...]) -> int:
        """The unit after another one."""
        unit, chance = self.units[number], random.random()
        if chance < SAME_UNIT:
            return number
        if chance < SAME_UNIT + SAME_ACTION:
            return self._draw(random, self._groups_of(unit)[3])
        follower = self.units[number + 1] if number + 1 < len(self.units) else None
        if (
            chance < SAME_UNIT + SAME_ACTION + NEXT_ONE
            and follower is not None
            and follower.positions is unit.positions
        ):
            return number + 1
        count = CANDIDATES if random.random() < NEAREST else 1
        drawn = [self._draw(random, group) for _ in range(count)]
        gaps = [np.square(self._poses[other, 0] - self._poses[number, 1]).sum() for other in drawn]
        return drawn[int(np.argmin(gaps))]

    def _draw(self, random: np.random.Generator, group: tuple[str, ...]) -> int:
        sums = self._sums[group]
        place = int(np.searchsorted(sums, random.random() * sums[-1], side="right"))
        return self._groups[group][min(place, len(sums) - 1)]

    @staticmethod
    def _groups_of(unit: Unit) -> list[tuple[str, ...]]:
        """All units; those of its source; of its person; of its person and action."""
        person = (unit.source, unit.person)
        return [("all",), ("source", unit.source), ("person", *person), ("both", *person, unit.action)]

    def _cut(
        self, unit: Unit, random: np.random.Generator, pace: tuple[float, float], dense: float, long_rest: bool
    ) -> tuple[np.ndarray, int, int]:
        """Frames of a unit in the take's tempo, bent, and [first, last) of its action among them."""
        tempo, bend = pace
        rests = [int(random.integers(0, round(1.2 * self.fps))) if random.random() > dense else 1 for _ in range(2)]
        before = min(unit.first - unit.low, round(2.5 * self.fps) if long_rest else rests[0])
        after, first, last = min(unit.high - unit.last, rests[1]), unit.first, unit.last
        longest = int(random.uniform(3, 12) * self.fps)
        if last - first > longest:  # any part of a long action shows it
            first += int(random.integers(0, last - first - longest + 1))
            last, before, after = first + longest, 0, 0
        part = unit.positions[first - before : last + after]
        count = max(SHORTEST, round(len(part) / (tempo * np.exp(random.uniform(-0.2, 0.2)))))
        share = np.linspace(0, 1, count)
        bent = random.uniform(-bend, bend) * share * (1 - share)
        bent += random.uniform(-bend, bend) * np.sin(2 * np.pi * share) / (4 * np.pi)
        clock = np.clip(share + bent, 0, 1) * (len(part) - 1)
        low = np.minimum(clock.astype(int), len(part) - 2)
        rest = (clock - low)[:, None, None].astype(np.float32)
        own = np.flatnonzero((clock >= before - 0.5) & (clock <= len(part) - after - 0.5))
        return part[low] * (1 - rest) + part[low + 1] * rest, int(own[0]), int(own[-1]) + 1

    def _lead_over(
        self, before: np.ndarray, after: np.ndarray, random: np.random.Generator, dense: float
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """A pause, maybe, and a curve from one pose to the next, the longer, the further they are apart.

        Also how far (3,) the next part moves along the ground, so that whoever walks walks on.
        """
        parts, trembling = [], _trembling(before)
        last, leaving, coming = before[-1], before[-1] - before[-2], after[1] - after[0]
        if random.random() > dense and random.random() < PAUSE:
            frames = min(int(random.exponential(0.6 * self.fps)) + 1, round(3 * self.fps))
            fading = leaving * (1 - np.exp(-np.arange(1, frames + 1)))[:, None, None]
            parts.append(last + fading + random.normal(0, 0.002, (frames, 1, 3)).cumsum(0))
            last, leaving = parts[-1][-1], np.zeros_like(leaving)
        gap = float(np.abs((after[0] - after[0, :1]) - (last - last[:1])).max())
        frames = int(np.clip(round(gap * random.uniform(4, 12)), 1, 9))
        shift = (leaving[0] + coming[0]) / 2 * (frames + 1) * np.array([1, 0, 1])
        first, share = after[0] + shift, (np.arange(1, frames + 1) / (frames + 1))[:, None, None]
        curve = (1 + 2 * share) * (1 - share) ** 2 * last + share**2 * (3 - 2 * share) * first
        curve += (frames + 1) * (share * (1 - share) ** 2 * leaving - share**2 * (1 - share) * coming)
        parts = [part + random.normal(0, trembling, part.shape) for part in [*parts, curve]]
        return [part.astype(np.float32) for part in parts], shift.astype(np.float32)


def with_both_arms(part: np.ndarray) -> np.ndarray:
    """The part (T, 21, 3) with the arm that moves more also on the other side, mirrored."""
    arms = [part[:, [_JOINTS.index(f"{side}_{joint}") for joint in _ARM]] for side in ("left", "right")]
    ways = [np.abs(np.diff(arm[:, -1] - arm[:, 0], axis=0)).sum() for arm in arms]
    still = int(np.argmin(ways))
    across = arms[0][:, :1] - arms[1][:, :1]
    across[..., 1] = 0
    across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-6)
    reach = arms[1 - still] - arms[1 - still][:, :1]
    mirrored = arms[still][:, :1] + reach - 2 * (reach * across).sum(2, keepdims=True) * across
    part = part.copy()
    part[:, [_JOINTS.index(f"{('left', 'right')[still]}_{joint}") for joint in _ARM]] = mirrored
    return part


def _trembling(part: np.ndarray) -> float:
    """Standard deviation in metres of what a coordinate deviates from the mean of the frames around it."""
    if len(part) < 3:
        return 0.0
    return float(np.median(np.abs(part[1:-1] - 0.5 * (part[:-2] + part[2:])))) / 0.6745 / 1.5**0.5


def _placed(part: np.ndarray, last: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The part turned about the vertical and moved so that it begins where `last` (21, 3) stands, facing as it does."""
    turn = _facing(last) / _facing(part[0])
    if random.random() < VEER:
        turn *= np.exp(1j * random.normal(0, 0.6))
    ground = (part[..., 0] - part[0, 0, 0] + 1j * (part[..., 2] - part[0, 0, 2])) * turn
    return np.stack([ground.real + last[0, 0], part[..., 1], ground.imag + last[0, 2]], -1).astype(np.float32)


def _facing(pose: np.ndarray) -> complex:
    """The direction across the hips on the ground, as a number of size 1."""
    across = pose[_HIPS[0]] - pose[_HIPS[1]]
    direction = complex(across[0], across[2])
    return direction / abs(direction) if abs(direction) > 1e-3 else 1 + 0j
